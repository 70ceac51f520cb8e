"""What a language model said of a run's answers: the file that keeps it, and its figures.

They stand apart from the metrics, which are exact: a model's opinion is never mixed with them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.metrics import Score, without_marks
from rag.evaluate.records import Record, Run, write_whole
from rag.evaluate.summary import figures

FORMAT = 1
LABELS = {"judged_correct": "Answers judged right", "judged_faithful": "Sentences judged supported"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge said of one answer."""

    case_id: str
    key: str
    """Of the question, what was expected and the answer: a verdict holds for these alone."""
    correct: bool | None = None
    """None where there is nothing to hold the answer against, or the judge failed."""
    reason: str = ""
    """The judge's own words about that."""
    supported: tuple[bool, ...] | None = None
    """Whether its quotes bear out each sentence of the answer; None where the judge failed."""
    reasons: tuple[str, ...] = ()
    """The judge's own words, one a sentence."""
    errors: dict[str, str] = field(default_factory=dict)
    """What failed: `correctness` or `faithfulness`, and in which words. Asked again next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts of one judge on one run."""

    judge: dict[str, Any]
    """`model`, `endpoint`, and `prompts`: the hash of each prompt file."""
    verdicts: tuple[Verdict, ...]
    dataset: str = ""

    def summary(self, run: Run) -> dict[str, Any]:
        """The figures of the verdicts that hold for a run, ready for JSON.

        Returns:
            `judge`; `answered`, `declined` (numbers of cases); `errors` (cases by what failed);
            `metrics`: `judged_correct` and `judged_faithful` as in `summarise`; `agreement`: by
            the same names `share`, `kappa` and `count` against the exact metrics, which are
            containment for an answer, and for a sentence whether every number and name of it is
            in its quotes. None where there is nothing to compare, or no variation.
        """
        said = self.of(run)
        pairs = [(record, said.get(record.case.id)) for record in run.records]
        answers = [record.answer for record in run.records if record.answer]
        return {
            "judge": self.judge,
            "answered": sum(not answer["abstained"] for answer in answers),
            "declined": sum(bool(answer["abstained"]) for answer in answers),
            "errors": dict(Counter(name for _, v in pairs if v for name in v.errors)),
            "metrics": figures([_scored(*pair) for pair in pairs], list(LABELS)),
            "agreement": {
                "judged_correct": _agreement([p for r, v in pairs if v for p in _answers(r, v)]),
                "judged_faithful": _agreement([p for r, v in pairs if v for p in _sentences(r, v)]),
            },
        }

    def of(self, run: Run) -> dict[str, Verdict]:
        """By case id, the verdicts that hold for a run: those on the answers that it has."""
        known = {(verdict.case_id, verdict.key): verdict for verdict in self.verdicts}
        found = {record.case.id: known.get((record.case.id, key(record))) for record in run.records}
        return {name: verdict for name, verdict in found.items() if verdict}

    def save(self, path: Path) -> None:
        """Write the JSON file whole or not at all."""
        content = {
            "format": FORMAT,
            "dataset": self.dataset,
            "judge": self.judge,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
        }
        write_whole(path, json.dumps(content, ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, path: Path) -> Judgement:
        """Read a file that `save` wrote.

        Raises:
            CorpusError: there is no such file, or it is none of this format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise CorpusError(f"{path}: made by another version; judge the run again")
            return cls(
                judge=dict(content["judge"]),
                verdicts=tuple(map(_verdict, content["verdicts"])),
                dataset=str(content["dataset"]),
            )
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(f"{path}: not a saved judgement ({error!r})") from None


def beside(run: Path) -> Path:
    """The file that keeps the verdicts on a saved run: `starter.json`, `starter.judge.json`."""
    return run.with_name(f"{run.stem}.judge.json")


def key(record: Record) -> str:
    """What a verdict on a record holds for; see `Verdict.key`."""
    answer = record.answer or {}
    what = [record.case.to_dict(), answer.get("sentences"), answer.get("citations")]
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


def table(summary: Mapping[str, Any]) -> str:
    """The figures of a judge as plain text, without a newline at the end."""
    judge = summary["judge"]
    lines = [f"Judged by {judge['model']} at {judge['endpoint']}: a model's opinion, not a metric"]
    for name, label in LABELS.items():
        figure, agreed = summary["metrics"][name], summary["agreement"][name]
        if figure["value"] is None:
            lines.append(f"{label:<28} -")
            continue
        interval = (
            "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
        )
        lines.append(f"{label:<28} {figure['value']:.3f}{interval} of {figure['judged']} answers")
        lines.append(f"{'  agrees with the metrics':<28} {_agreed(agreed)}")
    lines.append(f"{summary['answered']} answered, {summary['declined']} declined")
    if summary["errors"]:
        failed = ", ".join(f"{name} {count}" for name, count in summary["errors"].items())
        lines.append(f"The judge failed, to be asked again: {failed}")
    return "\n".join(lines)


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Agreement beyond chance (Cohen, 1960): 1 is full, 0 what chance gives.

    None without pairs, and where both always say the same one thing.
    """
    if not pairs:
        return None
    count = len(pairs)
    first, second = sum(a for a, _ in pairs) / count, sum(b for _, b in pairs) / count
    by_chance = first * second + (1 - first) * (1 - second)
    observed = sum(a == b for a, b in pairs) / count
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _verdict(line: dict[str, Any]) -> Verdict:
    supported = line["supported"]
    return Verdict(
        **{
            **line,
            "supported": None if supported is None else tuple(map(bool, supported)),
            "reasons": tuple(map(str, line["reasons"])),
        }
    )


def _scored(record: Record, verdict: Verdict | None) -> Record:
    correct = None if verdict is None or verdict.correct is None else Score(float(verdict.correct))
    said = verdict.supported if verdict else None
    faithful = Score(float(sum(said)), float(len(said))) if said else None
    return replace(record, scores={"judged_correct": correct, "judged_faithful": faithful})


def _answers(record: Record, verdict: Verdict) -> list[tuple[bool, bool]]:
    exact = record.scores.get("containment")
    if verdict.correct is None or exact is None:
        return []
    return [(verdict.correct, exact.value == 1)]


def _sentences(record: Record, verdict: Verdict) -> list[tuple[bool, bool]]:
    sentences = (record.answer or {}).get("sentences") or []
    lacking = {item["text"] for item in record.unsupported}
    exact = [without_marks(sentence["text"]) not in lacking for sentence in sentences]
    said = verdict.supported or ()
    return list(zip(said, exact, strict=True)) if len(said) == len(exact) else []


def _agreement(pairs: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    share = sum(a == b for a, b in pairs) / len(pairs) if pairs else None
    return {"share": share, "kappa": cohen_kappa(pairs), "count": len(pairs)}


def _agreed(agreed: Mapping[str, Any]) -> str:
    if agreed["share"] is None:
        return "-"
    kappa = "none: no variation" if agreed["kappa"] is None else f"{agreed['kappa']:.2f}"
    return f"{agreed['share']:.3f} of {agreed['count']}, Cohen's kappa {kappa}"
