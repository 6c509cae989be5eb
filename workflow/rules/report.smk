# Collects what the jobs left into tables, draws figures, writes the report. Nothing here trains. On a cluster, the tables
# and figures of a trial are one job, and so are the report and its manifest: each alone would queue for a second of work.


rule study_tables:
    input:
        histories=all_rounds("history.csv"),
        confusions=all_rounds("confusion.csv"),
        layers=all_rounds("layers.csv"),
        costs=all_rounds("cost.csv"),
        measured=all_rounds("measured.csv"),
    output:
        **table_files(),
    log:
        f"{RESULTS}/logs/tables.log",
    group:
        "summary"
    conda:
        ENVIRONMENT
    params:
        cfg=summary("study_tables.py"),
    script:
        "../scripts/study_tables.py"


rule evaluation_tables:
    input:
        histories=lambda wildcards: all_arms("history.csv", wildcards.evaluation),
        confusions=lambda wildcards: all_arms("confusion.csv", wildcards.evaluation),
        tickets=lambda wildcards: [
            layout.arm_ticket(arm, seed)
            for arm in plan.evaluated_tickets(wildcards.evaluation)
            for seed in study.seeds
        ],
        costs=lambda wildcards: all_needed("cost.csv", wildcards.evaluation),
        measured=lambda wildcards: all_needed("measured.csv", wildcards.evaluation),
    output:
        **table_files("{evaluation}"),
        verdict=report(
            f"{TABLES}/{{evaluation}}/verdict.txt",
            category="Verdict",
            labels={"evaluation": "{evaluation}"},
            caption="../report/verdict.rst",
        ),
    log:
        f"{RESULTS}/logs/tables/{{evaluation}}.log",
    group:
        "summary"
    conda:
        ENVIRONMENT
    params:
        cfg=summary("evaluation_tables.py"),
    script:
        "../scripts/evaluation_tables.py"


# One rule a figure, so that each has its own caption, and redrawing one leaves the others alone.
for name, drawing in FIGURES.items():
    of_study = drawing.scope == "study"
    folder = "" if of_study else "{evaluation}/"

    rule:
        name:
            f"figure_{name}"
        input:
            **{table: f"{TABLES}/{folder}{table}.csv" for table in drawing.tables},
        output:
            report(
                f"{FIGURE_FILES}/{folder}{name}.svg",
                category="Study" if of_study else "{evaluation}",
                labels={"figure": drawing.about},
                caption=f"../report/{name}.rst",
            ),
        log:
            f"{RESULTS}/logs/figures/{folder}{name}.log",
        group:
            "summary"
        conda:
            ENVIRONMENT
        resources:
            drawing=1,
            mem_mb=500,
            runtime=5,
        params:
            cfg=lambda wildcards, name=name, target=drawing.target: {
                "figure": name,
                "tickets": coloured(wildcards.get("evaluation")),
                "code": code("figure.py", target),
            },
        script:
            "../scripts/figure.py"


rule report:
    input:
        tables=of_all(lambda e: table_files(e).values()),
        figures=of_all(figure_files),
    output:
        report(
            f"{RESULTS}/report.html", category="Report", caption="../report/report.rst"
        ),
    log:
        f"{RESULTS}/logs/report.log",
    group:
        "report"
    conda:
        ENVIRONMENT
    params:
        cfg={**summary("report.py"), "words": report_words()},
    script:
        "../scripts/report.py"


# Every artifact and its checksum, for `python -m lth verify`.
rule manifest:
    input:
        f"{RESULTS}/report.html",
        of_all(lambda e: [f"{TABLES}/{e}/verdict.txt"] if e else []),
        of_all(lambda e: table_files(e).values()),
        of_all(figure_files),
    output:
        f"{RESULTS}/manifest.json",
    log:
        f"{RESULTS}/logs/manifest.log",
    group:
        "report"
    conda:
        ENVIRONMENT
    params:
        cfg=summary("manifest.py"),
    script:
        "../scripts/manifest.py"
