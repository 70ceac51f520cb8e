"""Gradio's blocks, which leave alone what a step does not change, and let in only so many."""

from __future__ import annotations

from copy import copy
from typing import Any

import gradio as gr
from fastapi import Request
from gradio.blocks import Block, BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.state_holder import SessionState


class Blocks(gr.Blocks):  # type: ignore[misc]  # Gradio has no types
    """Blocks whose events name what changes, as a dict by component.

    Gradio builds every output anew that such a dict leaves out, at each step of a stream: with
    twenty outputs that is most of what a step costs.
    """

    def admit(self, line: str, most: int) -> None:
        """Let so many events of a line in, under way and waiting; the rest is refused at once.

        `line` is the `concurrency_id` of the events; call it behind `queue`. Gradio's `max_size`
        counts only what it has not begun yet, and in a crowd it takes seconds to begin events only
        to tell that the server is busy.
        """
        queue, push = self._queue, self._queue.push

        async def within(
            body: PredictBodyInternal, request: Request, username: str | None
        ) -> tuple[bool, str | list[dict[str, Any]], str]:
            function, inside = self.fns.get(body.fn_index), 0
            if events := queue.event_queue_per_concurrency_id.get(line):
                inside = len(events.queue) + events.current_concurrency
            if function and function.concurrency_id == line and inside >= most:
                return False, f"Queue is full: {inside} questions are in it.", "queue_full"
            found: tuple[bool, str | list[dict[str, Any]], str]
            found = await push(body=body, request=request, username=username)
            return found

        queue.push = within

    async def postprocess_data(
        self,
        block_fn: BlockFunction,
        predictions: list[Any] | dict[Any, Any],
        state: SessionState | None,
    ) -> list[Any]:
        """What the browser is told of each output, in order."""
        if not isinstance(predictions, dict) or len(block_fn.outputs) < 2:
            found: list[Any] = await super().postprocess_data(block_fn, predictions, state)
            return found
        changes = {key._id: new for key, new in predictions.items() if isinstance(key, Block)}
        told = dict.fromkeys((block._id for block in block_fn.outputs), gr.skip())
        if changes:
            changed = copy(block_fn)
            changed.outputs = [block for block in block_fn.outputs if block._id in changes]
            values: Any = [changes[block._id] for block in changed.outputs]
            values = values if len(values) > 1 else values[0]
            found = await super().postprocess_data(changed, values, state)
            told |= {block._id: new for block, new in zip(changed.outputs, found, strict=True)}
        return list(told.values())
