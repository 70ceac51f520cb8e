"""A conversation as one HTML file that needs nothing else: no script, no other file, no server."""

from __future__ import annotations

from datetime import date

from rag.addresses import web_address
from rag.schema import Answer, Citation, Sentence, Verdict
from rag.ui.cards import VERDICTS, also_in_html, beside_html
from rag.ui.conversation import Conversation, Exchange
from rag.ui.markup import day, escape, site
from rag.ui.source import byline
from rag.ui.words import _, spoken

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def share_html(conversation: Conversation, styles: str, made: date) -> str:
    """The whole document; its only links are to its own sources and to the cited articles.

    Args:
        conversation: as kept.
        styles: what stands in the file's `style` element; ours, not a reader's.
        made: the day that it says it was made on.
    """
    title = escape(conversation.title)
    turns = "".join(_turn(one) for one in conversation.exchanges)
    note = _(
        "Answers by Newsdesk, each sentence checked against what it cites. Saved {day}.",
        day=day(str(made)),
    )
    return (
        f'<!doctype html>\n<html lang="{spoken().language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{styles}</style></head>"
        f'<body class="page shared"><main id="talk"><h1>{title}</h1>{turns}</main>'
        f"<footer>{escape(note)}</footer></body></html>\n"
    )


def _turn(exchange: Exchange) -> str:
    parts = [_answer(exchange.number, exchange.answer)] if exchange.answer else []
    parts += [f'<p class="problem">{escape(exchange.problem)}</p>'] if exchange.problem else []
    parts += [f'<p class="stopped">{_("Stopped.")}</p>'] if exchange.stopped else []
    question = f'<h2 class="question">{escape(exchange.question)}</h2>'
    return f'<section class="turn">{question}{"".join(parts)}</section>'


def _answer(turn: int, answer: Answer) -> str:
    notice = f'<p class="notice">{escape(answer.notice)}</p>' if answer.notice else ""
    declined = (
        f'<div class="abstained"><h3>{_("Not answered from these articles")}</h3>'
        f"<p>{escape(answer.reason)}</p></div>"
        if answer.abstained
        else ""
    )
    said = "".join(_sentence(turn, one) for one in answer.sentences)
    sources = "".join(_source(turn, one) for one in answer.citations)
    listed = (
        f'<div class="sources"><h3>{_("Sources")}</h3><ul>{sources}</ul></div>' if sources else ""
    )
    return f'{notice}{declined}<div class="answer">{said}</div>{listed}'


def _sentence(turn: int, sentence: Sentence) -> str:
    marks = "".join(
        f'<a class="cite" href="#s{turn}-{number}">{number}</a>' for number in sentence.citations
    )
    tag = "blockquote" if sentence.verdict is Verdict.QUOTED else "p"
    verdict = escape(_(VERDICTS[sentence.verdict]))
    return (
        f'<{tag} class="sentence {sentence.verdict}" title="{verdict}">'
        f'<span class="said">{escape(sentence.text)}</span>{marks}</{tag}>'
    )


def _source(turn: int, citation: Citation) -> str:
    url = web_address(citation.url)
    original = (
        f' <a href="{escape(url)}" rel="noopener noreferrer">{escape(site(url))}</a>' if url else ""
    )
    title = escape(citation.title or citation.article_id)
    return (
        f'<li id="s{turn}-{citation.number}"><span class="numbers">{citation.number}</span>'
        f'<span class="what"><span class="title"><bdi>{title}</bdi></span> '
        f'<span class="by">{byline(citation.publisher, citation.published)}{original}</span>'
        f'<q class="quote">{escape(citation.quote)}</q>{beside_html([citation])}'
        f"{also_in_html(citation)}</span></li>"
    )
