"""The cards behind the numbers and ticks of an answer: what is cited, and what was checked."""

from __future__ import annotations

from collections.abc import Iterable

from rag.schema import Answer, Citation, Failure, Note, Sentence, Verdict
from rag.ui.markup import escape, shorten
from rag.ui.source import byline
from rag.ui.words import N_, _, n_

_LONGEST = 360
"""Characters of a quote on a card; the whole of it stands in the source panel."""
VERDICTS = {
    Verdict.SUPPORTED: N_("Checked: the cited text supports this sentence"),
    Verdict.PARTLY: N_("Only partly supported by the cited text"),
    Verdict.UNSUPPORTED: N_("Not supported by the cited text"),
    Verdict.QUOTED: N_("The article’s own words, letter for letter"),
}
_PASSED = N_(
    "No difference found in: numbers · dates · names · negation · plans and possibilities · "
    "quantities · opposites · quotations · attribution · meaning."
)
_FAILED = {
    "number": N_("a number that the cited text does not give"),
    "date": N_("a time that the cited text does not give"),
    "name": N_("a name that the cited text does not give, or not in this part"),
    "negation": N_("denied in one text and not in the other"),
    "modality": N_("a plan or possibility told as a fact, or a fact as one"),
    "quantifier": N_("how much or how many is told differently"),
    "opposite": N_("the opposite of what the cited text says"),
    "quotation": N_("not the words that stand between the quotation marks"),
    "attribution": N_("told as known, and only said by somebody"),
    "order": N_("words of the cited text put together in another order"),
    "meaning": N_("words for which the cited text has nothing"),
    "mark": N_("a citation of something that was not found"),
    "evidence": N_("no citation"),
    "markup": N_("an address or markup in the model's own words"),
}
"""What it means that a check failed; the checks are those of `rag.schema.Failure`."""


def cards_html(answer: Answer) -> str:
    """A card for each citation (class `n1`, …) and each sentence (class `s1`, …), out of sight."""
    cited = [_citation(citation) for citation in answer.citations]
    said = [_check(place, item) for place, item in enumerate(answer.sentences, start=1)]
    return f'<div class="cards">{"".join((*cited, *said))}</div>' if answer.sentences else ""


def failed_text(failed: Iterable[Failure]) -> str:
    """Why a sentence failed, in words: `a number that the cited text does not give (12)`."""
    return "; ".join(
        (_(_FAILED[one.check]) if one.check in _FAILED else one.check)
        + (f" ({', '.join(one.words)})" if one.words else "")
        for one in failed
    )


def beside_html(citations: Iterable[Citation]) -> str:
    """What times and pronouns in the quoted words mean, as read from their article."""
    notes = dict.fromkeys(
        _beside(note, citation) for citation in citations for note in citation.notes
    )
    return f'<span class="beside">{escape("; ".join(notes))}</span>' if notes else ""


def also_in_html(citation: Citation) -> str:
    """Where else the story was run."""
    names = ", ".join(
        f"<bdi>{escape(copy.publisher or copy.title or copy.article_id)}</bdi>"
        for copy in citation.also_in
    )
    return f'<span class="beside">{_("Also in {names}", names=names)}</span>' if names else ""


def _beside(note: Note, citation: Citation) -> str:
    return note.beside(citation.quote, citation.start)


def _citation(citation: Citation) -> str:
    title = escape(citation.title or citation.article_id)
    return (
        f'<div class="card n{citation.number}">'
        f'<p class="words">“{escape(shorten(citation.quote, _LONGEST))}”</p>'
        f'<p class="title"><bdi>{title}</bdi></p>'
        f'<p class="by">{byline(citation.publisher, citation.published)}</p>'
        f"{beside_html([citation])}{also_in_html(citation)}</div>"
    )


def _check(place: int, sentence: Sentence) -> str:
    told = _(_PASSED) if sentence.verdict is Verdict.SUPPORTED else failed_text(sentence.failed)
    quoted = sentence.verdict is Verdict.QUOTED
    facts = ["" if quoted else _held_against(sentence), told]
    lines = "".join(f'<p class="by">{escape(fact)}</p>' for fact in facts if fact)
    verdict = escape(_(VERDICTS[sentence.verdict]))
    return f'<div class="card s{place}"><p class="title">{verdict}</p>{lines}</div>'


def _held_against(sentence: Sentence) -> str:
    marks = ", ".join(str(number) for number in sentence.citations)
    if not marks:
        return ""
    return n_(
        "Held against source {marks}; support {share}",
        "Held against sources {marks}; support {share}",
        len(sentence.citations),
        marks=marks,
        share=f"{sentence.score:.0%}",
    )
