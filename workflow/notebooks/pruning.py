# %% [markdown]
# # Pruning
# The easiest samples leave the training set: of all of it (dataset-level pruning, DLP, which makes classes unequal) or of each
# class (class-level pruning, CLP, which does not). If DLP does better than CLP at the same rate, the imbalance that it makes
# helps.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.pruning import pruned_share, pruning_by_rate, pruning_classes
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.pruning import pruned_shares, rate_summary
from hbr.analysis.shown import show
from hbr.analysis.tables import gap_table
from hbr.data.files import read_table

use_style()
allocation = read_table(inputs["allocation"])
conditions = read_table(inputs["conditions"])
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
classes = with_conditions(pd.concat([read_table(path) for path in inputs["classes"]]), conditions)
samples = {path.split("/")[-2]: read_table(path) for path in inputs["samples"]}

# %% [markdown]
# ## What DLP takes from each class (v1, figure S4)
# Found from hardness alone, at all rates, trained or not.

# %%
shares = pd.concat([pruned_shares(table).assign(estimator=name) for name, table in samples.items()])
save_figure(pruned_share(shares, allocation, dataset), figures, "pruned_share")

# %% [markdown]
# ## Mean recall (v1, figure 12)

# %%
by_rate = rate_summary(gaps[gaps["metric"] == "recall"], "gap")
save_figure(pruning_by_rate(by_rate, ["mean"], dataset), figures, "pruning_recall")

# %% [markdown]
# ## Recall gaps (v1, figure S5)

# %%
save_figure(pruning_by_rate(by_rate, ["max_min", "std"], dataset), figures, "pruning_gaps")

# %% [markdown]
# ## Recall of each class (v1, figure S6)

# %%
recall = rate_summary(classes[classes["metric"] == "recall"], "class")
for number, name in enumerate(samples):
    figure = pruning_classes(recall[recall["estimator"] == name], allocation, name, dataset)
    save_figure(figure, figures, None if number else "pruning_classes")

# %% [markdown]
# ## DLP against CLP
# Paired by seed, in points of recall: DLP - CLP at the same rate. Below 0 DLP has the smaller gap, for *mean* the lower recall.
# Rows with a p of Holm are the declared family; all others are exploratory.

# %%
differences = with_conditions(read_table(inputs["gap_differences"]), conditions)
pruned = differences[(differences["kind"] == "pruned") & (differences["metric"] == "recall")]
to_clp = pruned["reference_kind"] == "pruned"
show(gap_table(pruned[to_clp]))

# %% [markdown]
# ## Against the control

# %%
show(gap_table(pruned[~to_clp]))
