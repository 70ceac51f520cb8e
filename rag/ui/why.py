"""Why this answer: what was searched for and understood, what was read, what it took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from rag.schema import Answer, Filters, Passage, Search
from rag.ui.markup import day, escape
from rag.ui.source import byline, source_link
from rag.ui.words import N_, _
from rag.understand import parts_of

_STAGES = {
    "retrieve": N_("Search"),
    "select": N_("Choosing evidence"),
    "first_sentence": N_("First sentence"),
    "write": N_("Writing and checking"),
    "total": N_("In all"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the reader allowed a question to look at and to mean."""

    filters: Filters = field(default_factory=Filters)
    without: tuple[str, ...] = ()
    """Labels of what was understood and is not to be."""
    topics: tuple[str, ...] = ()
    """Only articles filed under one of them; empty lets all through."""


def why_html(answer: Answer, limits: Limits) -> str:
    """What was understood, in view, and everything else folded away."""
    parts = [
        _facts(answer, limits),
        _part(_("Searches"), _searches(answer.searches)),
        _part(_("Passages read"), _passages(answer)),
    ]
    heading = _("Why this answer")
    return (
        f"{searched_html(answer, limits)}"
        f'<details class="about"><summary>{heading}</summary>{"".join(parts)}</details>'
    )


def searched_html(answer: Answer, limits: Limits) -> str:
    """What was searched for and understood, where that is more than the question."""
    chips = _chips(answer, limits)
    return f"{_said(answer)}{chips}"


def limits_text(limits: Limits) -> str:
    """As `filters_text`, with the topics: `by A; on chips or trade`."""
    on = _("on {topics}", topics=_either(limits.topics)) if limits.topics else ""
    return "; ".join(filter(None, (filters_text(limits.filters), on)))


def filters_text(filters: Filters) -> str:
    """`by Harbour Desk or Mill Street; published from 1 May 2023 to 31 May 2023`; may be empty."""
    first, last = (str(one or "") for one in (filters.first_day, filters.last_day))
    by = _("by {publishers}", publishers=_either(filters.publishers)) if filters.publishers else ""
    published = ""
    if first and last:
        published = _("published from {first} to {last}", first=day(first), last=day(last))
    elif first:
        published = _("published from {first}", first=day(first))
    elif last:
        published = _("published to {last}", last=day(last))
    return "; ".join(filter(None, (by, published)))


def _either(names: Sequence[str]) -> str:
    """`A`, `A or B or C`."""
    return reduce(lambda one, other: _("{one} or {other}", one=one, other=other), names)


def _said(answer: Answer) -> str:
    same = answer.query.split() == answer.question.split()
    parts = parts_of(answer.query, answer.searches)
    queries = [*([] if same and parts else [answer.query]), *parts]
    if not answer.query or (same and not parts):
        return ""
    told = ", ".join(f"<q>{escape(text)}</q>" for text in queries)
    return f'<p class="searched">{_("Searched for {queries}", queries=told)}</p>'


def _chips(answer: Answer, limits: Limits) -> str:
    """What moved passages up, each with a button that asks again without it, or with it."""
    used = dict.fromkeys(one.label for one in answer.understood)
    chips = [_chip("drop", _("Ask again without"), label, "×") for label in used]
    chips += [_chip("restore", _("Ask again with"), label, "+") for label in limits.without]
    if limited := limits_text(limits):
        only = _("Only {limits}", limits=limited)
        chips.append(f'<span class="chip set">{escape(only)}</span>')
    first = f'<span class="by">{_("First of all")}</span> ' if used else ""
    return f'<p class="chips">{first}{" ".join(chips)}</p>' if chips else ""


def _chip(kind: str, asks: str, label: str, sign: str) -> str:
    """A button whose value is the label."""
    text = escape(label)
    return (
        f'<button type="button" class="chip {kind}" value="{text}"><span class="sr-only">{asks}: '
        f'</span>{text}<span class="sign">{escape(sign)}</span></button>'
    )


def _part(name: str, content: str) -> str:
    return f"<h4>{name}</h4>{content}" if content else ""


def _searches(searches: Iterable[Search]) -> str:
    rows = (f"<li><q>{escape(one.query)}</q>{_preferred(one)}</li>" for one in searches)
    listed = "".join(rows)
    return f'<ol class="searches">{listed}</ol>' if listed else ""


def _preferred(search: Search) -> str:
    first, last = search.about_from, search.about_to
    days = sorted({str(one) for one in (first, last) if one})
    told = [
        filters_text(search.prefer),
        _("about {days}", days=" – ".join(day(one) for one in days)) if days else "",
    ]
    text = "; ".join(filter(None, told))
    shown = _("{kind} first", kind=text)
    return f' <span class="by">{escape(shown)}</span>' if text else ""


def _passages(answer: Answer) -> str:
    """Each passage with its score and the numbers that cite it, best first."""
    top = max((passage.score for passage in answer.passages), default=0.0)
    rows = "".join(_passage(passage, answer, top) for passage in answer.passages)
    return f'<ol class="passages scored">{rows}</ol>' if rows else ""


def _passage(passage: Passage, answer: Answer, top: float) -> str:
    link = source_link(passage.article_id, (passage.start, passage.end), passage.text)
    numbers = [
        str(one.number)
        for one in answer.citations
        if one.article_id == passage.article_id
        and one.start < passage.end
        and passage.start < one.end
    ]
    cited = _("cited as {numbers}", numbers=", ".join(numbers)) if numbers else _("not cited")
    share = round(100 * passage.score / top) if top > 0 else 0
    return (
        f'<li><a class="title cite-title" href="{escape(link)}">'
        f"<bdi>{escape(passage.title or passage.article_id)}</bdi></a> "
        f'<span class="by">{byline(passage.publisher, passage.published)}</span>'
        f'<span class="by"><span class="score"><span style="width: {share}%"></span></span>'
        f"{_('score {score}', score=f'{passage.score:.3f}')} · {cited}</span></li>"
    )


def _facts(answer: Answer, limits: Limits) -> str:
    timings = ", ".join(
        f"{_(_STAGES[stage]) if stage in _STAGES else stage} {seconds:.2f} s"
        for stage, seconds in answer.timings.items()
    )
    likely = "" if answer.likely is None else f"{answer.likely:.0%}"
    facts = [
        (_("Model"), answer.model or _("none: quoted evidence")),
        (
            _("Answerable"),
            likely and _("{likely} likely, judged from the passages", likely=likely),
        ),
        (_("Limited to"), limits_text(limits)),
        (_("Time"), timings),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts if fact)
    return f"<dl>{rows}</dl>"
