# %% [markdown]
# # Limited data
# A share of each class is pruned at random, for every variant anew, and what is left is resampled by hardness. Hard classes get
# copies, synthetic images, or real samples of theirs that were pruned (*holdout*). Is it more images that they need, or other
# ones? Hardness is that of the baseline, as in the authors' code, whose networks saw what was pruned; or, by the same
# estimator, that of each base's own trainings (*own hardness*, or *of the base*), which did not.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.limited import limited_gaps
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.limited import limited_summary, source_table
from hbr.analysis.shown import show
from hbr.analysis.tables import gap_table
from hbr.data.files import read_table

use_style()
conditions = read_table(inputs["conditions"])
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
differences = with_conditions(read_table(inputs["gap_differences"]), conditions)
limited = differences[differences["kind"] == "limited"]

# %% [markdown]
# ## Gaps by the share that is pruned (v2, figure 5)
# *No resampling* is the control of each share: the same samples at alpha 0. The last column is the mean over classes.

# %%
save_figure(limited_gaps(limited_summary(gaps), ["max_min", "top_bottom", "std", "mean"], dataset), figures, "limited_gaps")

# %% [markdown]
# ## Does it matter whose hardness it is?
# Ratios by hardness of each base beside those by hardness of all samples: the same classes in the same order would have a rank
# correlation of 1 and no change. Fewer networks see a base, so that part of the difference is their chance. Below, paired by
# seed, what that makes of the gaps: hardness of the base - hardness of all samples. Exploratory. Empty where the study takes
# one hardness only. Hedges's g is the change in standard deviations between variants; two are too few for an unbiased one.

# %%
own = {}
for path in inputs.get("own", []):
    own.setdefault(path.split("/")[-3], []).append(read_table(path))
show(source_table(read_table(inputs["allocation"]), own))
of_recall = limited[limited["metric"] == "recall"]
to_limited = of_recall["reference_kind"] == "limited"
alike = of_recall["oversampling"] == of_recall["reference_oversampling"]
show(gap_table(of_recall[to_limited & alike]))

# %% [markdown]
# ## Real samples against copies
# Paired by seed, all else alike: holdout - random. Below 0 real samples leave the smaller gap. Rows with a p of Holm are the
# declared family; all others are exploratory. What is chosen from a pool stands beside random images of it in *Pools*.

# %%
show(gap_table(of_recall[to_limited & ~alike & of_recall["pool"].isna()]))

# %% [markdown]
# ## Against the control
# Of the same samples without resampling.

# %%
show(gap_table(of_recall[of_recall["reference_kind"] == "control"]))
