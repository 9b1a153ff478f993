"""The audit of what belongs to no single data set: the ledger of claims, and its page."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hbr.audit.findings import Findings
from hbr.audit.tables import same_bytes
from hbr.claims.ledger import study_ledger
from hbr.claims.tables import tables_of_claims
from hbr.conditions.names import conditions_of
from hbr.costs import cost_table, outcomes_of, timed_trainings
from hbr.notebooks import kernel_heard_by, made_from, numbers_of, render
from hbr.setting import setting_of

WORKFLOW = Path(__file__).resolve().parents[3]


def audit_ledger(config: Mapping[str, Any], pages: bool = True, root: Path = Path()) -> Findings:
    """Return whether the ledger, the deviations and the costs follow from the study's tables, and the page from them."""
    findings = Findings()
    results = root / "results" / config["study"]
    with findings.check("claims, deviations and costs follow from the study's tables") as check:
        settings = {dataset: setting_of(config, dataset) for dataset in config["datasets"]}
        tables = [results / dataset / table for dataset in settings for table in tables_of_claims(config)]
        found = study_ledger(WORKFLOW / "claims.yaml", WORKFLOW / "deviations.yaml", settings, results, tables)
        folders = [(dataset, condition) for dataset in settings for condition in conditions_of(config)]
        outcomes = [path for folder in folders for path in outcomes_of(config["study"], *folder, root)]
        found["costs"] = cost_table(timed_trainings(outcomes))
        for name, table in found.items():
            check.artifacts += 1
            check.expect(same_bytes(results / f"{name}.csv", table), f"{results / name}.csv does not follow from its tables")
    if pages:
        with findings.check("the ledger's page, made again, shows the same") as check:
            check.artifacts = 1
            path = root / "reports" / config["study"] / "ledger.html"
            page = path.read_text(encoding="utf-8")
            told = made_from(page)
            with tempfile.TemporaryDirectory(prefix="hbr-") as folder, kernel_heard_by(lambda said: None):
                again = render(Path(told["notebook"]), told["dataset"], told["inputs"], Path(folder))
            check.expect(numbers_of(again) == numbers_of(page), f"{path} shows other numbers than its tables give")
    return findings
