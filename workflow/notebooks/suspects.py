# %% [markdown]
# # Suspects
# Which images look mislabelled? All images, those of the test set too, were divided into folds, and networks were trained
# without each one. What they say of the images that they never saw is the **out-of-fold margin**: the logit of the label
# that an image bears less the largest other one, in evaluation mode, mean over members, over all epochs that were
# evaluated (`evaluate_every` of the recipe), and over the image and its mirror image where the recipe has `flip: true`.
# Below 0 another class is more likely.
# AUM (area under the margin), beside it, tells how hard an image was to learn by networks that did see it, and is known of
# training images alone.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%

from hbr.analysis.figures.images import image_sheet
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.figures.suspects import first_images, images_of, suspect_captions
from hbr.analysis.shown import say, show
from hbr.analysis.suspect_tables import suspect_sentences, suspects_shown, worth_sentences, worth_table
from hbr.data.datasets import load_dataset
from hbr.data.files import read_table

use_style()
data = load_dataset(inputs["data"])
suspects = read_table(inputs["suspects"])


say(f"<p>{suspect_sentences(suspects)}</p>")

# %% [markdown]
# ## The images to look at first
# Above each image: the label it bears; the class that is suggested, with how many members prefer it; its out-of-fold
# margin; and its id, the end of its file's path, or # and its index in its source. An image may stand here because its
# label is wrong, because it shows two things, or because nothing like it is in the data. The table names the files in
# full; all images, in this order, are in `suspects.csv` of the results.

# %%
first = first_images(suspects)
captions = suspect_captions(first, data.class_names)
sheet = image_sheet(images_of(first, data), captions, f"{dataset}: lowest out-of-fold margins", columns=5)
save_figure(sheet, figures, "suspect_images")
show(suspects_shown(first))

# %% [markdown]
# ## What this is worth here
# With `suspects.planted` the same is done once more with one label in twenty changed on purpose, in the training and the
# test set. The table says how many of these (*planted*) each rule finds: precision is the share of what it takes for
# mislabelled that was changed, recall the share of what was changed that it takes, both with exact 95 % binomial
# intervals (Clopper and Pearson) over images; *AUROC* is the share of pairs of a changed and an unchanged label that a
# score ranks right, 0.5 by chance. Labels that were wrong from the start count as unchanged, so that precision is rather
# more than it says. AUM is that of the same trainings, of the networks that saw an image.

# %%
if inputs["worth"]:
    worth = read_table(inputs["worth"])
    say(f"<p>{worth_sentences(worth)}</p>")
    show(worth_table(worth))
else:
    print("No labels were changed on purpose (suspects.planted in the study file), so that its worth here is not known.")
