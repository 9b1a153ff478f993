"""Conditions: each is a plan, drawn once a variant."""


rule plan_resampled:
    input:
        code=sources("plan_resampled.py"),
        dataset="<results>/{dataset}/dataset.npz",
        samples="<results>/{dataset}/hardness/{estimator}/samples.parquet",
        allocation="<results>/{dataset}/allocations/{estimator}/alpha{alpha}.csv",
    output:
        plan="<results>/{dataset}/plans/resampled-{estimator}-{oversampling}-{undersampling}-alpha{alpha}/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/resampled-{estimator}-{oversampling}-{undersampling}-alpha{alpha}/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_resampled/{dataset}/{estimator}-{oversampling}-{undersampling}-alpha{alpha}_variant{variant}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("plan_resampled.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            sharpness=lookup("resampling/sharpness", within=config),
            oversampling=lambda wildcards: wildcards.oversampling,
            undersampling=lambda wildcards: wildcards.undersampling,
        ),
    shell:
        "python {input.code[0]} {params.flags}"
        " --dataset {input.dataset:q} --samples {input.samples:q} --allocation {input.allocation:q}"
        " --dataset-name {wildcards.dataset:q} --variant {wildcards.variant}"
        " --plan {output.plan:q} --synthetic {output.synthetic:q} --log {log:q}"


# The control runs the very same code with the allocation of alpha 0; on balanced data no strategy then changes anything.
use rule plan_resampled as plan_control with:
    input:
        code=sources("plan_resampled.py"),
        dataset="<results>/{dataset}/dataset.npz",
        samples=f"<results>/{{dataset}}/hardness/{config['resampling']['estimators'][0]}/samples.parquet",
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv",
    output:
        plan="<results>/{dataset}/plans/control/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/control/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_control/{dataset}/variant{variant}.log",
    params:
        code=digest("plan_resampled.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            sharpness=lookup("resampling/sharpness", within=config),
            oversampling="random",
            undersampling="easy",
        ),
