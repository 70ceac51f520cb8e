"""Answer -> HTML: pure functions. Every string is escaped; only our own tags are tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from rag.schema import Answer, Citation, Passage, Sentence, Verdict
from rag.ui.cards import VERDICTS, also_in_html, beside_html, cards_html, failed_text
from rag.ui.markup import day, escape, shorten
from rag.ui.source import byline, source_link
from rag.ui.timeline import dated
from rag.ui.why import Limits, why_html
from rag.ui.words import N_, _, n_, spoken
from rag.ui.written import answer_markdown, answer_text

_MOST_CLOSEST = 3
_KINDS = {
    "number": N_("The articles differ on a number"),
    "date": N_("The articles differ on a date"),
    "name": N_("The articles differ on a name"),
}
"""What articles differ on; see `rag.disagree`."""
_HEADING = re.compile(r"^#{1,6} .*\n+", re.MULTILINE)


def answer_html(answer: Answer, limits: Limits | None = None) -> str:
    """An answer, finished or growing: its sentences, its sources and how it came about."""
    why = why_html(answer, limits or Limits()) if answer.complete else ""
    if answer.abstained:
        return _notice(answer.notice) + _abstained(answer) + why
    parts = [_notice(answer.notice), _sentences(answer), cards_html(answer)]
    if answer.complete:
        parts += [
            _dated(answer),
            _timeline(answer),
            _disagreements(answer),
            _sources(answer),
            _left_out(answer.left_out),
            why,
        ]
    return "".join(parts)


def turn_html(number: int, question: str, body: str) -> str:
    """One exchange: the question, then what was made of it (`body` is HTML)."""
    heading = f'<h2 class="question">{escape(question)}</h2>'
    return f'<section class="turn" id="turn-{number}">{heading}{body}</section>'


def acts_html(answer: Answer | None) -> str:
    """What can be done with a question and its answer, and the texts that copying takes."""
    edit = f'<button type="button" class="act edit">{_("Edit")}</button>'
    if answer is None or not answer.complete:
        return f'<p class="acts">{edit}</p>'
    return (
        f'<p class="acts"><button type="button" class="act as-text">{_("Copy")}</button>'
        f'<button type="button" class="act as-markdown">{_("Copy as Markdown")}</button>{edit}</p>'
        f'<div class="copies"><pre class="text">{escape(answer_text(answer))}</pre>'
        f'<pre class="markdown">{escape(answer_markdown(answer))}</pre></div>'
    )


def following_html(questions: Iterable[str]) -> str:
    """Questions to go on with, each of which asks itself."""
    rows = "".join(
        f'<li><button type="button" class="act follow"><bdi>{escape(one)}</bdi></button></li>'
        for one in questions
    )
    return (
        f'<div class="following"><h3>{_("To go on with")}</h3><ul>{rows}</ul></div>' if rows else ""
    )


def problem_html(message: str) -> str:
    """Something that went wrong, in words."""
    return f'<p class="problem" role="alert">{escape(message)}</p>'


def stopped_html() -> str:
    """The note below an answer that the reader stopped."""
    return f'<p class="stopped">{_("Stopped. What stands above had been checked.")}</p>'


def kept_html(*, right: bool, citations: int = 0) -> str:
    """The note below an answer that the reader has marked, as a whole or `citations` of it."""
    if citations and right:
        told = n_(
            "Saved as a case for evals: {n} citation marked right, the evidence of the question.",
            "Saved as a case for evals: {n} citations marked right, the evidence of the question.",
            citations,
        )
    elif citations:
        told = n_(
            "Saved as a case for evals: {n} citation marked wrong, to be completed by hand.",
            "Saved as a case for evals: {n} citations marked wrong, to be completed by hand.",
            citations,
        )
    elif right:
        told = _("Saved as a case for evals: right, with its citations as evidence.")
    else:
        told = _("Saved as a case for evals: wrong, to be completed by hand.")
    return f'<p class="kept" role="status">{told}</p>'


def moved_html() -> str:
    """The note where another collection was opened since the conversation began."""
    told = _("Another collection is open now; this question began a new conversation in it.")
    return f'<p class="kept" role="status">{escape(told)}</p>'


def elsewhere_html() -> str:
    """The note about a conversation that the open collection does not have."""
    told = _(
        "This conversation is not in the open collection. It may belong to another one: open that "
        "first."
    )
    return f'<p class="kept" role="status">{escape(told)}</p>'


def progress_text(answer: Answer | None) -> str:
    """What is going on, in a few words, from the newest snapshot."""
    if answer and answer.sentences:
        return n_(
            "Writing… {n} sentence checked so far",
            "Writing… {n} sentences checked so far",
            len(answer.sentences),
        )
    if answer and answer.passages:
        articles = len({passage.article_id for passage in answer.passages})
        return _(
            "Reading {passages} from {articles}…",
            passages=n_("{n} passage", "{n} passages", len(answer.passages)),
            articles=n_("{n} article", "{n} articles", articles),
        )
    return _("Searching the articles…")


def place_text(before: int) -> str:
    """Where in the line a question is, with so many before it."""
    if not before:
        return _("Other answers are being written; this question is the next…")
    return n_(
        "Other answers are being written; {n} question before this one…",
        "Other answers are being written; {n} questions before this one…",
        before,
    )


def outcome_text(answer: Answer) -> str:
    """The end of an answer, for those who cannot see that it ended."""
    if answer.abstained:
        return _("Finished: not answered from these articles.")
    sentences = n_("{n} sentence", "{n} sentences", len(answer.sentences))
    citations = n_("{n} citation", "{n} citations", len(answer.citations))
    return _("Answer complete: {sentences}, {citations}.", sentences=sentences, citations=citations)


def status_html(status: str, *, running: bool) -> str:
    """What is going on; once nothing is, it is there for screen readers only."""
    return f'<span class="{"going-on" if running else "sr-only"}">{escape(status)}</span>'


def _sentences(answer: Answer) -> str:
    """Quotes stand in blocks of their own; the sentences between them run on in paragraphs."""
    if answer.rows:
        return f'<div class="answer">{_rows(answer)}</div>'
    blocks = []
    placed = enumerate(answer.sentences, start=1)
    for quoted, run in groupby(placed, lambda item: item[1].verdict is Verdict.QUOTED):
        if quoted:
            blocks += [_quote(place, sentence, answer) for place, sentence in run]
        else:
            said = " ".join(_sentence(place, sentence, answer) for place, sentence in run)
            blocks.append(f"<p>{said}</p>")
    return f'<div class="answer">{"".join(blocks)}</div>'


def _rows(answer: Answer) -> str:
    """A list, or a table with a row for each thing compared."""
    if answer.layout == "list":
        items = (_row(answer, row.sentences) for row in answer.rows)
        return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escape(row.label)}</bdi></th>'
        f"<td>{_row(answer, row.sentences)}</td></tr>"
        for row in answer.rows
    )
    return f'<table class="compared"><tbody>{rows}</tbody></table>'


def _row(answer: Answer, places: Iterable[int]) -> str:
    return " ".join(_sentence(at + 1, answer.sentences[at], answer) for at in places)


def _sentence(place: int, sentence: Sentence, answer: Answer) -> str:
    return (
        f'<span class="sentence {sentence.verdict}">{_said(sentence)}'
        f"{_cites(_cited(sentence, answer), answer)}{_tick(place, sentence)}</span>"
    )


def _quote(place: int, sentence: Sentence, answer: Answer) -> str:
    cited = _cited(sentence, answer)
    line = byline(cited[0].publisher, cited[0].published) if cited else ""
    return (
        f'<blockquote class="sentence quoted"><p>{_said(sentence)}{_cites(cited, answer)}'
        f'{_tick(place, sentence)}</p><p class="by">{line}</p></blockquote>'
    )


def _said(sentence: Sentence) -> str:
    return f'<span class="said">{escape(sentence.text)}</span>'


def _tick(place: int, sentence: Sentence) -> str:
    """The verdict, as a small sign with a card; its name for screen readers is in words."""
    name = escape(_(VERDICTS[sentence.verdict]))
    return (
        f'<button type="button" class="tick s{place}"><span class="sr-only">{name}</span></button>'
    )


def _cited(sentence: Sentence, answer: Answer) -> list[Citation]:
    known = {citation.number: citation for citation in answer.citations}
    return [known[number] for number in sentence.citations if number in known]


def _cites(citations: Iterable[Citation], answer: Answer) -> str:
    return "".join(_cite(citation, answer) for citation in citations)


def _cite(citation: Citation, answer: Answer) -> str:
    """A small number; its card is the one of the same class."""
    return (
        f'<a class="cite n{citation.number}" href="{_link(citation, answer)}">'
        f'<span class="sr-only">{_("Source")} </span>{citation.number}</a>'
    )


def _link(citation: Citation, answer: Answer) -> str:
    also = [
        (other.start, other.end)
        for other in answer.citations
        if other.article_id == citation.article_id
    ]
    span = (citation.start, citation.end)
    copies = [copy.article_id for copy in citation.also_in]
    return escape(source_link(citation.article_id, span, citation.quote, also, copies))


def _dated(answer: Answer) -> str:
    """As of which day the answer holds, and what newer article took the place of which."""
    known = {citation.number: citation for citation in answer.citations}
    lines = [_("As of {day}", day=_day(answer.as_of))] if answer.as_of else []
    for update in answer.updates:
        later, earlier = known[update.later], known[update.earlier]
        newer = f"{byline(later.publisher, later.published)}{_cite(later, answer)} "
        newer += f"(<q>{escape(update.words)}</q>)"
        older = f"{byline(earlier.publisher, earlier.published)}{_cite(earlier, answer)}"
        lines.append(_("Newer: {newer} in place of {older}", newer=newer, older=older))
    return "".join(f'<p class="as-of">{line}</p>' for line in lines)


def _day(iso: str) -> str:
    return f'<time datetime="{escape(iso)}">{escape(spoken().long_day(iso))}</time>'


def _timeline(answer: Answer) -> str:
    """The sentences by day, where the question asks how something changed."""
    rows = "".join(
        f'<li><span class="day">{escape(day(when))}</span><span class="what">'
        f"{escape(shorten(sentence.text, 200))}{_cites(cited, answer)}</span></li>"
        for when, sentence, cited in dated(answer)
    )
    heading = _("By date of the articles")
    return f'<div class="timeline"><h3>{heading}</h3><ol>{rows}</ol></div>' if rows else ""


def _disagreements(answer: Answer) -> str:
    """A small table for each thing on which the articles differ, the earliest first."""
    known = {citation.number: citation for citation in answer.citations}
    tables = []
    for disagreement in answer.disagreements:
        rows = []
        for stated in disagreement.values:
            cited = known[stated.citation]
            rows.append(
                f'<tr><th scope="row"><bdi>{escape(stated.value)}</bdi></th>'
                f"<td>{byline(cited.publisher, cited.published)}{_cite(cited, answer)}</td></tr>"
            )
        caption = _(_KINDS.get(disagreement.kind, N_("The articles differ")))
        tables.append(f"<table><caption>{caption}</caption><tbody>{''.join(rows)}</tbody></table>")
    return f'<div class="differ">{"".join(tables)}</div>' if tables else ""


def _sources(answer: Answer) -> str:
    """One line an article, with the numbers of all its citations."""
    if not answer.citations:
        return ""
    by_article: dict[str, list[Citation]] = {}
    for citation in answer.citations:
        by_article.setdefault(citation.article_id, []).append(citation)
    rows = []
    for citations in by_article.values():
        first = citations[0]
        title = f"<bdi>{escape(first.title or first.article_id)}</bdi>"
        rows.append(
            f'<li><span class="numbers">{_cites(citations, answer)}</span><span class="what">'
            f'<a class="title cite-title" href="{_link(first, answer)}">{title}</a> '
            f'<span class="by">{byline(first.publisher, first.published)}</span>'
            f"{_changed(first)}{also_in_html(first)}{beside_html(citations)}</span></li>"
        )
    copied = 0 < answer.sources < len(by_article)
    heading = _("Sources, {n} of them independent", n=answer.sources) if copied else _("Sources")
    return f'<div class="sources"><h3>{heading}</h3><ul>{"".join(rows)}</ul></div>'


def _changed(citation: Citation) -> str:
    """Whether the article is no longer what it was when it was first stored."""
    told = f'<span class="beside">{_("Changed since it was first stored")}</span>'
    return told if citation.earlier else ""


def _notice(notice: str) -> str:
    return f'<p class="notice">{escape(notice)}</p>' if notice else ""


def _abstained(answer: Answer) -> str:
    miss = answer.near_miss
    closest = _closest(miss.closest, answer) if miss else ""
    closest = closest or _passages(answer.passages[:_MOST_CLOSEST])
    return (
        f'<div class="abstained"><h3>{_("Not answered from these articles")}</h3>'
        f"<p>{escape(_why(answer))}</p>"
        + (f"<h4>{_('What came closest')}</h4>{closest}" if closest else "")
        + "</div>"
    )


def _why(answer: Answer) -> str:
    """The reason without what the closest article says, which stands below it with a link."""
    said = answer.near_miss.said if answer.near_miss else ""
    return answer.reason.removesuffix(said).rstrip()


def _closest(citations: Iterable[Citation], answer: Answer) -> str:
    rows = [
        f'<li><a class="title cite-title" href="{_link(one, answer)}">'
        f"<bdi>{escape(one.title or one.article_id)}</bdi></a> "
        f'<span class="by">{byline(one.publisher, one.published)}</span>'
        f'<p class="snippet"><q>{escape(one.quote)}</q></p></li>'
        for one in citations
    ]
    return f'<ol class="passages">{"".join(rows)}</ol>' if rows else ""


def _passages(passages: Iterable[Passage]) -> str:
    rows = []
    for passage in passages:
        link = source_link(passage.article_id, (passage.start, passage.end), passage.text)
        words = shorten(_HEADING.sub("", passage.text) or passage.text, 200)
        rows.append(
            f'<li><a class="title cite-title" href="{escape(link)}">'
            f"<bdi>{escape(passage.title or passage.article_id)}</bdi></a> "
            f'<span class="by">{byline(passage.publisher, passage.published)}</span>'
            f'<p class="snippet">{escape(words)}</p></li>'
        )
    return f'<ol class="passages">{"".join(rows)}</ol>' if rows else ""


def _left_out(sentences: tuple[Sentence, ...]) -> str:
    if not sentences:
        return ""
    rows = "".join(f"<li><q>{escape(item.text)}</q>{_failed(item)}</li>" for item in sentences)
    summary = n_(
        "{n} drafted sentence was left out: not supported",
        "{n} drafted sentences were left out: not supported",
        len(sentences),
    )
    return f'<details class="left-out"><summary>{summary}</summary><ul>{rows}</ul></details>'


def _failed(sentence: Sentence) -> str:
    why = failed_text(sentence.failed)
    return f' <span class="failed">{escape(why)}</span>' if why else ""
