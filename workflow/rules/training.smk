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
        "python {input.code[0]:q} --dataset {input.dataset:q} --whitening {output:q} --log {log:q}"


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
        weights="<results>/{dataset}/members/{condition}/variant{variant}/member{member}/weights.npz",
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
            keep_weights=keep_weights,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --whitening {input.whitening:q} --plan {input.plan:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --variant {wildcards.variant} --member {wildcards.member}"
        " --threads {threads} --checkpoint-minutes {resources.checkpoint_minutes}"
        " --limit-minutes {resources.runtime} --code {params.code}"
        " --outcomes {output.outcomes:q} --dynamics {output.dynamics:q} --weights {output.weights:q} --log {log:q}"


# A fold is a variant: its data are all images but those left out, which it is tested on.
use rule fit_whitening as fit_fold_whitening with:
    input:
        code=sources("fit_whitening.py"),
        dataset="<results>/{dataset}/folds/{condition}/variant{variant}/dataset.npz",
    output:
        "<results>/{dataset}/folds/{condition}/variant{variant}/whitening.npz",
    log:
        "<logs>/fit_fold_whitening/{dataset}/{condition}_variant{variant}.log",


use rule train_member as train_fold with:
    input:
        code=lambda wildcards: sources(
            "train_member.py", plugin=network_builder(wildcards)
        ),
        dataset="<results>/{dataset}/folds/{condition}/variant{variant}/dataset.npz",
        whitening=whitening_of_fold,
        plan="<results>/{dataset}/folds/{condition}/variant{variant}/plan.parquet",
    output:
        outcomes="<results>/{dataset}/folds/{condition}/variant{variant}/member{member}/outcomes.npz",
        dynamics="<results>/{dataset}/folds/{condition}/variant{variant}/member{member}/dynamics.npz",
        weights="<results>/{dataset}/folds/{condition}/variant{variant}/member{member}/weights.npz",
    log:
        "<logs>/train_fold/{dataset}/{condition}/variant{variant}_member{member}.log",
    benchmark:
        "<benchmarks>/train_fold/{dataset}/{condition}/variant{variant}_member{member}.tsv"


# Apart from the training, so that another set of images trains nothing again.
rule score_images:
    input:
        code=lambda wildcards: sources(
            "score_images.py", plugin=network_builder(wildcards)
        ),
        dataset="<results>/{dataset}/dataset.npz",
        whitening=whitening_of_network,
        weights="<results>/{dataset}/members/{condition}/variant{variant}/member{member}/weights.npz",
        # A user's file is known by its fingerprint, as the arrays of a data set are. What is the workflow's own is never declared
        # as ancient: where a file is declared twice, that would hold for both.
        images=ancient(users_images),
        own=own_images,
    output:
        "<results>/{dataset}/members/{condition}/variant{variant}/member{member}/scores/{images}.npz",
    log:
        "<logs>/score_images/{dataset}/{condition}/variant{variant}_member{member}_{images}.log",
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=lambda wildcards: digest(
            "score_images.py", plugin=network_builder(wildcards)
        ),
        data=fingerprint_to_score,
        flags=flags(
            array=array_to_score,
            plugins=plugins(dataset_key("network")),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --weights {input.weights:q} --whitening {input.whitening:q}"
        " --images {wildcards.images:q} --file {input.images:q} {input.own:q}"
        " --variant {wildcards.variant} --member {wildcards.member}"
        " --threads {threads} --scores {output:q} --log {log:q}"


rule score_pool:
    input:
        code=sources("score_pool.py"),
        dataset="<results>/{dataset}/dataset.npz",
        pool="<results>/{dataset}/pools/{pool}/pool.npz",
        scores=lambda wildcards: scores_of_members(wildcards, wildcards.pool),
        real=lambda wildcards: scores_of_members(wildcards, TRAIN),
    output:
        scores="<results>/{dataset}/pools/{pool}/scores.parquet",
        classes="<results>/{dataset}/pools/{pool}/classes.csv",
    log:
        "<logs>/score_pool/{dataset}/{pool}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("score_pool.py"),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --pool {input.pool:q} --scores {input.scores:q} --real {input.real:q}"
        " --name {wildcards.pool:q} --table {output.scores:q} --classes {output.classes:q} --log {log:q}"
