# %% [markdown]
# # Hardness
# How hard each training sample was during training, averaged over the members of the baseline, and the mean over
# each class. Every estimator states its direction; below each one's table of classes stands what it measures. AUM is the area
# under the margin: the logit of a sample's label less the largest other one, mean over epochs.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
from pathlib import Path

import pandas as pd

from hbr.analysis.class_tables import hardness_table
from hbr.analysis.figures.hardness import DIRECTIONS, class_order, hardness_distributions
from hbr.analysis.figures.images import image_sheet, shown_id
from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.shown import html_table, say
from hbr.data.datasets import load_dataset
from hbr.data.files import read_table

use_style()
data = load_dataset(inputs["data"])
estimators = {Path(path).parent.name: path for path in inputs["samples"]}
samples = {name: read_table(path) for name, path in estimators.items()}
classes = {Path(path).parent.name: read_table(path) for path in inputs["classes"]}
first = next(iter(estimators))

# %% [markdown]
# ## Distribution of instance hardness per class

# %%
for name in estimators:
    figure = hardness_distributions(samples[name], classes[name], name, dataset)
    save_figure(figure, figures, "hardness_distributions" if name == first else None)

# %% [markdown]
# ## Do estimators agree on which classes are hard?

# %%
ranks = pd.DataFrame({name: table.set_index(["class", "class_name"])["difficulty_rank"] for name, table in classes.items()})
ranks = ranks.sort_values(first)
save_figure(class_order(ranks, dataset), figures, "class_order")

# %% [markdown]
# ## The easiest and the hardest images
# Above each image: its class, its hardness and its id, as the tables have it: the end of its file's path, or # and its index in
# its source.

# %%
labels = class_labels(range(data.classes), data.class_names, ABOVE_IMAGE - 5)


def sheet(title, rows):
    """Show images with class, hardness and id."""
    named = zip(rows["class"], rows["hardness"], rows["id"], strict=True)
    captions = [f"{labels[label]} {hardness:.2f}\n{shown_id(name)}" for label, hardness, name in named]
    return image_sheet(data.train_images[rows["sample"]], captions, f"{dataset}: the {len(rows)} {title} by {first}")


ordered = samples[first].sort_values("difficulty_rank")
save_figure(sheet("easiest training images", ordered.head(30)), figures, "easiest_images")
save_figure(sheet("hardest training images", ordered.tail(30).iloc[::-1]), figures, "hardest_images")

# %%
for name, table in classes.items():
    heading = f"{name}: {table['definition'].iloc[0]}; {DIRECTIONS[table['direction'].iloc[0]]}"
    say(f"<h3>{heading}</h3>{html_table(hardness_table(table))}")
