"""A language model's opinion of a saved run's answers: what `rag eval judge` asks and how.

Each answer is judged twice: is it right, given what was expected, and do its quotes bear out its
sentences. What the model says is read strictly; what cannot be read is a failure, not a verdict.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rag.errors import CorpusError, ModelError
from rag.evaluate.records import Record, Run
from rag.evaluate.verdicts import Judgement, Verdict, beside, key
from rag.prompts import prompt
from rag.schema import Progress

CORRECTNESS, FAITHFULNESS = "judge_correctness", "judge_faithfulness"
"""The prompt files."""

_SAVE_EVERY = 5.0
"""Seconds between two writes of the verdicts under way."""

_LONGEST = 500
"""Characters kept of a reason, and shown of a reply that cannot be read."""

_FENCE = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)
_SETTING = re.compile(r"\bllm\.(?=(?:base_url|model|timeout|context_window)\b)")


class Writes(Protocol):
    """What a judge must be able to do; `rag.llm.LanguageModel` is one."""

    name: str

    def stream(
        self,
        messages: Sequence[tuple[str, str]],
        *,
        max_tokens: int | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[str] | Generator[str, None, None]:
        """The reply to (role, content) pairs, in pieces; raises ModelError."""
        ...


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Correctness(_Reply):
    reason: str
    correct: bool


class _Sentence(_Reply):
    number: int
    reason: str
    supported: bool


class _Faithfulness(_Reply):
    sentences: list[_Sentence]


_R = TypeVar("_R", bound=_Reply)


def judge_file(
    path: Path,
    model: Writes,
    endpoint: str,
    *,
    parallel: int = 4,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Run, Judgement]:
    """Judge a saved run, and keep the verdicts beside it: `starter.judge.json`.

    What the same judge has said there of the same answers is kept; what failed is asked again. The
    file is written every few seconds, so that a stop loses little.

    Raises:
        CorpusError: the run cannot be read, or the verdicts cannot be written.
        PromptError: a prompt file is broken.
    """
    run, kept = Run.load(path), beside(path)
    earlier = Judgement.load(kept) if kept.is_file() else None

    def keep(judgement: Judgement) -> None:
        try:
            judgement.save(kept)
        except OSError as error:
            raise CorpusError(f"{kept}: cannot be written ({error.strerror})") from None

    options: dict[str, Any] = {"earlier": earlier, "keep": keep, "progress": progress}
    return run, judge_run(run, model, endpoint, parallel=parallel, **options)


def judge_run(
    run: Run,
    model: Writes,
    endpoint: str = "",
    *,
    earlier: Judgement | None = None,
    parallel: int = 4,
    keep: Callable[[Judgement], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Judgement:
    """The verdicts on every answer of a run that did not decline, in the order of the run.

    Args:
        run: what was answered.
        model: the judge.
        endpoint: where it answers, for the record; without secrets.
        earlier: verdicts to go on from; another judge's, and those on other answers, are dropped.
        parallel: how many cases are asked about at once, at least 1.
        keep: called with what there is, every few seconds and at the end, a stop included.
        progress: called before the first and after each case.
    """
    judge = {"model": model.name, "endpoint": endpoint, "prompts": _prompts()}
    records = [r for r in run.records if r.answer and not r.answer["abstained"]]
    found = _still_good(earlier, judge)

    def so_far() -> Judgement:
        said = (found.get((record.case.id, key(record))) for record in records)
        verdicts = tuple(verdict for verdict in said if verdict)
        return Judgement(judge=judge, verdicts=verdicts, dataset=run.dataset)

    pending = [r for r in records if (r.case.id, key(r)) not in found]
    done, saved = len(records) - len(pending), time.monotonic()
    _tell(progress, run, done, len(records))
    pool = ThreadPoolExecutor(max(1, parallel))
    try:
        for asked in as_completed([pool.submit(verdict_on, r, model) for r in pending]):
            verdict = asked.result()
            found[verdict.case_id, verdict.key] = verdict
            done += 1
            _tell(progress, run, done, len(records))
            if keep and time.monotonic() - saved > _SAVE_EVERY:
                keep(so_far())
                saved = time.monotonic()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if keep:
            keep(so_far())
    return so_far()


def verdict_on(record: Record, model: Writes) -> Verdict:
    """Ask about one answer; a failing judge is told in the verdict's `errors`."""
    errors: dict[str, str] = {}
    correct = supported = None
    if question := _correctness(record):
        correct = _asked(model, CORRECTNESS, question, _Correctness, errors)
    sentences = _sentences(record)
    if sentences:
        case = {"sentences": sentences}
        supported = _asked(model, FAITHFULNESS, case, _Faithfulness, errors, len(sentences))
    said = supported.sentences if supported else None
    return Verdict(
        case_id=record.case.id,
        key=key(record),
        correct=correct.correct if correct else None,
        reason=correct.reason[:_LONGEST] if correct else "",
        supported=tuple(one.supported for one in said) if said else None,
        reasons=tuple(one.reason[:_LONGEST] for one in said or ()),
        errors=errors,
    )


# What is asked -----------------------------------------------------------------------------------


def _correctness(record: Record) -> dict[str, Any] | None:
    """None where there is nothing to hold the answer against."""
    case, answer = record.case, record.answer or {}
    quotes = [item.quote for item in case.evidence if item.quote]
    if not case.answerable or not (case.parts or quotes):
        return None
    return {
        "earlier": [turn.to_dict() for turn in case.history],
        "question": case.question,
        "expected": [part[0] if len(part) == 1 else list(part) for part in case.parts],
        "evidence": quotes,
        "answer": answer["answer"],
    }


def _sentences(record: Record) -> list[dict[str, Any]]:
    answer = record.answer or {}
    citations = {item["number"]: item for item in answer["citations"]}
    return [
        {
            "number": number,
            "sentence": sentence["text"],
            "quotes": [_quote(citations[n]) for n in sentence["citations"] if n in citations],
        }
        for number, sentence in enumerate(answer["sentences"], start=1)
    ]


def _quote(citation: dict[str, Any]) -> dict[str, Any]:
    start = citation["start"]
    return {
        "quote": citation["quote"],
        **{name: citation[name] for name in ("title", "publisher", "published")},
        "notes": [
            f"{citation['quote'][note['start'] - start : note['end'] - start]} = {note['meaning']}"
            for note in citation["notes"]
        ],
    }


# What is said ------------------------------------------------------------------------------------


def _asked(
    model: Writes,
    name: str,
    case: dict[str, Any],
    reply: type[_R],
    errors: dict[str, str],
    sentences: int = 0,
) -> _R | None:
    messages = prompt(name).fill(case=json.dumps(case, ensure_ascii=False, indent=1))
    what = name.removeprefix("judge_")
    try:
        said = "".join(model.stream(messages))
        return _read(said, reply, sentences)
    except ModelError as error:
        told = _SETTING.sub("judge.", str(error)).replace("RAG_LLM__", "RAG_JUDGE__")
        errors[what] = f"{type(error).__name__}: {told}"
    return None


def _read(said: str, reply: type[_R], sentences: int) -> _R:
    """The reply, where it is just what was asked for; one code fence around it is let pass."""
    text = said.strip()
    fenced = _FENCE.fullmatch(text)
    try:
        read = reply.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        raise ModelError(
            f"the judge did not reply as asked ({error.errors()[0]['msg']}): {text[:_LONGEST]!r}"
        ) from None
    if isinstance(read, _Faithfulness):
        numbers = [one.number for one in read.sentences]
        if numbers != list(range(1, sentences + 1)):
            raise ModelError(f"the judge was asked about {sentences} sentences, not {numbers}")
    return read


def _still_good(earlier: Judgement | None, judge: dict[str, Any]) -> dict[tuple[str, str], Verdict]:
    if earlier is None or earlier.judge != judge:
        return {}
    return {(one.case_id, one.key): one for one in earlier.verdicts if not one.errors}


def _prompts() -> dict[str, str]:
    return {f"{name}.md": prompt(name).sha256[:12] for name in (CORRECTNESS, FAITHFULNESS)}


def _tell(progress: Callable[[Progress], None] | None, run: Run, done: int, total: int) -> None:
    if progress:
        progress(Progress(stage=run.dataset, done=done, total=total))
