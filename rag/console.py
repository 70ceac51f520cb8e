"""What the commands of `rag` share: options, settings, the open collection, progress, JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from rag.inert import inert
from rag.schema import Progress
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.assistant import Assistant

IndexOption = Annotated[
    Path | None, typer.Option("--index", metavar="DIR", help="The folder of the collection.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

state: dict[str, Any] = {"debug": False, "config": None}
"""What was said before the command: `--debug`, and the file of `--config`."""


def settings_for(
    index: Path | None = None,
    choices: Mapping[str, Mapping[str, Any]] | None = None,
    **sections: dict[str, Any],
) -> Settings:
    """The settings of this run; `index` and `sections` override what files and environment say.

    `choices` are those of the settings page, which the environment overrides.
    """
    if index is not None:
        sections["index"] = {"dir": index}
    return Settings.load(state["config"], chosen=choices, **sections)


@contextmanager
def opened(index: Path | None, **sections: dict[str, Any]) -> Iterator[Assistant]:
    """The assistant over the collection in `index`, or in the one of the settings."""
    from rag.assistant import Assistant

    with Assistant.open(settings=settings_for(index, **sections)) as assistant:
        yield assistant


_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal, or the order of the text in it, acts on."""


def say(text: object = "", *, file: TextIO | None = None, flush: bool = False) -> None:
    """Print a line in which nothing of what others wrote commands the terminal."""
    print(_ACTS.sub("", str(text)), file=file, flush=flush)


def print_json(value: Any) -> None:
    """Print a value as JSON, in which what a terminal acts on is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    print(_ACTS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))


@contextmanager
def showing_progress() -> Iterator[Callable[[Progress], None]]:
    """A bar with rate and time left in a terminal; a line at each tenth otherwise."""
    if not sys.stderr.isatty():
        yield _plain_progress()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def show(step: Progress) -> None:
            if step.stage not in tasks:
                tasks[step.stage] = bars.add_task(step.stage, total=step.total or None)
            bars.update(tasks[step.stage], completed=step.done, total=step.total or None)

        yield show


def _plain_progress() -> Callable[[Progress], None]:
    told: dict[str, int] = {}

    def show(step: Progress) -> None:
        tenth = step.done * 10 // step.total if step.total else 0
        if told.get(step.stage) != tenth:
            told[step.stage] = tenth
            print(f"{step.stage} {step.done} of {step.total or '?'}", file=sys.stderr)

    return show


def source_line(item: Any) -> str:
    """Title, publisher and date of a passage, a citation or an article."""
    facts = (item.title or item.article_id, item.publisher, item.published or "date unknown")
    return inert(" · ".join(fact for fact in facts if fact))
