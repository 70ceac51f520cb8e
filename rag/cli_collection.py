"""`rag ingest`, `remove`, `article`, `articles` and `clean-report`: what the collection holds."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rag.addresses import is_address
from rag.console import (
    IndexOption,
    JsonOption,
    opened,
    print_json,
    settings_for,
    showing_progress,
    source_line,
)
from rag.console import say as print  # noqa: A004  # nothing is printed past it
from rag.errors import CorpusError, RagError
from rag.schema import Article, IngestReport, Rejection


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


def articles(*, index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the articles, newest first, and the files that were rejected, with the reasons."""
    from rag.contents import contents

    found = contents(settings_for(index).index.dir)
    if as_json:
        print_json(found.to_dict())
        return
    for item in found.articles:
        print(f"{item.article_id}  {source_line(item)}{' · partial' if item.partial else ''}")
    for rejection in found.rejected:
        print(f"rejected {rejection.path}: {rejection.reason}")


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
