"""From outcomes to measures, comparisons, notebooks and figures."""


rule measure_classes:
    input:
        code=sources("measure_classes.py"),
        outcomes=members_of("outcomes.npz"),
    output:
        classes="<results>/{dataset}/measures/{condition}/classes.csv",
        confusion="<results>/{dataset}/measures/{condition}/confusion.csv",
        history="<results>/{dataset}/measures/{condition}/history.csv",
        predictions="<results>/{dataset}/measures/{condition}/predictions.npz",
    log:
        "<logs>/measure_classes/{dataset}/{condition}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_classes.py"),
    shell:
        "python {input.code[0]:q}"
        " --outcomes {input.outcomes:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --classes {output.classes:q} --confusion {output.confusion:q} --history {output.history:q}"
        " --predictions {output.predictions:q} --log {log:q}"


rule list_conditions:
    input:
        code=sources("list_conditions.py"),
    output:
        conditions="<results>/{dataset}/conditions.csv",
        contrasts="<results>/{dataset}/contrasts.csv",
    log:
        "<logs>/list_conditions/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("list_conditions.py"),
        flags=flags(
            parts=json.dumps(condition_rows(config)),
            compared=json.dumps(contrasts_of(config)),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --conditions {output.conditions:q} --contrasts {output.contrasts:q} --log {log:q}"


rule measure_gaps:
    input:
        code=sources("measure_gaps.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=CONDITIONS,
        ),
        allocation=GROUPING,
    output:
        "<results>/{dataset}/gaps.csv",
    log:
        "<logs>/measure_gaps/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_gaps.py"),
        flags=flags(compat=lookup("compat", within=config)),
        # Inputs are compared as a set, yet their order is that of rows and figures.
        order=list(CONDITIONS),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --classes {input.classes:q} --allocation {input.allocation:q}"
        " --gaps {output:q} --log {log:q}"


rule trace_gaps:
    input:
        code=sources("trace_gaps.py"),
        outcomes=members_of("outcomes.npz"),
        allocation=GROUPING,
    output:
        "<results>/{dataset}/measures/{condition}/trajectory.csv",
    log:
        "<logs>/trace_gaps/{dataset}/{condition}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("trace_gaps.py"),
        flags=flags(compat=lookup("compat", within=config)),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --outcomes {input.outcomes:q} --allocation {input.allocation:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --trajectory {output:q} --log {log:q}"


rule relate_gaps:
    input:
        code=sources("relate_gaps.py"),
        trajectories=collect(
            "<results>/{{dataset}}/measures/{condition}/trajectory.csv",
            condition=TRACED,
        ),
        predictions=collect(
            "<results>/{{dataset}}/measures/{condition}/predictions.npz",
            condition=TRACED,
        ),
        contrasts="<results>/{dataset}/contrasts.csv",
        allocation=GROUPING,
        networks=published_networks,
    output:
        lines="<results>/{dataset}/gap_lines.csv",
        changes="<results>/{dataset}/gap_accuracy.csv",
    log:
        "<logs>/relate_gaps/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("relate_gaps.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            resamples=lookup("statistics/resamples", within=config),
            compat=lookup("compat", within=config),
        ),
        order=TRACED,
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --trajectories {input.trajectories:q} --predictions {input.predictions:q} --contrasts {input.contrasts:q}"
        " --allocation {input.allocation:q} --networks {input.networks:q} --dataset-name {wildcards.dataset:q}"
        " --lines {output.lines:q} --changes {output.changes:q} --log {log:q}"


rule compare_conditions:
    input:
        code=sources("compare_conditions.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=CONDITIONS,
        ),
        predictions=collect(
            "<results>/{{dataset}}/measures/{condition}/predictions.npz",
            condition=CONDITIONS,
        ),
        gaps="<results>/{dataset}/gaps.csv",
        allocation=GROUPING,
        conditions="<results>/{dataset}/conditions.csv",
        contrasts="<results>/{dataset}/contrasts.csv",
    output:
        class_differences="<results>/{dataset}/class_differences.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    log:
        "<logs>/compare_conditions/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("compare_conditions.py"),
        flags=flags(
            seed=lookup("seed", within=config),
            margin_points=lookup("statistics/margin_points", within=config),
            metrics=",".join(config["statistics"]["metrics"]),
            gap_names=",".join(config["statistics"]["gaps"]),
            resamples=lookup("statistics/resamples", within=config),
            compat=lookup("compat", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --classes {input.classes:q} --predictions {input.predictions:q} --gaps {input.gaps:q}"
        " --conditions {input.conditions:q} --contrasts {input.contrasts:q}"
        " --allocation {input.allocation:q} --dataset-name {wildcards.dataset:q}"
        " --class-differences {output.class_differences:q} --gap-differences {output.gap_differences:q} --log {log:q}"


rule find_suspects:
    input:
        code=sources("find_suspects.py"),
        dataset="<results>/{dataset}/dataset.npz",
        ids="<results>/{dataset}/ids.parquet",
        folds=f"<results>/{{dataset}}/folds/{GIVEN}/samples.parquet",
        outcomes=files_of_folds(GIVEN, "outcomes.npz"),
        samples=f"<results>/{{dataset}}/hardness/{config['noise']['estimator']}/samples.parquet",
        flagged=collect(
            "<results>/{{dataset}}/noise/{noise_rule}/samples.parquet",
            noise_rule=config["noise"]["rules"],
        ),
    output:
        "<results>/{dataset}/suspects.csv",
    log:
        "<logs>/find_suspects/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("find_suspects.py"),
        rules=list(config["noise"]["rules"]),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --ids {input.ids:q} --folds {input.folds:q} --outcomes {input.outcomes:q}"
        " --samples {input.samples:q} --rules {params.rules} --flagged {input.flagged:q}"
        " --suspects {output:q} --log {log:q}"


rule measure_suspects:
    input:
        code=sources("measure_suspects.py"),
        folds=f"<results>/{{dataset}}/folds/{PLANTED}/samples.parquet",
        outcomes=files_of_folds(PLANTED, "outcomes.npz"),
        dynamics=files_of_folds(PLANTED, "dynamics.npz"),
    output:
        "<results>/{dataset}/suspects_rules.csv",
    log:
        "<logs>/measure_suspects/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_suspects.py"),
        flags=flags(
            rules=lambda wildcards: json.dumps(config["noise"]["rules"]),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --folds {input.folds:q} --outcomes {input.outcomes:q} --dynamics {input.dynamics:q}"
        " --worth {output:q} --log {log:q}"


rule measure_published:
    input:
        code=sources("measure_published.py"),
        dataset="<results>/{dataset}/dataset.npz",
        reference="<results>/{dataset}/references/{reference}.npz",
    output:
        "<results>/{dataset}/references/{reference}.csv",
    log:
        "<logs>/measure_published/{dataset}/{reference}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_published.py"),
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --reference {input.reference:q}"
        " --table {output:q} --log {log:q}"


rule compare_with_humans:
    input:
        code=sources("compare_with_humans.py"),
        dataset="<results>/{dataset}/dataset.npz",
        prepared=prepared_references(references_named),
        samples=collect(
            "<results>/{{dataset}}/hardness/{estimator}/samples.parquet",
            estimator=config["hardness"]["estimators"],
        ),
        classes=collect(
            "<results>/{{dataset}}/hardness/{estimator}/classes.csv",
            estimator=config["hardness"]["estimators"],
        ),
        outcomes=[
            f"<results>/{{dataset}}/members/{BASELINE}/variant{variant}/member{member}/outcomes.npz"
            for variant, member in hardness_runs(config, BASELINE)
        ],
        flagged=collect(
            "<results>/{{dataset}}/noise/{noise_rule}/samples.parquet",
            noise_rule=config["noise"]["rules"],
        ),
    output:
        about="<results>/{dataset}/ground_truth/references.csv",
        doubt="<results>/{dataset}/ground_truth/classes.csv",
        order="<results>/{dataset}/ground_truth/order.csv",
        noise="<results>/{dataset}/ground_truth/noise.csv",
    log:
        "<logs>/compare_with_humans/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("compare_with_humans.py"),
        references=references_named,
        estimators=list(config["hardness"]["estimators"]),
        rules=list(config["noise"]["rules"]),
        flags=flags(
            settings=told_of_references,
            known_noise=lambda wildcards: known_noise(
                config["datasets"][wildcards.dataset]
            ),
            seed=lookup("seed", within=config),
            resamples=lookup("statistics/resamples", within=config),
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --dataset {input.dataset:q} --dataset-name {wildcards.dataset:q}"
        " --references {params.references:q} --prepared {input.prepared:q}"
        " --estimators {params.estimators:q} --samples {input.samples:q} --classes {input.classes:q}"
        " --outcomes {input.outcomes:q} --rules {params.rules:q} --flagged {input.flagged:q}"
        " --about {output.about:q} --doubt {output.doubt:q} --order {output.order:q} --noise {output.noise:q}"
        " --log {log:q}"


rule measure_doubtful:
    input:
        code=sources("measure_doubtful.py"),
        dataset="<results>/{dataset}/dataset.npz",
        prepared=prepared_references(people("train")),
        plans=[
            f"<results>/{{dataset}}/plans/{condition}/variant{variant}/plan.parquet"
            for condition, variant in every_plan()
        ],
    output:
        "<results>/{dataset}/ground_truth/doubtful.csv",
    log:
        "<logs>/measure_doubtful/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_doubtful.py"),
        references=people("train"),
        conditions=[condition for condition, _ in every_plan()],
        variants=[variant for _, variant in every_plan()],
    shell:
        "python {input.code[0]:q}"
        " --dataset {input.dataset:q} --references {params.references:q} --prepared {input.prepared:q}"
        " --conditions {params.conditions:q} --variants {params.variants} --plans {input.plans:q}"
        " --table {output:q} --log {log:q}"


rule render_baseline:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/baseline.py"),
        notebook=source("workflow/notebooks/baseline.py"),
        data="<results>/{dataset}/dataset.npz",
        classes="<results>/{dataset}/measures/baseline/classes.csv",
        history="<results>/{dataset}/measures/baseline/history.csv",
    output:
        **pages_of("baseline"),
    log:
        "<logs>/render_baseline/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/baseline.py"),
        name=lambda wildcards: wildcards.dataset,
        inputs=notebook_inputs,
        more=lambda wildcards, output: json.dumps(more_figures(Path(output.html).stem)),
    shell:
        "python {input.code[0]:q}"
        " --notebook {input.notebook:q} --dataset {params.name:q} --inputs {params.inputs:q}"
        " --more {params.more:q}"
        " --html {output.html:q} --log {log:q}"


use rule render_baseline as render_hardness with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/hardness.py"),
        notebook=source("workflow/notebooks/hardness.py"),
        data="<results>/{dataset}/dataset.npz",
        samples=collect(
            "<results>/{{dataset}}/hardness/{estimator}/samples.parquet",
            estimator=config["hardness"]["estimators"],
        ),
        classes=collect(
            "<results>/{{dataset}}/hardness/{estimator}/classes.csv",
            estimator=config["hardness"]["estimators"],
        ),
    output:
        **pages_of("hardness"),
    log:
        "<logs>/render_hardness/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/hardness.py"),
        order=list(config["hardness"]["estimators"]),


use rule render_baseline as render_robustness with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/robustness.py"),
        notebook=source("workflow/notebooks/robustness.py"),
        pruning=stability_tables("pruning"),
        allocation=stability_tables("allocation"),
        ranks=stability_tables("ranks"),
        members_enough=stability_tables("members_enough"),
        correlations="<results>/{dataset}/estimators/correlations.csv",
        overlap="<results>/{dataset}/estimators/overlap.csv",
        uncertainty="<results>/{dataset}/estimators/uncertainty.csv",
    output:
        **pages_of("robustness"),
    log:
        "<logs>/render_robustness/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/robustness.py"),
        order=list(config["hardness"]["estimators"]),


use rule render_baseline as render_noise with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/noise.py"),
        notebook=source("workflow/notebooks/noise.py"),
        data="<results>/{dataset}/dataset.npz",
        summary="<results>/{dataset}/noise/rules.csv",
        by_class="<results>/{dataset}/noise/classes.csv",
        preferred="<results>/{dataset}/noise/preferred.parquet",
        hardness=f"<results>/{{dataset}}/hardness/{config['noise']['estimator']}/classes.csv",
        flagged=collect(
            "<results>/{{dataset}}/noise/{noise_rule}/samples.parquet",
            noise_rule=config["noise"]["rules"],
        ),
        conditions=(
            "<results>/{dataset}/conditions.csv" if config["noise"]["denoised"] else []
        ),
        gap_differences=(
            "<results>/{dataset}/gap_differences.csv"
            if config["noise"]["denoised"]
            else []
        ),
    output:
        **pages_of("noise"),
    log:
        "<logs>/render_noise/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/noise.py"),
        order=list(config["noise"]["rules"]),


use rule render_baseline as render_suspects with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/suspects.py"),
        notebook=source("workflow/notebooks/suspects.py"),
        data="<results>/{dataset}/dataset.npz",
        suspects="<results>/{dataset}/suspects.csv",
        worth=(
            "<results>/{dataset}/suspects_rules.csv"
            if PLANTED in labellings(config)
            else []
        ),
    output:
        **pages_of("suspects"),
    log:
        "<logs>/render_suspects/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/suspects.py"),


use rule render_baseline as render_ground_truth with:
    input:
        code=sources(
            "render_notebook.py", notebook="workflow/notebooks/ground_truth.py"
        ),
        notebook=source("workflow/notebooks/ground_truth.py"),
        about="<results>/{dataset}/ground_truth/references.csv",
        doubt="<results>/{dataset}/ground_truth/classes.csv",
        order="<results>/{dataset}/ground_truth/order.csv",
        noise="<results>/{dataset}/ground_truth/noise.csv",
        doubtful="<results>/{dataset}/ground_truth/doubtful.csv",
        classes=collect(
            "<results>/{{dataset}}/hardness/{estimator}/classes.csv",
            estimator=config["hardness"]["estimators"],
        ),
        conditions="<results>/{dataset}/conditions.csv",
        known=collect(
            "<results>/{dataset}/ground_truth/noise.csv",
            dataset=[
                name for name, keys in config["datasets"].items() if known_noise(keys)
            ],
        ),
    output:
        **pages_of("ground_truth"),
    log:
        "<logs>/render_ground_truth/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/ground_truth.py"),
        order=list(config["hardness"]["estimators"]),


use rule render_baseline as render_allocation with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/allocation.py"),
        notebook=source("workflow/notebooks/allocation.py"),
        samples=collect(
            "<results>/{{dataset}}/hardness/{estimator}/samples.parquet",
            estimator=config["resampling"]["estimators"],
        ),
        allocations=allocations_shown,
        review="<results>/{dataset}/allocations/review.csv",
        offsets="<results>/{dataset}/allocations/offsets.csv",
        plans=collect(
            "<results>/{{dataset}}/plans/{condition}/variant1/plan.parquet",
            condition=of_kinds("control", "resampled"),
        ),
    output:
        **pages_of("allocation"),
    log:
        "<logs>/render_allocation/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/allocation.py"),
        inputs=allocation_inputs,
        order=config["resampling"]["estimators"],
        # Snakemake does not compare what is made of inputs.
        rows=json.dumps(rows_of_kinds("control", "resampled")),


use rule render_baseline as render_effect with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/effect.py"),
        notebook=source("workflow/notebooks/effect.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=of_kinds("baseline", "control", "resampled", "placebo"),
        ),
        gaps="<results>/{dataset}/gaps.csv",
        allocation=GROUPING,
        class_differences="<results>/{dataset}/class_differences.csv",
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("effect"),
    log:
        "<logs>/render_effect/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/effect.py"),


use rule render_baseline as render_pools with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/pools.py"),
        notebook=source("workflow/notebooks/pools.py"),
        pools=collect(
            "<results>/{{dataset}}/pools/{pool}/pool.npz", pool=pools_of(config)
        ),
        scores=collect(
            "<results>/{{dataset}}/pools/{pool}/scores.parquet", pool=pools_of(config)
        ),
        classes=collect(
            "<results>/{{dataset}}/pools/{pool}/classes.csv", pool=pools_of(config)
        ),
        gaps="<results>/{dataset}/gaps.csv",
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("pools"),
    log:
        "<logs>/render_pools/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/pools.py"),


use rule render_baseline as render_placebos with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/placebos.py"),
        notebook=source("workflow/notebooks/placebos.py"),
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("placebos"),
    log:
        "<logs>/render_placebos/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/placebos.py"),


use rule render_baseline as render_limited with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/limited.py"),
        notebook=source("workflow/notebooks/limited.py"),
        allocation=GROUPING,
        own=base_allocations,
        gaps="<results>/{dataset}/gaps.csv",
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("limited"),
    log:
        "<logs>/render_limited/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/limited.py"),


use rule render_baseline as render_precision with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/precision.py"),
        notebook=source("workflow/notebooks/precision.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=[
                *of_kinds("baseline", "control", "resampled"),
                *of_kinds("control", "limited", section="limited"),
            ],
        ),
        gaps="<results>/{dataset}/gaps.csv",
        allocation=GROUPING,
        class_differences="<results>/{dataset}/class_differences.csv",
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("precision"),
    log:
        "<logs>/render_precision/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/precision.py"),


use rule render_baseline as render_pruning with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/pruning.py"),
        notebook=source("workflow/notebooks/pruning.py"),
        samples=collect(
            "<results>/{{dataset}}/hardness/{estimator}/samples.parquet",
            estimator=config["pruning"]["estimators"],
        ),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=of_kinds("control", "pruned"),
        ),
        gaps="<results>/{dataset}/gaps.csv",
        allocation=GROUPING,
        conditions="<results>/{dataset}/conditions.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        **pages_of("pruning"),
    log:
        "<logs>/render_pruning/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/pruning.py"),
        order=config["pruning"]["estimators"],


use rule render_baseline as render_gap_and_accuracy with:
    input:
        code=sources(
            "render_notebook.py", notebook="workflow/notebooks/gap_and_accuracy.py"
        ),
        notebook=source("workflow/notebooks/gap_and_accuracy.py"),
        trajectories=collect(
            "<results>/{{dataset}}/measures/{condition}/trajectory.csv",
            condition=TRACED,
        ),
        lines="<results>/{dataset}/gap_lines.csv",
        changes="<results>/{dataset}/gap_accuracy.csv",
        conditions="<results>/{dataset}/conditions.csv",
        networks=published_networks,
    output:
        **pages_of("gap_and_accuracy"),
    log:
        "<logs>/render_gap_and_accuracy/{dataset}.log",
    params:
        code=digest(
            "render_notebook.py", notebook="workflow/notebooks/gap_and_accuracy.py"
        ),
        order=TRACED,


# Pages stand at the end of every path through the study: once they do, all else does.
rule record_checksums:
    input:
        code=sources("record_checksums.py"),
        pages=collect("<reports>/{{dataset}}/{chapter}.html", chapter=CHAPTERS),
        # The ledger shows it; not every study has a chapter on allocations.
        review=lambda wildcards: reviews([wildcards.dataset]),
        # No page shows them.
        scores=scores_of_dataset,
    output:
        "<results>/{dataset}/checksums.csv",
    log:
        "<logs>/record_checksums/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("record_checksums.py"),
    shell:
        "python {input.code[0]:q}"
        " --pages {input.pages:q}"
        " --record {output:q} --log {log:q}"
