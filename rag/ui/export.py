"""A conversation as Markdown and JSON, with its sources."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rag.ui.conversation import Conversation, Exchange
from rag.ui.conversations import exchange_dict
from rag.ui.words import _
from rag.ui.written import blocks, plain


def markdown(conversation: Conversation) -> str:
    """The whole conversation."""
    parts = [f"# {plain(conversation.title)}"]
    for exchange in conversation.exchanges:
        parts += [f"## {plain(exchange.question)}", *_said(exchange)]
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Conversation) -> str:
    """Everything that is known of the conversation; the answers as `Answer.to_dict` gives them."""
    content = {
        "title": conversation.title,
        "exchanges": [exchange_dict(one) for one in conversation.exchanges],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _said(exchange: Exchange) -> Iterator[str]:
    if exchange.answer:
        yield from blocks(exchange.answer)
    if exchange.problem:
        yield f"*{plain(exchange.problem)}*"
    if exchange.stopped:
        yield f"*{plain(_('Stopped.'))}*"
