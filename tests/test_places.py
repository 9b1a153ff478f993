"""Where the workflow may stand and be run from: any path, a moved clone, another's Snakefile, a study in another folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Study, small_config
from forked import snakemake_forked

from hbr.errors import StudyError
from hbr.study.modules import check_plugins, plugin_files, plugin_folders
from hbr.study.unfinished import told_of

# What a shell, make or Snakemake could take for something else.
STRANGE = 'My $HOME (it\'s) "été" & 100 % #1'


def with_makefile(folder: Path) -> Study:
    """Return a study with a Makefile and an environment that holds ``python`` alone: of one that was moved no script starts."""
    folder.mkdir(parents=True)
    study = Study(folder, small_config())
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    os.utime(folder / "requirements.lock", (1, 1))
    (folder / ".venv/bin").mkdir(parents=True)
    python = folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (folder / ".venv/.ready").touch()
    return study


def make(folder: Path, *words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_make_and_rules_work_in_a_strange_path_without_any_script_of_the_environment(tmp_path):
    study = with_makefile(tmp_path / STRANGE)
    (study.folder / "config.yaml").rename(study.folder / "my study's.yaml")
    done = make(study.folder, "plan", "STUDY=my study's.yaml")
    assert "baseline" in done.stdout, done.stderr
    done = make(study.folder, "dry-run", "STUDY=my study's.yaml")
    assert done.returncode == 0, done.stderr[-2000:]
    # From another folder, the strange path stands in every command.
    (tmp_path / "elsewhere").mkdir()
    words = ["results/digits/digits/plans/baseline/variant0/plan.parquet", "--cores", "1"]
    words += ["--snakefile", study.folder / "Snakefile", "--configfile", study.folder / "my study's.yaml"]
    command = [sys.executable, "-P", "-m", "snakemake", *words]
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=tmp_path / "elsewhere", env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_commands_of_all_rules_start_with_python(finished):
    assert {job.command.split()[0] for job in finished.jobs("--forceall")} == {"python"}


def test_recipes_of_the_makefile_start_no_script_of_the_environment():
    scripts = {path.name for path in Path(sys.executable).parent.iterdir()} - {"python", "pip"}
    recipes = re.findall(r"^\t@?(?:\$\([A-Z]+\) )?(\S+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert "python" in recipes
    modules = {"ruff", "mypy", "snakefmt", "snakemake"}
    assert {word for word in recipes if word in scripts} <= modules
    assert "\n\t@snakemake" not in (ROOT / "Makefile").read_text()


def repository(folder: Path) -> str:
    """Commit the workflow in ``folder``; return the commit."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A workflow"]):
        subprocess.run([*git, *words], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("kept", ["a clone", "a repository"])
def test_the_workflow_is_anothers_module(kept, tmp_path, monkeypatch):
    (tmp_path / "hosted/hbr").mkdir(parents=True)
    study = Study(tmp_path / "hosted/hbr", small_config())
    mine = tmp_path / "mine"
    (mine / "config").mkdir(parents=True)
    (mine / "config/config.yaml").write_text(yaml.safe_dump({"hbr": small_config(), "mine": 1}))
    snakefile = '"../hosted/hbr/Snakefile"'
    if kept == "a repository":
        snakefile = f'github("hosted/hbr", path="Snakefile", commit="{repository(study.folder)}")'
        # No network: what is asked of GitHub is taken from here.
        for name, value in {
            "COUNT": "1",
            "KEY_0": f"url.file://{tmp_path}/.insteadOf",
            "VALUE_0": "https://github.com/",
        }.items():
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (mine / "Snakefile").write_text(
        'configfile: "config/config.yaml"\n'
        f'module hbr:\n    snakefile: {snakefile}\n    config: config["hbr"]\n'
        "use rule * from hbr\n"
        'rule more:\n    input: "results/digits/digits/gaps.csv"\n    output: "mine.txt"\n    shell: "cp {input} {output}"\n'
    )
    command = [sys.executable, "-P", "-m", "snakemake", "--quiet", "rules", "--cores", "1"]
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def snakemake(*words: str) -> str:
        done = subprocess.run([*command, *words], cwd=mine, env=path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout + done.stderr

    counts = dict(re.findall(r"^(\w+) +(\d+)$", snakemake("--dry-run", "all", "mine.txt"), flags=re.MULTILINE))
    assert (counts["train_member"], counts["render_ledger"], counts["more"]) == ("6", "1", "1")
    snakemake("results/digits/digits/plans/baseline/variant0/plan.parquet")
    assert (mine / "results/digits/digits/dataset.npz").is_file()


def test_own_modules_are_found_where_one_runs_then_beside_the_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config, folders = small_config(), plugin_folders([Path("studies/own.yaml")])
    config["datasets"]["digits"]["network"] = "mine:network"
    with pytest.raises(StudyError, match=r"datasets\.digits\.network: mine:network needs mine\.py, which is neither in"):
        check_plugins(config, folders)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/mine.py").write_text("import helper\ndef network(): ...\n")
    (tmp_path / "helper.py").touch()
    check_plugins(config, folders)
    package = ROOT / "workflow/scripts"
    assert plugin_files("mine", folders, package) == (Path("helper.py"), Path("studies/mine.py"))
    (tmp_path / "mine.py").touch()
    plugin_files.cache_clear()
    assert plugin_files("mine", folders, package) == (Path("mine.py"),)


@pytest.mark.parametrize("name", ["code", "torchvision", "sys"])
def test_a_module_that_python_would_find_elsewhere_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.py").write_text("def network(): ...\n")
    config = small_config()
    config["datasets"]["digits"]["network"] = f"{name}:network"
    with pytest.raises(
        StudyError, match=rf"network: Python finds .* before {name}\.py; give your file a name that no installed"
    ):
        check_plugins(config, plugin_folders([Path("own.yaml")]))


def test_jobs_import_own_modules_beside_the_study(finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    (study.folder / "studies").mkdir()
    (study.folder / "studies/mine.py").write_text("def doubt(dynamics):\n    return dynamics.probability_sum * 0 + 1\n")
    study.config["hardness"]["estimators"]["forgetting"] = {"method": "mine:doubt", "direction": "high-is-hard"}
    (study.folder / "studies/own.yaml").write_text(yaml.safe_dump(study.config))
    table = "results/digits/digits/hardness/forgetting/classes.csv"
    study.snakemake("--force", table, "--configfile", "studies/own.yaml")
    assert "studies/mine.py" in snakemake_forked(study.folder, "-n", "--force", table, "--configfile", "studies/own.yaml")[1]


def test_a_run_that_fails_says_what_there_is_and_where_the_log_is(tmp_path):
    reports, logs = tmp_path / "reports", tmp_path / "logs"
    (reports / "digits").mkdir(parents=True)
    (reports / "digits/baseline.html").touch()
    for name, text in (("a", "error: no room\n"), ("b", "all is well\n"), ("old", "error: long ago\n")):
        (logs / "rule").mkdir(parents=True, exist_ok=True)
        (logs / f"rule/{name}.log").write_text(text)
    os.utime(logs / "rule/old.log", (1, 1))
    said = told_of(reports, logs, ["digits"], ["baseline", "effect"], since=2)
    assert f"These chapters are:\n  {reports}/digits/baseline.html\nNot made: digits/effect.\n" in said
    assert f"{logs}/rule/a.log\n    error: no room\n" in said
    assert "well" not in said
    assert "long ago" not in said
