"""How metrics, gaps and ensembles are called in figures and tables."""

GAP_TITLES = {
    "max_min": "max - min",
    "top_bottom": "best - worst fifth",
    "hard_easy": "|hard - easy|",
    "std": "standard deviation",
    "mad": "median abs. deviation",
    "mean": "mean",
}
METRIC_NAMES = {"recall": "recall", "precision": "precision", "f1": "F1", "mcc": "MCC"}
# How ensembles that are compared stand to each other.
WAYS = {"nested": "nested, j to j + 1", "disjoint": "disjoint, j against j"}


def measured(metric: str, gap: str) -> str:
    """Return what a gap of a class metric is called in a sentence: `recall gap (max - min)`, `mean recall`."""
    name = METRIC_NAMES.get(metric, metric)
    return f"mean {name}" if gap == "mean" else f"{name} gap ({GAP_TITLES.get(gap, gap)})"
