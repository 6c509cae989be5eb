# Tables, figures, report and manifest; nothing here trains. These rules have no group: at the end of each job Snakemake
# would look up which of thousands of inputs belong to it. Cluster profiles assign one, since these jobs take seconds.


rule study_tables:
    input:
        histories=all_rounds(paths, "history.csv"),
        confusions=all_rounds(paths, "confusion.csv"),
        layers=all_rounds(paths, "layers.csv"),
        costs=all_rounds(paths, "cost.csv"),
        measured=all_rounds(paths, "measured.csv"),
        evaluated=[
            file
            for evaluation in (study.evaluations if study.energy else ())
            for file in measured(paths, evaluation)
        ],
        records=all_rounds(paths, "ticket.safetensors"),
    output:
        **table_files(),
    log:
        f"{RESULTS}/logs/tables.log",
    conda:
        ENVIRONMENT
    params:
        cfg=summary("study_tables.py"),
    script:
        "../scripts/study_tables.py"


rule evaluation_tables:
    input:
        histories=lambda wildcards: all_arms(paths, "history.csv", wildcards.evaluation),
        confusions=lambda wildcards: all_arms(
            paths, "confusion.csv", wildcards.evaluation
        ),
        tickets=lambda wildcards: evaluated(paths, wildcards.evaluation),
        costs=lambda wildcards: all_needed(paths, "cost.csv", wildcards.evaluation),
        measured=lambda wildcards: measured(paths, wildcards.evaluation),
        records=lambda wildcards: records(paths, wildcards.evaluation),
        arm_tickets=lambda wildcards: arm_tickets(paths, wildcards.evaluation),
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
    conda:
        ENVIRONMENT
    params:
        cfg=summary("evaluation_tables.py"),
    script:
        "../scripts/evaluation_tables.py"


# One job draws all figures of the study, and one those of each evaluation and comparison, since start-up takes most of a
# job's time. Each is a rule of its own, because they differ in their figures.
placed = colour_places(plan)
for assessment in (None, *plan.assessments):
    drawn = figures_of(plan, assessment)
    folder = FIGURE_FILES if assessment is None else f"{FIGURE_FILES}/{assessment}"

    rule:
        name:
            "study_figures" if assessment is None else f"figures_of_{assessment}"
        input:
            **{
                t: table_files(assessment)[t]
                for name in drawn
                for t in FIGURES[name].tables
            },
            **{
                t: [table_files(e)[t] for e in study.evaluations]
                for name in drawn
                for t in FIGURES[name].of_evaluations
            },
        output:
            **{
                name: report(
                    f"{folder}/{name}.svg",
                    category="Study" if assessment is None else assessment,
                    labels={"figure": FIGURES[name].about},
                    caption=caption_file(name, assessment),
                )
                for name in drawn
            },
            copies=figure_copies(assessment),
        log:
            f"{RESULTS}/logs/figures.log"
            if assessment is None
            else f"{RESULTS}/logs/figures/{assessment}.log",
        conda:
            ENVIRONMENT
        params:
            cfg=lambda wildcards, assessment=assessment, drawn=drawn: {
                "of": assessment or "the study",
                "places": placed,
                "code": code("figures.py", *(FIGURES[name].target for name in drawn)),
            },
        script:
            "../scripts/figures.py"


# Of the first seed alone: that is enough to look at, and all seeds of a large study would be gigabytes to read.
rule masks:
    input:
        tickets=pictured("ticket.safetensors"),
        histories=pictured("history.csv"),
    output:
        report(
            f"{RESULTS}/masks.html", category="Report", caption="../report/masks.rst"
        ),
    log:
        f"{RESULTS}/logs/masks.log",
    conda:
        ENVIRONMENT
    params:
        cfg={
            "title": study.study,
            "trained": last_trained(),  # no input: of a chain made shorter they are gone
            "code": code("masks.py"),
            "page": template_text("pictures/masks.html.j2", "pictures/masks.js"),
        },
    script:
        "../scripts/masks.py"


rule report:
    input:
        masks=f"{RESULTS}/masks.html",
        tables=of_all(lambda e: table_files(e).values()),
        figures=of_all(figure_files),
        verdicts=of_all(lambda e: [f"{TABLES}/{e}/verdict.txt"] if e else []),
    output:
        report(
            f"{RESULTS}/report.html", category="Report", caption="../report/report.rst"
        ),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        ENVIRONMENT
    params:
        cfg={**summary("report.py"), "words": report_words()},
    script:
        "../scripts/report.py"


# The checksum of every artifact, for `lth verify`.
rule manifest:
    input:
        paths.kept_weights(),
        f"{RESULTS}/report.html",
        f"{RESULTS}/masks.html",
        of_all(lambda e: [f"{TABLES}/{e}/verdict.txt"] if e else []),
        of_all(lambda e: table_files(e).values()),
        of_all(figure_files),
        of_all(figure_copies),
    output:
        f"{RESULTS}/manifest.json",
    log:
        f"{RESULTS}/logs/manifest.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: asked_mb(manifest_mb(plan), attempt),
    params:
        cfg=summary("manifest.py"),
    script:
        "../scripts/manifest.py"


# Not made by default: `snakemake animations` makes them, of the first seed. No artifacts: the manifest does not list them.
rule animation:
    input:
        tickets=lambda wildcards: pictured("ticket.safetensors", wildcards.ticket),
        histories=lambda wildcards: pictured("history.csv", wildcards.ticket),
    output:
        f"{RESULTS}/animations/{{ticket}}/{{animation}}.gif",
    log:
        f"{RESULTS}/logs/animations/{{ticket}}/{{animation}}.log",
    wildcard_constraints:
        animation="rounds|training",
    conda:
        ENVIRONMENT
    params:
        cfg={"code": code("animation.py")},
    script:
        "../scripts/animation.py"
