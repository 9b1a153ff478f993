"""The numbers that figures draw are those of their tables, and the list of figures is what rules, chapters and docs show."""

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from made_up import against_people, every_figure, figures_of_members, gap_and_error
from matplotlib.container import ErrorbarContainer

from hbr.analysis.figures.baseline import learning_curves
from hbr.analysis.figures.fonts import plain
from hbr.analysis.figures.style import ends_of, limit_by_means, use_style
from hbr.errors import StudyError
from hbr.study.reported import chapter_title, reported_figures

matplotlib.use("Agg")
LISTED = reported_figures(ROOT / "workflow/report/figures")


def line(axes, label):
    """Return places and values of the line, or of the points with intervals, of a label."""
    found = [
        points.lines[0] for points in axes.containers if isinstance(points, ErrorbarContainer) and points.get_label() == label
    ]
    found += [own for own in axes.lines if own.get_label() == label]
    return found[0].get_xdata(), found[0].get_ydata()


def values(axes, label):
    return line(axes, label)[1]


def intervals(axes, label=None):
    """Return the ends of the intervals of a label, of the only ones without it."""
    bars = [
        points for points in axes.containers if isinstance(points, ErrorbarContainer) and label in (None, points.get_label())
    ]
    segments = np.array(bars[0].lines[2][0].get_segments())
    along = 1 if np.ptp(segments[0][:, 1]) or not np.ptp(segments[0][:, 0]) else 0
    return segments[:, :, along]


def panel(figure, title):
    """Return the panel whose title begins so."""
    return next(axes for axes in figure.axes if axes.get_title().startswith(title))


def same(drawn, table):
    assert len(drawn) == len(table)
    np.testing.assert_allclose(np.asarray(drawn, float), np.asarray(table, float), atol=1e-9)


def check_learning_curves(figure, history, _):
    left, right, twin = figure.axes
    mean = history.groupby("epoch").mean()
    same(values(left, "train"), mean["train_accuracy"])
    same(values(left, "test"), mean["test_accuracy"])
    same(right.lines[0].get_ydata(), mean["train_loss"])
    same(twin.lines[0].get_ydata(), mean["learning_rate"])
    # One thin line a member and measure.
    assert len(left.lines) == 2 * 2 + 2


def test_learning_curves_are_drawn_where_only_some_epochs_were_evaluated():
    """Two epochs between evaluations have no test accuracy, and must not break its line."""
    accuracy = [0.3, np.nan, 0.5, np.nan, 0.6]
    history = pd.DataFrame({"member": 1, "epoch": range(1, 6), "train_accuracy": 0.5, "test_accuracy": accuracy})
    left, right, _ = learning_curves(history.assign(learning_rate=0.1, train_loss=1.0), "made_up").axes
    places, drawn = line(left, "test")
    same(places, [1, 3, 5])
    same(drawn, [0.3, 0.5, 0.6])
    # So few points are shown as such, at whole epochs.
    assert next(own for own in left.lines if own.get_label() == "test").get_marker() == "o"
    for axes in (left, right):
        assert all(place == round(place) for place in axes.get_xticks())
    matplotlib.pyplot.close("all")


def check_class_recall(figure, summary, *_):
    (axes,) = figure.axes
    ordered = summary.sort_values("mean", ascending=False)
    same(axes.containers[0].lines[0].get_ydata(), 100 * ordered["mean"])
    same(intervals(axes), 100 * ordered[["lower", "upper"]].clip(0, 1))
    assert [text.get_text() for text in axes.get_xticklabels()] == [plain(name) for name in ordered["class_name"]]


def check_images(figure, images, captions, *_):
    (axes,) = figure.axes
    for drawn, text, image, caption in zip(axes.images, axes.texts, images, captions, strict=True):
        same(drawn.get_array(), image.squeeze())
        assert text.get_text() == plain(caption)
        left, right, _, top = drawn.get_extent()
        across, above = text.get_position()
        assert across == pytest.approx((left + right) / 2)
        assert 0 < top - above < 0.05


def check_hardness_distributions(figure, samples, classes, *_):
    (axes,) = figure.axes
    ordered = classes.sort_values("difficulty_rank")
    same(values(axes, "class mean"), ordered["hardness"])
    same(intervals(axes, "class mean"), ordered[["hardness_lower", "hardness_upper"]])
    flat = {
        round(float(own.get_ydata()[0]), 9) for own in axes.lines if len(own.get_ydata()) == 2 and not np.ptp(own.get_ydata())
    }
    assert set(samples.groupby("class")["hardness"].median().round(9)) <= flat


def check_class_order(figure, ranks, _):
    same(figure.axes[0].collections[0].get_array(), ranks.to_numpy())
    names = ranks.index.get_level_values("class_name")
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == list(map(plain, names))


def check_allocation(figure, allocations, *_):
    for alpha, own in allocations.groupby("alpha"):
        same(values(figure.axes[0], f"alpha = {alpha:g}"), own.sort_values("position")["granted"])


def check_offset_influence(figure, offsets, *_):
    drawn = [own for own in figure.axes[0].lines if len(own.get_xdata()) == offsets["offset"].nunique()]
    for own, (_, rows) in zip(drawn, offsets.sort_values("hardness").groupby("class"), strict=True):
        same(own.get_ydata(), rows.sort_values("offset")["factor"])
        same(own.get_xdata(), rows.sort_values("offset")["offset"] + offsets["hardness"].min())


def check_drawing_rates(figure, rates, _):
    for alpha, rows in rates.groupby("alpha"):
        same(values(figure.axes[0], f"alpha = {alpha:g}"), rows["copies"])


def check_noise_by_class(figure, shares, order, _):
    for axes, (_, rows) in zip(figure.axes, shares.groupby("rule", sort=False), strict=True):
        rows = rows.set_index("class").loc[list(order)]
        same([bar.get_height() for bar in axes.patches], 100 * rows["share"])
        same(axes.lines[0].get_ydata(), [100 * rows["flagged"].sum() / rows["samples"].sum()] * 2)


def check_cumulative_aum(figure, flagged, planted, *_):
    left, right = figure.axes
    aum = flagged["below"]["aum"].to_numpy()
    for axes, scores, name in ((left, aum, "all samples"), (right, flagged["pleiss"]["score"].to_numpy(), "pleiss")):
        label = next(own.get_label() for own in axes.lines if own.get_label().startswith(name))
        same(line(axes, label)[0], np.sort(scores))
        same(line(axes, label)[1], np.arange(1, len(scores) + 1))
        same(line(axes, "known to be wrong")[0], np.sort(scores[planted]))
    same(next(own for own in left.lines if own.get_label().startswith("below")).get_xdata(), [0, 0])


def check_noise_detection(figure, rules, _):
    left, right = figure.axes
    same([bar.get_width() for bar in left.patches], 100 * rules["share"])
    for name in ("precision", "recall"):
        same(line(right, name)[0], 100 * rules[name])
        same(intervals(right, name), 100 * rules[[f"{name}_lower", f"{name}_upper"]])


def check_pruning_stability(figure, pruning, _):
    changed = pruning[pruning["measure"] == "changed"]
    panels = [axes for axes in figure.axes if axes.images]
    cells = [(way, name) for way in ("nested", "disjoint") for name in ("one", "two")]
    for axes, (way, name) in zip(panels, cells, strict=True):
        cell = changed[(changed["way"] == way) & (changed["estimator"] == name)]
        table = 100 * cell.pivot(index="rate_percent", columns="members", values="value").sort_index(ascending=False)
        same(axes.images[0].get_array(), table)


def check_allocation_stability(figure, allocation, _):
    cells = [(way, unit, name) for way in ("nested", "disjoint") for unit in ("samples", "percent") for name in ("one", "two")]
    for axes, (way, unit, name) in zip(figure.axes, cells, strict=True):
        own = allocation[(allocation["way"] == way) & (allocation["unit"] == unit) & (allocation["estimator"] == name)]
        for statistic in ("max", "mean", "min"):
            rows = own[own["statistic"] == statistic].sort_values("members")
            same(values(axes, f"{statistic} over classes"), rows["value"])
        same(values(axes, "pure noise"), own[own["statistic"] == "mean"].sort_values("members")["pure_noise"])


def check_members_enough(figure, allocation, ranks, enough, _):
    mean = allocation[(allocation["unit"] == "percent") & (allocation["statistic"] == "mean")]
    tables = [mean, ranks.assign(value=100 * (1 - ranks["spearman"]))]
    for number, axes in enumerate(figure.axes):
        table, way = tables[number // 2], ("nested", "disjoint")[number % 2]
        for name in ("one", "two"):
            label = next(own.get_label() for own in axes.lines if own.get_label().startswith(name))
            rows = table[(table["estimator"] == name) & (table["way"] == way)].sort_values("members")
            same(values(axes, label), rows["value"])
            rule = enough[(enough["estimator"] == name) & (enough["way"] == way)].iloc[number // 2]
            kept = f"{rule['members']:.0f}" if pd.notna(rule["members"]) else f"more than {rule['largest_tested']:.0f}"
            assert label == f"{name}: {kept}"


def check_estimator_agreement(figure, correlations, _):
    for axes, level in zip(figure.axes, ("samples", "classes"), strict=False):
        value = correlations.loc[correlations["level"] == level, "spearman"].iloc[0]
        same(axes.images[0].get_array(), [[1, value], [value, 1]])


def check_estimator_overlap(figure, overlap, _):
    rows = overlap[overlap["measure"] == "jaccard"].sort_values("rate_percent")
    for axes, column, partner in zip(
        figure.axes, ("value", "value", "corrected", "corrected"), ("two", "one") * 2, strict=True
    ):
        same(values(axes, partner), rows[column])
        same(values(axes, "chance"), rows["chance"] if column == "value" else 0 * rows["chance"])


def check_class_uncertainty(figure, uncertainty, _):
    left, right = figure.axes
    rank = uncertainty[uncertainty["quantity"] == "rank"].sort_values(["value", "class"])
    same(left.containers[0].lines[0].get_ydata(), rank["value"])
    same(intervals(left), rank[["lower", "upper"]])
    for alpha, rows in uncertainty[uncertainty["quantity"] == "allocation"].groupby("alpha"):
        same(values(right, f"alpha = {alpha:g}"), rows["value"])
        same(intervals(right, f"alpha = {alpha:g}"), rows[["lower", "upper"]])


def check_recall_by_class(figure, recall, allocation, _):
    resampled = recall[recall["kind"] == "resampled"]
    for strategy, rows in resampled.groupby("strategy"):
        axes = panel(figure, strategy)
        same(values(axes, "baseline"), 100 * recall.loc[recall["kind"] == "baseline", "mean"])
        same(values(axes, "control"), 100 * recall.loc[recall["condition"] == "control", "mean"])
        same(values(axes, "alpha = 1"), 100 * rows["mean"])
        place = rows["class"].map(dict(zip(allocation["class"], allocation["position"], strict=True)))
        same(np.round(line(axes, "control")[0]), place)


def check_class_changes(figure, differences, *_):
    strategies = list(differences["strategy"].unique())
    for axes, (strategy, metric) in zip(
        figure.axes,
        [(strategy, metric) for strategy in strategies for metric in ("recall", "precision", "f1", "mcc")],
        strict=True,
    ):
        rows = differences[(differences["strategy"] == strategy) & (differences["metric"] == metric)].sort_values("class")
        same(values(axes, "alpha = 1"), 100 * rows["difference"])


def changes_of(axes):
    """Return the changes that diamonds show, from the top."""
    diamonds = [own for own in axes.lines if own.get_marker() == "D"]
    return [float(own.get_xdata()[0]) for own in sorted(diamonds, key=lambda own: own.get_ydata()[0])]


def check_gap_changes(figure, differences, pairs, _):
    for axes, gap in zip(figure.axes, ("max_min", "hard_easy", "std"), strict=True):
        rows = differences[differences["gap"] == gap]
        same(changes_of(axes), 100 * rows["difference"])
        ends = [
            own.get_xdata()
            for own in axes.lines
            if own.get_linestyle() == "-" and len(own.get_xdata()) == 2 and own.get_lw() == 1.2
        ]
        same(ends, 100 * rows[["total_lower", "total_upper"]])
        dots = np.concatenate([own.get_xdata() for own in axes.lines if own.get_color() == "#999999"])
        same(np.sort(dots), np.sort(100 * pairs.loc[pairs["gap"] == gap, "difference"]))


def check_placebos(figure, differences, _, metric, gap):
    cell = differences[(differences["metric"] == metric) & (differences["gap"] == gap)]
    against = cell[(cell["kind"] == "resampled") & (cell["reference_kind"] == "placebo")]
    by_label = cell[cell["reference"] == "control"].set_index("label")["difference"]
    told = [
        by_label[name] for label, rows in against.groupby("label", sort=False) for name in (label, *rows["reference_label"])
    ]
    left, right = figure.axes
    same(changes_of(left), 100 * np.array(told))
    same(changes_of(right), 100 * against["difference"])


def check_pool_gaps(figure, summary, _):
    for axes, (_, cell) in zip(figure.axes, summary.groupby("gap", sort=False), strict=True):
        for strategy, rows in cell.groupby("strategy"):
            same(values(axes, strategy), 100 * rows["mean"])
            same(intervals(axes, strategy), 100 * rows[["lower", "upper"]])
            assert line(axes, strategy)[0][0] == 0


def check_pruned_share(figure, shares, allocation, _):
    for rate, rows in shares.groupby("rate"):
        places = dict(zip(allocation["class"], allocation["position"], strict=True))
        ordered = rows.assign(place=rows["class"].map(places)).sort_values("place")
        same(values(figure.axes[0], f"{rate:g} %"), 100 * ordered["share"])


def check_pruning_by_rate(figure, summary, gaps, _):
    for axes, gap in zip(figure.axes, gaps, strict=True):
        rows = summary[summary["gap"] == gap]
        same(values(axes, "control"), 100 * rows.loc[rows["rate"] == 0, "mean"].head(1))
        for method, label in (("dlp", "DLP, of the data set"), ("clp", "CLP, of each class")):
            own = rows[(rows["method"] == method) & (rows["rate"] > 0)].sort_values("rate")
            same(values(axes, label), 100 * own["mean"])
            same(intervals(axes, label), 100 * own[["lower", "upper"]])


def check_limited_gaps(figure, summary, gaps, _):
    cells = [(metric, gap) for metric in ("recall", "precision") for gap in gaps]
    for axes, (metric, gap) in zip(figure.axes, cells, strict=True):
        rows = summary[(summary["metric"] == metric) & (summary["gap"] == gap)]
        for name, own in rows.groupby("line"):
            own = own.sort_values("rate")
            same(values(axes, name), 100 * own["mean"])
            same(intervals(axes, name), 100 * own[["lower", "upper"]])
            assert np.abs(line(axes, name)[0] - own["rate"]).max() < 2


def test_an_arrow_stands_where_an_interval_is_cut():
    """The means 10 and 20 set the axis from 4 to 26, which the interval of one of them leaves on both sides."""
    rows = pd.DataFrame({"mean": [0.1, 0.2, 0.1], "lower": [0.09, 0.0, np.nan], "upper": [0.11, 0.4, np.nan]})
    _, axes = matplotlib.pyplot.subplots()
    axes.errorbar([0, 1, 2], 100 * rows["mean"], yerr=ends_of(rows), fmt="o", color="red")
    limit_by_means(axes, rows)
    arrows = {own.get_marker(): (*own.get_xdata(), *own.get_ydata()) for own in axes.lines if own.get_marker() in "v^"}
    assert arrows == {"v": (1, pytest.approx(4)), "^": (1, pytest.approx(26))}
    matplotlib.pyplot.close("all")


def check_precision_recall(figure, points, changes, _):
    left, right = figure.axes
    for group in ("easy", "hard"):
        rows = 100 * points.loc[points["group"] == group, ["recall", "precision"]]
        same(np.transpose(line(left, group)), rows)
        drawn = next(dots for dots in right.collections if dots.get_label() == group)
        same(drawn.get_offsets(), 100 * changes.loc[changes["group"] == group, ["recall", "precision"]])
    for axes, table in ((left, points), (right, changes)):
        pearson = np.corrcoef(table["recall"], table["precision"])[0, 1]
        ranked = np.corrcoef(table["recall"].rank(), table["precision"].rank())[0, 1]
        assert axes.get_title().endswith(
            f"Pearson {pearson:.2f}, Spearman {ranked:.2f}, n = {len(table)}".replace("-0.00", "0.00")
        )


def check_mean_recall_precision(figure, summary, _):
    cells = [(way, metric) for way in ("alpha", "rate") for metric in ("recall", "precision")]
    for axes, (way, metric) in zip(figure.axes, cells, strict=True):
        rows = summary[(summary["along"] == way) & (summary["metric"] == metric)]
        for name, own in rows.groupby("line"):
            own = own.sort_values("place")
            same(values(axes, name), 100 * own["mean"])
            same(intervals(axes, name), 100 * own[["lower", "upper"]])
            assert np.abs(line(axes, name)[0] - own["place"]).max() < 2


def check_pruning_classes(figure, summary, *_):
    for rate in (10, 30):
        axes = panel(figure, f"{rate} % pruned")
        for method, label in (("dlp", "DLP, of the data set"), ("clp", "CLP, of each class")):
            rows = summary[(summary["rate"] == rate) & (summary["method"] == method)]
            same(values(axes, label), 100 * rows["mean"])
            same(intervals(axes, label), 100 * rows[["lower", "upper"]].clip(upper=1))


def check_human_doubt(figure, doubt, hardness, *_):
    for name, rows in doubt.groupby("reference"):
        axes = panel(figure, name)
        same(np.transpose(line(axes, name)), np.transpose([hardness["difficulty_rank"] - 1, 100 * rows["doubt"]]))
        same(intervals(axes, name), 100 * rows[["doubt_lower", "doubt_upper"]])
        ordered = hardness.sort_values("difficulty_rank")["class_name"]
        assert [text.get_text() for text in axes.get_xticklabels()] == list(ordered)


def check_human_order(figure, order, _):
    for name, rows in order.groupby("reference"):
        axes = panel(figure, name)
        for level, own in rows.groupby("level"):
            same(line(axes, level)[0], own["correlation"])
            same(intervals(axes, level), own[["lower", "upper"]])
        same(line(axes, "ceiling")[0], rows["ceiling"].iloc[:2])


def check_human_noise(figure, noise, _):
    left, right = figure.axes
    for name, rows in noise.groupby("reference"):
        label = f"{name}: most say otherwise (6 images)"
        same(line(left, label)[0], rows["auroc"])
        same(intervals(left, label)[0], rows[["auroc_lower", "auroc_upper"]].iloc[0])
    drawn = [points.lines[0].get_xdata()[0] for points in right.containers]
    same(drawn, 100 * noise.loc[noise["finder"] == "rule", ["precision", "recall"]].to_numpy().ravel())
    ranked = [own.get_xdata()[0] for own in right.lines if own.get_marker() == "P" and len(own.get_xdata())]
    same(ranked, 100 * noise.loc[noise["finder"] == "estimator", "precision_as_many"])


def check_doubtful_share(figure, changes, _):
    (axes,) = figure.axes
    same(line(axes, "labels")[0], 100 * changes["change"])
    same(intervals(axes)[0], 100 * changes[["lower", "upper"]].iloc[0])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["A", "B"]
    assert axes.get_title() == "labels: 10.00 % of the training set"


def check_gap_against_error(figure, table, shown, lines, networks, gap, _):
    (axes,) = figure.axes
    control = table[table["condition"] == "control"]
    mean = 100 * control.groupby("epoch")[["error", gap]].mean()
    same(np.transpose(line(axes, "control")), mean)
    for condition in shown["control"]:
        end = table[(table["condition"] == condition) & (table["epoch"] == 4)]
        same(np.transpose(line(axes, condition)), [100 * end[["error", gap]].mean()])
    fitted = lines[(lines["gap"] == gap)].set_index("source")
    sources = {"line": "trajectory", "their line": "published", "their line above 90 %": "published above 90 %"}
    for label, source in sources.items():
        own = fitted.loc[source]
        ends = own[["lowest_error", "highest_error"]].to_numpy(float)
        same(np.transpose(line(axes, label)), 100 * np.transpose([ends, own["intercept"] + own["slope"] * ends]))
    same(np.transpose(line(axes, "published networks")), 100 * networks[["error", gap]])


def test_each_condition_has_a_look_and_a_name_in_a_window_of_the_ends_while_they_are_few():
    """Where conditions end decides the question; beyond what can be told apart they go by their kinds."""
    draw, table, _, lines, *rest = gap_and_error()["gap_against_error"]
    ends = table[(table["condition"] != "control") & (table["epoch"] == 4)]
    for few, names in ((True, {f"c{place}" for place in range(24)}), (False, {"resampled"})):
        more = [ends[ends["condition"] == "a"].assign(condition=f"c{place}", label=f"c{place}") for place in range(25 - few)]
        conditions = [rows["condition"].iloc[0] for rows in more]
        every = pd.concat([table[table["condition"] == "control"], *more])
        (axes,) = draw(every, {"control": conditions}, lines, *rest).axes
        drawn = [own for own in axes.lines if own.get_label() in names]
        assert {own.get_label() for own in drawn} == names
        assert len({(own.get_color(), own.get_marker()) for own in drawn}) == len(names)
        # The control starts at an error of 50 %, and all end near 10 %.
        assert 8 < axes.get_xlim()[0] < axes.get_xlim()[1] < 12
    matplotlib.pyplot.close("all")


def check_changes_at_equal_accuracy(figure, changes, gap, _):
    rows = changes[(changes["gap"] == gap) & changes["line"].isin(["", "trajectory"])]
    for axes, quantity in zip(figure.axes, ("gap", "predicted", "beyond", "equal error"), strict=True):
        cell = rows[rows["quantity"] == quantity]
        intervals_drawn = [own.get_xdata() for own in axes.lines[1:-1]]
        same(intervals_drawn, 100 * cell[["lower", "upper"]])
        same(axes.lines[-1].get_xdata(), 100 * cell["difference"])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["A", "B"]


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}
CHECKS |= {f"{which}_images": check_images for which in ("easiest", "hardest", "lowest", "pool", "suspect")}
CHECKS |= dict.fromkeys(("pruning_recall", "pruning_gaps"), CHECKS.pop("pruning_by_rate"))


@pytest.fixture(scope="module")
def drawn():
    return every_figure(5, 3) | figures_of_members() | gap_and_error() | against_people()


@pytest.mark.parametrize("name", [figure.name for figure in LISTED])
def test_a_figure_draws_the_numbers_of_its_table(drawn, name):
    use_style()
    draw, *tables = drawn[name]
    CHECKS[name](draw(*tables), *tables)
    matplotlib.pyplot.close("all")


def test_the_list_is_what_chapters_draw():
    """A figure is written by the chapter that it is listed in."""
    for notebook in sorted((ROOT / "workflow/notebooks").glob("*.py")):
        written = set(re.findall(r'figures, (?:None if number else )?"(\w+)"', notebook.read_text()))
        assert written == {figure.name for figure in LISTED if figure.chapter == notebook.stem}, notebook.name


def test_the_page_names_the_figures_of_the_list():
    rows = re.findall(r"^\|[^|]+\| (\w+) \| ([^|]*`) \|$", (ROOT / "docs/how-it-works.md").read_text(), flags=re.MULTILINE)
    shown = {(chapter, name, number) for chapter, told in rows for number, name in re.findall(r"(\w*) ?`(\w+)`", told)}
    listed = {(figure.chapter, figure.name, figure.number) for figure in LISTED}
    assert shown <= listed
    assert {row for row in listed if row[2]} <= shown


def test_titles_and_labels_of_the_list():
    by_name = {figure.name: figure for figure in LISTED}
    assert by_name["class_recall"].label == "class recall (v1, figure 1)"
    assert by_name["limited_gaps"].label == "gaps on limited data (v2, figure 5)"
    assert by_name["gap_changes"].label == "change of the gaps"
    assert {name for name, figure in by_name.items() if figure.shows_images} == {n for n in by_name if n.endswith("images")}
    assert chapter_title(ROOT / "workflow/notebooks/effect.py") == "effect of resampling"


@pytest.mark.parametrize(
    "text", ["Without a title.\n", ".. title: one\nno blank line", ".. title: a\n   colour: red\n\nText.\n"]
)
def test_an_entry_of_the_list_without_a_title_is_refused(tmp_path, text):
    (tmp_path / "effect").mkdir()
    (tmp_path / "effect/own.rst").write_text(text)
    with pytest.raises(StudyError, match=r"effect/own.rst must begin with `.. title: ...`"):
        reported_figures(tmp_path)
