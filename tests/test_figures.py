"""Labels, the tables behind figures, and figures of studies of every size."""

import os
import re
import warnings
from base64 import b64encode
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from made_up import changed, every_figure, listed, made_up
from statsmodels.stats.proportion import proportion_confint

from hbr.analysis.columns import against_control, with_conditions
from hbr.analysis.comparisons import pair_runs
from hbr.analysis.figures import fonts
from hbr.analysis.figures.names import class_labels, name_classes, shortened
from hbr.analysis.figures.style import NOTHING, PAGE, counted, in_points, nothing, save_figure, use_style
from hbr.analysis.figures.verdicts import gap_changes
from hbr.analysis.noise import exact_interval, rule_summary
from hbr.analysis.pruning import pruned_shares, rate_summary
from hbr.analysis.tables import draw_rates, gap_summary, placebo_sentences
from hbr.errors import StudyError
from hbr.study.notebooks import render

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def test_conditions_are_called_as_people_would():
    late = {"aum": {}, "late": {"method": "aum", "source": "denoised-lowest"}}
    placebos = {"kinds": ["shuffled"]}
    config = changed(hardness={"estimators": late}, resampling={"estimators": ["aum", "late"]}, placebos=placebos)
    found, _ = listed(config)
    assert dict(zip(found["condition"], found["label"], strict=True)) == {
        "baseline": "baseline",
        "control": "control",
        "control-denoised-lowest": "control of denoised-lowest",
        "resampled-aum-random-easy-alpha1": "random / easy by aum, alpha 1",
        "resampled-late-random-easy-alpha1": "random / easy by late, alpha 1",
        "placebo-shuffled-aum-random-easy-alpha1": "placebo shuffled: random / easy by aum, alpha 1",
        "pruned-aum-dlp-30": "DLP 30 %",
        "pruned-aum-clp-30": "CLP 30 %",
        "denoised-lowest": "without lowest",
    }
    alone = dict(listed(changed())[0][["condition", "label"]].to_numpy())
    assert alone["resampled-aum-random-easy-alpha1"] == "random / easy, alpha 1"


def test_estimators_are_named_where_there_are_several_of_the_kind():
    labels = list(listed(changed(estimators=("aum", "el2n"), alphas=(0.5, 2.0)))[0]["label"])
    assert "random / easy by el2n, alpha 0.5" in labels
    assert "placebo random: random / easy by aum, alpha 0.5" in labels
    # All are pruned by the same one.
    assert "DLP 30 %" in labels
    assert len(set(labels)) == len(labels)


def test_differences_name_both_sides():
    conditions, contrasts = listed(changed())
    table = with_conditions(contrasts, conditions).set_index(["condition", "reference"])
    true, placebo = "resampled-aum-random-easy-alpha1", "placebo-random-aum-random-easy-alpha1"
    row = table.loc[(true, placebo)]
    assert (row["label"], row["reference_label"]) == ("random / easy, alpha 1", "placebo random: random / easy, alpha 1")
    assert (row["kind"], row["reference_kind"], row["alpha"]) == ("resampled", "placebo", 1)
    assert dict(against_control(table).loc[true]) == {
        "control": True,
        "placebo-shuffled-aum-random-easy-alpha1": False,
        placebo: False,
    }
    with pytest.raises(
        StudyError, match=r"^conditions.csv does not know denoised-lowest; one of the tables is of another study"
    ):
        with_conditions(contrasts, conditions[conditions["condition"] != "denoised-lowest"])


def test_shares_that_pruning_takes_by_hand():
    # Class 0 holds ranks 0, .1, .2, .3, .9, class 1 the others: of the easiest 4 all are of class 0, of the easiest 6 again 4.
    ranks = np.array([0, 0.1, 0.2, 0.3, 0.9, 0.4, 0.5, 0.6, 0.7, 0.8])
    samples = pd.DataFrame({"class": [0] * 5 + [1] * 5, "difficulty_rank": ranks})
    dlp = pruned_shares(samples, rates=(40, 60)).set_index(["rate", "class"])
    assert dlp["pruned"].to_dict() == {(40, 0): 4, (40, 1): 0, (60, 0): 4, (60, 1): 2}
    assert dlp.loc[(60, 1), "share"] == pytest.approx(0.4)
    # Of samples that are equally easy each class loses its share.
    tied = pruned_shares(samples.assign(difficulty_rank=0.5), rates=(40,))
    assert tied["pruned"].tolist() == pytest.approx([2, 2])


def test_rates_start_at_the_control_and_average_members_within_variants():
    rows = []
    for name, kind, parts, values in (
        ("control", "control", {"alpha": 0.0}, [(1, 0.9), (2, 0.8)]),
        ("control-denoised-x", "control", {"method": "denoised-x"}, [(1, 0.1)]),
        ("pruned-aum-dlp-30", "pruned", {"estimator": "aum", "method": "dlp", "rate": 30}, [(1, 0.5), (1, 0.7), (2, 0.8)]),
        ("pruned-aum-clp-30", "pruned", {"estimator": "aum", "method": "clp", "rate": 30}, [(1, 0.5)]),
    ):
        for member, (variant, value) in enumerate(values):
            run = {"variant": variant, "member": member, "gap": "mean", "value": value}
            rows.append({"condition": name, "kind": kind, **parts, **run})
    table = rate_summary(pd.DataFrame(rows), "gap").set_index(["method", "rate"])
    assert table["mean"].to_dict() == pytest.approx({("clp", 0): 0.85, ("clp", 30): 0.5, ("dlp", 0): 0.85, ("dlp", 30): 0.7})
    assert table.loc[("dlp", 30), ["variants", "runs"]].tolist() == [2, 3]
    assert np.isnan(table.loc[("clp", 30), "lower"])


@pytest.mark.parametrize(("found", "trials"), [(0, 7), (7, 7), (3, 7), (10, 552)])
def test_exact_intervals_agree_with_statsmodels(found, trials):
    assert exact_interval(found, trials) == pytest.approx(proportion_confint(found, trials, method="beta"))


def test_rules_have_intervals_only_where_labels_were_planted():
    flags = pd.DataFrame({"class": [0, 0, 1, 1], "flagged": [True, True, False, False]})
    planted = rule_summary({"rule": flags}, np.array([True, False, True, False])).iloc[0]
    assert (planted["precision"], planted["recall"]) == (0.5, 0.5)
    assert (planted["recall_lower"], planted["recall_upper"]) == pytest.approx(proportion_confint(1, 2, method="beta"))
    nothing = rule_summary({"rule": flags}, np.zeros(4, dtype=bool)).iloc[0]
    assert nothing[["precision", "recall", "precision_lower", "recall_upper"]].isna().all()


def test_samples_that_an_estimator_does_not_know_are_not_counted():
    # Sample 1 was taken for label noise; sample 3 stands twice in the plan.
    samples = pd.DataFrame({"sample": [0, 2, 3], "class": 0, "difficulty_rank": [0.0, 0.5, 1.0]})
    plan = pd.DataFrame({"source": [0, 2, 3, 3], "origin": ["kept", "kept", "kept", "duplicate"]})
    rates = draw_rates({"x": plan}, {"x": samples})
    assert rates["copies"].tolist() == [1, 1, 2]


def test_sentences_say_where_truth_does_no_better():
    _, _, _, judged, _ = made_up(4, 1)
    table = judged[judged["family"] == "placebo"].assign(verdict=["equivalent", "inconclusive"])
    text = placebo_sentences(table)
    assert "does better than a placebo in 0 of 2 comparisons." in text
    assert (
        "no better than a placebo, up to the margin of equivalence of 1 point, in 1 of 2 comparisons: random / easy, " in text
    )
    assert "cannot be told from a placebo in 1 of 2 comparisons" in text
    assert "(recall gap (max - min) " in text and "points, 1 variant)" in text
    assert "worse" not in text
    assert "It does worse than a placebo in 2 of 2 comparisons" in placebo_sentences(table.assign(verdict="worsens"))


def test_many_comparisons_with_placebos_are_counted_only():
    _, _, _, judged, _ = made_up(4, 4)
    table = pd.concat([judged[judged["family"] == "placebo"].assign(verdict="improves")] * 5)
    assert gap_summary(table)["condition"].notna().all()
    assert placebo_sentences(table) == (
        "Resampling by true hardness does better than a placebo in 10 of 10 comparisons. The table has each of them."
    )


@pytest.mark.slow
def test_all_text_of_many_conditions_can_be_read_in_print():
    alphas = tuple(np.arange(1, 28) / 4)
    _, _, gaps, judged, _ = made_up(4, 2, alphas=alphas)
    of_recall = judged[(judged["kind"] == "resampled") & (judged["metric"] == "recall")]
    of_recall = of_recall[against_control(of_recall)]
    contrasts = of_recall[["condition", "reference", "family"]].drop_duplicates(["condition", "reference"])
    pairs = pair_runs(gaps[gaps["metric"] == "recall"], contrasts, ["metric", "gap"])
    figure = gap_changes(of_recall, pairs, "made_up")
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
    assert len({text.get_text() for text in texts} & set(of_recall["label"])) == 27
    assert min(text.get_fontsize() for text in texts) >= 5


def test_words():
    assert (counted([4, 4], "variant"), counted([1], "run"), counted([2, 4], "run")) == ("4 variants", "1 run", "2 to 4 runs")
    assert (in_points(0.01), in_points(0.02), in_points(0.005)) == ("1 point", "2 points", "0.5 points")
    assert fonts.plain("$x^2$") == r"\$x^2\$"


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "variants"), [(2, 1), (300, 2)])
def test_figures_draw_studies_of_every_size_without_a_warning(classes, variants):
    use_style()
    names = [f"{number:03}.Black_footed_Albatross_{number}" for number in range(classes)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Seaborn's boxes.
        warnings.filterwarnings("ignore", "vert: bool was deprecated")
        small = classes == 2
        for name, (draw, *tables) in list(every_figure(classes, variants, names, ("aum", "el2n")[: 1 + small]).items())[
            : None if small else 12
        ]:
            figure = draw(*tables)
            figure.draw_without_rendering()
            width, height = figure.get_size_inches()
            assert width <= (14.5 if name == "class_uncertainty" else 7.21), name
            assert height <= 11.7, name
            assert_readable(figure, classes, name)
            matplotlib.pyplot.close(figure)


def assert_readable(figure, classes, name):
    """Assert that names along no axis overlap, and that a figure says so where it leaves some out."""
    renderer, thinned = figure.canvas.get_renderer(), False
    for axes in figure.axes:
        for place, ticks in enumerate((axes.get_xticklabels(), axes.get_yticklabels())):
            labels = [label for label in ticks if "Albatross" in label.get_text() and label.get_visible()]
            thinned |= 0 < len(labels) < classes
            positions = axes.transData.transform([label.get_position() for label in labels] or [(0, 0)])[:, place]
            for label, apart in zip(labels, np.abs(np.diff(positions)) * 72 / figure.dpi, strict=False):
                assert label.get_fontsize() >= 4.2, name
                assert label.get_rotation() == 30 or 1.02 * apart >= label.get_fontsize(), name
        # Constrained layout leaves nothing of a panel where its names take all.
        assert axes.get_window_extent(renderer).height > 20, name
    notes = [text for text in figure.findobj(matplotlib.text.Text) if f" of {classes} is named" in text.get_text()]
    assert len(notes) == thinned, name


NAMES = ["猫", "Grüße 🐈", "$x_1^2$ & <b>", "_under", "قطة", "e\u0301"]


def drawn_names(svg):
    """Return the texts of an SVG."""
    root = ElementTree.parse(svg).getroot()
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]


def texts_in(figure):
    figure.draw_without_rendering()
    return {text.get_text() for text in figure.findobj(matplotlib.text.Text)}


@pytest.fixture(scope="module")
def of_names():
    return every_figure(len(NAMES), 1, NAMES)


@pytest.mark.parametrize("name", ["class_recall", "class_changes", "pruned_share", "class_order", "lowest_images"])
def test_letters_that_no_font_has_are_told_by_the_number_of_the_class(tmp_path, monkeypatch, of_names, name):
    use_style()
    monkeypatch.setattr(fonts, "_fallbacks", lambda missing: ())
    draw, *tables = of_names[name]
    figure = draw(*tables)
    save_figure(figure, tmp_path, name)
    # A reader of the SVG may have the font; a picture shows no boxes.
    said = " ".join(drawn_names(tmp_path / f"{name}.svg"))
    assert [words for words in ("0: 猫", "number: the class", "1: Grüße 🐈") if words not in said] == []
    shown = texts_in(figure)
    assert [text for text in shown if fonts.missing_letters(text, ["sans-serif"])] == []
    if name == "lowest_images":
        assert "* 0\n→ 1: Grüße (7 of 8)\nAUM -1.50, #0" in shown
    else:
        assert {"0", "1: Grüße"} <= shown
        assert [name for name in NAMES[2:] if name not in said] == []


def test_a_font_that_has_the_letters_is_found_and_drawn():
    use_style()
    (letter, *_) = sorted(fonts._letters("STIXGeneral") - fonts._letters("sans-serif") - {"\u0359"})
    assert set(fonts.font_family([letter, "ant"])[1:]) & set(fonts._files())
    figure, axes = matplotlib.pyplot.subplots()
    name_classes(axes, pd.DataFrame({"class": [0, 1], "class_name": [letter * 3, "ant"]}))
    assert texts_in(figure) >= {letter * 3, "ant"}
    save_figure(figure, "", None)
    assert letter * 3 in texts_in(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


@pytest.mark.parametrize(("names", "angle"), [("abc", 0), (["airplane", "cat"], 30), ([f"{'x' * 99}{n}" for n in "12"], 30)])
def test_short_names_of_classes_are_not_turned(names, angle):
    _, axes = matplotlib.pyplot.subplots()
    classes = pd.DataFrame({"class": range(len(names)), "class_name": list(names)})
    name_classes(axes, classes)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {angle}
    assert len({label.get_text() for label in axes.get_xticklabels()}) == len(names)
    name_classes(axes, classes, upright=True)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {90 if angle else 0}


@pytest.mark.parametrize("classes", [2, 10, 40, 100, 101, 300, 1000])
def test_names_of_any_number_of_classes_have_room_on_a_page(classes):
    use_style()
    _, axes = matplotlib.pyplot.subplots(figsize=(PAGE, 3))
    name_classes(
        axes, pd.DataFrame({"class": range(classes), "class_name": [f"class {n}" for n in range(classes)]}), upright=True
    )
    labels = axes.get_xticklabels()
    assert labels[0].get_text() == "class 0"
    assert len(labels) == classes if classes <= 100 else 50 <= len(labels) <= 100
    # Nine tenths of a page are left of an axis.
    assert len(labels) * labels[0].get_fontsize() / 72 <= 0.9 * PAGE
    assert labels[0].get_fontsize() >= 4.2


def test_long_names_keep_their_ends_and_numbers_where_they_look_alike():
    assert shortened("001.Black_footed_Albatross", 15) == "001.Bla…batross"
    assert class_labels([3, 5, 7], ["ant", "b" * 60, "b" * 61]) == [
        "ant",
        f"5: {shortened('b' * 60)}",
        f"7: {shortened('b' * 60)}",
    ]


def test_the_users_own_settings_of_matplotlib_change_no_figure(tmp_path):
    """Settings of a matplotlibrc are in force when matplotlib is imported."""
    hostile = {
        "text.usetex": True,
        "font.family": ["monospace"],
        "axes.grid": True,
        "axes.unicode_minus": False,
        "axes.formatter.use_locale": True,
        "figure.facecolor": "red",
        "image.origin": "lower",
        "lines.linewidth": 9,
        "savefig.bbox": "tight",
        "savefig.transparent": True,
        "path.sketch": (1, 100, 2),
        "svg.image_inline": False,
    }
    for number, settings in enumerate([{}, hostile]):
        matplotlib.rcParams.update(settings)
        use_style()
        figure, axes = matplotlib.pyplot.subplots()
        axes.imshow([[0, 1], [2, 3]])
        axes.plot([0, 1], [-1, 1], label="line")
        axes.legend()
        save_figure(figure, tmp_path, str(number))
    for kind in ("svg", "png"):
        assert (tmp_path / f"0.{kind}").read_bytes() == (tmp_path / f"1.{kind}").read_bytes()


def test_a_figure_that_only_says_why_there_is_none_is_known_by_its_id(tmp_path):
    figure, _ = matplotlib.pyplot.subplots()
    for drawn, name in ((figure, "one"), (nothing("digits: no condition"), "none")):
        save_figure(drawn, tmp_path, name)
    assert [f'id="{NOTHING}"' in (tmp_path / f"{name}.svg").read_text() for name in ("one", "none")] == [False, True]


@pytest.mark.slow
def test_notebooks_do_not_see_the_users_own_settings(tmp_path, monkeypatch):
    fakes = {"startup/00.py": "import pandas\npandas.set_option('display.html.border', 7)\nprint('started by the user')\n"}
    fakes["ipython_config.py"] = "c.InlineBackend.figure_formats = {'jpeg'}\nc.InteractiveShellApp.exec_lines = ['1 / 0']\n"
    for path, text in fakes.items():
        (tmp_path / "ipython/profile_default" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ipython/profile_default" / path).write_text(text)
    kernel = tmp_path / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "mine", "language": "python"}')
    template = tmp_path / "jupyter/nbconvert/templates/lab"
    template.mkdir(parents=True)
    (template / "index.html.j2").write_text("my own page")
    (tmp_path / "start.py").write_text("print('started by the user')")
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfigure.facecolor: red\n")
    paths = {"IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "jupyter", "JUPYTER_PATH": "jupyter", "PYTHONSTARTUP": "start.py"}
    for name, path in {**paths, "MATPLOTLIBRC": "matplotlibrc"}.items():
        monkeypatch.setenv(name, str(tmp_path / path))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    (tmp_path / "own.py").write_text(NOTEBOOK)
    before = dict(os.environ)
    page = render(tmp_path / "own.py", "tiny", {}, tmp_path)
    assert dict(os.environ) == before
    assert "started by the user" not in page
    (picture,) = re.findall("<img [^>]*>", page)
    assert f'src="data:image/svg+xml;base64,{b64encode((tmp_path / "one.svg").read_bytes()).decode()}"' in picture
    assert 'alt="猫"' in picture
    assert 'border="1" class="dataframe"' in page
    assert (tmp_path / "one.svg").read_text().endswith("</svg>\n")
    # A chapter leads back, and on paper wide tables are not cut.
    assert '<a href="../index.html"' in page
    assert "size: A4 landscape" in page and "overflow: visible !important" in page


NOTEBOOK = """# %% [markdown]
# # Title

# %% tags=['parameters']
inputs: dict = {}
figures = dataset = ''

# %%
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
from hbr.analysis.figures.style import save_figure, use_style

use_style()
display(HTML(pd.DataFrame({"a": [1]}).to_html()))
figure, axes = plt.subplots()
axes.set_title("猫")
save_figure(figure, figures, "one")
"""
