"""How gaps are called in figures."""

GAP_TITLES = {
    "max_min": "max - min",
    "top_bottom": "best - worst fifth",
    "hard_easy": "|hard - easy|",
    "std": "standard deviation",
    "mad": "median abs. deviation",
    "mean": "mean",
}
