# %% [markdown]
# # Label noise
# AUM is the area under the margin: the logit of a sample's label less the largest other one, mean over the epochs of training.
# Samples of low AUM may bear a wrong label. Three rules say which: a fixed *count* of those with the lowest AUM, an AUM
# *below* a threshold, and Pleiss's *threshold samples*: an extra class of samples whose labels are wrong on purpose shows
# what AUM a wrong label has (version 1, section 5; Pleiss et al. 2020).

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.images import image_sheet
from hbr.analysis.figures.noise import cumulative_aum, image_captions, noise_by_class, noise_detection
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.shown import say, show
from hbr.analysis.tables import gap_table, noise_sentences, noise_table
from hbr.data.datasets import load_dataset
from hbr.data.files import read_table

use_style()
data = load_dataset(inputs["data"])
rules = read_table(inputs["summary"])
classes = read_table(inputs["hardness"])
flagged = {path.split("/")[-2]: read_table(path) for path in inputs["flagged"]}

# %% [markdown]
# ## What each rule flags
# Where labels are known to be wrong (*planted*: flipped on purpose, or given by others and not the data set's own),
# precision is the share of what a rule flags that is wrong, recall the share of what is wrong that it flags, both with exact
# 95 % binomial intervals (Clopper and Pearson) over samples; *chance* is the precision of flagging at random. Where none are
# known nothing can be said of either.

# %%
save_figure(noise_detection(rules, dataset), figures, "noise_detection")
show(noise_table(rules))
say(f"<p>{noise_sentences(rules)}</p>")

# %% [markdown]
# ## Share of each class (v1, figure 5a)

# %%
order = classes.sort_values("difficulty_rank")["class"]
save_figure(noise_by_class(read_table(inputs["by_class"]), order, dataset), figures, "noise_by_class")

# %% [markdown]
# ## Samples below an AUM (v1, figure 5b)
# The rule of threshold samples looks at trainings of its own and compares with what the threshold samples have there, so it
# stands in a panel of its own.

# %%
figure = cumulative_aum(flagged, data.planted, int(classes["members"].iloc[0]), dataset)
save_figure(figure, figures, "cumulative_aum")

# %% [markdown]
# ## The images of lowest AUM (v1, figure 6)
# Above each image: the label it bears (with a star where it is known to be wrong); the class that most members prefer at
# the epoch of EL2N, in evaluation mode, and how many do; its AUM, and its id, as the tables have it:
# the end of its file's path, or # and its index in its source.

# %%
votes = read_table(inputs["preferred"])
votes["aum"] = next(iter(flagged.values()))["aum"]


def sheet(rows, title):
    """Show images of the training set with what the ensemble sees in them."""
    captions = image_captions(rows, data.class_names, data.planted)
    return image_sheet(data.train_images[rows["sample"]], captions, f"{dataset}: {title}", columns=6)


save_figure(sheet(votes.sort_values("aum").head(30), "training images of lowest AUM"), figures, "lowest_images")

# %% [markdown]
# ## Images on which the rules differ
# For each rule the images of highest AUM that it flags and some other rule does not.

# %%
agreed = pd.DataFrame({name: table["flagged"] for name, table in flagged.items()}).all(axis="columns")
for name, table in flagged.items():
    rows = votes[table["flagged"] & ~agreed].sort_values("aum", ascending=False).head(6)
    if len(rows):
        save_figure(sheet(rows, f"flagged by {name}, not by all rules"), figures, None)

# %% [markdown]
# ## What training without them does
# Each denoised condition against the control, in points. Below 0 the gap is smaller, for *mean* recall is lower. These
# comparisons are exploratory: they are in no declared family and get no verdict. Hedges's g is the change in standard
# deviations between variants; two variants are too few for an unbiased one.

# %%
if inputs["gap_differences"]:
    differences = with_conditions(read_table(inputs["gap_differences"]), read_table(inputs["conditions"]))
    show(gap_table(differences[(differences["kind"] == "denoised") & (differences["metric"] == "recall")]))
else:
    print("No condition of this study trains without what a rule flags.")
