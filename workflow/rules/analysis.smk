"""From outcomes to measures, comparisons, notebooks and figures."""


rule measure_classes:
    input:
        code=sources("measure_classes.py"),
        outcomes=members_of("outcomes.npz"),
    output:
        classes="<results>/{dataset}/measures/{condition}/classes.csv",
        confusion="<results>/{dataset}/measures/{condition}/confusion.csv",
        history="<results>/{dataset}/measures/{condition}/history.csv",
    params:
        kind=condition_key("kind"),
        estimator=condition_key("estimator"),
        oversampling=condition_key("oversampling"),
        undersampling=condition_key("undersampling"),
        alpha=condition_key("alpha"),
    log:
        "<logs>/measure_classes/{dataset}/{condition}.log",
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {input.code[0]}"
        " --outcomes {input.outcomes:q}"
        " --dataset-name {wildcards.dataset:q} --condition {wildcards.condition:q} --kind {params.kind}"
        " --estimator={params.estimator:q} --oversampling={params.oversampling:q}"
        " --undersampling={params.undersampling:q} --alpha={params.alpha:q}"
        " --classes {output.classes:q} --confusion {output.confusion:q} --history {output.history:q} --log {log:q}"


rule measure_gaps:
    input:
        code=sources("measure_gaps.py"),
        classes=collect("<results>/{{dataset}}/measures/{condition}/classes.csv", condition=CONDITIONS),
        allocation=f"<results>/{{dataset}}/allocations/{config['resampling']['estimators'][0]}/alpha1.csv",
    output:
        "<results>/{dataset}/gaps.csv",
    log:
        "<logs>/measure_gaps/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {input.code[0]}"
        " --classes {input.classes:q} --allocation {input.allocation:q}"
        " --gaps {output:q} --log {log:q}"


rule compare_conditions:
    input:
        code=sources("compare_conditions.py"),
        classes=collect("<results>/{{dataset}}/measures/{condition}/classes.csv", condition=CONDITIONS),
        gaps="<results>/{dataset}/gaps.csv",
    output:
        class_differences="<results>/{dataset}/class_differences.csv",
        gap_differences="<results>/{dataset}/gap_differences.csv",
    log:
        "<logs>/compare_conditions/{dataset}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {input.code[0]}"
        " --classes {input.classes:q} --gaps {input.gaps:q}"
        " --class-differences {output.class_differences:q} --gap-differences {output.gap_differences:q} --log {log:q}"
