"""The page that a study begins with: each answer against tables whose answer is known, and the page itself."""

import html
import itertools
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from start_pages import ODD, written_page

from hbr.conditions.names import conditions_of, needs_control
from hbr.study.start_page.classes import class_overview, classes_answer
from hbr.study.start_page.costs import cost_answer, duration, seconds_of
from hbr.study.start_page.decide import Variants, decide_answer
from hbr.study.start_page.effect import MOST_DRAWN, effect_answer
from hbr.study.start_page.figure import change_figure
from hbr.study.start_page.noise import suspects_answer, suspects_of_folds, suspects_of_rules
from hbr.study.start_page.parts import Code, Link, Name, listed, plain
from hbr.study.start_page.placebo import placebo_answer
from hbr.study.start_page.tables import page_estimator, start_page_setting, tables_of_start_page
from hbr.study.studies import load_study

TEMPLATES = ROOT / "workflow/report/start_page"
LINKS = {name: Link(f"../../results/s/{name}", name) for name in ("gap_differences.csv", "class_differences.csv", "costs")}
OWN = Variants("resampling", 4, 3, 60.0)
OF_CLASSES = {name: Link(name, name) for name in ("hardness", "recall", "ranks")}


def row(verdict="inconclusive", difference=-0.02, **more):
    """Return a declared comparison of recall from best to worst class: a change of 2 points, give or take 3."""
    common = {
        "condition": "c",
        "reference": "control",
        "label": "random / easy, alpha 1",
        "reference_label": "control",
        "metric": "recall",
        "gap": "max_min",
        "reference_value": 0.1,
        "value": 0.1 + difference,
        "difference": difference,
        "total_lower": difference - 0.03,
        "total_upper": difference + 0.03,
        "verdict": verdict,
        "remark": np.nan,
        "variants": 4,
        "variants_needed": 26.0,
        "test_samples_needed": np.nan,
        "direction": -1,
        "margin": 0.01,
    }
    return common | more


def said(answer):
    return " ".join(map(str, answer.sentences))


@pytest.mark.parametrize(
    ("verdicts", "word", "expected"),
    [
        (
            ["improves", "equivalent"],
            "yes, smaller",
            "Yes: the gap becomes smaller in 1 of 2 comparisons with the control; 1 shows no",
        ),
        (["worsens", "inconclusive"], "yes, larger", "Yes, for the worse: the gap becomes larger in 1 of 2 comparisons"),
        (["improves", "worsens"], "both ways", "of 2 comparisons with the control, 1 improves and 1 worsens."),
        (["equivalent"], "no", "No: its change is below the margin of 1 point that counts as none."),
        (["equivalent", "inconclusive"], "undecided", "After 4 variants it cannot be said of all"),
        (["inconclusive"] * 2, "undecided", "the 2 changes of the gap can neither be told from 0 nor be shown to be smaller"),
    ],
)
def test_whether_the_gap_changes_is_said_by_the_verdicts(verdicts, word, expected):
    answer = effect_answer("d", [row(verdict) for verdict in verdicts], {}, LINKS)
    assert answer.verdict.text == word
    assert expected in said(answer)
    assert all(sentence.sources for sentence in answer.sentences)


def test_estimate_interval_and_accuracy_stand_beside_the_verdict():
    accuracy = {("c", "control"): {"difference": 0.004, "lower": -0.001, "upper": 0.009}}
    rows = [row("improves", -0.05, label="smote / easy, alpha 1"), row("equivalent", 0.001, condition="other")]
    answer = effect_answer("d", rows, accuracy, LINKS)
    told = said(answer)
    assert "With smote / easy, alpha 1, which does most for it, the gap of recall between the best and the worst class" in told
    assert "goes from 10.0 to 5.0 points, -5.0 (-8.0 to -2.0); accuracy changes by +0.40 (-0.10 to +0.90) points." in told
    assert "Over all 2 conditions its change is -5.0 to +0.1 points." in told
    (table,) = answer.tables
    assert [plain([line[0]]) for line in table.rows] == ["smote / easy, alpha 1", "random / easy, alpha 1"]
    assert table.rows[0][-2].text == "smaller gap"


def test_it_is_said_once_whether_the_change_is_more_than_accuracy_explains():
    best = row("improves", -0.05)
    clauses = {
        (best["condition"], best["reference"], best["gap"]): "the change of accuracy alone would ...: more than it explains"
    }
    rows = [best, row("equivalent", 0.001, condition="other")]
    told = said(effect_answer("d", rows, {}, LINKS | {"gap_accuracy.csv": LINKS["gap_differences.csv"]}, clauses))
    lead = "The change of accuracy alone would ...: more than it explains (exploratory"
    # The best of several is chosen by what is measured.
    assert told.count(f"{lead}, of the best of 2 conditions and not corrected for the choice).") == 1
    alone = effect_answer("d", rows[:1], {}, LINKS | {"gap_accuracy.csv": LINKS["gap_differences.csv"]}, clauses)
    assert f"{lead})." in said(alone)
    # The verdict is that of the family, whatever accuracy explains.
    assert effect_answer("d", rows, {}, LINKS).verdict == effect_answer("d", rows, {}, LINKS, {}).verdict
    assert "The change of accuracy" not in said(effect_answer("d", [{**best, "metric": "precision"}], {}, LINKS, clauses))


def test_of_means_it_is_said_that_they_become_better():
    rows = [row("improves"), row("improves", 0.02, gap="mean", direction=1)]
    answer = effect_answer("d", rows, {}, LINKS)
    assert "Yes: gaps or means become better in 2 of 2 comparisons" in said(answer)
    assert [line[-2].text for line in answer.tables[0].rows] == ["smaller gap", "larger mean"]


def test_what_was_not_tested_and_what_a_study_lacks_is_said_in_one_sentence():
    untested = row("not tested", np.nan, remark="alpha 1 changes no class's count; nothing is tested")
    assert said(effect_answer("d", [untested], {}, LINKS)) == (
        "It cannot say: alpha 1 changes no class's count; nothing is tested."
    )
    assert "1 of 2 are not tested" in said(effect_answer("d", [row(), untested], {}, LINKS))
    for answer in (effect_answer("d", [], {}, LINKS), placebo_answer([], LINKS, 10), suspects_answer("d", None, None)):
        assert len(answer.sentences) == 1
        assert any(isinstance(part, Code) for part in answer.sentences[0].parts)


def test_placebos_are_told_one_by_one_while_they_are_few():
    rows = [row("improves", -0.03, reference_label="placebo shuffled"), row("inconclusive", reference_label="placebo random")]
    told = placebo_answer(rows, LINKS, 10)
    assert "opposite" not in said(told)
    assert "better than its opposite, and not" in said(placebo_answer(rows, LINKS, 3))
    assert told.verdict.text == "yes, in part"
    assert (
        "True hardness does better than a placebo in 1 of 2 comparisons: random / easy, alpha 1 against placebo shuffled"
        in said(told)
    )
    assert "against" not in said(placebo_answer([row()] * 9, LINKS, 10))


def test_what_would_decide_names_variants_their_work_and_the_line_to_change():
    rows = [row(variants_needed=26.0), row(variants_needed=7.0), row("improves")]
    answer = decide_answer(rows, OWN, 100, LINKS)
    assert said(answer).startswith(
        "26 variants in place of 4, 22 more, would decide all 2 undecided comparisons, and 7 the first,"
    )
    assert "each with a probability of 80 %" in said(answer)
    assert "That is 66 trainings more, 66 minutes one after another" in said(answer)
    codes = [part.text for sentence in answer.sentences for part in sentence.parts if isinstance(part, Code)]
    assert codes == ["variants: 26", "resampling:"]
    assert decide_answer([row("improves")], OWN, 100, LINKS) is None


def test_variants_that_share_the_plan_of_their_reference_are_asked_for_beside_those_that_decide():
    # Two of the study's four were tested: 7 that are tested are 9 of the study's.
    assert said(decide_answer([row(variants_needed=7.0, variants=2)], OWN, 100, LINKS)).startswith(
        "9 variants in place of 4, 5"
    )
    # Of two the spread is hardly known.
    assert "80 %" not in said(decide_answer([row(variants_needed=7.0, variants=2)], OWN, 100, LINKS))
    # Never fewer than there are, or as many: those say nothing new.
    assert said(decide_answer([row(variants_needed=3.0)], OWN, 100, LINKS)).startswith("5 variants in place of 4, 1 more")


def test_where_no_number_of_variants_would_decide_the_test_set_is_too_small_and_its_size_is_said():
    small = [row(variants_needed=np.inf, test_samples_needed=size) for size in (2300.0, 4100.0)]
    told = said(decide_answer(small, OWN, 927, LINKS))
    assert told == (
        "No number of variants would decide all 2 undecided comparisons: the test set of 927 images is too small for that, "
        "and must hold at least 4,100."
    )
    told = said(decide_answer([row(variants_needed=np.nan, variants=1)], OWN, 927, LINKS))
    assert told == "The one undecided comparison would take 2 variants or more."


@pytest.mark.parametrize("study", ["config.yaml", *(path.name for path in (ROOT / "studies").glob("*.yaml"))])
def test_every_study_of_the_project_has_what_the_page_asks_of_it(study):
    config = load_study(ROOT / study if study == "config.yaml" else ROOT / "studies" / study)
    setting = start_page_setting(config, {"baseline": "data"})
    tables = tables_of_start_page(config)
    assert f"hardness/{setting['estimator']}/classes.csv" in tables
    # A variant of what is resampled trains its conditions and their control.
    resampled = [one for one in conditions_of(config).values() if one.kind in ("resampled", "limited")]
    assert bool(sum(setting["trainings"].values())) == needs_control(config) == ("gap_differences.csv" in tables)
    assert not resampled or max(setting["trainings"].values()) > 1


def test_a_study_without_the_estimator_of_resampling_is_sorted_by_its_own():
    config = {"resampling": {"estimators": ["aum"]}, "hardness": {"estimators": {"el2n": {}, "loss": {}}}}
    assert page_estimator(config) == "el2n"
    assert page_estimator(config | {"hardness": {"estimators": {"el2n": {}, "aum": {}}}}) == "aum"


# Classes


def overview(hardness, recall, lower=None, upper=None, members=8, tested=100):
    """Return the overview of classes of some hardness, high is hard, of given recalls and ends of ranks (1 = easiest)."""
    classes, numbers = len(hardness), np.arange(len(hardness))
    rank = pd.Series(hardness).rank().to_numpy()
    table = pd.DataFrame({"class": numbers, "class_name": [f"c{number}" for number in numbers], "samples": 50})
    table = table.assign(
        hardness=hardness, hardness_lower=np.nan, hardness_upper=np.nan, members=members, direction="high-is-hard"
    )
    ends = {"lower": rank if lower is None else lower, "upper": rank if upper is None else upper}
    ranks = pd.DataFrame({"class": numbers, "quantity": "rank", "value": rank, **ends})
    runs = [pd.DataFrame({"class": numbers, "value": recall, "variant": 0, "member": member}) for member in (1, 2)]
    confusion = pd.DataFrame({"variant": 0, "member": 1, "class": numbers, "predicted": numbers, "count": tested})
    assert classes == len(recall)
    return class_overview(table, ranks, pd.concat(runs), pd.concat([confusion, confusion.assign(member=2)]))


def test_classes_are_sorted_the_hardest_first_with_places_counted_from_it():
    table = overview([1.0, 3.0, 2.0], [0.9, 0.8, 0.85], lower=[1, 2, 1], upper=[2, 3, 3])
    assert list(table["class"]) == [1, 2, 0]
    assert list(table["rank"]) == [1, 2, 3]
    assert list(zip(table["rank_first"], table["rank_last"], strict=True)) == [(1, 2), (1, 3), (2, 3)]
    assert list(table["recall_rank"]) == [1, 2, 3]
    assert list(table["tested"]) == [100] * 3


@pytest.mark.parametrize(
    ("given", "word", "expected"),
    [
        ({}, "the hardest is sure", "whichever of the 8 networks are drawn, it stays the hardest"),
        ({"members": 2}, "too few networks to be sure", "So few networks leave it open all the same."),
        ({"members": 1}, "not known how sure", "One network says so"),
        (
            {"lower": [1, 2, 1], "upper": [2, 3, 3]},
            "the hardest is not sure",
            "Which networks are drawn decides: c2 may be the hardest",
        ),
        ({"lower": [1, 2, 1], "upper": [2, 3, 2]}, "the hardest is not sure", "its place is 1 to 2"),
    ],
)
def test_how_sure_the_hardest_class_is_follows_from_the_networks_drawn(given, word, expected):
    answer = classes_answer("d", overview([1.0, 3.0, 2.0], [0.9, 0.8, 0.85], **given), "aum", OF_CLASSES)
    assert "the hardest class is c1, then c2 and c0; the easiest is c0." in said(answer)
    assert answer.verdict.text == word
    assert expected in said(answer)
    assert "Recall agrees: no class has a lower one, 80.0 % of 100 test images." in said(answer)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        # By hand: 1.96 sqrt(0.9 * 0.1 / 100 + 0.85 * 0.15 / 100) = 9.1 points.
        ({}, "so few test images leave the difference of 5.0 points open by 9.1 points either way"),
        ({"tested": 10_000}, "That can be, as they ask different things"),
        ({"lower": [1, 2, 1], "upper": [2, 3, 3]}, "by hardness c2 may be the hardest as well"),
    ],
)
def test_where_hardness_and_recall_disagree_it_is_said_with_why_that_can_be(given, why):
    told = said(classes_answer("d", overview([1.0, 3.0, 2.0], [0.95, 0.9, 0.85], **given), "aum", OF_CLASSES))
    assert "Recall names another: c2 has the lowest recall, 85.0 % of" in told
    assert "c1 has 90.0 %, place 2 of 3 from the lowest." in told
    assert why in told


def test_classes_of_one_recall_have_no_lowest():
    told = said(classes_answer("d", overview([1.0, 2.0], [1.0, 1.0]), "aum", OF_CLASSES))
    assert "By recall no class is harder than another: each has 100.0 %." in told


def test_classes_that_are_equally_hard_have_no_hardest():
    answer = classes_answer("d", overview([1.0, 1.0], [0.9, 0.8]), "aum", OF_CLASSES)
    assert said(answer) == "By aum all 2 classes are equally hard."


# Label noise and costs


def flags(aum, flagged):
    """Return what a rule says of samples of class 0."""
    samples = np.arange(len(aum))
    return pd.DataFrame({"sample": samples, "id": [f"a/{i}.png" for i in samples], "class": 0, "aum": aum, "flagged": flagged})


def suspects(planted=0):
    aum = np.array([0.5, -2.0, -1.0, 3.0])
    flagged = {"below": flags(aum, aum < 0)}
    rules = pd.DataFrame({"rule": ["below"], "samples": 4, "flagged": 2, "share": 0.5, "planted": planted, "found": 1})
    rules = rules.assign(precision=0.5, recall=1.0, recall_lower=0.025, recall_upper=1.0)
    preferred = pd.DataFrame({"preferred": [0, 1, 1, 0], "votes": [2, 2, 1, 2], "members": 2})
    links = {name: Link(name, name) for name in ("rules", "below")}
    return suspects_of_rules(rules, {"below": "below"}, flagged, preferred, ["cat", "dog"], links, Link("whole", "list"))


def test_suspects_are_counted_and_listed_by_their_ids_the_likeliest_first():
    answer = suspects_answer("d", suspects(), Link("d/noise.html", "label noise"))
    assert answer.verdict.text == "2 of 4 to look at"
    assert said(answer).startswith("Rule below flags 2 of 4 images (50 %): those whose margin over all of training lies below")
    (table,) = answer.tables
    told = [tuple(plain([cell]) for cell in line) for line in table.rows]
    assert told == [("a/1.png", "cat", "dog", "2 of 2", "-2.00"), ("a/2.png", "cat", "dog", "1 of 2", "-1.00")]
    # Votes are of one epoch, margins of all.
    assert table.caption.endswith("the one epoch after which they were evaluated (EL2N), the margin of all epochs.")
    assert {link.href for sentence in answer.sentences for link in sentence.sources} == {
        "rules",
        "below",
        "whole",
        "d/noise.html",
    }


def test_what_networks_say_that_never_saw_an_image_comes_first_and_test_images_too():
    found = {"id": ["b/2.png", "a/1.png", "a/3.png"], "split": ["test", "train", "train"], "class_name": ["dog", "cat", "cat"]}
    found |= {"suggested_name": ["cat", "dog", "cat"], "votes": [2, 1, 2], "members": 2, "margin": [-3.0, -0.5, 2.0]}
    worth = {"rule": ["out-of-fold margin, lowest 20", "AUM, lowest 20"], "planted": 30, "found": [15, 9], "chance": 0.05}
    links = {name: Link(name, name) for name in ("suspects", "worth")}
    of_folds = suspects_of_folds(pd.DataFrame(found), pd.DataFrame(worth), links, Link("whole", "list"), suspects())
    answer = suspects_answer("d", of_folds, Link("d/suspects.html", "suspects"))
    assert answer.verdict.text == "2 of 3 to look at"
    told = said(answer)
    assert told.startswith("Networks that never saw the image suggest another class than its label for 2 of 3 images (66.7 %)")
    assert "15 of the first 20 by out-of-fold margin and 9 of the first 20 by AUM" in told
    assert told.index("out-of-fold margin") < told.index("Rule below flags 2 of 4")
    (table,) = answer.tables
    shown = [tuple(plain([cell]) for cell in line) for line in table.rows]
    assert table.caption.endswith("What networks prefer and the margin are of all epochs that were evaluated.")
    assert shown == [("b/2.png", "dog", "cat", "2 of 2", "-3.00"), ("a/1.png", "cat", "dog", "1 of 2", "-0.50")]


def test_where_networks_often_disagree_with_labels_the_first_are_to_be_looked_at():
    found = {"id": [f"{number}.png" for number in range(30)], "split": "test", "class_name": "dog", "suggested_name": "cat"}
    found = pd.DataFrame({**found, "votes": 1, "members": 1, "margin": np.linspace(-3, -0.001, 30)})
    judged = suspects_of_folds(found, None, {"suspects": Link("s", "s")}, Link("whole", "list"), None)
    answer = suspects_answer("d", judged, None)
    assert answer.verdict.text == "20 to look at first, of 30"
    assert len(answer.tables[0].rows) == 20
    assert "the 20 likeliest of the 30 by their ids" in said(answer)


def test_where_labels_were_flipped_on_purpose_it_is_said_how_many_are_found():
    told = said(suspects_answer("d", suspects(planted=1), None))
    assert "; of 1 label known to be wrong it finds 1 (100 %, 2 to 100), and 50 % of what it flags is among them." in told


def test_costs_are_told_in_the_unit_that_a_person_would_say_them_in():
    assert [duration(seconds) for seconds in (3.84, 89, 600, 5400)] == ["3.8 seconds", "89 seconds", "10 minutes", "1.5 hours"]
    rows = {"dataset": "d", "condition": "all", "machine": "a <b>", "precision": np.nan, "trainings": 2, "median_seconds": 3.84}
    costs = pd.DataFrame([rows | {"hours": 0.002, "peak_memory_mb": 756.0}])
    told = "2 trainings of 3.8 seconds (median), 7.2 seconds in all, on a <b>; the largest took 0.76 GB of memory."
    assert said(cost_answer("d", costs, LINKS["costs"])) == told
    assert seconds_of("d", costs) == 3.84
    assert said(cost_answer("other", costs, LINKS["costs"])) == "No training was timed."
    assert np.isnan(seconds_of("other", costs))


# Figure and page


def test_a_figure_holds_all_means_and_says_where_an_interval_goes_on():
    rows = [row("improves", -0.05), row("inconclusive", 0.01, total_lower=-0.9, total_upper=0.9)]
    figure = change_figure("d", rows, 2, ())
    narrow, wide = figure.bars
    assert (figure.zero, narrow.cut_lower, wide.cut_lower, wide.cut_upper) == (50.0, False, True, True)
    assert (wide.lower, wide.upper) == (0.0, 100.0)
    assert 0 < narrow.mean < 50 < wide.mean < 100
    # The scale is the same for means, ends and ticks.
    scale = {text: place for place, text in figure.ticks}
    assert narrow.mean == pytest.approx(50 + (scale["-10"] - 50) * 5 / 10, abs=0.02)
    assert "-5.0 (-8.0 to -2.0), smaller gap" in figure.alt
    assert 3 <= len(figure.ticks) <= 5


def test_a_mean_without_an_interval_is_drawn_without_one():
    (bar,) = change_figure("d", [row(total_lower=np.nan, total_upper=np.nan)], 1, ()).bars
    assert not bar.known
    assert bar.text == "-2.0 (no interval)"


def test_names_beyond_what_a_sentence_holds_are_counted():
    assert plain(listed([Name("a")])) == "a"
    assert plain(listed([Name("a"), Name("b"), Name("c")])) == "a, b and c"
    assert plain(listed([Name(str(number)) for number in range(9)], most=2)) == "0, 1 and 7 more"


class Seen(HTMLParser):
    """What stands on a page: tags with their attributes, text, links, ids, headings."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []
        self.feed(text)
        self.links = [attributes["href"] for tag, attributes in self.tags if tag == "a"]
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self.headings = [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of a study with odd names, in a folder of its own."""
    return written_page(tmp_path_factory.mktemp("page"), len(ODD))


def test_names_stand_on_the_page_as_they_are_and_are_no_markup(page):
    seen = Seen(page.read_text())
    assert set(ODD) <= set(seen.text)
    assert not {"script", "b", "i", "img"} & {tag for tag, _ in seen.tags}
    # Letters that run the other way do not turn those beside them.
    isolated = re.findall(r"<bdi dir=\"auto\">(.*?)</bdi>", page.read_text())
    assert {html.unescape(name) for name in isolated} >= set(ODD)


def test_every_link_leads_to_a_file_or_a_place_and_ids_are_unique(page):
    seen = Seen(page.read_text())
    assert len(set(seen.ids)) == len(seen.ids)
    for link in seen.links:
        if link.startswith("#"):
            assert link[1:] in seen.ids
        else:
            assert (page.parent / unquote(link)).is_file(), link
    assert {"ledger.html", "d/noise.html", "../../results/study/d/gap_differences.csv"} <= set(seen.links)


def test_every_answer_with_a_verdict_is_told_in_short_and_is_one_click_away(page):
    text = page.read_text()
    (short,) = re.findall(r'<ul class="short">(.*?)</ul>', text, flags=re.DOTALL)
    told = re.findall(r'<a href="#([^"]*)">([^<]*)</a> <span class="verdict \w+">([^<]*)</span>', short)
    answers = re.findall(r'<h3 id="([^"]*)">([^<]*) <span class="verdict \w+">([^<]*)</span></h3>', text)
    assert told == answers
    assert [name for name, *_ in told] == ["data-d-effect", "data-d-placebo", "data-d-classes", "data-d-noise"]


def test_resampling_of_all_data_and_of_few_are_answered_apart(tmp_path):
    seen = Seen(written_page(tmp_path, 3, parts=("effect", "limited")).read_text())
    text = " ".join(seen.text)
    asked = ["data-d-effect", "data-d-effect-limited", "data-d-placebo", "data-d-decide", "data-d-decide-limited"]
    assert [name for name in seen.ids if name in asked] == asked
    assert len(seen.ids) == len(set(seen.ids))
    assert "in 1 of 3 comparisons with the control" in text and "in 1 of 2 comparisons with the control" in text
    for question, section, trainings in (("?", "resampling", 66), (" where data are few?", "limited", 44)):
        told = " ".join(text.rpartition(f"What would decide{question}")[2].split())
        assert f"That is {trainings} trainings more" in told
        assert f"under {section}: (it is 4)" in told


def test_every_sentence_with_a_number_and_every_table_names_its_table(page):
    text = page.read_text()
    sentences = re.findall(r"<p>(.*?)</p>", text, flags=re.DOTALL)
    measured = [one for one in sentences if re.search(r"\d", re.sub("<[^>]*>", "", one)) and "<code>" not in one]
    assert len(measured) > 8
    assert [one for one in measured if 'class="source"' not in one and "Intervals are 95 %" not in one] == []
    assert all('class="source"' in caption for caption in re.findall(r"<caption.*?</caption>", text, flags=re.DOTALL))


def test_no_number_is_missing_or_has_an_exponent(page):
    assert re.findall(r"\b(?:nan|NaN|inf|None|unknown)\b|\d[eE][-+]\d|\d\.\d{6}", " ".join(Seen(page.read_text()).text)) == []


def test_a_screen_reader_finds_language_headings_in_order_landmarks_and_what_a_figure_shows(page):
    seen = Seen(page.read_text())
    assert ("html", {"lang": "en"}) in seen.tags
    assert seen.headings[0] == 1 and seen.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(seen.headings))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in seen.tags}
    tables = sum(tag == "table" for tag, _ in seen.tags)
    assert tables == sum(tag == "caption" for tag, _ in seen.tags) >= 3
    assert all(attributes["scope"] in ("row", "col") for tag, attributes in seen.tags if tag == "th")
    (figure,) = [attributes for _, attributes in seen.tags if attributes.get("role") == "img"]
    assert "in points with 95 % intervals" in figure["aria-label"]


def test_a_page_loads_nothing_and_equal_tables_give_equal_bytes(page, tmp_path):
    text = page.read_text()
    assert not re.search(r"(src|href)=.?https?:|@import|url\((?!data:)|<link(?! rel=.icon. href=.data:,.>)|<script", text)
    assert written_page(tmp_path, len(ODD)).read_bytes() == page.read_bytes()


def test_the_ledger_comes_first_only_where_data_stand_for_the_papers(page, tmp_path):
    last = Seen(page.read_text())
    assert last.ids.index("paper") > last.ids.index("data-d-effect")
    assert "Classes differ. (v1 v2)" not in last.text
    first = Seen(written_page(tmp_path, 3, stands_for="CIFAR10").read_text())
    assert first.ids.index("paper") < first.ids.index("data-d-effect")
    assert "Classes differ. (v1 v2)" in first.text
    assert "reproduced" in first.text


def test_a_study_of_its_baseline_alone_says_what_it_lacks(tmp_path):
    text = " ".join(Seen(written_page(tmp_path, 2, parts=()).read_text()).text)
    assert "which classes and which images are hard?" in text and "does hardness-based resampling" not in text
    # What it does answer comes first.
    assert 0 < text.index("Which classes are hard") < text.index("This study resamples nothing")
    assert "This study does not look for them" in text
    assert "What would decide?" not in text
    assert "placebo" not in text


def test_of_many_classes_and_conditions_the_first_are_shown_and_the_rest_on_demand(tmp_path):
    text = written_page(tmp_path, 300, 29).read_text()
    assert text.count('<div class="bar">') == MOST_DRAWN
    assert "the 20 of 29 conditions that change it most" in text
    assert "The other 290 rows" in text
    assert "The other 9 rows" in text
    # The tables that are cut have two heads.
    suspects = text.count("/&lt;img src=x&gt;")
    assert text.count("<tr>") == (300 + 2) + (29 + 2) + (suspects + 1)
    opening = (tmp_path / "results/study/opening.html").read_text()
    assert "Does resampling change the gap between classes?" in opening
    assert "<a " not in opening
