"""The labels that folds are trained with, and what tables call these trainings."""

GIVEN, PLANTED = "given", "planted"
LABELLINGS = {GIVEN: "without a fold", PLANTED: "without a fold, labels planted"}
