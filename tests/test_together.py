"""Several finished studies judged together: what is read, what is refused, and that nothing of them is touched."""

import argparse
import copy
from pathlib import Path

import pytest
from judge_studies import main

from hbr.data.files import read_table
from hbr.errors import StudyError
from hbr.study.claims.together import judge_together
from hbr.study.studies import load_study


@pytest.fixture(scope="module")
def config(finished):
    return load_study(finished.folder / "config.yaml")


def called(config, name):
    return {**copy.deepcopy(config), "study": name}


def state(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_data_sets_of_one_name_are_told_apart_by_their_study(finished, config, tmp_path):
    (tmp_path / "results").mkdir()
    for name in ("a", "b"):
        (tmp_path / "results" / name).symlink_to(finished.folder / "results/digits")
    studies = {Path(f"{name}.yaml"): called(config, name) for name in ("a", "b")}
    ledger = judge_together(studies, tmp_path).set_index("id")
    alone = read_table(finished.folder / "results/digits/claims.csv").set_index("id")
    (told,) = {*alone.loc["gap-exists", ["measured"]]}
    told = told.removeprefix("digits: ")
    assert ledger.loc["gap-exists", "measured"] == f"a: digits: {told}; b: digits: {told}"
    assert set(ledger["verdict"]) == {"not in this study"}
    with pytest.raises(StudyError, match=r"^a.yaml and b.yaml are both called a and share their results; name one of them$"):
        judge_together({path: called(config, "a") for path in studies}, tmp_path)


def test_a_study_that_is_not_finished_is_refused_in_one_sentence(config, tmp_path):
    with pytest.raises(
        StudyError, match=r"^x.yaml is not finished: there is no .*claims.csv; run `make run STUDY=x.yaml` first$"
    ):
        judge_together({Path("x.yaml"): config}, tmp_path)


def test_the_page_is_whole_and_nothing_of_the_study_is_touched(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    before = state(finished.folder / "results") | state(finished.folder / "reports")
    main(argparse.Namespace(studies=[Path("config.yaml")], output=tmp_path))
    assert state(finished.folder / "results") | state(finished.folder / "reports") == before
    page, table = (tmp_path / "index.html").read_text(), read_table(tmp_path / "claims.csv")
    assert "Read from the results of config.yaml." in page
    assert "Class recall differs widely" in page
    assert not any(word in page for word in ("http://", "https://", "src=", '<link rel="stylesheet'))
    own = read_table(finished.folder / "results/digits/claims.csv")
    assert list(table) == list(own)
    assert table["verdict"].tolist() == own["verdict"].tolist()
    assert f"Of the {len(own)} entries of the ledger: {len(own)} not in this study." in capsys.readouterr().out
