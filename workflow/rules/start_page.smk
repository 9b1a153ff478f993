"""From the tables of the study to the page that it begins with, which answers in words, and to the report's opening."""


rule write_start_page:
    input:
        code=sources("write_start_page.py"),
        templates=[source(path) for path in start_page_templates()],
        tables=start_page_tables,
        costs="<results>/costs.csv",
        claims="<results>/opening.csv",
    output:
        page=report(
            "<reports>/index.html",
            caption="../report/start_page.rst",
            # The report sorts by it.
            category="Answers",
            labels={"page": "answers to the study's questions"},
        ),
        opening="<results>/opening.html",
        flagged=collect(
            "<reports>/flagged/{dataset}.csv",
            dataset=(
                config["datasets"]
                if config["noise"]["rules"] or config["suspects"]["folds"]
                else []
            ),
        ),
    log:
        "<logs>/write_start_page.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=digest("write_start_page.py", data=start_page_templates()),
        flags=flags(
            study=config["study"],
            settings=json.dumps(
                {name: setting_of(config, name) for name in config["datasets"]}
            ),
            beside=json.dumps(start_page_setting(config, chapter_titles())),
        ),
    shell:
        "python {input.code[0]:q} {params.flags} --tables {input.tables:q}"
        " --costs {input.costs:q} --claims {input.claims:q}"
        " --page-template {input.templates[0]:q} --opening-template {input.templates[1]:q}"
        " --page {output.page:q} --opening {output.opening:q} --flagged {output.flagged:q} --log {log:q}"
