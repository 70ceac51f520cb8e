"""Newer versions of an article that count as copies of it, since little was changed in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.notes.article import notes
from rag.schema import Article, Copy, Evidence
from rag.sentences import sentence_spans
from rag.updates import newer_version
from rag.words import content_stems

ALIKE = 0.6
"""Share of all telling stems that a sentence and its newer form have in common."""


def newer_forms(
    evidence: Sequence[Evidence], article: Callable[[str], Article], most: int
) -> list[Evidence]:
    """What newer versions of cited articles say in the place of `evidence`; mostly empty.

    Search shows the earliest of several copies. Where a later one is the same publisher's newer
    version and tells a sentence otherwise, that form is evidence too, for `rag.updates.changed` to
    judge. Numbered behind the evidence given.

    Args:
        evidence: sentences with the copies of their articles.
        article: gives a stored article by its id.
        most: how many of the sentences are looked at, the first ones.
    """
    found: list[Evidence] = []
    for item in evidence[:most]:
        for copy in item.also_in:
            if copy.publisher.casefold() == item.publisher.casefold() and copy.published:
                form = _form(item, article(copy.article_id), len(evidence) + len(found) + 1)
                found += [form] if form and newer_version(form, item) else []
    return found


def _form(item: Evidence, later: Article, number: int) -> Evidence | None:
    """The sentence of a later version that is most like one; None where it is unchanged or gone."""
    if item.text in later.text:
        return None
    own = frozenset(content_stems(item.text))
    spans = sentence_spans(later.text)
    start, end = max(spans, key=lambda span: _alike(own, later.text[slice(*span)]), default=(0, 0))
    if _alike(own, later.text[start:end]) < ALIKE:
        return None
    earlier = Copy(
        article_id=item.article_id,
        title=item.title,
        publisher=item.publisher,
        published=item.published,
        url=item.url,
    )
    others = (copy for copy in item.also_in if copy.article_id != later.article_id)
    return Evidence(
        number=number,
        score=item.score,
        share=0.0,
        article_id=later.article_id,
        start=start,
        end=end,
        text=later.text[start:end],
        title=later.title,
        publisher=later.publisher,
        published=later.published,
        url=later.url,
        notes=tuple(one for one in notes(later) if start <= one.start and one.end <= end),
        also_in=(earlier, *others),
    )


def _alike(own: frozenset[str], text: str) -> float:
    other = frozenset(content_stems(text))
    return len(own & other) / (len(own | other) or 1)
