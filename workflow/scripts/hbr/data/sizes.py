"""Whether there are the classes, and every class has the samples, that a study will ask of its data."""

from collections.abc import Sequence

from hbr.errors import StudyError

_MOST_TOLD = 5


def check_class_sizes(
    counts: Sequence[int], class_names: Sequence[str], least: int, where: str, least_classes: int = 2
) -> None:
    """Raise ``StudyError`` where a class has fewer than ``least`` training samples, or where there are too few classes.

    ``where`` names the data.
    """
    if len(counts) < least_classes:
        raise StudyError(
            f"{where}: this study needs at least {least_classes} classes, but there are {len(counts)}: with two, half of the "
            "random placebos are the truth; write shuffled in place of random under placebos.kinds"
        )
    few = [f"{name!r} ({count})" for name, count in zip(class_names, counts, strict=True) if count < least]
    if few:
        told = ", ".join(few[:_MOST_TOLD]) + (f" and {len(few) - _MOST_TOLD} more" if len(few) > _MOST_TOLD else "")
        raise StudyError(
            f"{where}: this study needs at least {least} training samples of every class, as any may turn out hard, but there "
            f"are fewer of {told}; write oversampling: random instead of smote, smaller limited.rates, or leave the classes out"
        )
