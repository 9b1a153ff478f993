# %% [markdown]
# # The effect of resampling
# Every condition is compared with the control: alpha = 0 sent through the very same code, trained from the same seeds. Members
# of one variant share a plan, so the variant is the unit of the intervals.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd
from IPython.display import HTML, display

from hbr.analysis.comparisons import pair_with_control
from hbr.analysis.figures.effect import class_changes, gap_changes, recall_by_class
from hbr.analysis.figures.labels import condition_labels, strategy_labels
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.tables import condition_summary, gap_summary
from hbr.data.files import read_table

use_style()
allocation = read_table(inputs["allocation"])
classes = pd.concat([read_table(path) for path in inputs["classes"]])
classes["label"] = condition_labels(classes)
gaps = read_table(inputs["gaps"])
gaps["label"] = condition_labels(gaps)

# %% [markdown]
# ## Conditions in one table
# Means over runs, in percent and points. The baseline's runs have other seeds than the control's.

# %%
display(HTML(condition_summary(classes, gaps).to_html(float_format="{:.2f}".format)))

# %% [markdown]
# ## Class recall (v1, figure 9)

# %%
recall = classes[classes["metric"] == "recall"]
summary = recall.groupby(["label", "class"], sort=False)["value"].agg(mean="mean", n="size").reset_index()
save_figure(recall_by_class(summary, allocation, dataset), figures, "recall_by_class")

# %% [markdown]
# ## Change of class metrics against the control (v1, figure 11)

# %%
differences = read_table(inputs["class_differences"])
differences["strategy"] = strategy_labels(differences)
# A dollar sign in a class name would start mathematics.
plain = allocation.assign(class_name=allocation["class_name"].str.replace("$", r"\$", regex=False))
save_figure(class_changes(differences[differences["class"] >= 0], plain, dataset), figures, "class_changes")

# %% [markdown]
# ## Change of the gaps
# Classes move together where max - min and the standard deviation fall and hard - easy nears zero.
# Few variants give wide intervals: a mean far from zero is not yet an effect.

# %%
gap_differences = read_table(inputs["gap_differences"])
gap_differences["label"] = condition_labels(gap_differences)
of_recall = gap_differences[gap_differences["metric"] == "recall"]
pairs = pair_with_control(gaps[gaps["metric"] == "recall"], ["metric", "gap"])
save_figure(gap_changes(of_recall, pairs, dataset), figures, "gap_changes")

# %%
display(HTML(gap_summary(of_recall).to_html(index=False, float_format="{:.2f}".format)))
