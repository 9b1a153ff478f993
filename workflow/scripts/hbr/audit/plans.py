"""The audit of plans: each is made again."""

from hbr.audit.findings import Check
from hbr.audit.place import Place
from hbr.conditions.kind import Draw, make_plan
from hbr.conditions.names import plan_inputs, plan_spec
from hbr.data.datasets import PreparedDataset
from hbr.data.plans import check_plan, load_plan


def check_plans(place: Place, data: PreparedDataset, check: Check) -> None:
    """Check every plan of one data set."""
    for name, condition in place.conditions.items():
        files = {key: place.results / file for key, file in plan_inputs(place.config, condition).items()}
        for variant in condition.variants:
            path = place.plan(name, variant)
            plan = load_plan(path)
            check.artifacts += 1
            check_plan(plan, data.train_labels, str(path))
            key = (place.config["seed"], place.name)
            draw = Draw.of(place.results / "dataset.npz", variant=variant, key=key, files=files)
            again = make_plan(draw, **plan_spec(place.config, condition))
            check.expect(plan.checksum == again.checksum, f"{path} is not what its rule makes")
