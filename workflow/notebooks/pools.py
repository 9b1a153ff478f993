# %% [markdown]
# # Pools of other images
# Hard classes may get other images of the same classes instead of copies: at random (`pool-random`), at random out of
# twice as many that the baseline is least sure of (`pool-hard`) or about as sure of as of real ones (`pool-average`), or the
# very least (`pool-hardest`). Confidence is the softmax of an image's label in evaluation mode, mean over the baseline's
# members. Pools are shuffled before anything is drawn.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
from pathlib import Path

from hbr.analysis.columns import RESAMPLED, with_conditions
from hbr.analysis.figures.images import image_sheet
from hbr.analysis.figures.pools import pool_captions, pool_gaps
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.pools import confidence_table, extreme_images, pool_summaries
from hbr.analysis.shown import show
from hbr.analysis.tables import gap_table
from hbr.data.files import read_table
from hbr.data.streams import map_rows

use_style()
conditions = read_table(inputs["conditions"])
gaps = with_conditions(read_table(inputs["gaps"]), conditions)
classes = {path.split("/")[-2]: read_table(path) for path in inputs["classes"]}

# %% [markdown]
# ## What the baseline says of a pool
# An image whose label most members do not see may be hard, or wrongly made. Where the pool's images get less confidence than
# the training images, `pool-average` takes its most confident ones.

# %%
show(confidence_table(classes))

# %% [markdown]
# ## Least and most confident images
# A class a row: five images of least and five of most confidence, and, where any do, how many members say another class.

# %%
for number, (name, path) in enumerate(zip(classes, inputs["pools"], strict=True)):
    rows = extreme_images(read_table(inputs["scores"][number]), classes[name])
    captions = pool_captions(rows, classes[name]["class_name"])
    sheet = image_sheet(map_rows(Path(path), "images")[rows["image"]], captions, f"{dataset}: pool {name}, by confidence")
    save_figure(sheet, figures, None if number else "pool_images")

# %% [markdown]
# ## Recall gaps against alpha (v2, figure 6)
# A figure for all data, and one for each share of limited data that a pool is drawn from.

# %%
for number, summary in enumerate(pool_summaries(gaps[gaps["metric"] == "recall"]).values()):
    save_figure(pool_gaps(summary, dataset), figures, None if number else "pool_gaps")

# %% [markdown]
# ## Against random images of the pool
# Paired by seed, in points: below 0 the choice has the smaller gap, for *mean* the lower recall. Declared gaps are a family of
# their own, Holm-adjusted; the others are exploratory.

# %%
differences = with_conditions(read_table(inputs["gap_differences"]), conditions)
drawn = differences["kind"].isin(RESAMPLED)
pooled = differences[differences["pool"].notna() & drawn & (differences["metric"] == "recall")]
to_control = pooled["reference_kind"] == "control"
show(gap_table(pooled[~to_control & (pooled["oversampling"] != pooled["reference_oversampling"])]))

# %% [markdown]
# ## Against the control

# %%
show(gap_table(pooled[to_control]))
