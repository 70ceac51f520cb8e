"""A bare Gradio app that streams words at a pace: what a chat is held against.

python evals/load_echo.py AT_ONCE TOKENS PAUSE
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


def app(at_once: int, tokens: int, pause: float):
    """A box, a button, and a field in which words grow."""
    import gradio as gr
    from fastapi import FastAPI

    async def echo(question: str) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for place in range(1, tokens + 1):
            await asyncio.sleep(max(0.0, begun + place * pause - loop.time()))
            yield " ".join([question, *["word"] * place])

    with gr.Blocks(analytics_enabled=False) as blocks:
        box = gr.Textbox(elem_id="box")
        newest = gr.Markdown(elem_id="newest")
        send = gr.Button(elem_id="send")
        send.click(echo, box, newest)
    blocks.queue(default_concurrency_limit=at_once)
    return gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)


def main() -> None:
    """Serve until the process is ended."""
    import uvicorn

    at_once, tokens, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"Echo is at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            app(at_once, tokens, pause), log_level="error", timeout_graceful_shutdown=1
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
