"""One rule trains every member of every condition: conditions differ by their plan alone."""


rule train_member:
    input:
        code=lambda wildcards: sources(
            "train_member.py", plugin=dataset_key("network")(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
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
            "train_member.py", plugin=dataset_key("network")(wildcards)
        ),
        flags=flags(
            seed=lookup("seed", within=config),
            network=dataset_key("network"),
            plugins=plugins(dataset_key("network")),
            width=dataset_key("width", 0),
            epochs=recipe_key("epochs"),
            batch_size=recipe_key("batch_size"),
            learning_rate=recipe_key("learning_rate"),
            momentum=recipe_key("momentum"),
            nesterov=recipe_key("nesterov"),
            weight_decay=recipe_key("weight_decay"),
            schedule=recipe_key("schedule"),
            milestones=lambda wildcards: ",".join(
                map(str, recipe_key("milestones")(wildcards))
            ),
            decay_factor=recipe_key("decay_factor"),
            warmup_epochs=recipe_key("warmup_epochs"),
            flip=recipe_key("flip"),
            crop_padding=recipe_key("crop_padding"),
            el2n_epoch=recipe_key("el2n_epoch"),
            precision=recipe_key("precision"),
            keep=keep_dynamics,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --plan {input.plan:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --variant {wildcards.variant} --member {wildcards.member}"
        " --threads {threads} --checkpoint-minutes {resources.checkpoint_minutes}"
        " --limit-minutes {resources.runtime} --code {params.code}"
        " --outcomes {output.outcomes:q} --dynamics {output.dynamics:q} --log {log:q}"
