"""Letters of any script in figures: which font of this machine has them, and what is shown where none has."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

# Its boxes stand for letters, they are none.
_LAST_RESORT = "Last Resort High-Efficiency"


def plain(text: str) -> str:
    """Return text that stands in a figure as it is: a dollar sign would start mathematics, and a class may bear any name."""
    return text.replace("$", r"\$")


def font_family(texts: Iterable[str]) -> list[str]:
    """Return the families that write some texts: the figures' own, then those of this machine that have what it lacks."""
    return ["sans-serif", *_fallbacks(frozenset(missing_letters("".join(texts), ["sans-serif"])))]


def missing_letters(text: str, family: Sequence[str]) -> str:
    """Return the characters of a text that none of the families has; those that never show are passed over."""
    if text.isascii():
        return ""
    known = frozenset().union(*map(_letters, family))
    return "".join(letter for letter in text if letter not in known and unicodedata.category(letter) not in ("Cf", "Mn", "Cc"))


def drop_missing(figure: Figure) -> bool:
    """Take the letters that no font has out of a figure, as pictures show boxes for them; return whether there were any."""
    dropped = False
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        labels = axis.get_majorticklabels()
        # Ticks write their labels again when they are drawn.
        if any(missing_letters(label.get_text(), label.get_fontfamily()) for label in labels):
            axis.set_ticklabels([_without_missing(label) for label in labels])
            dropped = True
    for text in figure.findobj(Text):
        left = _without_missing(text)
        dropped = dropped or left != text.get_text()
        text.set_text(left)
    return dropped


def _without_missing(text: Text) -> str:
    words = text.get_text()
    if not (missing := missing_letters(words, text.get_fontfamily())):
        return words
    # Of `7: name` the number is left.
    left = re.sub(r":(?= {2}| *$)", "", words.translate(dict.fromkeys(map(ord, missing))), flags=re.MULTILINE)
    return re.sub(" +$", "", re.sub(" {2,}", " ", left), flags=re.MULTILINE)


@cache
def _letters(family: str) -> frozenset[str]:
    """Return the characters of a family's upright font; none of one that cannot be drawn."""
    try:
        font = FT2Font(_files().get(family) or findfont(FontProperties(family=[family])))
    except (ValueError, RuntimeError, OSError):
        return frozenset()
    # Pictures of letters, as of emoji, have no outlines.
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()


@cache
def _files() -> dict[str, str]:
    """Return a file of each family of this machine, that of the regular weight where there is one."""
    fonts = sorted(
        fontManager.ttflist, key=lambda font: (font.style == "normal" and font.weight in (400, "normal"), font.fname)
    )
    return {font.name: font.fname for font in fonts if font.name != _LAST_RESORT}


@cache
def _fallbacks(missing: frozenset[str]) -> tuple[str, ...]:
    """Return the families of this machine that have missing characters, the one with the most of them first."""
    names = sorted(_files(), key=lambda name: ("Sans" not in name, name))
    families: list[str] = []
    while missing:
        best = max(names, key=lambda name: len(missing & _letters(name)))
        if not missing & _letters(best):
            break
        families.append(best)
        missing -= _letters(best)
    return tuple(families)
