"""What Gradio remembers of pages that are closed: it never ends by itself below 10,000 of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio.blocks import Blocks

MOST_CLOSED = 100
"""Closed pages that are remembered, since a connection may have broken off for a moment only."""


def forget_closed(blocks: Blocks, page: str, most: int = MOST_CLOSED) -> None:
    """Forget the closed pages but the `most` that were used last; `page` was closed just now.

    Gradio calls this within the page's own session, which it makes anew where it was forgotten.
    """
    holder, queue = blocks.state_holder, blocks._queue
    with holder.lock:
        if page in holder.session_data:
            holder.session_data[page].is_closed = True
        closed = [name for name, state in holder.session_data.items() if state.is_closed]
        for name in closed[: max(0, len(closed) - most)]:
            del holder.session_data[name]
            holder.time_last_used.pop(name, None)
            queue.pending_event_ids_session.pop(name, None)
