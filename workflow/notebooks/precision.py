# %% [markdown]
# # Precision and recall
# A class that is predicted more often gains recall, and may lose precision: does a gap of recall close at the price of the
# other? Precision of a class that is never predicted counts as 0.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.columns import against_control, with_conditions
from hbr.analysis.figures.precision import mean_recall_precision, precision_recall
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.precision import baseline_points, change_points, correlation_table, correlations, mean_summary
from hbr.analysis.shown import show
from hbr.analysis.tables import gap_table
from hbr.data.files import read_table

use_style()
allocation = read_table(inputs["allocation"])
conditions = read_table(inputs["conditions"])
classes = with_conditions(pd.concat([read_table(path) for path in inputs["classes"]]), conditions)
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
by_class = with_conditions(read_table(inputs["class_differences"]), conditions)
by_gap = with_conditions(read_table(inputs["gap_differences"]), conditions)


def of_version_2(table):
    """Return the comparisons of resampling, of all or of limited data, with their control."""
    return table[table["kind"].isin(["resampled", "limited"]) & against_control(table)]


# %% [markdown]
# ## Precision against recall (v2, figure 7)
# On the left a class that is found often stands right, and one that is rarely taken for another high. On the right classes
# below and right of the cross won recall for precision.

# %%
changes = change_points(of_version_2(by_class))
grouped = changes.merge(allocation[["class", "group"]], on="class")
save_figure(precision_recall(baseline_points(classes, allocation), grouped, dataset), figures, "precision_recall")

# %% [markdown]
# ## Correlations over classes
# Of the classes' means over runs; of single runs, with the interval over variants (of the baseline over members), whose noise
# brings them nearer to 0; and of the changes against the control, where below 0 is a trade of one for the other.

# %%
show(correlation_table(correlations(classes, changes)))

# %% [markdown]
# ## Mean recall and precision (v2, figure 8)
# Over classes. Where all classes have as many test images, mean recall is the accuracy.

# %%
save_figure(mean_recall_precision(mean_summary(gaps), dataset), figures, "mean_recall_precision")

# %% [markdown]
# ## Change of the means against the control
# Paired by seed, in points; exploratory, unless the mean is a declared gap. Hedges's g is the change in standard deviations
# between variants; two are too few for an unbiased one.

# %%
means = of_version_2(by_gap)
show(gap_table(means[means["gap"] == "mean"]))
