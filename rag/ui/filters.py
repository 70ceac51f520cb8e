"""The filters that a reader sets: days, publishers and topics, as a form and as what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs

from rag.errors import SettingsError
from rag.schema import ArticleFacts, Filters
from rag.ui.markup import escape
from rag.ui.render import problem_html
from rag.ui.why import Limits, limits_text
from rag.ui.words import _

_MOST_NAMES = 200
"""Publishers, and topics, to choose from: those of the most articles."""
_MOST_FIELDS = 500


def read_limits(query: str) -> Limits:
    """What a query string such as `from=2023-05-01&publisher=A&topic=chips` lets through.

    Raises:
        SettingsError: a date cannot be read, the range is empty, or it is too much at once.
    """
    try:
        fields = parse_qs(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise SettingsError("the filters cannot be read; clear them and set them anew") from None
    filters = Filters(
        published_from=fields.get("from", [""])[0],
        published_to=fields.get("to", [""])[0],
        publishers=tuple(fields.get("publisher", ())),
    )
    return Limits(filters=filters, topics=tuple(fields.get("topic", ())))


def resolved(limits: Limits, articles: Sequence[ArticleFacts]) -> Filters | None:
    """The filters to search with; a topic stands for the articles that are filed under it.

    Raises:
        SettingsError: no article is filed under any of the topics.
    """
    if not limits.topics:
        return limits.filters or None
    wanted = {topic.casefold() for topic in limits.topics}
    ids = [one.article_id for one in articles if wanted & {t.casefold() for t in one.topics}]
    if not ids:
        raise SettingsError(
            f"no article is filed under {' or '.join(limits.topics)} any more; clear that filter"
        )
    chosen = limits.filters
    return Filters(
        published_from=chosen.published_from,
        published_to=chosen.published_to,
        publishers=chosen.publishers,
        article_ids=tuple(ids),
    )


def form_html(query: str, articles: Sequence[ArticleFacts]) -> str:
    """The form, filled in as `query` says, with what it lets through in words."""
    try:
        limits, problem = read_limits(query), ""
    except SettingsError as error:
        limits, problem = Limits(), problem_html(str(error))
    days = sorted(one.published[:10] for one in articles if one.published)
    bounds = f' min="{escape(days[0])}" max="{escape(days[-1])}"' if days else ""
    chosen = limits.filters
    publishers = Counter(one.publisher for one in articles if one.publisher)
    topics = Counter(topic for one in articles for topic in one.topics)
    first, last = (
        _day("from", _("From"), chosen.first_day, bounds),
        _day("to", _("To"), chosen.last_day, bounds),
    )
    return (
        f'<form class="filters">{problem}<p class="summary" hidden>'
        f"{escape(limits_text(limits))}</p>"
        f'<fieldset class="days"><legend>{_("Published")}</legend>'
        f"{first}{last}"
        f"</fieldset>{_choice('publisher', _('Publishers'), publishers, chosen.publishers)}"
        f"{_choice('topic', _('Topics'), topics, limits.topics)}"
        f'<p class="ends"><button type="submit">{_("Apply")}</button>'
        f'<button type="button" class="clear">{_("Clear")}</button></p></form>'
    )


def _day(name: str, label: str, value: object, bounds: str) -> str:
    given = f' value="{escape(str(value))}"' if value else ""
    return f'<label>{label} <input type="date" name="{name}"{given}{bounds}></label>'


def _choice(name: str, legend: str, counted: Counter[str], chosen: Iterable[str]) -> str:
    """A box to tick for each name, those of the most articles first."""
    picked = {one.casefold() for one in chosen}
    rows = "".join(
        f'<label><input type="checkbox" name="{name}" value="{escape(one)}"'
        f"{' checked' if one.casefold() in picked else ''}> <bdi>{escape(one)}</bdi> "
        f'<span class="by">{number:,}</span></label>'
        for one, number in counted.most_common(_MOST_NAMES)
    )
    return f"<fieldset><legend>{legend}</legend>{rows}</fieldset>" if rows else ""
