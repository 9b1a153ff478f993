"""From archives, folders and arrays to one prepared file and the baseline's plan."""


rule download_archive:
    input:
        code=sources("download_archive.py"),
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
    params:
        mirror=archive_key("mirror"),
        folder=archive_key("archive_folder"),
    shell:
        "python {input.code[0]}"
        " --mirror={params.mirror:q} --folder={params.folder:q}"
        " --output {output:q} --log {log:q}"


rule prepare_dataset:
    input:
        code=sources("prepare_dataset.py"),
        # Archives are known by their checksum: one fetched again is the same one.
        archives=ancient(archive_files),
    output:
        "<results>/{dataset}/dataset.npz",
    log:
        "<logs>/prepare_dataset/{dataset}.log",
    conda:
        "../../envs/training.yaml"
    params:
        source=dataset_key("source"),
        name=dataset_key("name"),
        root=dataset_key("root"),
        image_size=dataset_key("image_size", 0),
        test_fraction=dataset_key("test_fraction"),
        split_seed=dataset_key("split_seed", 0),
        fingerprint=folder_fingerprint,
    shell:
        "python {input.code[0]}"
        " --source {params.source:q} --name={params.name:q} --root={params.root:q} --archives {input.archives:q}"
        " --image-size {params.image_size} --test-fraction={params.test_fraction:q} --split-seed {params.split_seed}"
        " --output {output:q} --log {log:q}"


rule plan_baseline:
    input:
        code=sources("plan_baseline.py"),
        dataset="<results>/{dataset}/dataset.npz",
    output:
        plan="<results>/{dataset}/plans/baseline/variant0/plan.parquet",
        synthetic="<results>/{dataset}/plans/baseline/variant0/synthetic.npz",
    log:
        "<logs>/plan_baseline/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {input.code[0]}"
        " --dataset {input.dataset:q}"
        " --plan {output.plan:q} --synthetic {output.synthetic:q} --log {log:q}"
