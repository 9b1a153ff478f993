# %% [markdown]
# # Ground truth
# Is what is hard to learn what people find hard? People's votes and labels of the same images say how much they doubt each
# label: **human doubt** is 1 minus the share of judgements for the label that the data set has. It is known only as well as
# people agree: its **reliability** is how much the doubt of as many other people would agree with it, and its root, the
# **ceiling**, is the most that any hardness can correlate with it.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
from pathlib import Path

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.ground_truth import doubtful_share, human_doubt, human_noise, human_order
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.ground_truth import share_changes
from hbr.analysis.ground_truth_words import (
    changes_shown,
    known_noise_shown,
    missing,
    noise_shown,
    order_shown,
    references_shown,
)
from hbr.analysis.shown import say, show
from hbr.data.files import read_table
from hbr.data.references import FLIPPED, GIVEN

use_style()
about, doubt, order, noise = (read_table(inputs[name]) for name in ("about", "doubt", "order", "noise"))
classes = {Path(path).parent.name: read_table(path) for path in inputs["classes"]}
first = next(iter(classes))

# %% [markdown]
# ## What people, and other networks, say
# *Most say otherwise* counts images of which more than half of the judgements name one other class; of doubted labels that
# people checked, those that no more than half confirmed. Reliability of votes is the rank correlation of random halves of
# the votes, stepped up to all of them (Spearman and Brown); of labels by several people that of two of them, stepped up to
# as many as there are.

# %%
show(references_shown(about))
say(f"<p>{missing(about)}</p>")

# %% [markdown]
# ## Are classes hard that people doubt?

# %%
save_figure(human_doubt(doubt, classes[first], first, dataset), figures, "human_doubt")

# %% [markdown]
# ## How well do the orders agree?
# Spearman's rank correlation of hardness with human doubt: of class means; of single images, where people judged the very
# images (test images are ordered by their margin in the trained members, training images by each estimator); and within
# classes, which is what is left once the class is known (partial rank correlation). Intervals are of a bootstrap over members
# and images; of classes also over members, images and classes, which says what to expect of other classes.

# %%
save_figure(human_order(order, dataset), figures, "human_order")
show(order_shown(order))

# %% [markdown]
# ## Who finds what people call mislabelled?
# AUROC is the share of pairs of a mislabelled and another image that are ranked right. An estimator has no threshold: beside
# its AUROC stands the share of mislabelled images among its 100 hardest, and among as many as there are to be found.
# A rule of label noise has precision and recall, with exact 95 % intervals (Clopper and Pearson) over images. Labels that
# are known to be wrong, since they were flipped on purpose or are not the data set's own, stand below the references.

# %%
save_figure(human_noise(noise, dataset), figures, "human_noise")
show(noise_shown(noise))

# %% [markdown]
# ## Is noise by people found as well as flipped labels?
# Labels by people that differ from the data set's own lie between classes that resemble each other; flipped ones lie
# anywhere. Data sets of this study that are trained on the one or the other, beside each other:

# %%
known = known_noise_shown({Path(path).parts[-3]: read_table(path) for path in inputs["known"]}, (GIVEN, FLIPPED))
if len(known):
    show(known)
else:
    say("<p>No data set of this study is trained on labels by people (labels) or on flipped ones (flipped_labels).</p>")

# %% [markdown]
# ## Does resampling draw what people call mislabelled?
# Share of images of which more than half of the judgements name one other class, among the examples of each plan: an image
# that is drawn twice counts twice, synthetic and other images that nobody judged do not count. Against the training set as it
# is; 95 % t-intervals over variants.

# %%
changes = share_changes(with_conditions(read_table(inputs["doubtful"]), read_table(inputs["conditions"])))
save_figure(doubtful_share(changes, dataset), figures, "doubtful_share")
show(changes_shown(changes))
