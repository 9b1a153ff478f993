# %% [markdown]
# # Placebos
# A placebo takes ratios as uneven as those of true hardness and gives them to the wrong classes: *shuffled* gives every class
# the ratio of another, *random* draws ratios of the same spread. What a placebo does as well is not due to hardness. Where
# classes differ in size, how many samples change hands depends on who gets which ratio; with two or three classes the ratios
# of others are mostly the reverse of the truth.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.figures.verdicts import placebo_changes
from hbr.analysis.shown import say, show
from hbr.analysis.tables import gap_table, placebo_sentences
from hbr.data.files import read_table

use_style()
differences = with_conditions(read_table(inputs["gap_differences"]), read_table(inputs["conditions"]))
against = differences[differences["family"] == "placebo"]

# %%
say(f"<p><b>{placebo_sentences(against)}</b></p>")

# %% [markdown]
# ## Truth beside its placebos
# Left: change of the first declared gap against the control, by true hardness and by each placebo. Right: paired by seed, what
# true hardness has over the placebo.

# %%
metric, gap = against[["metric", "gap"]].iloc[0]
save_figure(placebo_changes(differences, dataset, metric, gap), figures, "placebos")

# %% [markdown]
# ## Truth - placebo
# Declared family, in points, Holm-adjusted.

# %%
show(gap_table(against))

# %% [markdown]
# ## Placebos against the control
# Exploratory. A placebo that changes a gap says how much any resampling of this size does.

# %%
show(gap_table(differences[(differences["kind"] == "placebo") & (differences["metric"] == metric)]))
