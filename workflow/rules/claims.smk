"""From all data sets of the study to the ledger of the paper's claims."""


rule judge_claims:
    input:
        code=sources("judge_claims.py"),
        claims=source("workflow/scripts/hbr/study/claims/claims.yaml"),
        deviations=source("workflow/scripts/hbr/study/claims/deviations.yaml"),
        tables=claims_tables,
    output:
        ledger="<results>/claims.csv",
        opening="<results>/opening.csv",
        deviations="<results>/deviations.csv",
    log:
        "<logs>/judge_claims.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest(
            "judge_claims.py",
            data=(
                "workflow/scripts/hbr/study/claims/claims.yaml",
                "workflow/scripts/hbr/study/claims/deviations.yaml",
            ),
        ),
        flags=flags(
            settings=json.dumps(
                {name: setting_of(config, name) for name in config["datasets"]}
            )
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --claims {input.claims:q} --deviations {input.deviations:q} --tables {input.tables:q}"
        " --ledger {output.ledger:q} --opening {output.opening:q} --deviations-table {output.deviations:q} --log {log:q}"


# Seconds and memory stand in Snakemake's benchmarks: files that no rule may depend on. The outcomes name the machine.
rule measure_costs:
    input:
        code=sources("measure_costs.py"),
        outcomes=all_outcomes,
    output:
        "<results>/costs.csv",
    log:
        "<logs>/measure_costs.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_costs.py"),
        study=config["study"],
        datasets=list(config["datasets"]),
        runs=json.dumps(all_runs()),
    shell:
        "python {input.code[0]:q}"
        " --study {params.study} --datasets {params.datasets} --runs {params.runs:q}"
        " --costs {output:q} --log {log:q}"


use rule render_baseline as render_ledger with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/ledger.py"),
        notebook=source("workflow/notebooks/ledger.py"),
        claims="<results>/claims.csv",
        deviations="<results>/deviations.csv",
        costs="<results>/costs.csv",
        reviews=lambda wildcards: reviews(config["datasets"]),
    output:
        html=report(
            "<reports>/ledger.html",
            caption="../report/ledger.rst",
            category="Claims ledger",
            labels={"notebook": "claims, deviations, costs"},
        ),
    log:
        "<logs>/render_ledger.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/ledger.py"),
        name=config["study"],
