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
        "python {input.code[0]:q} {params.flags}"
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


# What is resampled by the hardness of a denoised condition is compared with a control of the same samples.
use rule plan_resampled as plan_control_of_source with:
    input:
        code=sources("plan_resampled.py"),
        dataset="<results>/{dataset}/dataset.npz",
        samples=samples_of_source,
        allocation=allocation_of_source,
    output:
        plan="<results>/{dataset}/plans/control-{source}/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/control-{source}/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_control/{dataset}/{source}_variant{variant}.log",
    params:
        code=digest("plan_resampled.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            sharpness=lookup("resampling/sharpness", within=config),
            oversampling="random",
            undersampling="easy",
        ),


rule allocate_placebo:
    input:
        code=sources("allocate_placebo.py"),
        allocation="<results>/{dataset}/allocations/{estimator}/alpha0.csv",
    output:
        "<results>/{dataset}/allocations/{estimator}/placebo-{placebo}-alpha{alpha}/variant{variant}.csv",
    log:
        "<logs>/allocate_placebo/{dataset}/{estimator}_{placebo}_alpha{alpha}_variant{variant}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("allocate_placebo.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            compat=lookup("compat", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --allocation {input.allocation:q} --alpha {wildcards.alpha} --kind {wildcards.placebo}"
        " --dataset-name {wildcards.dataset:q} --variant {wildcards.variant}"
        " --placebo {output:q} --log {log:q}"


use rule plan_resampled as plan_placebo with:
    input:
        code=sources("plan_resampled.py"),
        dataset="<results>/{dataset}/dataset.npz",
        samples="<results>/{dataset}/hardness/{estimator}/samples.parquet",
        allocation="<results>/{dataset}/allocations/{estimator}/placebo-{placebo}-alpha{alpha}/variant{variant}.csv",
    output:
        plan="<results>/{dataset}/plans/placebo-{placebo}-{estimator}-{oversampling}-{undersampling}-alpha{alpha}/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/placebo-{placebo}-{estimator}-{oversampling}-{undersampling}-alpha{alpha}/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_placebo/{dataset}/{placebo}-{estimator}-{oversampling}-{undersampling}-alpha{alpha}_variant{variant}.log",


rule plan_pruned:
    input:
        code=sources("plan_pruned.py"),
        dataset="<results>/{dataset}/dataset.npz",
        samples="<results>/{dataset}/hardness/{estimator}/samples.parquet",
    output:
        plan="<results>/{dataset}/plans/pruned-{estimator}-{method}-{rate}/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/pruned-{estimator}-{method}-{rate}/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_pruned/{dataset}/{estimator}-{method}-{rate}_variant{variant}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("plan_pruned.py"),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --samples {input.samples:q}"
        " --method {wildcards.method} --rate {wildcards.rate}"
        " --plan {output.plan:q} --synthetic {output.synthetic:q} --log {log:q}"


rule plan_threshold:
    input:
        code=sources("plan_threshold.py"),
        dataset="<results>/{dataset}/dataset.npz",
    output:
        plan="<results>/{dataset}/plans/threshold/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/threshold/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_threshold/{dataset}/variant{variant}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("plan_threshold.py"),
        flags=flags(seed=lookup("seed", within=config)),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q}"
        " --dataset-name {wildcards.dataset:q} --variant {wildcards.variant}"
        " --plan {output.plan:q} --synthetic {output.synthetic:q} --log {log:q}"


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
            method=noise_key("method"),
            count=noise_key("count", 0),
            threshold=noise_key("threshold", 0),
            percentile=noise_key("percentile", 0),
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


rule plan_denoised:
    input:
        code=sources("plan_denoised.py"),
        dataset="<results>/{dataset}/dataset.npz",
        flagged="<results>/{dataset}/noise/{noise_rule}/samples.parquet",
    output:
        plan="<results>/{dataset}/plans/denoised-{noise_rule}/variant{variant}/plan.parquet",
        synthetic="<results>/{dataset}/plans/denoised-{noise_rule}/variant{variant}/synthetic.npz",
    log:
        "<logs>/plan_denoised/{dataset}/{noise_rule}_variant{variant}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("plan_denoised.py"),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --flagged {input.flagged:q}"
        " --plan {output.plan:q} --synthetic {output.synthetic:q} --log {log:q}"
