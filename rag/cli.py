"""The `rag` command; `rag eval` stands in cli_eval.py. Nothing but these and console.py prints.

Exit status 0; 1 for an error, told in one line on standard error; 2 for wrong usage.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rag.addresses import is_address
from rag.cite import with_marks
from rag.cli_calibrate import calibrate
from rag.cli_eval import evals
from rag.cli_serve import chat, mcp, password
from rag.console import (
    IndexOption,
    JsonOption,
    opened,
    print_json,
    settings_for,
    showing_progress,
    state,
)
from rag.console import say as print  # noqa: A004  # nothing is printed past it
from rag.dates import written_day
from rag.errors import CorpusError, RagError
from rag.inert import inert
from rag.schema import (
    Answer,
    Article,
    Filters,
    IngestReport,
    Rejection,
    Search,
    Sentence,
    Understood,
    Verification,
)
from rag.understand import parts_of

if TYPE_CHECKING:
    from rag.assistant import Assistant

app = typer.Typer(
    name="rag",
    help="Newsdesk answers questions over a collection of articles; every sentence of an answer "
    "is tied to exact text of an article.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(evals, name="eval")
app.command("calibrate")(calibrate)
app.command()(chat)
app.command()(mcp)
app.command()(password)

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Published on or after YYYY-MM-DD.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Published on or before YYYY-MM-DD.")
]
AboutFromOption = Annotated[
    str | None,
    typer.Option("--about-from", metavar="DATE", help="Its text names that month or a later one."),
]
AboutToOption = Annotated[
    str | None,
    typer.Option("--about-to", metavar="DATE", help="Its text names that month or an earlier one."),
]
PublisherOption = Annotated[
    list[str] | None, typer.Option("--publisher", metavar="NAME", help="Only this publisher.")
]
ArticleOption = Annotated[
    list[str] | None, typer.Option("--article", metavar="ID", help="Only this article.")
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="LABEL", help="Do not understand this, such as newest."),
]


def main() -> NoReturn:
    """Run the command line; never shows a traceback without --debug."""
    try:
        app(standalone_mode=True)
    except RagError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error} (run again with --debug to see where)")
    sys.exit(0)


def run() -> NoReturn:
    """The console command: `main`, then an end without waiting for anybody.

    What a model server or a warm-up has under way when the answer is out is of no use to anyone,
    and libraries that are unloaded below their running threads have been seen to crash.
    """
    status: int | str | None = 1
    try:
        main()
    except SystemExit as stopped:
        status = stopped.code
    finally:
        with suppress(OSError, ValueError):  # a closed pipe
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else int(bool(status)))


def _fail(message: str) -> NoReturn:
    if state["debug"]:
        raise
    print("rag: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


@app.callback()
def common(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and logs.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings instead of rag.toml.")
    ] = None,
) -> None:
    """Newsdesk answers questions over a collection of articles, with checkable citations."""
    state.update(debug=debug, config=config)
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if debug else "rag: %(message)s",
    )


def _filters(
    published_from: str | None,
    published_to: str | None,
    publishers: list[str] | None,
    article_ids: list[str] | None,
    about_from: str | None,
    about_to: str | None,
) -> Filters:
    return Filters(
        published_from=published_from,
        published_to=published_to,
        publishers=tuple(publishers or ()),
        article_ids=tuple(article_ids or ()),
        about_from=about_from,
        about_to=about_to,
    )


@app.command()
def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH|URL…",
            help="Files, folders, web pages, feeds, sitemaps; - reads one text.",
        ),
    ] = None,
    *,
    index: IndexOption = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="The starter articles that come with Newsdesk.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Embed all stored articles with the present model.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and ingest again after each change of a file.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Store articles of files, whole folders, web pages, feeds and sitemaps.

    Markdown with front matter, plain text, HTML, PDF, DOCX, EPUB, JSON, JSONL, CSV, mail.
    """
    from rag.paths import shipped

    if watch and (rebuild or any(path == "-" or is_address(path) for path in paths or [])):
        raise typer.BadParameter("--watch takes files and folders, and no --rebuild")
    given = [*map(_given, paths or []), *([shipped("corpus")] if starter else [])]
    if not given and not rebuild:
        raise typer.BadParameter("name a file, a folder or a web address, or --starter")
    if watch:
        _watch([item for item in given if isinstance(item, Path)], index, as_json=as_json)
        return
    with opened(index, llm={"enabled": False}) as assistant, showing_progress() as progress:
        if rebuild:
            report = assistant.rebuild(progress)
        if given:
            report = assistant.ingest(given, progress)
    if as_json:
        print_json(report.to_dict())
    else:
        _print_report(report)


def _given(path: str) -> Path | str | Article:
    """What to ingest: a path, a web address; for `-`, the article on standard input."""
    if path != "-":
        return path if is_address(path) else Path(path)
    from rag.load import from_bytes

    settings = settings_for().ingest
    data = sys.stdin.buffer.read(settings.max_bytes + 1)
    (found,) = from_bytes(data, ".md", "standard input", settings)
    if isinstance(found, Rejection):
        raise CorpusError(f"{found.path}: {found.reason}")
    return found


def _watch(paths: list[Path], index: Path | None, *, as_json: bool) -> None:
    """A line for each round until Ctrl+C, and each rejection once."""
    from rag.watch import watch

    told: set[str] = set()

    def show(done: IngestReport | RagError) -> None:
        if isinstance(done, RagError):
            lines = [f"rag: {done}"]
        else:
            lines = [f"rejected {item.path}: {item.reason}" for item in done.rejected]
            print(json.dumps(done.to_dict()) if as_json else _summary(done), flush=True)
        for line in lines:
            if line not in told:
                print(line, file=sys.stderr)
        told.clear()
        told.update(lines)

    def round_() -> IngestReport:
        if not sys.stderr.isatty():
            return assistant.ingest(paths)
        with showing_progress() as progress:
            return assistant.ingest(paths, progress)

    with opened(index, llm={"enabled": False}) as assistant, suppress(KeyboardInterrupt):
        print("watching (Ctrl+C stops it)", file=sys.stderr)
        watch(paths, round_, show, index=assistant.settings.index.dir)


def _print_report(report: IngestReport) -> None:
    for rejection in report.rejected:
        print(f"rejected {rejection.path}: {rejection.reason}", file=sys.stderr)
    print(_summary(report))


def _summary(report: IngestReport) -> str:
    return (
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.rejected)} rejected; "
        f"{report.articles} articles in {report.chunks} chunks"
    )


@app.command()
def remove(
    article_ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    *,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take articles out of the collection."""
    with opened(index) as assistant:
        report = assistant.remove(*article_ids)
    if as_json:
        print_json(report.to_dict())
    else:
        _print_report(report)


@app.command()
def retrieve(
    question: str,
    *,
    top_k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages.")] = 10,
    index: IndexOption = None,
    published_from: FromOption = None,
    published_to: ToOption = None,
    publishers: PublisherOption = None,
    article_ids: ArticleOption = None,
    about_from: AboutFromOption = None,
    about_to: AboutToOption = None,
    without: WithoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages that bear on a question, best first."""
    filters = _filters(published_from, published_to, publishers, article_ids, about_from, about_to)
    with opened(index, llm={"enabled": False}) as assistant:
        passages = assistant.passages(question, top_k, filters, without=without or ())
        request = assistant.understand(question, without=without or ())
    if as_json:
        found = request.to_dict()
        print_json(
            {
                "question": question,
                "passages": [p.to_dict() for p in passages],
                "searches": found["searches"],
                "understood": found["understood"],
            }
        )
        return
    if searched := _searched(request.question, request.searches, request.understood):
        print(f"{searched}\n")
    for passage in passages:
        print(f"{passage.rank:>2}. {_source_line(passage)}  [{passage.score:.4f}]")
        print(f"    {' '.join(passage.text.split())}\n")


def _searched(question: str, searches: Sequence[Search], understood: Sequence[Understood]) -> str:
    """What was searched for, in one line; empty where it is the question and no more."""
    texts = [f"“{text}”" for text in parts_of(question, searches)]
    labels = dict.fromkeys(one.label for one in understood)
    if not texts and not labels:
        return ""
    return "; ".join([f"Searched for {', '.join([f'“{question}”', *texts])}", *labels])


def _source_line(item: Any) -> str:
    facts = (item.title or item.article_id, item.publisher, item.published or "date unknown")
    return inert(" · ".join(fact for fact in facts if fact))


@app.command()
def ask(
    question: str,
    *,
    index: IndexOption = None,
    published_from: FromOption = None,
    published_to: ToOption = None,
    publishers: PublisherOption = None,
    article_ids: ArticleOption = None,
    about_from: AboutFromOption = None,
    about_to: AboutToOption = None,
    without: WithoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question; each sentence cites the article text that it rests on."""
    filters = _filters(published_from, published_to, publishers, article_ids, about_from, about_to)
    with opened(index) as assistant:
        answer = assistant.ask(question, filters, without=without or ())
    if as_json:
        print_json(_answer_json(answer))
    else:
        _print_answer(answer)


def _answer_json(answer: Answer) -> dict[str, Any]:
    return answer.to_dict()


def _print_answer(answer: Answer) -> None:
    if answer.notice:
        print(f"note: {answer.notice}\n")
    print("\n".join(_laid_out(answer)) if answer.rows else answer.answer)
    if answer.as_of:
        print(f"\nAs of {written_day(date.fromisoformat(answer.as_of))}.")
    if answer.abstained:
        print(f"\n{answer.reason}")
    for update in answer.updates:
        print(f"\nNewer: [{update.later}] (“{update.words}”) in place of [{update.earlier}].")
    for disagreement in answer.disagreements:
        print(f"\nThe articles differ on a {disagreement.kind}:")
        for stated in disagreement.values:
            source = next(c for c in answer.citations if c.number == stated.citation)
            print(f"    {inert(stated.value)}  [{stated.citation}] {_source_line(source)}")
    for citation in answer.citations:
        print(f"\n[{citation.number}] {_source_line(citation)}")
        print(f"    “{inert(' '.join(citation.quote.split()))}”")
        for note in citation.notes:
            print(f"    {inert(note.beside(citation.quote, citation.start))}")
        if citation.earlier:
            print(f"    changed since it was first stored ({citation.earlier} earlier, kept)")
        if citation.also_in:
            copies = ", ".join(copy.publisher or copy.article_id for copy in citation.also_in)
            print(f"    also in {inert(copies)}")
        print(
            f"    rag article {citation.article_id}  (characters {citation.start}–{citation.end})"
        )
    if searched := _searched(answer.query, answer.searches, answer.understood):
        print(f"\n{searched}")
    if answer.left_out:
        count = len(answer.left_out)
        print(f"\n{count} drafted sentence{'s' * (count > 1)} left out: not borne out by a source.")
        for sentence in answer.left_out:
            print(f"    “{sentence.text}”  {_failures(sentence)}")


def _laid_out(answer: Answer) -> Iterator[str]:
    """A list, or a comparison under the names of what is compared."""
    for row in answer.rows:
        if row.label:
            yield f"{row.label}:"
        mark = "    " if row.label else "- " if answer.layout == "list" else ""
        yield from (f"{mark}{with_marks([answer.sentences[at]])}" for at in row.sentences)


@app.command()
def article(
    article_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print an article's stored text, the text that citations point into."""
    with opened(index, llm={"enabled": False}) as assistant:
        found = assistant.article(article_id)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found.text)


@app.command()
def articles(*, index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the articles, newest first, and the files that were rejected, with the reasons."""
    from rag.contents import contents

    found = contents(settings_for(index).index.dir)
    if as_json:
        print_json(found.to_dict())
        return
    for item in found.articles:
        print(f"{item.article_id}  {_source_line(item)}{' · partial' if item.partial else ''}")
    for rejection in found.rejected:
        print(f"rejected {rejection.path}: {rejection.reason}")


@app.command("clean-report")
def clean_report(
    article_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what cleaning took out of an article, and the setting that leaves it in."""
    from rag.contents import clean_report

    found = clean_report(settings_for(index).index.dir, article_id)
    if as_json:
        print_json(found.to_dict())
        return
    print(f"{found.article_id}  {found.title}")
    print(f"{found.read:,} characters read, {found.stored:,} stored")
    for rule in found.rules:
        print(f"\n{rule.rule}  (to keep: {rule.switch})")
        for text in rule.texts:
            print("    " + text.replace("\n", "\n    "))


@app.command()
def verify(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The text, or - to read it.")],
    *,
    against: Annotated[
        list[str], typer.Option("--against", metavar="ID|FILE", help="Article id or file.")
    ],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check somebody's text, sentence by sentence, against articles."""
    text = sys.stdin.read() if text == "-" else text
    with opened(index, llm={"enabled": False}) as assistant:
        found = assistant.verify(text, [_against(assistant, given) for given in against])
    if as_json:
        print_json(_verification_json(found))
    else:
        for sentence in found.sentences:
            print(_verdict_line(sentence))
        print(f"score {found.score:.2f}")


def _against(assistant: Assistant, given: str) -> Any:
    """An article of the collection by id; else the file, loaded and cleaned like any article."""
    if assistant.has(given):
        return assistant.article(given)
    path = Path(given)
    if not path.is_file():
        raise CorpusError(f"--against {given}: neither an article of the collection nor a file")
    from rag.load import load

    loaded = list(load(path, assistant.settings.ingest))
    for item in loaded:
        if not isinstance(item, Article):
            raise CorpusError(f"{item.path}: {item.reason}")
    return "\n\n".join(item.text for item in loaded if isinstance(item, Article))


def _verification_json(found: Verification) -> dict[str, Any]:
    by_number = {citation.number: citation.to_dict() for citation in found.citations}
    return {
        "sentences": [
            {
                "text": sentence.text,
                "verdict": str(sentence.verdict),
                "score": sentence.score,
                "failed": [failure.to_dict() for failure in sentence.failed],
                "citations": [by_number[number] for number in sentence.citations],
            }
            for sentence in found.sentences
        ],
        "score": found.score,
    }


def _failures(sentence: Sentence) -> str:
    """Which checks failed, and by which words."""
    return "; ".join(f"{f.check}: {', '.join(f.words) or '–'}" for f in sentence.failed)


def _verdict_line(sentence: Sentence) -> str:
    failed = _failures(sentence)
    return f"{sentence.verdict:>11}  {sentence.score:.2f}  {sentence.text}" + (
        f"\n             failed {failed}" if failed else ""
    )


@app.command()
def doctor(
    *,
    index: IndexOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Build what is searched anew from the catalog.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every file of the collection and every model, and say what to do."""
    from rag.doctor import examine

    findings = examine(settings_for(index), repair=repair)
    if as_json:
        print_json({"findings": [finding.to_dict() for finding in findings]})
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else "BAD "
            print(f"{mark}{finding.what}: {finding.message}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


if __name__ == "__main__":
    run()
