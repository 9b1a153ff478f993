"""The start page and chapters in a real browser: `make test-browser`; `make test` leaves it out.

HBR_PAGES=<folder> looks at every page below that folder too, as at reports/<study> of a finished study.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from seen import Browser, CannotStart, browser
from start_pages import ODD, written_page

from hbr.data.datasets import prepare, save_dataset, with_ids
from hbr.data.files import write_table
from hbr.hardness.classes import class_table, sample_table
from hbr.hardness.estimators import LOW_IS_HARD
from hbr.study.notebooks import render

WIDTHS = (400, 1000, 1900)
# Classes and conditions.
STUDIES = {"two": (2, 1), "odd": (len(ODD), 3), "many": (300, 29)}
MORE = sorted(Path(os.environ["HBR_PAGES"]).rglob("*.html")) if "HBR_PAGES" in os.environ else []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        # Where make puts it.
        with browser(Path(sys.prefix) / "axe.min.js") as started:
            yield started
    except CannotStart as reason:
        if os.environ.get("HBR_REQUIRE_BROWSER") == "1":
            pytest.fail(f"HBR_REQUIRE_BROWSER=1, and no browser can be driven: {reason}")
        pytest.skip(f"no browser can be driven: {reason}")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Start pages of studies of few, odd and many classes, and of one whose data stand for the paper's."""
    made = {name: written_page(tmp_path_factory.mktemp(name), *size) for name, size in STUDIES.items()}
    made["paper"] = written_page(tmp_path_factory.mktemp("paper"), 10, stands_for="CIFAR10")
    made["alone"] = written_page(tmp_path_factory.mktemp("alone"), 3, parts=())
    return made


@pytest.fixture(scope="module")
def chapters(chromium, pages, tmp_path_factory) -> dict[str, Path]:
    """The ledger, whose table is the widest, and the chapter on hardness, of classes with odd names."""
    home, results = tmp_path_factory.mktemp("chapters"), pages["paper"].parents[2] / "results/study"
    words = "Where this pipeline does otherwise than the authors' public code, in words that take some room"
    row = {
        "number": 1,
        "authors": words,
        "consequence": words,
        "here": words,
        "in this study": "0.123",
        "tests": "tests/test_a.py",
    }
    write_table(home / "deviations.csv", pd.DataFrame([row] * 3))
    claims = {
        "id": "gap",
        "version": "v1",
        "claim": words,
        "data_set": "CIFAR10",
        "setting": "resnet18",
        "control_accuracy": "94.1 %",
        "regime": "comparable",
        "reported": "8.8 points",
    }
    claims |= {
        "measured": "recall 89.1 to 97.9 %, gap 8.8 points (7.1 to 9.9)",
        "n": "8 members",
        "here": "holds",
        "why": words,
        "what_would_decide": "12 variants",
    }
    verdicts = ("reproduced", "not reproduced", "inconclusive", "not in this study")
    write_table(home / "claims.csv", pd.DataFrame([claims | {"verdict": verdict} for verdict in verdicts]))
    inputs = {"claims": home / "claims.csv", "deviations": home / "deviations.csv", "costs": results / "costs.csv"}
    made = {"ledger": render_chapter("ledger", {name: str(path) for name, path in inputs.items()} | {"reviews": []}, home)}
    rng, labels = np.random.default_rng(0), np.arange(90) % len(ODD)
    images = rng.integers(0, 255, (90, 8, 8, 3), dtype=np.uint8)
    save_dataset(home / "dataset.npz", prepare(images, labels, images, labels, tuple(ODD)))
    scores = rng.normal(2, 1, (3, 90)) - labels / 10
    samples = sample_table(scores, labels, LOW_IS_HARD, [1, 2, 3])
    write_table(home / "aum/samples.parquet", with_ids(samples, np.array([f"{ODD[label]}/a.png" for label in labels]), ""))
    write_table(home / "aum/classes.csv", class_table(scores, labels, tuple(ODD), LOW_IS_HARD, "mean margin"))
    tables = {"samples": [str(home / "aum/samples.parquet")], "classes": [str(home / "aum/classes.csv")]}
    return made | {"hardness": render_chapter("hardness", {"data": str(home / "dataset.npz"), **tables}, home)}


def render_chapter(name: str, inputs: dict, home: Path) -> Path:
    """Render a chapter from its inputs into a folder; return its page."""
    (home / f"{name}.html").write_text(render(ROOT / f"workflow/notebooks/{name}.py", "study", inputs, home / "figures"))
    return home / f"{name}.html"


def shown_whole(chromium: Browser, page: Path) -> None:
    """Hold a page to being seen whole at all widths, and to asking for nothing but itself."""
    chromium.asked()
    chromium.complaints()
    for width in WIDTHS:
        chromium.open(page, width)
        assert chromium.overflow() <= 0, (page, width)
        assert chromium.cut() == [], (page, width)
    assert chromium.complaints() == []
    assert {url for url in chromium.asked() if not url.startswith("data:")} == {page.resolve().as_uri()}


@pytest.mark.parametrize("name", [*STUDIES, "paper", "alone"])
def test_a_start_page_is_seen_whole_and_heard_at_any_width_in_light_and_dark(chromium, pages, name):
    shown_whole(chromium, pages[name])
    for width, scheme in zip(WIDTHS[:2], ("light", "dark"), strict=True):
        chromium.open(pages[name], width, scheme)
        # Closed details are looked at, too.
        chromium.driver.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert chromium.violations() == [], (scheme, width)
        assert chromium.overflow() <= 0
        assert chromium.cut() == []


def test_light_and_dark_differ_and_names_are_told_as_they_are(chromium, pages):
    grounds = []
    for scheme in ("light", "dark"):
        chromium.open(pages["odd"], 1000, scheme)
        grounds.append(chromium.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(21, 23, 27)"]
    names = chromium.driver.execute_script("return [...document.querySelectorAll('bdi')].map(one => one.textContent)")
    assert set(ODD) <= set(names)
    assert chromium.driver.title.startswith("study: ")


def test_links_lead_somewhere_and_the_keyboard_reaches_them(chromium, pages):
    page = pages["odd"]
    chromium.open(page, 1000)
    links = chromium.driver.execute_script("return [...document.querySelectorAll('a')].map(one => one.href)")
    files = {unquote(urlsplit(link).path) for link in links}
    assert len(files) > 8
    assert [path for path in files if not Path(path).is_file()] == []
    anchors = {urlsplit(link).fragment for link in links} - {""}
    assert all(chromium.driver.execute_script("return !!document.getElementById(arguments[0])", one) for one in anchors)
    keys = chromium.driver.find_element("tag name", "body")
    keys.send_keys("\ue004")
    assert chromium.driver.switch_to.active_element.text == "To the answers"


def test_chapters_are_seen_whole_and_have_no_serious_violation(chromium, chapters):
    for page in [*chapters.values(), *MORE]:
        shown_whole(chromium, page)
        assert chromium.violations() == [], page


def test_print_is_light_and_shows_what_a_screen_shows_on_demand(chromium, pages):
    driver = chromium.driver
    chromium.open(pages["many"], 718, "dark")
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    try:
        assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        hidden = "[...document.querySelectorAll('tr')].filter(row => !row.checkVisibility({contentVisibilityAuto: true}))"
        assert driver.execute_script(f"return {hidden}.length") == 0
        assert chromium.overflow() <= 0
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
