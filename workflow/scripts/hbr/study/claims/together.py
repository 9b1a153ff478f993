"""Finished studies judged together, each by its own results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hbr.errors import StudyError
from hbr.study.claims.evidence import Evidence
from hbr.study.claims.ledger import LISTS, entries_of, judge
from hbr.study.claims.tables import tables_of_claims
from hbr.study.finished import check_trained_as
from hbr.study.setting import setting_of


def evidences_of(path: Path, config: Mapping[str, Any], root: Path = Path()) -> list[Evidence]:
    """Return what a finished study has to say, called `study: data set`, since two studies may call their data alike.

    ``path`` is its file, ``config`` that file as the workflow sees it, ``root`` the folder that holds ``results``. Raises
    ``StudyError`` where a table is missing, and where the file asks for other trainings by now.
    """
    home, tables = root / "results" / config["study"], tables_of_claims(config)
    needed = [home / "claims.csv", *(home / dataset / "checksums.csv" for dataset in config["datasets"])]
    needed += [home / dataset / table for dataset in config["datasets"] for table in tables]
    check_trained_as(path, config, root)
    missing = [file for file in needed if not file.is_file()]
    if missing:
        raise StudyError(f"{path} is not finished: there is no {missing[0]}; run `make run STUDY={path}` first")
    return [
        Evidence(
            f"{config['study']}: {dataset}",
            {table: home / dataset / table for table in tables},
            **setting_of(config, dataset),
            study=config["study"],
        )
        for dataset in config["datasets"]
    ]


def judge_together(studies: Mapping[Path, Mapping[str, Any]], root: Path = Path()) -> pd.DataFrame:
    """Return the ledger of several finished studies, by file; ``dataset`` names study and data set of each row.

    Raises ``StudyError`` where one is not finished, or two have one name and therefore one folder.
    """
    evidences, files = list[Evidence](), dict[str, Path]()
    for path, config in studies.items():
        if (other := files.setdefault(config["study"], path)) != path:
            raise StudyError(f"{other} and {path} are both called {config['study']} and share their results; name one of them")
        evidences += evidences_of(path, config, root)
    return judge(entries_of(LISTS / "claims.yaml"), evidences)


def opening_of(ledger: pd.DataFrame, studies: Sequence[Path]) -> tuple[pd.DataFrame, str]:
    """Return the ledger's columns for people, and a sentence on what it was read from."""
    shown = ["claim", "version", "data_set", "dataset", "control_accuracy", "regime", "reported", "measured", "here", "verdict"]
    names = {"data_set": "data set", "dataset": "study", "control_accuracy": "control accuracy"}
    read = ", ".join(str(path) for path in studies)
    return ledger[[*shown, "why"]].rename(columns=names), f"Read from the results of {read}."
