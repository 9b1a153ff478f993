"""The baseline: learning curves and class recall."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hbr.analysis.figures.names import name_classes
from hbr.analysis.figures.style import EASY, HARD, NEUTRAL, class_axis_width, marks, plain_ticks

# So few epochs are shown one by one.
_FEW = 10


def learning_curves(history: pd.DataFrame, dataset: str) -> Figure:
    """Return train and test accuracy over the epochs, one thin line a member and their mean."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8))
    members = history["member"].nunique()
    for column, label, colour in (("train_accuracy", "train", EASY), ("test_accuracy", "test", HARD)):
        sns.lineplot(history, x="epoch", y=column, units="member", estimator=None, color=colour, alpha=0.25, lw=0.7, ax=left)
        # Epochs without an evaluation have no test accuracy, and would leave no line between those that have.
        mean = history.groupby("epoch")[column].mean().dropna()
        left.plot(mean.index, mean, color=colour, lw=1.8, label=label, marker="o" if len(mean) <= _FEW else "", ms=3.5)
    left.set(xlabel="epoch", ylabel="accuracy", title=f"{dataset}: accuracy, {members} members")
    left.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    left.legend(loc="lower right")
    rates = history.groupby("epoch")["learning_rate"].mean()
    loss = history.groupby("epoch")["train_loss"].mean()
    right.plot(loss.index, loss, color=NEUTRAL, lw=1.8, marker="o" if len(loss) <= _FEW else "", ms=3.5)
    right.set(xlabel="epoch", ylabel="training loss (nats)", title="loss and learning rate", yscale="log")
    plain_ticks(right.yaxis)
    twin = right.twinx()
    twin.plot(rates.index, rates, color=EASY, lw=1, ls="--")
    twin.set_ylabel("learning rate", color=EASY)
    twin.spines["right"].set_visible(True)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def class_recall(summary: pd.DataFrame, dataset: str, members: int) -> Figure:
    """Return recall of each class, best left, with 95 % intervals over members (v1, figure 1)."""
    # A table of one's own may have names alone.
    numbered = summary if "class" in summary else summary.assign(**{"class": range(len(summary))})
    ordered = numbered.sort_values("mean", ascending=False).reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(class_axis_width(len(ordered)), 3))
    # A t-interval knows nothing of 0 and 100 %; what lies beyond is not drawn.
    error = [100 * (ordered["mean"] - ordered["lower"].clip(lower=0)), 100 * (ordered["upper"].clip(upper=1) - ordered["mean"])]
    axes.errorbar(ordered.index, 100 * ordered["mean"], yerr=error, fmt="o", color=EASY, **marks(len(ordered)))
    mean = 100 * ordered["mean"].mean()
    axes.axhline(mean, color=NEUTRAL, lw=0.8, ls="--")
    axes.annotate(
        f"mean {mean:.1f}", (0.02, mean), (0, 2), ("axes fraction", "data"), "offset points", color=NEUTRAL, fontsize=8
    )
    gap = 100 * (ordered["mean"].iloc[0] - ordered["mean"].iloc[-1])
    name_classes(axes, ordered)
    axes.set(
        ylabel="test recall (%)",
        title=f"{dataset}: class recall, gap of the means {gap:.1f} points\n(mean of {members} members, 95 % t-interval)",
    )
    return figure
