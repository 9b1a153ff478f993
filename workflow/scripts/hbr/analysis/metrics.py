"""Metrics, all from one confusion matrix."""

import numpy as np

METRICS = ("recall", "precision", "f1", "mcc")


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return counts ``(classes, classes)``: row = true class, column = predicted class."""
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def accuracy(confusion: np.ndarray) -> float:
    """Return the share of right predictions."""
    return float(np.trace(confusion) / confusion.sum())


def class_metrics(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Return recall, precision, F1 and MCC of each class against all others, float64 ``(classes,)``.

    What has no defined value (a class never predicted) is 0, as in scikit-learn with ``zero_division=0``.
    """
    total = confusion.sum()
    true_positive = np.diag(confusion).astype(np.float64)
    actual = confusion.sum(1).astype(np.float64)
    predicted = confusion.sum(0).astype(np.float64)
    # Matthews correlation of two binary variables: covariance over the product of deviations, scaled by N^2.
    covariance = true_positive * total - actual * predicted
    deviation = np.sqrt(actual * (total - actual)) * np.sqrt(predicted * (total - predicted))
    return {
        "recall": _ratio(true_positive, actual),
        "precision": _ratio(true_positive, predicted),
        "f1": _ratio(2 * true_positive, actual + predicted),
        "mcc": _ratio(covariance, deviation),
    }


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
