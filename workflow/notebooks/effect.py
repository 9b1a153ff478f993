# %% [markdown]
# # Effect of resampling
# Every condition is compared with the control: alpha = 0 sent through the very same code, trained from the same seeds. Members
# of one variant share a plan, so the variant is the unit of the intervals.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.class_tables import conditions_table
from hbr.analysis.columns import against_control, with_conditions
from hbr.analysis.comparisons import pair_runs, sized_differences
from hbr.analysis.figures.effect import class_changes, recall_by_class
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.figures.verdicts import gap_changes
from hbr.analysis.shown import show
from hbr.analysis.tables import condition_summary, gap_table, recall_summary
from hbr.data.files import read_table

use_style()
allocation = read_table(inputs["allocation"])
conditions = read_table(inputs["conditions"])
classes = with_conditions(pd.concat([read_table(path) for path in inputs["classes"]]), conditions)
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
gaps = gaps[gaps["condition"].isin(classes["condition"])]

# %% [markdown]
# ## Conditions in one table
# Means over runs, in percent and points. The baseline's runs have other seeds than the control's.

# %%
show(conditions_table(condition_summary(classes, gaps)))

# %% [markdown]
# ## Class recall (v1, figure 9)

# %%
save_figure(recall_by_class(recall_summary(classes), allocation, dataset), figures, "recall_by_class")

# %% [markdown]
# ## Change of class metrics against the control (v1, figure 11)
# F1 is the harmonic mean of precision and recall, MCC the Matthews correlation coefficient.

# %%
changes = with_conditions(read_table(inputs["class_differences"]), conditions)
changes = changes[(changes["kind"] == "resampled") & against_control(changes) & (changes["class"] >= 0)]
save_figure(class_changes(changes, allocation, dataset), figures, "class_changes")

# %% [markdown]
# ## Change of the gaps
# Classes move together where a gap falls: max - min, the standard deviation, and hard - easy, which enters by its size. The
# interval holds the sampling error of the test set. Few variants give wide intervals: a mean far from zero is not yet an
# effect, and a wide interval around zero is not yet an absence. *Declared* gaps are the family that is tested and gets a
# verdict; the others are exploratory. Where a condition has the very plans of the control nothing is tested. A gap is that of
# each run, averaged over runs: larger than the gap of the classes' means, since every run has its own best and worst class.

# %%
differences = with_conditions(read_table(inputs["gap_differences"]), conditions)
resampled = differences[(differences["kind"] == "resampled") & against_control(differences)]
of_recall = resampled[resampled["metric"] == "recall"]
contrasts = of_recall[["condition", "reference", "family"]].drop_duplicates(["condition", "reference"])
pairs = pair_runs(gaps[gaps["metric"] == "recall"], contrasts, ["metric", "gap"])
pairs["difference"] = sized_differences(pairs)
save_figure(gap_changes(of_recall, pairs, dataset), figures, "gap_changes")

# %% [markdown]
# ## The declared family
# In points, with the primary 95 % interval; p of the test for a difference adjusted by Holm, p of equivalence within the
# margin, Hedges's g (the change in standard deviations between variants) with its interval, and what would give a verdict with
# a probability of 80 %; fewer than four variants hardly know their spread, so that their number is a guess.

# %%
show(gap_table(resampled[resampled["family"].notna()]))

# %% [markdown]
# ## All gaps of recall

# %%
show(gap_table(of_recall[of_recall["family"].isna()]))
