"""`rag doctor`: every file of the collection and every model, what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rag import health, models
from rag.calibration import stored
from rag.catalog import FILE_NAME, Catalog
from rag.errors import RagError
from rag.evidence import scored_by
from rag.index import Index
from rag.schema import Record
from rag.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Record):
    """What is to be said of one thing; the remedy is part of the message."""

    what: str
    ok: bool
    message: str


def examine(settings: Settings, *, repair: bool = False) -> list[Diagnosis]:
    """Check settings, models and collection; with `repair`, build anew what can be built.

    Never raises a `RagError`: what cannot be checked is a diagnosis too.
    """
    return [
        *_models(settings),
        *_collection(settings, repair=repair),
        *_abstaining(settings),
    ]


def _models(settings: Settings) -> Iterator[Diagnosis]:
    try:
        embedder = models.embedder(settings, Index.made_with(settings.index.dir))
        embedder.embed(["Does it work?"])
        yield Diagnosis(what="embedder", ok=True, message=embedder.fingerprint)
    except RagError as error:
        yield Diagnosis(what="embedder", ok=False, message=str(error))
    try:
        model = models.language_model(settings)
        if model is None:
            yield Diagnosis(what="model", ok=True, message="off (llm.enabled): answers are quotes")
            return
        try:
            said = "".join(model.stream([("user", "Say yes.")], max_tokens=4))
        finally:
            model.close()
        yield Diagnosis(what="model", ok=True, message=f"{model.name} answers: {said.strip()!r}")
    except RagError as error:
        yield Diagnosis(
            what="model", ok=False, message=f"{error} Until then answers are quoted evidence."
        )


def _abstaining(settings: Settings) -> Iterator[Diagnosis]:
    """Under which likelihood questions are declined, and where that comes from."""
    folder, chosen = settings.index.dir, settings.answer
    try:
        with Catalog.open(folder / FILE_NAME) as catalog:
            fitted = stored(catalog)
        embedder = models.embedder(settings, Index.made_with(folder))
        held = scored_by(embedder.fingerprint, models.reader(settings))
    except RagError:
        return  # told above
    fit = f"{fitted.abstain_below:.3f} fitted on {', '.join(fitted.sets)}" if fitted else ""
    if "abstain_below" in chosen.model_fields_set:
        message = f"under {chosen.abstain_below:.3f} (answer.abstain_below)"
        message += f"; {fit} is not used" if fitted else ""
    elif fitted and fitted.scored_by == held:
        message = (
            f"under {fit}: refusal precision {fitted.precision:.2f}, recall {fitted.recall:.2f}"
        )
    else:
        message = f"under {chosen.abstain_below:.3f} (the default)"
        message += f"; {fit} is for other models: run `rag calibrate` again" if fitted else ""
    yield Diagnosis(what="abstaining", ok=True, message=message)


def _collection(settings: Settings, *, repair: bool) -> Iterator[Diagnosis]:
    folder = settings.index.dir.absolute()
    try:
        findings = health.check(folder)
        if repair and not all(finding.ok for finding in findings):
            fingerprint = models.embedder(settings, Index.made_with(folder)).fingerprint
            with Index.open(folder, fingerprint, settings.index) as index:
                findings = health.repair(index)
    except RagError as error:
        yield Diagnosis(what=str(folder), ok=False, message=str(error))
        return
    for finding in findings:
        message = "; ".join(
            part for part in (finding.state, finding.detail, finding.remedy) if part
        )
        yield Diagnosis(what=str(finding.path), ok=finding.ok, message=message)
