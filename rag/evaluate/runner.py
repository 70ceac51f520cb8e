"""Asking every case of a data set: timed, resumable, failures kept apart from wrong answers."""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from rag.errors import RagError, SettingsError
from rag.evaluate.cases import Case, Dataset
from rag.evaluate.citations import citation_scores, unsupported, verifier_judge
from rag.evaluate.journal import Journal
from rag.evaluate.metrics import Scores, answer_scores, retrieval_scores
from rag.evaluate.records import Record, Run
from rag.schema import Answer, Article, Filters, Passage, Progress, Turn, Verification

_T = TypeVar("_T")

OUTCOMES = (
    "right",
    "not retrieved",
    "retrieved but not used",
    "wrong",
    "unsupported",
    "should have abstained",
    "not judged",
    "failed",
)


@runtime_checkable
class Searches(Protocol):
    """Anything that finds passages; enough for `run(…, answer=False)`.

    Where `passages` also takes `history`, the earlier turns of a follow-up are given to it.
    """

    def passages(
        self, question: str, top_k: int = 10, filters: Filters | None = None
    ) -> Sequence[Passage]:
        """At most `top_k` passages, best first."""
        ...


@runtime_checkable
class Asks(Searches, Protocol):
    """Anything that answers with citations too; `rag.Assistant` is one."""

    def ask(
        self, question: str, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> Answer:
        """The answer to a question."""
        ...

    def article(self, article_id: str) -> Article:
        """The stored article; raises IndexMissing."""
        ...

    def verify(self, text: str, articles: Sequence[str]) -> Verification:
        """The verdicts of a text against articles, given as plain texts here."""
        ...


Follow = Callable[[Progress], None]


def evaluate(
    sets: Sequence[str | Path],
    assistant: Searches,
    *,
    retrieve: bool = True,
    answer: bool = True,
    top_k: int = 10,
    out: Path | None = None,
    progress: Follow | None = None,
    about: Mapping[str, Any] | None = None,
) -> list[Run]:
    """Run several sets, by name or file: what `rag eval run SET…` does.

    All sets are read before the first question is asked. The arguments are those of `run`.

    Raises:
        CorpusError: a set cannot be read; names file and line.
        SettingsError: see `run`.
    """
    datasets = [Dataset.load(name) for name in sets]
    return [
        run(
            dataset,
            assistant,
            retrieve=retrieve,
            answer=answer,
            top_k=top_k,
            out=out,
            progress=progress,
            about=about,
        )
        for dataset in datasets
    ]


def run(
    dataset: Dataset,
    assistant: Searches,
    *,
    retrieve: bool = True,
    answer: bool = True,
    top_k: int = 10,
    out: Path | None = None,
    progress: Follow | None = None,
    about: Mapping[str, Any] | None = None,
) -> Run:
    """Ask every case and score what comes back.

    A RagError on a case is recorded and the next case is asked; such a case is not scored on what
    failed. With `out`, the run is saved there as `<set>.json`, and while it lasts each case is
    appended to `<set>.partial.jsonl`: called again with the same arguments after a stop, it goes on
    there, and cases that failed are asked again. That file goes when every case has gone through.

    Args:
        dataset: the cases.
        assistant: an `Asks`, or with `answer=False` anything that finds passages.
        retrieve: measure `assistant.passages`.
        answer: measure `assistant.ask`.
        top_k: how many passages to ask for. Articles are ranked from these.
        out: a folder; made when missing.
        progress: called before the first case and after each one, with the set's name as stage.
        about: what produces the figures (settings, fingerprints, prompt hashes); JSON-ready.
            Kept with the run, and a stopped run is taken up again only with the same.

    Raises:
        SettingsError: nothing to run, `top_k` under 1, or an assistant that cannot answer.
        CorpusError: `out` cannot be written.
    """
    _check(assistant, retrieve=retrieve, answer=answer, top_k=top_k)
    facts = json.loads(json.dumps(dict(about or {}), sort_keys=True, default=str))
    ran = tuple(name for name, on in (("retrieve", retrieve), ("answer", answer)) if on)
    fingerprint = _fingerprint(dataset, ran, top_k, facts)
    journal = Journal(out, dataset.name, fingerprint)
    done = journal.resume()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    records = []
    _tell(progress, dataset, 0)
    for case in dataset.cases:
        record = done.get(case.id) or _ask(case, assistant, ran, top_k)
        if case.id not in done:
            journal.add(record)
        records.append(record)
        _tell(progress, dataset, len(records))
    finished = Run(
        dataset=dataset.name,
        fingerprint=fingerprint,
        records=tuple(records),
        ran=ran,
        top_k=top_k,
        about=facts,
        started=started,
    )
    journal.finish(finished)
    return finished


def _check(assistant: Searches, *, retrieve: bool, answer: bool, top_k: int) -> None:
    if not (retrieve or answer):
        raise SettingsError("nothing to run: ask for retrieval, answers or both")
    if top_k < 1:
        raise SettingsError(f"top_k is {top_k}; ask for at least one passage")
    if answer and not isinstance(assistant, Asks):
        kind = type(assistant).__name__
        raise SettingsError(f"{kind} finds passages but does not answer; pass answer=False")


def _fingerprint(dataset: Dataset, ran: Sequence[str], top_k: int, about: Mapping[str, Any]) -> str:
    what = [dataset.name, dataset.fingerprint, list(ran), top_k, about]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def _tell(progress: Follow | None, dataset: Dataset, done: int) -> None:
    if progress:
        progress(Progress(stage=dataset.name, done=done, total=len(dataset.cases)))


# One case ----------------------------------------------------------------------------------------


def _ask(case: Case, assistant: Searches, ran: Sequence[str], top_k: int) -> Record:
    seconds: dict[str, float] = {}
    errors: dict[str, str] = {}
    scores: Scores = {}
    passages: tuple[Passage, ...] = ()
    answer: Answer | None = None
    if "retrieve" in ran:
        found = _timed("retrieve", lambda: _search(case, assistant, top_k), seconds, errors)
        if found is not None:
            passages = tuple(found)
            scores |= retrieval_scores(case, passages)
    if "answer" in ran and isinstance(assistant, Asks):
        asked = assistant
        answer = _timed(
            "answer",
            lambda: asked.ask(case.question, filters=case.filters, history=case.history),
            seconds,
            errors,
        )
        if answer is not None:
            passages = passages or answer.passages
            scores |= answer_scores(case, answer)
            scores |= _citations(answer, asked, errors)
    return Record(
        case=case,
        passages=passages,
        answer=_kept(answer),
        seconds=seconds,
        errors=errors,
        scores=scores,
        unsupported=tuple(unsupported(answer)) if answer else (),
        outcome=outcome(case, passages, answer, scores) if "answer" in ran else None,
    )


def _search(case: Case, assistant: Searches, top_k: int) -> Sequence[Passage]:
    options: dict[str, Any] = {"top_k": top_k, "filters": case.filters}
    if case.history and "history" in inspect.signature(assistant.passages).parameters:
        options["history"] = case.history
    return assistant.passages(case.question, **options)


def _timed(
    name: str, work: Callable[[], _T], seconds: dict[str, float], errors: dict[str, str]
) -> _T | None:
    begun = time.perf_counter()
    try:
        result = work()
    except RagError as error:
        errors[name] = f"{type(error).__name__}: {error}"
        return None
    seconds[name] = time.perf_counter() - begun
    return result


def _citations(answer: Answer, assistant: Asks, errors: dict[str, str]) -> Scores:
    try:
        return citation_scores(answer, verifier_judge(assistant.verify), assistant.article)
    except RagError as error:
        errors["verify"] = f"{type(error).__name__}: {error}"
        return {}


def _kept(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {key: value for key, value in answer.to_dict().items() if key != "passages"}


def outcome(case: Case, passages: Sequence[Passage], answer: Answer | None, scores: Scores) -> str:
    """What became of a case, as one of OUTCOMES: where to look first when it went wrong.

    `right` holds the expected answer with every number and name of it in its citations;
    `unsupported` is right but for that. A wrong answer or a wrong abstention is `not retrieved`
    when no evidence article is among the passages, `retrieved but not used` when none of those
    that are is cited, and `wrong` otherwise.
    """
    if answer is None:
        return "failed"
    if not case.answerable:
        return "right" if answer.abstained else "should have abstained"
    contained, support = scores.get("containment"), scores.get("citation_recall_strict")
    if contained is None and not answer.abstained:
        return "not judged"
    if contained is not None and contained.value == 1:
        return "right" if support is None or support.value == 1 else "unsupported"
    found = set(case.article_ids) & {passage.article_id for passage in passages}
    if not found:
        return "not retrieved"
    used = found & {citation.article_id for citation in answer.citations}
    return "wrong" if used else "retrieved but not used"
