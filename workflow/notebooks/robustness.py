# %% [markdown]
# # Robustness of hardness
# Would other members, or another estimator, call the same samples and classes hard? Ensembles grow by one member
# (*nested*, as in version 1) or share none (*disjoint*). A nested ensemble changes little for an arithmetical reason
# alone: one member more weighs 1/(j + 1). What that gives for pure noise is drawn beside it.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.figures.agreement import class_uncertainty, estimator_agreement, estimator_overlap
from hbr.analysis.figures.stability import allocation_stability, members_enough, pruning_stability
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.robustness_tables import agreement_table, definitions_table, enough_table, uncertainty_table
from hbr.analysis.shown import show
from hbr.data.files import read_table

use_style()
stability = ("pruning", "allocation", "ranks", "members_enough")
tables = {name: [read_table(path) for path in inputs[name]] for name in stability}
# An empty table, of an estimator with one member, has columns without a type, and would take it from the others.
pruning, allocation, ranks, enough = (pd.concat([table for table in t if len(table)] or t) for t in tables.values())
correlations, overlap, uncertainty = (read_table(inputs[name]) for name in ("correlations", "overlap", "uncertainty"))

# %%
show(definitions_table(enough))

# %% [markdown]
# ## Samples that pruning would take

# %%
save_figure(pruning_stability(pruning, dataset), figures, "pruning_stability")

# %% [markdown]
# ## Samples that classes would get

# %%
save_figure(allocation_stability(allocation, dataset), figures, "allocation_stability")

# %% [markdown]
# ## How many members are enough?
# The smallest number of members from which on the criterion stays within the tolerance, and how many it would take if hardness
# were pure noise.

# %%
save_figure(members_enough(allocation, ranks, enough, dataset), figures, "members_enough")
show(enough_table(enough))

# %% [markdown]
# ## Estimators side by side

# %%
save_figure(estimator_agreement(correlations, dataset), figures, "estimator_agreement")
show(agreement_table(correlations))

# %%
save_figure(estimator_overlap(overlap, dataset), figures, "estimator_overlap")

# %% [markdown]
# ## Uncertainty of classes and allocation

# %%
save_figure(class_uncertainty(uncertainty, dataset), figures, "class_uncertainty")
show(uncertainty_table(uncertainty))
