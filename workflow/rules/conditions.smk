"""Conditions: each is a plan, drawn once a variant; and the label noise that some are planned without."""


rule plan_condition:
    input:
        code=plan_sources,
        dataset="<results>/{dataset}/dataset.npz",
        files=plan_files,
    output:
        plan="<results>/{dataset}/plans/{condition}/variant{variant}/plan.parquet",
    log:
        "<logs>/plan_condition/{dataset}/{condition}_variant{variant}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=plan_digest,
        names=lambda wildcards: list(plan_inputs(config, condition_of(wildcards))),
        flags=flags(
            spec=lambda wildcards: json.dumps(
                plan_spec(config, condition_of(wildcards))
            ),
            seed=lookup("seed", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --names {params.names:q} --files {input.files:q}"
        " --dataset-name {wildcards.dataset:q} --variant {wildcards.variant}"
        " --plan {output.plan:q} --log {log:q}"


rule detect_noise:
    input:
        code=sources("detect_noise.py"),
        samples=f"<results>/{{dataset}}/hardness/{config['noise']['estimator']}/samples.parquet",
        plans=threshold_plans,
        dynamics=threshold_dynamics,
    output:
        "<results>/{dataset}/noise/{noise_rule}/samples.parquet",
    log:
        "<logs>/detect_noise/{dataset}/{noise_rule}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("detect_noise.py"),
        variants=threshold_variants,
        flags=flags(
            settings=lambda wildcards: noise_rule(wildcards).text,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --samples {input.samples:q}"
        " --plans {input.plans:q} --dynamics {input.dynamics:q} --variants {params.variants}"
        " --flagged {output:q} --log {log:q}"


rule measure_noise:
    input:
        code=sources("measure_noise.py"),
        dataset="<results>/{dataset}/dataset.npz",
        flagged=collect(
            "<results>/{{dataset}}/noise/{noise_rule}/samples.parquet",
            noise_rule=config["noise"]["rules"],
        ),
        dynamics=dynamics_of(BASELINE, hardness_runs(config, BASELINE)),
    output:
        summary="<results>/{dataset}/noise/rules.csv",
        by_class="<results>/{dataset}/noise/classes.csv",
        preferred="<results>/{dataset}/noise/preferred.parquet",
    log:
        "<logs>/measure_noise/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_noise.py"),
        rules=list(config["noise"]["rules"]),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --rules {params.rules} --flagged {input.flagged:q} --dynamics {input.dynamics:q}"
        " --summary {output.summary:q} --by-class {output.by_class:q} --preferred {output.preferred:q} --log {log:q}"
