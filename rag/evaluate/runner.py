"""Asking every case of a data set: timed, resumable, failures kept apart from wrong answers."""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import CorpusError, ModelError, RagError, SettingsError
from rag.evaluate.cases import Case, Dataset
from rag.evaluate.citations import citation_scores, unsupported, verifier_judge
from rag.evaluate.journal import Journal
from rag.evaluate.metrics import (
    Metric,
    Scores,
    answer_scores,
    article_ranking,
    passage_scores,
    ranking_scores,
)
from rag.evaluate.ranges import range_scores
from rag.evaluate.records import Record, Run
from rag.evaluate.searchers import Asks, Searches, searcher
from rag.schema import Answer, Passage, Progress

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever

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


Follow = Callable[[Progress], None]


def run(
    dataset: Dataset,
    assistant: Searches | BaseRetriever,
    *,
    retrieve: bool = True,
    answer: bool = True,
    top_k: int = 10,
    metrics: Sequence[Metric] = (),
    out: Path | None = None,
    progress: Follow | None = None,
    about: Mapping[str, Any] | None = None,
) -> Run:
    """Ask every complete case and score what comes back.

    A RagError on a case is recorded and the next case is asked; such a case is not scored on what
    failed. So is an answer that quotes evidence because its model failed. With `out`, the run is
    saved there as `<set>.json`, and while it lasts each case is appended to `<set>.partial.jsonl`:
    called again with the same arguments after a stop, it goes on there, and cases that failed are
    asked again. That file goes when every case has gone through.

    Args:
        dataset: the cases.
        assistant: an `Asks`, or with `answer=False` anything that finds passages, LlamaIndex
            retrievers included.
        retrieve: measure `assistant.passages`.
        answer: measure `assistant.ask`.
        top_k: how many passages to ask for. Articles are ranked from these.
        metrics: measures of one's own, beside the product's.
        out: a folder; made when missing.
        progress: called before the first case and after each one, with the set's name as stage;
            a run that is taken up again begins at the number of cases that it need not ask.
        about: what produces the figures (settings, fingerprints, prompt hashes); JSON-ready.
            Kept with the run, and a stopped run is taken up again only with the same.

    Raises:
        SettingsError: nothing to run, `top_k` under 1, or an assistant that cannot answer.
        CorpusError: `out` cannot be written, or no case is complete.
    """
    assistant = searcher(assistant)
    cases = [case for case in dataset.cases if case.complete]
    _check(assistant, retrieve=retrieve, answer=answer, top_k=top_k)
    if not cases:
        raise CorpusError(f"{dataset.name}: no case is complete; give each an answer and evidence")
    facts = json.loads(json.dumps(dict(about or {}), sort_keys=True, default=str))
    ran = tuple(name for name, on in (("retrieve", retrieve), ("answer", answer)) if on)
    fingerprint = _fingerprint(dataset, ran, top_k, facts)
    journal = Journal(out, dataset.name, fingerprint)
    done = journal.resume()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    records = []
    asked = len(done)
    _tell(progress, dataset, asked, len(cases))
    for case in cases:
        if (record := done.get(case.id)) is None:
            record = _ask(case, assistant, ran, top_k)
            journal.add(record)
            _tell(progress, dataset, asked := asked + 1, len(cases))
        records.append(_judged(record, metrics))
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


def _tell(progress: Follow | None, dataset: Dataset, done: int, total: int) -> None:
    if progress:
        progress(Progress(stage=dataset.name, done=done, total=total))


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
        answer = _timed("answer", lambda: _answer(case, asked), seconds, errors)
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


def _judged(record: Record, metrics: Sequence[Metric]) -> Record:
    """The record with scores by metrics of the caller's own, unless the case failed."""
    if not metrics or record.errors:
        return record
    own = {metric.name: metric.score(record.case, record) for metric in metrics}
    return replace(record, scores={**record.scores, **own})


def _answer(case: Case, assistant: Asks) -> Answer:
    """The answer to a case.

    Raises:
        ModelError: the model failed: what is shown in its stead is not the model's to be judged by.
        RagError: as the assistant does.
    """
    answer = assistant.ask(case.question, filters=case.filters, history=case.history)
    if answer.model_error:
        raise ModelError(answer.model_error)
    return answer


def retrieval_scores(case: Case, passages: Sequence[Passage]) -> Scores:
    """The scores of `RANKING`, `PASSAGE` and `RANGE`; all None when a case has no evidence."""
    return {
        **ranking_scores(case.grades, article_ranking(passages)),
        **passage_scores([item.quote for item in case.evidence], [p.text for p in passages]),
        **range_scores(case, passages),
    }


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
