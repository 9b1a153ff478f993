"""Does hardness-based resampling change class-wise gaps? The table of contents of the study."""

from snakemake.utils import min_version, validate

min_version("9.25")


include: "workflow/rules/common.smk"


pathvars:
    results=f"results/{config['study']}",
    reports=f"reports/{config['study']}",
    logs=f"logs/{config['study']}",
    benchmarks=f"benchmarks/results/{config['study']}",


report: "workflow/report/study.rst"


include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/hardness.smk"
include: "workflow/rules/conditions.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/start_page.smk"


wildcard_constraints:
    dataset=r"[a-z0-9][a-z0-9_]*",
    condition=r"[a-z0-9][a-z0-9._-]*",
    estimator=r"[a-z0-9][a-z0-9_]*",
    base=r"[a-z0-9][a-z0-9_-]*",
    alpha=r"[0-9.e+-]+",
    noise_rule=r"[a-z0-9][a-z0-9_]*",
    variant=r"\d+",
    member=r"\d+",
    images=r"[a-z0-9][a-z0-9_]*",
    pool=r"[a-z0-9][a-z0-9_]*",
    reference=r"[a-z0-9][a-z0-9_]*",


onsuccess:
    cancel_timers()


onerror:
    cancel_timers()
    sys.stderr.write(
        told_of(
            Path("reports") / config["study"],
            Path("logs") / config["study"],
            config["datasets"],
            CHAPTERS,
            STARTED,
        )
        + "\n"
    )


rule all:
    default_target: True
    input:
        collect(
            "<reports>/{dataset}/{chapter}.html",
            dataset=config["datasets"],
            chapter=CHAPTERS,
        ),
        collect("<results>/{dataset}/checksums.csv", dataset=config["datasets"]),
        "<reports>/ledger.html",
        "<reports>/index.html",


# Run alone these two show whether data and plans made anew are the same: then nothing is trained again.
rule prepared:
    input:
        collect("<results>/{dataset}/dataset.npz", dataset=config["datasets"]),


rule planned:
    input:
        plans_of_all,


rule baseline:
    input:
        collect(
            "<reports>/{dataset}/{chapter}.html",
            dataset=config["datasets"],
            chapter=["baseline", "hardness", "robustness"],
        ),
