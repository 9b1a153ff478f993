# %% [markdown]
# # Limited data
# A share of each class is pruned at random, for every variant anew, and what is left is resampled by hardness. Hard classes get
# copies, synthetic images, or real samples of theirs that were pruned (*holdout*). Is it more images that they need, or other
# ones? Hardness is that of the baseline, as in the authors' code: its networks saw what was pruned.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
from IPython.display import HTML, display

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.limited import limited_gaps
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.limited import limited_summary
from hbr.analysis.tables import gap_table
from hbr.data.files import read_table

use_style()
conditions = read_table(inputs["conditions"])
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
differences = with_conditions(read_table(inputs["gap_differences"]), conditions)
limited = differences[differences["kind"] == "limited"]


def show(table):
    """Show a table."""
    display(HTML(table.to_html(index=False, na_rep="")))


# %% [markdown]
# ## Gaps by the share that is pruned (v2, figure 5)
# *No resampling* is the control of each share: the same samples at alpha 0. The last column is the mean over classes.

# %%
save_figure(limited_gaps(limited_summary(gaps), ["max_min", "top_bottom", "std", "mean"], dataset), figures, "limited_gaps")

# %% [markdown]
# ## Real samples against copies
# Paired by seed, all else alike: holdout - random. Below 0 real samples leave the smaller gap. Rows with a p of Holm are the
# declared family; all others are exploratory.

# %%
show(gap_table(limited[limited["reference_kind"] == "limited"]))

# %% [markdown]
# ## Against the control
# Of the same samples without resampling.

# %%
show(gap_table(limited[limited["reference_kind"] == "control"]))
