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
        flags=flags(**{part: condition_key(part) for part in PARTS}),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --outcomes {input.outcomes:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q}"
        " --classes {output.classes:q} --confusion {output.confusion:q} --history {output.history:q}"
        " --predictions {output.predictions:q} --log {log:q}"


rule measure_gaps:
    input:
        code=sources("measure_gaps.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=CONDITIONS,
        ),
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv",
    output:
        "<results>/{dataset}/gaps.csv",
    log:
        "<logs>/measure_gaps/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("measure_gaps.py"),
        # Inputs are compared as a set, yet their order is that of rows and figures.
        order=list(CONDITIONS),
    shell:
        "python {input.code[0]:q}"
        " --classes {input.classes:q} --allocation {input.allocation:q}"
        " --gaps {output:q} --log {log:q}"


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
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv",
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
        ),
    shell:
        "python {input.code[0]:q} {params.flags}"
        " --classes {input.classes:q} --predictions {input.predictions:q} --gaps {input.gaps:q}"
        " --allocation {input.allocation:q} --dataset-name {wildcards.dataset:q}"
        " --class-differences {output.class_differences:q} --gap-differences {output.gap_differences:q} --log {log:q}"


rule render_baseline:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/baseline.py"),
        notebook=source("workflow/notebooks/baseline.py"),
        data="<results>/{dataset}/dataset.npz",
        classes="<results>/{dataset}/measures/baseline/classes.csv",
        history="<results>/{dataset}/measures/baseline/history.csv",
    output:
        html=report(
            "<reports>/{dataset}/baseline.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("baseline", "data and baseline"),
            },
        ),
        images=report(
            "<reports>/{dataset}/figures/images.svg",
            caption="../report/images.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "training images"},
        ),
        images_png="<reports>/{dataset}/figures/images.png",
        learning_curves=report(
            "<reports>/{dataset}/figures/learning_curves.svg",
            caption="../report/learning_curves.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "learning curves"},
        ),
        learning_curves_png="<reports>/{dataset}/figures/learning_curves.png",
        class_recall=report(
            "<reports>/{dataset}/figures/class_recall.svg",
            caption="../report/class_recall.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "class recall (v1, figure 1)"},
        ),
        class_recall_png="<reports>/{dataset}/figures/class_recall.png",
    log:
        "<logs>/render_baseline/{dataset}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/baseline.py"),
        name=lambda wildcards: wildcards.dataset,
        inputs=notebook_inputs,
    shell:
        "python {input.code[0]:q}"
        " --notebook {input.notebook:q} --dataset {params.name:q} --inputs {params.inputs:q}"
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
        html=report(
            "<reports>/{dataset}/hardness.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("hardness", "hardness"),
            },
        ),
        hardness_distributions=report(
            "<reports>/{dataset}/figures/hardness_distributions.svg",
            caption="../report/hardness_distributions.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "hardness per class"},
        ),
        hardness_distributions_png="<reports>/{dataset}/figures/hardness_distributions.png",
        class_order=report(
            "<reports>/{dataset}/figures/class_order.svg",
            caption="../report/class_order.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "class order by estimator"},
        ),
        class_order_png="<reports>/{dataset}/figures/class_order.png",
        easiest_images=report(
            "<reports>/{dataset}/figures/easiest_images.svg",
            caption="../report/picture_sheet.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "easiest images"},
        ),
        easiest_images_png="<reports>/{dataset}/figures/easiest_images.png",
        hardest_images=report(
            "<reports>/{dataset}/figures/hardest_images.svg",
            caption="../report/picture_sheet.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "hardest images"},
        ),
        hardest_images_png="<reports>/{dataset}/figures/hardest_images.png",
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
        html=report(
            "<reports>/{dataset}/robustness.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("robustness", "robustness of hardness"),
            },
        ),
        pruning_stability=report(
            "<reports>/{dataset}/figures/pruning_stability.svg",
            caption="../report/pruning_stability.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "stability of pruned samples (v1, figure 7)",
            },
        ),
        pruning_stability_png="<reports>/{dataset}/figures/pruning_stability.png",
        allocation_stability=report(
            "<reports>/{dataset}/figures/allocation_stability.svg",
            caption="../report/allocation_stability.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "stability of the allocation (v1, figure 8)",
            },
        ),
        allocation_stability_png="<reports>/{dataset}/figures/allocation_stability.png",
        members_enough=report(
            "<reports>/{dataset}/figures/members_enough.svg",
            caption="../report/members_enough.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "members that are enough"},
        ),
        members_enough_png="<reports>/{dataset}/figures/members_enough.png",
        estimator_agreement=report(
            "<reports>/{dataset}/figures/estimator_agreement.svg",
            caption="../report/estimator_agreement.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "agreement of estimators"},
        ),
        estimator_agreement_png="<reports>/{dataset}/figures/estimator_agreement.png",
        estimator_overlap=report(
            "<reports>/{dataset}/figures/estimator_overlap.svg",
            caption="../report/estimator_overlap.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "overlap of estimators (v1, figure 10)",
            },
        ),
        estimator_overlap_png="<reports>/{dataset}/figures/estimator_overlap.png",
        class_uncertainty=report(
            "<reports>/{dataset}/figures/class_uncertainty.svg",
            caption="../report/class_uncertainty.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "uncertainty of classes"},
        ),
        class_uncertainty_png="<reports>/{dataset}/figures/class_uncertainty.png",
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
        gap_differences=(
            "<results>/{dataset}/gap_differences.csv"
            if config["noise"]["denoised"]
            else []
        ),
    output:
        html=report(
            "<reports>/{dataset}/noise.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("noise", "label noise"),
            },
        ),
        noise_detection=report(
            "<reports>/{dataset}/figures/noise_detection.svg",
            caption="../report/noise_detection.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "rules of label noise"},
        ),
        noise_detection_png="<reports>/{dataset}/figures/noise_detection.png",
        noise_by_class=report(
            "<reports>/{dataset}/figures/noise_by_class.svg",
            caption="../report/noise_by_class.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "label noise by class (v1, figure 5a)",
            },
        ),
        noise_by_class_png="<reports>/{dataset}/figures/noise_by_class.png",
        cumulative_aum=report(
            "<reports>/{dataset}/figures/cumulative_aum.svg",
            caption="../report/cumulative_aum.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "samples below an AUM (v1, figure 5b)",
            },
        ),
        cumulative_aum_png="<reports>/{dataset}/figures/cumulative_aum.png",
        lowest_images=report(
            "<reports>/{dataset}/figures/lowest_images.svg",
            caption="../report/lowest_images.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "images of lowest AUM (v1, figure 6)",
            },
        ),
        lowest_images_png="<reports>/{dataset}/figures/lowest_images.png",
    log:
        "<logs>/render_noise/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/noise.py"),
        order=list(config["noise"]["rules"]),


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
        html=report(
            "<reports>/{dataset}/allocation.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("allocation", "allocation and plans"),
            },
        ),
        allocation=report(
            "<reports>/{dataset}/figures/allocation.svg",
            caption="../report/allocation.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "samples per class (v1, figure 4)",
            },
        ),
        allocation_png="<reports>/{dataset}/figures/allocation.png",
        drawing_rates=report(
            "<reports>/{dataset}/figures/drawing_rates.svg",
            caption="../report/drawing_rates.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "effective sampling"},
        ),
        drawing_rates_png="<reports>/{dataset}/figures/drawing_rates.png",
        offset_influence=report(
            "<reports>/{dataset}/figures/offset_influence.svg",
            caption="../report/offset_influence.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "influence of the offset"},
        ),
        offset_influence_png="<reports>/{dataset}/figures/offset_influence.png",
    log:
        "<logs>/render_allocation/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/allocation.py"),
        order=[*of_kinds("control", "resampled"), *config["resampling"]["estimators"]],


use rule render_baseline as render_effect with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/effect.py"),
        notebook=source("workflow/notebooks/effect.py"),
        classes=collect(
            "<results>/{{dataset}}/measures/{condition}/classes.csv",
            condition=of_kinds("baseline", "control", "resampled", "placebo"),
        ),
        gaps="<results>/{dataset}/gaps.csv",
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv",
        class_differences="<results>/{dataset}/class_differences.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        html=report(
            "<reports>/{dataset}/effect.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("effect", "effect of resampling"),
            },
        ),
        recall_by_class=report(
            "<reports>/{dataset}/figures/recall_by_class.svg",
            caption="../report/recall_by_class.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "class recall by condition (v1, figure 9)",
            },
        ),
        recall_by_class_png="<reports>/{dataset}/figures/recall_by_class.png",
        class_changes=report(
            "<reports>/{dataset}/figures/class_changes.svg",
            caption="../report/class_changes.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "change by class (v1, figure 11)",
            },
        ),
        class_changes_png="<reports>/{dataset}/figures/class_changes.png",
        gap_changes=report(
            "<reports>/{dataset}/figures/gap_changes.svg",
            caption="../report/gap_changes.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "change of the gaps"},
        ),
        gap_changes_png="<reports>/{dataset}/figures/gap_changes.png",
    log:
        "<logs>/render_effect/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/effect.py"),


use rule render_baseline as render_placebos with:
    input:
        code=sources("render_notebook.py", notebook="workflow/notebooks/placebos.py"),
        notebook=source("workflow/notebooks/placebos.py"),
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        html=report(
            "<reports>/{dataset}/placebos.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("placebos", "placebos"),
            },
        ),
        placebos=report(
            "<reports>/{dataset}/figures/placebos.svg",
            caption="../report/placebos.rst",
            category="Figures",
            labels={"data set": "{dataset}", "figure": "true hardness and placebos"},
        ),
        placebos_png="<reports>/{dataset}/figures/placebos.png",
    log:
        "<logs>/render_placebos/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/placebos.py"),


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
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha0.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    output:
        html=report(
            "<reports>/{dataset}/pruning.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={
                "data set": "{dataset}",
                "notebook": chapter("pruning", "pruning"),
            },
        ),
        pruned_share=report(
            "<reports>/{dataset}/figures/pruned_share.svg",
            caption="../report/pruned_share.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "class share that DLP prunes (v1, figure S4)",
            },
        ),
        pruned_share_png="<reports>/{dataset}/figures/pruned_share.png",
        pruning_recall=report(
            "<reports>/{dataset}/figures/pruning_recall.svg",
            caption="../report/pruning_recall.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "mean recall, DLP and CLP (v1, figure 12)",
            },
        ),
        pruning_recall_png="<reports>/{dataset}/figures/pruning_recall.png",
        pruning_gaps=report(
            "<reports>/{dataset}/figures/pruning_gaps.svg",
            caption="../report/pruning_gaps.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "recall gaps, DLP and CLP (v1, figure S5)",
            },
        ),
        pruning_gaps_png="<reports>/{dataset}/figures/pruning_gaps.png",
        pruning_classes=report(
            "<reports>/{dataset}/figures/pruning_classes.svg",
            caption="../report/pruning_classes.rst",
            category="Figures",
            labels={
                "data set": "{dataset}",
                "figure": "class recall, DLP and CLP (v1, figure S6)",
            },
        ),
        pruning_classes_png="<reports>/{dataset}/figures/pruning_classes.png",
    log:
        "<logs>/render_pruning/{dataset}.log",
    params:
        code=digest("render_notebook.py", notebook="workflow/notebooks/pruning.py"),
        order=config["pruning"]["estimators"],


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
