# %% [markdown]
# # Data and baseline
# The baseline trains an ensemble on the data set as it is. Its members differ in their seeds alone.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import numpy as np

from hbr.analysis.class_tables import metrics_table
from hbr.analysis.comparisons import summarise
from hbr.analysis.figures.baseline import class_recall, learning_curves
from hbr.analysis.figures.images import image_sheet
from hbr.analysis.figures.names import ABOVE_IMAGE, class_labels
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.shown import show
from hbr.analysis.tables import dataset_summary
from hbr.data.datasets import load_dataset
from hbr.data.files import read_table

use_style()
data = load_dataset(inputs["data"])
names = dict(enumerate(data.class_names))

# %% [markdown]
# ## The data

# %%
show(dataset_summary(data))

# %%
sampled = min(data.classes, 10)
shown = np.concatenate([np.flatnonzero(data.train_labels == label)[:10] for label in range(sampled)])
labels = class_labels(names, names.values(), ABOVE_IMAGE)
captions = [labels[label] for label in data.train_labels[shown]]
which = "each class" if sampled == data.classes else f"{sampled} of {data.classes} classes"
sheet = image_sheet(data.train_images[shown], captions, f"{dataset}: the first training images of {which}")
save_figure(sheet, figures, "images")

# %% [markdown]
# ## Training
# Thin lines are members, thick lines their mean.

# %%
curves = learning_curves(read_table(inputs["history"]), dataset)
save_figure(curves, figures, "learning_curves")

# %% [markdown]
# ## Class recall (v1, figure 1)
# Even where every class has equally many training samples, classes are not learned equally well. In the table F1 is the
# harmonic mean of precision and recall, MCC the Matthews correlation coefficient.

# %%
measured = read_table(inputs["classes"])
recall = summarise(measured[measured["metric"] == "recall"], ["class"])
recall["class_name"] = recall["class"].map(names)
save_figure(class_recall(recall, dataset, measured["member"].nunique()), figures, "class_recall")

# %%
show(metrics_table(measured, names))
