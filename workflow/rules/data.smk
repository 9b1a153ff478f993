"""From archives, folders and arrays to one prepared file."""


rule download_archive:
    input:
        # An archive is known by its checksum: other code or another address would fetch the same one.
        code=ancient(sources("download_archive.py")),
    output:
        "<resources>/{archive}",
    log:
        "<logs>/download_archive/{archive}.log",
    wildcard_constraints:
        archive="|".join(
            archive.filename for archives in ARCHIVES.values() for archive in archives
        ),
    localrule: True
    conda:
        "../../envs/training.yaml"
    resources:
        mirror=archive_key("mirror"),
        folder=archive_key("archive_folder"),
    shell:
        "python {input.code[0]:q} --mirror={resources.mirror:q} --folder={resources.folder:q}"
        " --output {output:q} --log {log:q}"


rule prepare_dataset:
    input:
        code=sources("prepare_dataset.py"),
        # Archives are known by their checksum: one fetched again is the same one. Arrays are known by their fingerprint.
        archives=ancient(archive_files),
        labels=ancient(labels_file),
    output:
        # Not deleted before there is another: a source that cannot be read would take all that was made from it along.
        data=update("<results>/{dataset}/dataset.npz"),
        ids=update("<results>/{dataset}/ids.parquet"),
    log:
        "<logs>/prepare_dataset/{dataset}.log",
    conda:
        "../../envs/training.yaml"
    resources:
        # No parameter: another strategy makes no other data.
        least_samples=str(least_samples(config)),
        least_classes=str(least_classes(config)),
        # Where the images lie is no part of what they are.
        root=dataset_key("root"),
    params:
        code=digest("prepare_dataset.py"),
        data=data_fingerprint,
        labels_data=labels_fingerprint,
        flags=flags(
            source=dataset_key("source"),
            name=dataset_key("name"),
            image_size=dataset_key("image_size", 0),
            test_fraction=dataset_key("test_fraction"),
            split_seed=dataset_key("split_seed", 0),
            flipped_labels=dataset_key("flipped_labels"),
            flip_seed=dataset_key("flip_seed", 0),
            labels=lambda wildcards: (
                LABELS[wildcards.dataset].text if LABELS[wildcards.dataset] else ""
            ),
        ),
    shell:
        "python {input.code[0]:q} {params.flags} --root={resources.root:q} --least-samples {resources.least_samples}"
        " --least-classes {resources.least_classes}"
        " --labels-file={input.labels:q}"
        " --archives {input.archives:q} --output {output.data:q} --ids {output.ids:q} --log {log:q}"


rule prepare_pool:
    input:
        code=sources("prepare_pool.py"),
        dataset="<results>/{dataset}/dataset.npz",
        # Known by its fingerprint, as the arrays of a data set are.
        file=ancient(pool_key("file", [])),
    output:
        "<results>/{dataset}/pools/{pool}/pool.npz",
    log:
        "<logs>/prepare_pool/{dataset}/{pool}.log",
    conda:
        "../../envs/training.yaml"
    # Sums in another order would make another pool.
    threads: 1
    resources:
        # Where the images lie is no part of what they are.
        path=lambda wildcards: pool_keys(wildcards).path,
    params:
        code=digest("prepare_pool.py"),
        data=pool_fingerprint,
        flags=flags(
            seed=lookup("seed", within=config),
            pool=lambda wildcards: pool_keys(wildcards).text,
        ),
    shell:
        "python {input.code[0]:q} {params.flags} --path={resources.path:q}"
        " --dataset {input.dataset:q} --dataset-name {wildcards.dataset:q} --name {wildcards.pool:q}"
        " --output {output:q} --log {log:q}"


rule prepare_reference:
    input:
        code=sources("prepare_reference.py"),
        dataset="<results>/{dataset}/dataset.npz",
        ids="<results>/{dataset}/ids.parquet",
        # Known by its fingerprint, as the arrays of a data set are.
        file=ancient(lambda wildcards: reference_of(wildcards).file),
    output:
        "<results>/{dataset}/references/{reference}.npz",
    log:
        "<logs>/prepare_reference/{dataset}/{reference}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("prepare_reference.py"),
        data=lambda wildcards: fingerprint_of_reference(
            Path(reference_of(wildcards).file)
        ),
        flags=flags(
            reference=lambda wildcards: reference_of(wildcards).text,
            part=lambda wildcards: reference_of(wildcards).part,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --ids {input.ids:q} --file {input.file:q}"
        " --dataset-name {wildcards.dataset:q} --name {wildcards.reference:q}"
        " --output {output:q} --log {log:q}"


# Every image is left out of some training: test images stand in folds beside those of the training set.
rule divide_folds:
    input:
        code=sources("divide_folds.py"),
        dataset="<results>/{dataset}/dataset.npz",
    output:
        "<results>/{dataset}/folds/{condition}/samples.parquet",
    log:
        "<logs>/divide_folds/{dataset}/{condition}.log",
    localrule: True
    conda:
        "../../envs/training.yaml"
    params:
        code=digest("divide_folds.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            folds=lookup("suspects/folds", within=config),
            share=share_to_plant,
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --dataset-name {wildcards.dataset:q} --table {output:q} --log {log:q}"


rule prepare_fold:
    input:
        code=sources("prepare_fold.py"),
        dataset="<results>/{dataset}/dataset.npz",
        folds="<results>/{dataset}/folds/{condition}/samples.parquet",
    output:
        data="<results>/{dataset}/folds/{condition}/variant{variant}/dataset.npz",
        plan="<results>/{dataset}/folds/{condition}/variant{variant}/plan.parquet",
    log:
        "<logs>/prepare_fold/{dataset}/{condition}_variant{variant}.log",
    localrule: True
    conda:
        "../../envs/training.yaml"
    params:
        code=digest("prepare_fold.py"),
        flags=flags(mirrored=is_mirrored),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --folds {input.folds:q} --fold {wildcards.variant}"
        " --output {output.data:q} --plan {output.plan:q} --log {log:q}"
