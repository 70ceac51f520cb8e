"""What a run keeps: a record for each case, and the JSON file of them all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.cases import Case
from rag.evaluate.metrics import Score, Scores
from rag.schema import Copy, Note, Passage

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What came back for one case."""

    case: Case
    passages: tuple[Passage, ...] = ()
    """Best first; those that the answer was written from where retrieval was not run apart."""
    answer: dict[str, Any] | None = None
    """`Answer.to_dict()` without its passages; None when not asked for, or failed."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of `retrieve` and `answer`, in seconds, where they succeeded."""
    errors: dict[str, str] = field(default_factory=dict)
    """What failed: `retrieve`, `answer` or `verify`, and in which words. Never scored."""
    scores: Scores = field(default_factory=dict)
    """By metric; None where the metric cannot judge this case. Absent where it was not run."""
    unsupported: tuple[dict[str, Any], ...] = ()
    """Answer sentences with numbers or names that their citations lack: `text`, `words`."""
    outcome: str | None = None
    """One of `rag.evaluate.runner.OUTCOMES`; None when answers were not run."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; a score is its value, with its whole in `wholes` where that is not 1."""
        scores = {name: score and score.value for name, score in self.scores.items()}
        wholes = {name: s.whole for name, s in self.scores.items() if s and s.whole != 1}
        return {
            "case": self.case.to_dict(),
            "passages": [passage.to_dict() for passage in self.passages],
            "answer": self.answer,
            "seconds": self.seconds,
            "errors": self.errors,
            "scores": scores,
            "wholes": wholes,
            "unsupported": list(self.unsupported),
            "outcome": self.outcome,
        }

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Record:
        """The inverse of `to_dict`; KeyError or TypeError when it is no record."""
        wholes = line["wholes"]
        return cls(
            case=Case.from_dict(line["case"]),
            passages=tuple(map(_passage, line["passages"])),
            answer=line["answer"],
            seconds=dict(line["seconds"]),
            errors=dict(line["errors"]),
            scores={
                name: None if value is None else _score(value, wholes.get(name, 1.0))
                for name, value in line["scores"].items()
            },
            unsupported=tuple(line["unsupported"]),
            outcome=line["outcome"],
        )


def _passage(line: dict[str, Any]) -> Passage:
    return Passage(
        **{
            **line,
            "also_in": tuple(Copy(**copy) for copy in line["also_in"]),
            "notes": tuple(Note(**note) for note in line["notes"]),
        }
    )


def _score(value: float, whole: float) -> Score:
    # Where value * whole is a count, undo the rounding of the division.
    part = value * whole
    return Score(round(part) if math.isclose(part, round(part)) else part, whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One data set asked of one assistant."""

    dataset: str
    fingerprint: str
    """Of the cases, of what was run and of `about`: runs with the same one measured the same."""
    records: tuple[Record, ...]
    """In the order of the data set."""
    ran: tuple[str, ...]
    """Which of `retrieve` and `answer` were run."""
    top_k: int
    about: dict[str, Any] = field(default_factory=dict)
    """What the caller says produced it: settings, model fingerprints, prompt hashes."""
    started: str = ""
    """ISO 8601, UTC."""

    def summary(self) -> dict[str, Any]:
        """The figures; see `rag.evaluate.summary.summarise`."""
        from rag.evaluate.summary import summarise

        return summarise(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything, with the summary, ready for JSON."""
        return {
            "format": FORMAT,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "ran": list(self.ran),
            "top_k": self.top_k,
            "about": self.about,
            "started": self.started,
            "summary": self.summary(),
            "records": [record.to_dict() for record in self.records],
        }

    def save(self, path: Path) -> None:
        """Write the JSON file whole or not at all; missing folders are made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(self.to_dict(), ensure_ascii=False, indent=1, default=str))

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a file that `save` wrote.

        Raises:
            CorpusError: there is no such file, or it is not a run of this format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise CorpusError(f"{path}: made by another version; run the set again")
            return cls(
                dataset=content["dataset"],
                fingerprint=content["fingerprint"],
                records=tuple(Record.from_dict(item) for item in content["records"]),
                ran=tuple(content["ran"]),
                top_k=content["top_k"],
                about=content["about"],
                started=content["started"],
            )
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(f"{path}: not a saved eval run ({error!r})") from None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old text or the new, never a part."""
    beside = path.with_name(f"{path.name}.tmp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105  # named for what it promises
