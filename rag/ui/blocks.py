"""Gradio's blocks, which leave alone what a step does not change."""

from __future__ import annotations

from copy import copy
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlockFunction
from gradio.state_holder import SessionState


class Blocks(gr.Blocks):  # type: ignore[misc]  # Gradio has no types
    """Blocks whose events name what changes, as a dict by component.

    Gradio builds every output anew that such a dict leaves out, at each step of a stream: with
    twenty outputs that is most of what a step costs.
    """

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
