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
from IPython.display import HTML, display

from hbr.analysis.figures.agreement import class_uncertainty, estimator_agreement, estimator_overlap
from hbr.analysis.figures.stability import allocation_stability, members_enough, pruning_stability
from hbr.analysis.figures.style import save_figure, use_style
from hbr.data.files import read_table

use_style()
stability = ("pruning", "allocation", "ranks", "members_enough")
tables = {name: [read_table(path) for path in inputs[name]] for name in stability}
# An empty table, of an estimator with one member, has columns without a type, and would take it from the others.
pruning, allocation, ranks, enough = (pd.concat([table for table in t if len(table)] or t) for t in tables.values())
correlations, overlap, uncertainty = (read_table(inputs[name]) for name in ("correlations", "overlap", "uncertainty"))


def show(table):
    """Show a table with four decimals."""
    display(HTML(table.to_html(index=False, float_format="{:.4f}".format, na_rep="")))


# %%
show(enough[["estimator", "definition"]].drop_duplicates())

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
# The smallest number of members from which on the criterion stays within the tolerance; empty where the largest tested
# ensemble does not. *members_expected* is where pure noise would fall to the tolerance.

# %%
save_figure(members_enough(allocation, ranks, enough, dataset), figures, "members_enough")
show(enough.drop(columns="definition"))

# %% [markdown]
# ## Estimators side by side

# %%
save_figure(estimator_agreement(correlations, dataset), figures, "estimator_agreement")
show(correlations.drop(columns=["first_definition", "second_definition"]))

# %%
save_figure(estimator_overlap(overlap, dataset), figures, "estimator_overlap")

# %% [markdown]
# ## Uncertainty of classes and allocation

# %%
save_figure(class_uncertainty(uncertainty, dataset), figures, "class_uncertainty")
show(uncertainty.drop(columns=["definition", "class", "resamples"]))
