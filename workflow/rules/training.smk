"""One rule trains every member of every condition: conditions differ by their plan alone."""


rule fit_whitening:
    input:
        code=sources("fit_whitening.py"),
        dataset="<results>/{dataset}/dataset.npz",
    output:
        "<results>/{dataset}/whitening.npz",
    log:
        "<logs>/fit_whitening/{dataset}.log",
    conda:
        "../../envs/training.yaml"
    params:
        code=digest("fit_whitening.py"),
    shell:
        "python {input.code[0]} --dataset {input.dataset:q} --whitening {output:q} --log {log:q}"


rule train_member:
    input:
        code=lambda wildcards: sources(
            "train_member.py", plugin=network_builder(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        whitening=whitening_of_network,
        plan="<results>/{dataset}/plans/{condition}/variant{variant}/plan.parquet",
    output:
        outcomes="<results>/{dataset}/members/{condition}/variant{variant}/member{member}/outcomes.npz",
        dynamics="<results>/{dataset}/members/{condition}/variant{variant}/member{member}/dynamics.npz",
    log:
        "<logs>/train_member/{dataset}/{condition}/variant{variant}_member{member}.log",
    benchmark:
        "<benchmarks>/train_member/{dataset}/{condition}/variant{variant}_member{member}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
        # A resource, not a parameter: changing it reruns nothing.
        checkpoint_minutes=str(config["checkpoint_minutes"]),
    params:
        code=lambda wildcards: digest(
            "train_member.py", plugin=network_builder(wildcards)
        ),
        flags=flags(
            seed=lookup("seed", within=config),
            network=dataset_key("network"),
            plugins=plugins(dataset_key("network")),
            network_settings=lambda wildcards: json.dumps(
                network_settings(config["datasets"][wildcards.dataset]), sort_keys=True
            ),
            recipe=recipe_of,
            keep=keep_dynamics,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --whitening {input.whitening:q} --plan {input.plan:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --variant {wildcards.variant} --member {wildcards.member}"
        " --threads {threads} --checkpoint-minutes {resources.checkpoint_minutes}"
        " --limit-minutes {resources.runtime} --code {params.code}"
        " --outcomes {output.outcomes:q} --dynamics {output.dynamics:q} --log {log:q}"
