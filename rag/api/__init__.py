"""The HTTP interfaces: what programs ask the server, where readers have the page.

service.py       the assistant behind the door: takes turns, counts, ends what nobody waits for
admission.py     how many are served at once, and how many wait
routes.py        /api: ask, retrieve, verify, articles      bodies.py  what is sent to it
chat_completions.py, chat_bodies.py, chat_reply.py   /v1, for clients of OpenAI
tools.py         /mcp, and `rag mcp`: the Model Context Protocol
health.py        /healthz, /readyz, /metrics                metrics.py what is counted
failures.py      one shape for everything that goes wrong
access.py        who may come in (passwords: rag.passwords)
observed.py      request ids, counting and logging      logs.py    as lines of JSON
tracing.py       spans for OpenTelemetry, where they are wanted
streaming.py     server-sent events; a client that goes away

FastAPI is imported when an application is built, not before.
"""
