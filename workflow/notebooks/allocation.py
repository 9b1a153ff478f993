# %% [markdown]
# # Allocation and plans
# Class hardness H becomes a ratio r, and the ratio a number of samples:
# S(alpha) = n + alpha (N s - n), rounded so that the total stays exactly N. n is what the class has in the control, and
# s its share n r of the sum of all n r. Of k equally large classes n = N/k and s = r, as in the paper.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.class_tables import allocation_in_words
from hbr.analysis.figures.hardness import allocation_counts, drawing_rates, offset_influence
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.ledger_tables import review_html
from hbr.analysis.shown import html_table, say, show
from hbr.analysis.tables import draw_rates, plan_summary
from hbr.data.files import read_table

use_style()
allocations = {}
for path in inputs["allocations"]:
    allocations.setdefault(path.split("/")[-2], []).append(read_table(path))

# %%
say(review_html({dataset: read_table(inputs["review"])}))

# %% [markdown]
# ## Samples per class (v1, figure 4)
# alpha = 0 is the control. Classes right of the dotted line are hard: their ratio exceeds 1/k, so that equally large classes
# get more than N/k at alpha = 1. *Times the control* is what a class is granted over what the
# control has.

# %%
for number, (estimator, tables) in enumerate(allocations.items()):
    figure = allocation_counts(pd.concat(tables), dataset, estimator)
    save_figure(figure, figures, None if number else "allocation")

# %%
for estimator, tables in allocations.items():
    for table in tables:
        say(f"<h3>{estimator}, alpha = {table['alpha'].iloc[0]:g}</h3>{html_table(allocation_in_words(table))}")

# %% [markdown]
# ## What the offset does
# `hardness_offset` is added to every class hardness before ratios are taken, and they are not invariant to it: close to the
# lowest class hardness one class takes nearly all, far from it all classes keep what they have. The dotted line marks this
# study's offset, the shaded band where no class gets more than twice or less than half of what the control has.

# %%
offsets = read_table(inputs["offsets"])
for number, (estimator, table) in enumerate(offsets.groupby("estimator", sort=False)):
    figure = offset_influence(table, dataset, str(estimator))
    if number == 0:
        save_figure(figure, figures, "offset_influence")

# %% [markdown]
# ## What the plans hold
# With `none` on one side the classes of that side stay as they are, and the plan's size differs from N.

# %%
plans = {path.split("/")[-3]: read_table(path) for path in inputs["plans"]}
conditions = pd.DataFrame(inputs["conditions"]).set_index("condition").loc[list(plans)].astype({"alpha": float})
show(plan_summary({label: plans[name] for name, label in conditions["label"].items()}))

# %% [markdown]
# ## Effective sampling
# How often a sample of each difficulty decile (within its class) stands in the plan of the first variant, images of the plan's
# own not counted (so smote and pools equal none). The paper's `hard` and `easy` weights span only 2 : 1 and are nearly
# `random`. Samples that the estimator does not know, since a rule of label noise took them, do not count.

# %%
samples = {path.split("/")[-2]: read_table(path) for path in inputs["samples"]}
resampled = conditions[conditions["kind"] == "resampled"]
known = {name: samples[estimator] for name, estimator in resampled["estimator"].items()}
rates = draw_rates({name: plans[name] for name in known}, known).join(resampled[["strategy", "alpha"]], on="condition")
save_figure(drawing_rates(rates, dataset), figures, "drawing_rates")
