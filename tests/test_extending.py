"""What docs/extending.md adds is added to a copy of the project: it works, and touches what the page says."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, Study, whole_config

PAGE = (ROOT / "docs/extending.md").read_text()
# Each example begins with the file that it is, or adds to.
EXAMPLES = re.findall(r"^```(\w+)\n# (\S+)\n(.+?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
SCHEMA = "workflow/scripts/hbr/study/config.schema.yaml"


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> tuple[Study, set[str], set[str]]:
    """Return a study of a copy that has the examples, the new files and those that were touched."""
    config = whole_config() | {"halving": {"variants": 1}}
    config["resampling"]["strategies"].append({"oversampling": "hardest", "undersampling": "easy"})
    study = Study(tmp_path_factory.mktemp("extended"), config)
    new, touched = set(), set()
    for language, name, text in EXAMPLES:
        path = study.folder / name
        if language == "yaml":
            before = path.read_text()
            path.write_text(before.replace("  statistics:\n", f"{text}  statistics:\n", 1))
            assert path.read_text() != before
            touched.add(name)
        else:
            assert not path.exists()
            path.write_text(text)
            new.add(name)
    return study, new, touched


def test_the_page_counts_what_is_touched(extended):
    _, new, touched = extended
    assert len(new) == 3 + 2
    assert touched == {SCHEMA}
    counts = re.findall(r"^\| a .+ \| (\d) \| (\d)", PAGE, flags=re.MULTILINE)
    assert counts == [("1", "0"), ("1", "0"), ("1", "1"), ("2", "0")]


def test_the_workflow_plans_what_was_added_and_reruns_nothing_else(extended, whole, tmp_path):
    study, new, _ = extended
    jobs = [job for job in study.jobs() if job.rule == "plan_condition"]
    planned = {job.wildcards["condition"]: job for job in jobs}
    paths = [f"workflow/scripts/hbr/conditions/{name}.py" for name in ("bases/first", "kinds/halved", "oversampling/hardest")]
    base, kind, strategy = paths
    assert set(paths) <= new
    resampled = "resampled-aum-first-50-hardest-easy-alpha1"
    assert {"halved", "control-first-50", resampled} <= set(planned)
    assert {name for name, job in planned.items() if kind in job.input} == {"halved"}
    assert {name for name, job in planned.items() if base in job.input} == {name for name in planned if "first-50" in name}
    assert all(("hardest" in name) == (strategy in job.input) for name, job in planned.items())
    # The other way round: a finished study that uses none of them stands as it is, but for the base, which is used by itself.
    finished = whole.copied(tmp_path / "finished")
    for name in {kind, strategy}:
        shutil.copyfile(study.folder / name, finished.folder / name)
    shutil.copyfile(study.folder / SCHEMA, finished.folder / SCHEMA)
    assert finished.jobs() == []
    # A figure is drawn by its chapter alone.
    for name in new - set(paths):
        shutil.copyfile(study.folder / name, finished.folder / name)
    assert {job.rule for job in finished.jobs()} == {"render_baseline", "record_checksums"}
    finished.snakemake("reports/digits/digits/baseline.html")
    drawn = finished.folder / "reports/digits/digits"
    assert "training loss (nats)" in (drawn / "figures/last_losses.svg").read_text()
    assert (drawn / "figures/last_losses.png").is_file()


def test_the_contract_holds_what_was_added(extended):
    study, _, _ = extended
    (study.folder / "tests").mkdir()
    for name in ("tests/conftest.py", "tests/forked.py", "tests/warm.py", "tests/test_conditions.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, study.folder / name)
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"halving": {"variants": 1}}
    (study.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    command = [sys.executable, "-m", "pytest", "-q", "tests/test_conditions.py", "-k", "not everything and not analysis"]
    done = subprocess.run(command, cwd=study.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
