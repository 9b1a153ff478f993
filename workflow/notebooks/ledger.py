# %% [markdown]
# # Claims ledger
# What arXiv 2504.07031 claims, what it reports, and what this study measured. Version 1 is of April 2025, version 2 of April
# 2026. Intervals are 95 %. *Here* says whether the claim holds of the network and recipe that were trained; the verdict is on
# the paper's claim. *Regime* is the paper's own network and recipe, one whose control is as accurate, or another: effects,
# gaps, orders and stability are decided in the first two, numbers of one recipe in the first alone, and another regime leaves
# the verdict open. *Not in this study* stands where the study holds no data set or condition that a claim speaks of: what it
# measured on other data passes no claim, and is not judged where the claim is a number or a class of its own data.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%

from hbr.analysis.ledger_tables import claims_html, costs_table, deviations_html, review_html
from hbr.analysis.shown import say, show
from hbr.data.files import read_table

# %%
say(review_html({path.split("/")[-3]: read_table(path) for path in inputs["reviews"]}))

# %%
say(claims_html(read_table(inputs["claims"])))

# %% [markdown]
# ## Where this pipeline differs from the authors' public code
# Each row names the tests that show our behaviour, and what this study shows of it in numbers.

# %%
say(deviations_html(read_table(inputs["deviations"])))

# %% [markdown]
# ## What trainings cost
# Wall-clock time and peak memory of one training each, as Snakemake measured them, other jobs on the machine included.

# %%
show(costs_table(read_table(inputs["costs"])))
