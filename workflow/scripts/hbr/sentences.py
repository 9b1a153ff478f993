"""Words of messages on a study file."""

import difflib
from collections.abc import Collection


def nearest(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence on an unknown word: the known one that it may mean, or those that there are."""
    if not known:
        return "; there are none"
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {short(', '.join(known), 80)}"


def short(text: str, most: int = 72) -> str:
    """Return a text, its middle left out where it is longer than ``most``."""
    half = (most - 5) // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"
