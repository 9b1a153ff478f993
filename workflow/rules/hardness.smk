"""From stored dynamics to hardness, and from hardness to allocations."""


rule estimate_hardness:
    input:
        code=lambda wildcards: sources(
            "estimate_hardness.py", plugin=estimator_method(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
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
            method=estimator_method,
            direction=estimator_key("direction"),
            first_epoch=estimator_key("first_epoch", 0),
            last_epoch=estimator_key("last_epoch", 0),
            never_learned=never_learned,
        ),
    shell:
        "python {input.code[0]} {params.flags}"
        " --dataset {input.dataset:q} --plan {input.plan:q} --dynamics {input.dynamics:q} --members {params.members}"
        " --samples {output.samples:q} --classes {output.classes:q} --log {log:q}"


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
            offset=lookup("resampling/hardness_offset", within=config),
            compat=lookup("compat", within=config),
        ),
    shell:
        "python {input.code[0]} {params.flags}"
        " --classes {input.classes:q} --alpha {wildcards.alpha}"
        " --allocation {output:q} --log {log:q}"
