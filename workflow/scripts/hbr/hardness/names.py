"""Names of the built-in estimators, where torch and NumPy are not wanted."""

BUILT_IN_ESTIMATORS = ("aum", "el2n", "forgetting", "confidence", "loss", "data_iq", "variability")
