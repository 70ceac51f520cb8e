"""Eval runs of a collection, kept beside it: what the evals page of the chat runs and shows.

<index>.runs/<time>-<set>/    a folder as `rag eval run SET --out` makes it
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import CorpusError, RagError
from rag.evaluate.cases import Dataset
from rag.evaluate.command import run_sets
from rag.evaluate.compare import Comparison, compare
from rag.evaluate.html_report import html_report
from rag.evaluate.records import Run
from rag.evaluate.report import label
from rag.evaluate.run_files import judgement_beside, run_files
from rag.evaluate.runner import Follow
from rag.evaluate.saved import cases_file
from rag.evaluate.view import HEADLINES
from rag.paths import shipped

if TYPE_CHECKING:
    from rag.assistant import Assistant

_NAME = re.compile(r"[\w-][\w.-]*")
_MOST_SIDE_BY_SIDE = 6


@dataclass(frozen=True, slots=True)
class SetFacts:
    """A set that can be run."""

    name: str
    cases: int
    """Complete ones: those that are asked."""
    incomplete: int
    """Cases that wait for a person to complete them."""
    problem: str = ""
    """Why it cannot be read; empty where it can."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A saved run."""

    name: str
    dataset: str
    started: str
    cases: int
    failed: int
    figures: tuple[tuple[str, float], ...]
    """The main metrics that it has, with their values."""


class Bench:
    """Runs sets over the collection that is open, and keeps the runs beside it."""

    def __init__(self, assistant: Callable[[], Assistant]) -> None:
        """Take what gives the assistant to ask."""
        self._assistant = assistant

    @property
    def folder(self) -> Path:
        """The index folder of the collection."""
        return self._assistant().folder

    @property
    def marked(self) -> Path:
        """The set that answers marked in the chat become."""
        return cases_file(self.folder)

    def sets(self) -> list[SetFacts]:
        """What can be run: the sets that Newsdesk brings, then the answers that were marked."""
        return [_facts(path) for path in self._sets()]

    def begin(self, name: str) -> tuple[str, Callable[[Follow, int | None, bool], None]]:
        """A new run of a set: its name, and what does it.

        That takes whom to tell of each case, how many cases to ask (None for all), and whether
        answers are wanted beside passages. Raising from the former stops it; see `again`.

        Raises:
            CorpusError: there is no such set.
        """
        path = next((path for path in self._sets() if path.stem == name), None)
        if path is None:
            raise CorpusError(f"there is no set {name!r}; choose one of the list")
        assistant = self._assistant()
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"
        out = self._runs / run

        def work(told: Follow, sample: int | None, answers: bool) -> None:  # noqa: FBT001
            assistant.summaries()  # says so where nothing is stored
            run_sets(
                [path],
                assistant,
                answer=answers,
                sample=sample,
                out=out,
                progress=told,
                about=assistant.about,
            )

        return run, work

    def runs(self) -> list[RunFacts]:
        """The runs that were finished, newest first."""
        if not self._runs.is_dir():
            return []
        found = []
        for folder in sorted(self._runs.iterdir(), reverse=True):
            with suppress(RagError, OSError, ValueError, KeyError, TypeError):
                found.append(_run_facts(folder.name, _run_file(folder)))
        return found

    def report(self, names: Sequence[str]) -> str:
        """One HTML page about some runs, side by side, oldest first.

        Raises:
            CorpusError: one is not there, or there are too many.
        """
        if not 0 < len(names) <= _MOST_SIDE_BY_SIDE:
            raise CorpusError(f"choose from 1 to {_MOST_SIDE_BY_SIDE} runs")
        files = [_run_file(self._folder_of(name)) for name in sorted(set(names))]
        return html_report(
            [Run.load(file) for file in files],
            [file.parent.name for file in files],
            [judgement_beside(file) for file in files],
        )

    def comparison(self, names: Sequence[str]) -> Comparison:
        """What changed from the older to the newer of two runs of one set.

        Raises:
            CorpusError: these are not two runs of one set.
        """
        if len(set(names)) != 2:
            raise CorpusError("choose two runs of the same set to compare")
        old, new = (_only_run(self._folder_of(name)) for name in sorted(set(names)))
        return compare(old, new)

    @property
    def _runs(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.runs")

    def _folder_of(self, name: str) -> Path:
        folder = self._runs / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise CorpusError(f"there is no run {name[:80]!r} any more; choose another one")
        return folder

    def _sets(self) -> list[Path]:
        brought: list[Path] = []
        with suppress(CorpusError):
            brought = sorted((shipped("evals") / "sets").glob("*.jsonl"))
        return [*brought, *([self.marked] if self.marked.is_file() else [])]


def _facts(path: Path) -> SetFacts:
    try:
        cases = Dataset.load(path).cases
    except RagError as error:
        return SetFacts(path.stem, 0, 0, str(error))
    complete = sum(case.complete for case in cases)
    return SetFacts(path.stem, complete, len(cases) - complete)


def _run_file(folder: Path) -> Path:
    return run_files([folder])[0]


def _only_run(folder: Path) -> Run:
    return Run.load(_run_file(folder))


def _run_facts(name: str, file: Path) -> RunFacts:
    """As the file says; nothing is worked out again.

    Raises:
        ValueError, KeyError, TypeError: it is no run of this version.
    """
    run: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    metrics = run["summary"]["metrics"]
    known = [(metric, metrics[metric]) for metric in HEADLINES if metric in metrics]
    return RunFacts(
        name=name,
        dataset=str(run["dataset"]),
        started=str(run["started"]),
        cases=len(run["records"]),
        failed=sum(bool(case["errors"]) for case in run["records"]),
        figures=tuple((label(metric), one["value"]) for metric, one in known if one["judged"]),
    )
