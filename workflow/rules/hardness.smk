"""From stored dynamics to hardness, and from hardness to allocations."""


rule estimate_hardness:
    input:
        code=lambda wildcards: sources(
            "estimate_hardness.py", plugin=estimator_method(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        ids="<results>/{dataset}/ids.parquet",
        plan=plan_of_source,
        dynamics=dynamics_of_source,
    output:
        samples="<results>/{dataset}/hardness/{estimator}/samples.parquet",
        classes="<results>/{dataset}/hardness/{estimator}/classes.csv",
    log:
        "<logs>/estimate_hardness/{dataset}/{estimator}.log",
    conda:
        "../../envs/training.yaml"
    params:
        code=lambda wildcards: digest(
            "estimate_hardness.py", plugin=estimator_method(wildcards)
        ),
        members=numbers_of_source,
        flags=flags(
            settings=estimator_text,
            plugins=plugins(estimator_method),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --ids {input.ids:q} --plan {input.plan:q} --dynamics {input.dynamics:q} --members {params.members}"
        " --samples {output.samples:q} --classes {output.classes:q} --log {log:q}"


# The control of a base is trained on its samples as they are.
use rule estimate_hardness as estimate_base_hardness with:
    input:
        code=lambda wildcards: sources(
            "estimate_hardness.py", plugin=estimator_method(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        ids="<results>/{dataset}/ids.parquet",
        plan=plan_of_base,
        dynamics=dynamics_of_base,
    output:
        samples="<results>/{dataset}/hardness/{estimator}/{base}/variant{variant}/samples.parquet",
        classes="<results>/{dataset}/hardness/{estimator}/{base}/variant{variant}/classes.csv",
    log:
        "<logs>/estimate_base_hardness/{dataset}/{estimator}_{base}_variant{variant}.log",
    params:
        members=members_of_base,


rule allocate_samples:
    input:
        code=sources("allocate_samples.py"),
        classes="<results>/{dataset}/hardness/{estimator}/classes.csv",
    output:
        "<results>/{dataset}/allocations/{estimator}/alpha{alpha}.csv",
    log:
        "<logs>/allocate_samples/{dataset}/{estimator}_alpha{alpha}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("allocate_samples.py"),
        flags=flags(
            offset=offset_of_estimator,
            balance=lookup("resampling/balance", within=config),
            compat=lookup("compat", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --classes {input.classes:q} --alpha {wildcards.alpha}"
        " --allocation {output:q} --log {log:q}"


use rule allocate_samples as allocate_base_samples with:
    input:
        code=sources("allocate_samples.py"),
        classes="<results>/{dataset}/hardness/{estimator}/{base}/variant{variant}/classes.csv",
    output:
        "<results>/{dataset}/allocations/{estimator}/{base}/variant{variant}/alpha{alpha}.csv",
    log:
        "<logs>/allocate_base_samples/{dataset}/{estimator}_{base}_variant{variant}_alpha{alpha}.log",


rule review_allocations:
    input:
        code=sources("review_allocations.py"),
        classes=collect(
            "<results>/{{dataset}}/hardness/{estimator}/classes.csv",
            estimator=allocated(),
        ),
        allocations=allocations_shown,
    output:
        review="<results>/{dataset}/allocations/review.csv",
        offsets="<results>/{dataset}/allocations/offsets.csv",
    log:
        "<logs>/review_allocations/{dataset}.log",
    # Its warnings are wanted before trainings begin.
    priority: 1
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("review_allocations.py"),
        order=allocated(),
        flags=flags(
            balance=lookup("resampling/balance", within=config),
            spread_warning=lookup("resampling/spread_warning", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --classes {input.classes:q} --allocations {input.allocations:q} --estimators {params.order:q}"
        " --dataset-name {wildcards.dataset:q}"
        " --review {output.review:q} --offsets {output.offsets:q} --log {log:q}"


rule measure_stability:
    input:
        code=lambda wildcards: sources(
            "measure_stability.py", plugin=estimator_method(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        plan=plan_of_source,
        dynamics=all_dynamics_of_source,
    output:
        pruning="<results>/{dataset}/stability/{estimator}/pruning.csv",
        allocation="<results>/{dataset}/stability/{estimator}/allocation.csv",
        ranks="<results>/{dataset}/stability/{estimator}/ranks.csv",
        members_enough="<results>/{dataset}/stability/{estimator}/members_enough.csv",
    log:
        "<logs>/measure_stability/{dataset}/{estimator}.log",
    conda:
        "../../envs/training.yaml"
    params:
        code=lambda wildcards: digest(
            "measure_stability.py", plugin=estimator_method(wildcards)
        ),
        flags=flags(
            settings=estimator_text,
            plugins=plugins(estimator_method),
            seed=lookup("seed", within=config),
            offset=offset_of_estimator,
            balance=lookup("resampling/balance", within=config),
            compat=lookup("compat", within=config),
            tolerance_percent=lookup("stability/tolerance_percent", within=config),
            partitions=lookup("stability/partitions", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --plan {input.plan:q} --dynamics {input.dynamics:q}"
        " --dataset-name {wildcards.dataset:q} --estimator {wildcards.estimator:q}"
        " --pruning {output.pruning:q} --allocation {output.allocation:q}"
        " --ranks {output.ranks:q} --members-enough {output.members_enough:q} --log {log:q}"


rule compare_estimators:
    input:
        code=sources("compare_estimators.py"),
        samples=collect(
            "<results>/{{dataset}}/hardness/{estimator}/samples.parquet",
            estimator=config["hardness"]["estimators"],
        ),
        classes=collect(
            "<results>/{{dataset}}/hardness/{estimator}/classes.csv",
            estimator=config["hardness"]["estimators"],
        ),
    output:
        correlations="<results>/{dataset}/estimators/correlations.csv",
        overlap="<results>/{dataset}/estimators/overlap.csv",
        uncertainty="<results>/{dataset}/estimators/uncertainty.csv",
    log:
        "<logs>/compare_estimators/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("compare_estimators.py"),
        order=list(config["hardness"]["estimators"]),
        flags=flags(
            seed=lookup("seed", within=config),
            alphas=",".join(map(alpha_text, config["resampling"]["alphas"])),
            offsets=",".join(
                plain(offset_by(config, name))
                for name in config["hardness"]["estimators"]
            ),
            balance=lookup("resampling/balance", within=config),
            compat=lookup("compat", within=config),
            resamples=lookup("statistics/resamples", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --samples {input.samples:q} --classes {input.classes:q} --estimators {params.order:q}"
        " --dataset-name {wildcards.dataset:q}"
        " --correlations {output.correlations:q} --overlap {output.overlap:q}"
        " --uncertainty {output.uncertainty:q} --log {log:q}"
