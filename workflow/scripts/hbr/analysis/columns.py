"""The columns that say which condition a row is of."""

# A part that does not apply is empty; :class:`hbr.conditions.kind.Condition` says what each means.
PARTS = ("kind", "reference", "estimator", "oversampling", "undersampling", "alpha", "method", "rate")
CONDITION_COLUMNS = ["dataset", "condition", *PARTS]
