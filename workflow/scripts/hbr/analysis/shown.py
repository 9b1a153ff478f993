"""Tables, sentences and drawings as the chapters show them."""

import hashlib
import re
import sys
from base64 import b64encode
from html import escape

import pandas as pd

from hbr.words import number

# Dark enough for white text, told apart by colour-blind readers; the words stand in them too.
_GOOD, _BAD, _OPEN, _SILENT = "#0072B2", "#B34700", "#595959", "#707070"
COLOURS = {
    "reproduced": _GOOD,
    "not reproduced": _BAD,
    "inconclusive": _OPEN,
    "not in this study": _SILENT,
    "improves": _GOOD,
    "worsens": _BAD,
    "equivalent": "#00664B",
    "not tested": _SILENT,
}
_VERDICT = "verdict"
# Of a page to an inch of a drawing.
_DOTS = 110
# A number, with its interval in brackets.
_NUMBER = re.compile(r"(< |[+-])?[\d.,]+( \(.* to .*\))?")


def html_table(table: pd.DataFrame) -> str:
    """Return a table as HTML: numbers at the right, text at the left and wrapped, verdicts in colour; equal tables alike.

    Numbers that are no text yet get three significant digits; what is missing is left empty.
    """
    shown = table.reset_index(drop=True)
    texts = [place for place, name in enumerate(shown) if not _is_numeric(shown[name])]
    # Ids are random without it, and two tables of a page must not share theirs.
    name = hashlib.sha256(shown.to_json().encode()).hexdigest()[:12]
    style = shown.style.set_uuid(name).hide(axis="index").format(_cell)
    if _VERDICT in shown:
        style = style.map(_coloured, subset=[_VERDICT])
    style = style.set_table_styles([{"selector": "td", "props": "vertical-align: top"}])
    left = "text-align: left; white-space: normal; min-width: 4em"
    for place in texts:
        style = style.set_table_styles([{"selector": f".col{place}", "props": left}], overwrite=False)
    return str(style.to_html())


def show(table: pd.DataFrame) -> None:
    """Show a table in a notebook, if it has rows."""
    if len(table):
        say(html_table(table))


def say(html: str) -> None:
    """Show HTML in a notebook."""
    from IPython.display import HTML, display

    display(HTML(html))


def show_drawing(svg: bytes, told: str, inches: float) -> None:
    """Show an SVG in a notebook, nowhere else, as wide as a page allows, with what it says in words.

    As a picture of its own: what drawings of one page define by name would else be mistaken for one another's.
    """
    if "IPython" not in sys.modules:
        return
    source = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    say(f'<img src="{source}" alt="{escape(told)}" width="{round(_DOTS * inches)}" style="height: auto">')


def _cell(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return "" if value is None or value is pd.NA else escape(str(value))


def _coloured(verdict: object) -> str:
    """Return the look of a verdict; its reason may stand behind a colon."""
    colour = COLOURS.get(str(verdict).partition(":")[0])
    return f"background: {colour}; color: white" if colour else ""


def _is_numeric(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return True
    return all(_NUMBER.fullmatch(str(cell)) for cell in column.dropna() if str(cell))
