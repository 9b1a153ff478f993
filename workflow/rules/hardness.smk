"""From stored dynamics to hardness, and from hardness to allocations."""


rule estimate_hardness:
    input:
        code=lambda wildcards: sources(
            "estimate_hardness.py", estimator_method(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        dynamics=collect(
            "<results>/{{dataset}}/members/baseline/variant0/member{member}/dynamics.npz",
            member=HARDNESS_MEMBERS,
        ),
    output:
        samples="<results>/{dataset}/hardness/{estimator}/samples.parquet",
        classes="<results>/{dataset}/hardness/{estimator}/classes.csv",
    log:
        "<logs>/estimate_hardness/{dataset}/{estimator}.log",
    conda:
        "../../envs/training.yaml"
    params:
        members=HARDNESS_MEMBERS,
        method=estimator_method,
        direction=estimator_key("direction"),
        first_epoch=estimator_key("first_epoch", 0),
        last_epoch=estimator_key("last_epoch", 0),
        never_learned=never_learned,
    shell:
        "python {input.code[0]}"
        " --dataset {input.dataset:q} --dynamics {input.dynamics:q} --members {params.members}"
        " --method {params.method:q} --direction={params.direction:q}"
        " --first-epoch {params.first_epoch} --last-epoch {params.last_epoch} --never-learned {params.never_learned}"
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
        offset=lookup("resampling/hardness_offset", within=config),
        compat=lookup("compat", within=config),
    shell:
        "python {input.code[0]}"
        " --classes {input.classes:q} --alpha {wildcards.alpha}"
        " --offset {params.offset} --compat {params.compat}"
        " --allocation {output:q} --log {log:q}"
