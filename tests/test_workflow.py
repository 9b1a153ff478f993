"""Real Snakemake runs of a shrunk digits study."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import Study, small_config

from hbr.training.outcomes import load_outcomes


def test_study_ends_with_notebooks_and_figures(finished):
    reports = finished.folder / "reports/digits/digits"
    for chapter in ("baseline", "hardness", "allocation", "effect"):
        html = (reports / f"{chapter}.html").read_text()
        assert "<img" in html
        assert "Traceback" not in html
    for figure in ("class_recall", "hardest_images", "allocation", "class_changes", "gap_changes"):
        assert (reports / f"figures/{figure}.svg").read_text().rstrip().endswith("</svg>")
        assert (reports / f"figures/{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_with_everything_ends_with_all_chapters_and_a_ledger_first(whole):
    reports = whole.folder / "reports/digits"
    chapters = {
        "baseline",
        "hardness",
        "robustness",
        "noise",
        "suspects",
        "ground_truth",
        "allocation",
        "effect",
        "pools",
        "placebos",
        "limited",
        "precision",
        "pruning",
        "gap_and_accuracy",
    }
    assert {path.stem for path in (reports / "digits").glob("*.html")} == chapters
    for page in [*(reports / "digits").glob("*.html"), reports / "ledger.html", reports / "index.html"]:
        assert "Traceback" not in page.read_text()
    shown = ["placebos", "pool_gaps", "limited_gaps", "precision_recall", "mean_recall_precision", "pruning_recall"]
    for figure in (*shown, "pruned_share", "noise_by_class", "cumulative_aum", "lowest_images", "suspect_images"):
        assert (reports / f"digits/figures/{figure}.svg").read_text().rstrip().endswith("</svg>")
    claims = pd.read_csv(whole.folder / "results/digits/claims.csv")
    assert len(claims) == 19
    assert set(claims["verdict"]) <= {"reproduced", "not reproduced", "inconclusive", "not in this study"}
    kept = claims.set_index("id").loc["size-const"]
    assert (kept["measured"], kept["n"]) == ("digits: 870 examples in 4 of 4 plans", "digits: 4 plans")
    whole.snakemake("--report", "report.html")
    report = (whole.folder / "report.html").read_text()
    # The report opens with answers; as the data are not the paper's, its claims are left to the ledger.
    opening = re.search(r"var workflow_desc = (.*);", report)[1]
    assert "Does resampling change the gap between classes?" in opening
    assert "Resampling keeps the size of the training set." not in opening
    assert min(json.loads(re.search(r"var categories = (.*);", report)[1])) == "Answers"
    # The table is wider than the column that Snakemake gives it beside the graph.
    assert "div:has(> #rulegraph) { flex-direction: column; }" in report


def test_plans_of_every_kind_hold_what_their_condition_says(whole):
    results = whole.folder / "results/digits/digits"
    labels = np.load(results / "dataset.npz")["train_labels"]
    rank = pd.read_parquet(results / "hardness/aum/samples.parquet")["difficulty_rank"].to_numpy()

    def plan(condition, variant=1):
        return pd.read_parquet(results / f"plans/{condition}/variant{variant}/plan.parquet")

    kept = round(0.7 * len(labels))
    dlp, clp = plan("pruned-aum-dlp-30"), plan("pruned-aum-clp-30")
    assert len(dlp) == kept
    assert set(dlp["source"]) == set(np.argsort(rank)[-kept:])
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        left = clp.loc[clp["class"] == label, "source"]
        assert set(left) == set(own[np.argsort(rank[own])[-len(left) :]])
        assert abs(len(left) - 0.7 * len(own)) < 1
    lowest = pd.read_parquet(results / "noise/lowest/samples.parquet")
    flagged = np.flatnonzero(lowest["flagged"])
    aum = pd.read_parquet(results / "hardness/aum/samples.parquet")["hardness"].to_numpy()
    assert set(flagged) == set(np.argsort(aum)[:5])
    assert set(plan("denoised-lowest")["source"]) == set(range(len(labels))) - set(flagged)
    # What is resampled by hardness of the denoised training never sees what was taken for noise.
    for variant in (1, 2):
        for condition in ("control-denoised-lowest", "resampled-aum_denoised-smote-easy-alpha1"):
            table = plan(condition, variant)
            assert not set(table.loc[table["origin"] != "synthetic", "source"]) & set(flagged)
    # Real samples come back that the base left out, and hardness of the base knows its samples alone.
    base = set(plan("control-random-50")["source"])
    assert len(base) == 10 * 43
    of_base = pd.read_parquet(results / "hardness/aum/random-50/variant1/samples.parquet")
    assert set(of_base["sample"]) == base
    for source in ("full", "base"):
        table = plan(f"limited-{source}-aum-random-50-holdout-easy-alpha0.1")
        held = table["origin"] == "holdout"
        assert held.any()
        assert not set(table.loc[held, "source"]) & base
        assert set(table.loc[~held, "source"]) < base
    first, second = (plan("threshold", variant) for variant in (1, 2))
    extra = [set(table.loc[table["origin"] == "threshold", "source"]) for table in (first, second)]
    assert extra[0] and not extra[0] & extra[1]
    assert {len(first), len(second)} == {len(labels)}
    true, placebo = (
        plan(f"{kind}-aum-smote-easy-alpha1")["class"].value_counts().sort_index() for kind in ("resampled", "placebo-shuffled")
    )
    assert sorted(true) == sorted(placebo)
    assert list(true) != list(placebo)


def test_every_comparison_has_its_family_and_verdict(whole):
    differences = pd.read_csv(whole.folder / "results/digits/digits/gap_differences.csv")
    declared = differences[differences["family"].notna()]
    assert set(declared["metric"]) == {"recall"}
    assert set(declared["gap"]) == {"max_min"}
    pairs = set(zip(declared["condition"], declared["reference"], declared["family"], strict=True))
    resampled, limited = "resampled-aum-smote-easy-alpha1", "limited-{}-aum-random-50-{}-easy-alpha0.1"
    hardness, strategies = ("full", "base"), ("smote", "pool-hard-mixture")
    assert pairs == {
        *((f"resampled-aum-{over}-easy-alpha1", "control", "resampling") for over in strategies),
        *((f"resampled-aum_denoised-{over}-easy-alpha1", "control-denoised-lowest", "resampling") for over in strategies),
        (resampled, "placebo-shuffled-aum-smote-easy-alpha1", "placebo"),
        *((limited.format(one, over), "control-random-50", "limited") for one in hardness for over in ("random", "holdout")),
        *((limited.format(one, "holdout"), limited.format(one, "random"), "holdout") for one in hardness),
        ("pruned-aum-dlp-30", "pruned-aum-clp-30", "pruning"),
    }
    assert differences["verdict"].notna().all()
    assert set(differences["margin"]) == {0.01}


def test_notebooks_open_without_a_network(finished):
    for page in (finished.folder / "reports/digits/digits").glob("*.html"):
        assert 'src="http' not in page.read_text().replace("'", '"'), page.name


def test_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.snakemake("--dry-run")


def test_report_is_built_with_captions(finished):
    finished.snakemake("--report", "report.html")
    report = (finished.folder / "report.html").read_text()
    assert "class recall (v1, figure 1)" in report
    assert "Reproduces figure 11 of version 1" in report


def test_members_differ_and_conditions_are_paired(finished):
    members = sorted((finished.folder / "results/digits/digits/members").rglob("outcomes.npz"))
    outcomes = {
        str(path.relative_to(finished.folder / "results/digits/digits/members")): load_outcomes(path) for path in members
    }
    assert len(outcomes) == 2 + 2 + 2
    logits = {o.test_logits.tobytes() for o in outcomes.values()}
    assert len(logits) == len(outcomes)
    control = outcomes["control/variant2/member1/outcomes.npz"]
    treated = outcomes["resampled-aum-smote-easy-alpha1/variant2/member1/outcomes.npz"]
    assert (control.weight_seed, control.order_seed) == (treated.weight_seed, treated.order_seed)
    seeds = {(o.weight_seed, o.order_seed) for o in outcomes.values()}
    assert len(seeds) == 4


def test_control_is_the_identity_and_plans_keep_the_size(finished):
    plans = finished.folder / "results/digits/digits/plans"
    control = pd.read_parquet(plans / "control/variant1/plan.parquet")
    baseline = pd.read_parquet(plans / "baseline/variant0/plan.parquet")
    pd.testing.assert_frame_equal(control, baseline)
    resampled = pd.read_parquet(plans / "resampled-aum-smote-easy-alpha1/variant1/plan.parquet")
    allocation = pd.read_csv(finished.folder / "results/digits/digits/allocations/aum/alpha1.csv")
    assert len(resampled) == len(baseline)
    np.testing.assert_array_equal(np.bincount(resampled["class"]), allocation["granted"])


def test_training_again_gives_the_same_bits(copied):
    path = "results/digits/digits/members/control/variant1/member1/outcomes.npz"
    before = (copied.folder / path).read_bytes()
    copied.snakemake("--force", path)
    assert (copied.folder / path).read_bytes() == before


def test_any_subset_of_members_can_estimate_hardness(copied):
    copied.config["hardness"]["members"] = [2]
    copied.write(copied.config)
    copied.snakemake("results/digits/digits/hardness/aum/samples.parquet")
    samples = pd.read_parquet(copied.folder / "results/digits/digits/hardness/aum/samples.parquet")
    assert [name for name in samples if name.startswith("member_")] == ["member_2"]
    np.testing.assert_allclose(samples["hardness"], samples["member_2"], rtol=1e-6)


def test_any_alpha_plans_its_runs_without_alpha_1(copied):
    copied.config["resampling"]["alphas"] = [0.00001, 0.3333333333]
    copied.write(copied.config)
    planned = copied.planned()
    assert (planned["train_member"], planned["allocate_samples"]) == (4, 2)


def test_reference_keeps_tables_figures_and_provenance(finished, tmp_path):
    script = "workflow/scripts/collect_reference.py"
    arguments = ["--study", "digits", "--command", "snakemake", "--hardware", "a machine", "--output", str(tmp_path / "kept")]
    command = [sys.executable, script, *arguments, "--log", str(tmp_path / "log")]
    subprocess.run(command, cwd=finished.folder, check=True)
    assert json.loads((tmp_path / "kept/provenance.json").read_text())["trainings"] == 6
    conditions = pd.read_csv(tmp_path / "kept/digits/conditions.csv")
    assert list(conditions["label"]) == ["baseline", "control", "smote / easy, alpha 1"]
    for name in ("class_recall.svg", "gap_against_error.svg", "gap_lines.csv", "gap_accuracy.csv"):
        assert (tmp_path / "kept/digits" / name).is_file()
    assert not list((tmp_path / "kept").rglob("*images*"))
    (tmp_path / "kept/digits/pruning.svg").write_text("of another version of the study")
    subprocess.run(command, cwd=finished.folder, check=True)
    assert not (tmp_path / "kept/digits/pruning.svg").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "log"]
    (tmp_path / "kept/provenance.json").unlink()
    done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is there, and not by this script" in done.stderr
    assert (tmp_path / "kept/claims.csv").exists()
    copy = finished.copied(tmp_path / "copy")
    (copy.folder / "results/digits/digits/checksums.csv").unlink()
    command = [str(tmp_path / "again") if word == str(tmp_path / "kept") else word for word in command]
    done = subprocess.run(command, cwd=copy.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "checksums.csv is missing: the study is not finished" in done.stderr
    assert not (tmp_path / "again").exists()


def test_typo_is_refused_by_name(tmp_path):
    config = small_config()
    config["resampling"]["alpha"] = config["resampling"].pop("alphas")
    output = Study(tmp_path, config).snakemake("--dry-run", fails=True)
    assert "resampling.alpha is not a known key; did you mean 'alphas'?" in output
    assert "Traceback" not in output


def test_planted_label_noise_is_found_far_better_than_by_chance(tmp_path):
    config = small_config()
    config["datasets"]["digits"] |= {"flipped_labels": 0.05, "width": 8}
    config["recipes"]["quick"]["epochs"] = 8
    config["noise"]["rules"] = {"lowest": {"method": "count", "count": 40}}
    config["resampling"]["strategies"] = []
    Study(tmp_path, config).snakemake("results/digits/digits/noise/rules.csv")
    rule = pd.read_csv(tmp_path / "results/digits/digits/noise/rules.csv").iloc[0]
    assert rule["flagged"] == 40
    assert rule["chance"] == pytest.approx(rule["planted"] / rule["samples"])
    assert rule["precision_lower"] > 5 * rule["chance"]
    assert rule["recall"] > 0.5


def test_diverging_training_ends_with_one_sentence_and_no_result(tmp_path):
    config = small_config()
    config["recipes"]["quick"]["learning_rate"] = 1.0e30
    study = Study(tmp_path, config)
    output = study.snakemake(fails=True)
    assert "lower `learning_rate`" in output
    assert "Traceback" not in output
    assert not list((tmp_path / "results").rglob("outcomes.npz"))


def test_impossible_alpha_names_the_largest_that_works(copied):
    copied.config["resampling"]["alphas"] = [50]
    copied.write(copied.config)
    said = copied.snakemake("--keep-going", fails=True)
    assert "the largest alpha that works here is" in said
    assert f"These chapters are:\n  {copied.folder}/reports/digits/digits/baseline.html" in said


def test_own_images_network_and_estimator(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for split, samples in (("train", 24), ("test", 10)):
        for label, name in enumerate(["<script>", "b$c"]):
            folder = tmp_path / "images" / split / name
            folder.mkdir(parents=True)
            for index in range(samples):
                pixels = rng.integers(0, 120, (12, 12, 3)).astype(np.uint8)
                pixels[:, label * 6 : label * 6 + 6] += 120
                Image.fromarray(pixels).save(folder / f"{label}{index:03}.png")
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "from torch import nn\n"
        "def network(channels, classes):\n"
        "    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, classes))\n"
        "def doubt(dynamics):\n"
        "    return 1.1 - dynamics.probability_sum / dynamics.epochs\n"
    )
    config = small_config()
    config["study"] = "own"
    config["datasets"] = {
        "pictures": {"source": "folder", "root": "images", "image_size": 8, "network": "mine:network", "recipe": "quick"}
    }
    config["hardness"]["estimators"] = {"doubt": {"method": "mine:doubt", "direction": "high-is-hard"}}
    config["resampling"] |= {"estimators": ["doubt"], "strategies": [{"oversampling": "hard", "undersampling": "random"}]}
    config["resampling"]["hardness_offset"] = 0
    study = Study(tmp_path, config)
    study.snakemake("reports/own/pictures/hardness.html", "reports/own/pictures/effect.html")
    html = (tmp_path / "reports/own/pictures/hardness.html").read_text()
    assert "&lt;script&gt;" in html
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text().replace("1.1", "1.2"))
    planned = study.planned()
    assert planned["estimate_hardness"] == 1
    assert planned["train_member"] >= 2
