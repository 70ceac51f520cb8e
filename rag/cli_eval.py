"""The `rag eval` commands."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.console import (
    IndexOption,
    JsonOption,
    opened,
    print_json,
    settings_for,
    showing_progress,
)
from rag.console import say as print  # noqa: A004  # nothing is printed past it

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.schema import Progress

evals = typer.Typer(help="Run eval sets, compare runs, bring in and hand out data.")
Follow = Callable[["Progress"], None]

ThresholdsOption = Annotated[
    Path | None, typer.Option("--thresholds", metavar="FILE", help="Exit 1 below these.")
]
RunsArgument = Annotated[
    list[Path], typer.Argument(metavar="RUN…", help="Saved runs, or the folder of one.")
]


@evals.command("run")
def eval_run(
    sets: Annotated[list[str], typer.Argument(metavar="SET…", help="A JSONL file, or starter.")],
    *,
    index: IndexOption = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus", metavar="FILE", help="Run over these articles, in an index of their own."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Keep the run here; resumes it.")
    ] = None,
    retrieve_only: Annotated[
        bool, typer.Option("--retrieve-only", help="Passages; no answers, and no model.")
    ] = False,
    answer_only: Annotated[
        bool, typer.Option("--answer-only", help="Answers; no search apart from theirs.")
    ] = False,
    top_k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages a question.")] = 10,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="N cases of each set.")
    ] = None,
    thresholds: ThresholdsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run eval sets over the collection: retrieval, answers, citations, refusals, seconds."""
    from rag.evaluate.command import run_sets

    if retrieve_only and answer_only:
        raise typer.BadParameter("--retrieve-only and --answer-only leave nothing to run")
    if corpus and index:
        raise typer.BadParameter("--corpus makes an index of its own; give it or --index")
    model = {} if not retrieve_only else {"llm": {"enabled": False}}
    with (
        showing_progress() as progress,
        _collection(index, corpus, out, progress, **model) as assistant,
    ):
        assistant.summaries()  # says so where nothing is stored
        report = run_sets(
            sets,
            assistant,
            retrieve=not answer_only,
            answer=not retrieve_only,
            top_k=top_k,
            sample=sample,
            out=out,
            thresholds=thresholds,
            progress=progress,
            about=assistant.about,
            warn=_tell,
        )
    print_json(report.to_dict()) if as_json else print(report)
    failed = sum(bool(record.errors) for run in report.runs for record in run.records)
    if failed:
        again = (
            "run it again to ask just those" if out else "with --out, a next run asks just those"
        )
        _tell(f"{failed} cases failed and are not scored; {again}")
    _end([f"missed: {missed}" for missed in report.missed])


@contextmanager
def _collection(
    index: Path | None, corpus: Path | None, out: Path | None, follow: Follow, **sections: Any
) -> Iterator[Assistant]:
    """The collection, or one made of a corpus: kept beside the runs, or for this run only."""
    if corpus is None:
        with opened(index, **sections) as assistant:
            yield assistant
        return
    from rag.evaluate.corpus import index_folder, ingestible

    given = ingestible(corpus)
    if not isinstance(given, Path):
        sections["ingest"] = {"clean": False}
    with tempfile.TemporaryDirectory(prefix="newsdesk-eval-") as passing:
        folder = index_folder(corpus, out or Path(passing), settings_for(**sections))
        with opened(folder, **sections) as assistant:
            done = assistant.ingest(given, follow)
            for rejection in done.rejected:
                _tell(f"{corpus}: rejected {rejection.path}: {rejection.reason}")
            yield assistant


@evals.command("compare")
def eval_compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A run, or a folder of runs.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="What is held against it.")],
    *,
    thresholds: ThresholdsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs case by case; exit 1 on a significant loss, or where NEW misses a threshold.

    Runs are the files that `rag eval run --out FOLDER` keeps. Significance is that of a paired
    randomisation test, corrected for the number of metrics.
    """
    from rag.evaluate.compare import compare, paired_runs
    from rag.evaluate.compare_table import comparison_text, loss_line
    from rag.evaluate.report import Report

    pairs = paired_runs(old, new)
    found = [compare(before, after) for before, after in pairs]
    missed = Report.of(*(after for _, after in pairs), thresholds=thresholds).missed
    if as_json:
        lost = [{"dataset": one.dataset, "metric": d.metric} for one in found for d in one.losses]
        sets = [one.to_dict() for one in found]
        print_json({"sets": sets, "lost": lost, "missed": list(missed)})
    else:
        print("\n\n\n".join(map(comparison_text, found)))
    lost_lines = [loss_line(one.dataset, loss) for one in found for loss in one.losses]
    _end([*lost_lines, *(f"missed: {line}" for line in missed)])


@evals.command("report")
def eval_report(
    runs: RunsArgument,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: report.html beside it.")
    ] = None,
) -> None:
    """Write one HTML page about saved runs, several side by side; it needs no server."""
    from rag.evaluate.command import REPORT, report_files

    page = out or (runs[0] if runs[0].is_dir() else runs[0].parent) / REPORT
    report_files(runs, page)
    print(page)


@evals.command("judge")
def eval_judge(
    runs: RunsArgument,
    *,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The judge's name there.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="The embedded model, which is too small to judge.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a language model what it thinks of saved answers; its key is RAG_JUDGE__API_KEY.

    The verdicts are kept beside the run, and told apart from its metrics. Exit status 1 when some
    answer could not be judged; run again, and only those are asked about.
    """
    from contextlib import closing

    from rag.evaluate.judge import judge_file
    from rag.evaluate.run_files import run_files
    from rag.evaluate.verdicts import table
    from rag.models import judging_model

    given = {"base_url": base_url, "model": model}
    settings = settings_for(
        judge={name: value for name, value in given.items() if value is not None}
    )
    found = []
    with (
        closing(judging_model(settings, embedded=embedded)) as judge,
        showing_progress() as progress,
    ):
        where = judge.endpoint.removeprefix("judge.base_url ")
        for file in run_files(runs):
            run, judgement = judge_file(
                file, judge, where, parallel=settings.judge.parallel, progress=progress
            )
            found.append(judgement.summary(run))
    if as_json:
        print_json(found)
    else:
        print("\n\n".join(table(one) for one in found))
    if any(one["errors"] for one in found):
        raise typer.Exit(1)


@evals.command("import")
def eval_import(
    given: Annotated[
        list[str],
        typer.Argument(metavar="[LAYOUT] PATH", help="A data set; its layout is found out."),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The cases, as JSONL.")],
    closed: Annotated[
        bool, typer.Option("--closed", help="Each question may search its own text only.")
    ] = False,
) -> None:
    """Turn a data set into cases, and into articles for --corpus.

    Layouts: multihop-rag, beir and chunking are folders; squad, squad2 and ragas are files.
    """
    from rag.evaluate.corpus import save_articles
    from rag.evaluate.layouts import imported

    if len(given) > 2:
        raise typer.BadParameter("give a layout and a path, or a path alone")
    layout, path = (given[0] if len(given) == 2 else None), Path(given[-1])
    articles, dataset = imported(path, layout, closed=closed)
    corpus = out.with_suffix(".articles.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    dataset.save(out)
    save_articles(articles, corpus)
    only = " --retrieve-only" if all(case.answer == () for case in dataset.cases) else ""
    print(f"{len(dataset.cases)} cases in {out}, {len(articles)} articles in {corpus}")
    print(f"rag eval run {out} --corpus {corpus} --out {out.parent / 'runs'}{only}")


@evals.command("export")
def eval_export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run that `rag eval run` kept.")],
    *,
    layout: Annotated[
        str, typer.Option("--format", metavar="trec|ragas", help="The layout to write.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")],
) -> None:
    """Write a run for other tools: TREC run and qrels files, or RAGAS samples as JSONL."""
    from rag.evaluate import Run
    from rag.evaluate.export import export

    for path in export(Run.load(run), layout, out):
        print(path)


@evals.command("cases")
def eval_cases(*, index: IndexOption = None) -> None:
    """Say where the answers lie that readers marked in the chat, and how many there are."""
    from rag.evaluate import Dataset
    from rag.evaluate.saved import cases_file

    file = cases_file(settings_for(index).index.dir)
    cases = Dataset.load(file).cases if file.exists() else ()
    complete = sum(case.complete for case in cases)
    print(f"{file}: {complete} cases to run, {len(cases) - complete} to be completed by hand")
    if complete:
        print(f"rag eval run {file}")


def _tell(line: str) -> None:
    print(f"rag: {line}", file=sys.stderr)


def _end(troubles: Sequence[str]) -> None:
    """Tell what keeps the line from holding; with any, the exit status is 1."""
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    if troubles:
        raise typer.Exit(1)
