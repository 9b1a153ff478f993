"""The columns that say which condition a row is of."""

# A part that does not apply is empty; :func:`hbr.conditions.names.conditions_of` says what each means.
PARTS = ("kind", "reference", "estimator", "oversampling", "undersampling", "alpha", "method", "rate")
CONDITION_COLUMNS = ["dataset", "condition", *PARTS]
