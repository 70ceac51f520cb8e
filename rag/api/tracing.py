"""OpenTelemetry traces: a span for each request, each answer and each stage of one; or none.

Switched off, nothing of its SDK is imported. Spans hold figures, outcomes and names of stages, and
no word of a question, an answer or an article. Where they go is said by the usual OTEL_* variables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import rag
from rag.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

STAGES = ("retrieve", "select", "write")
"""Of an answer, one after the other, as `Answer.timings` names them."""


@dataclass
class Told:
    """What a span is to say when it ends."""

    name: str
    facts: dict[str, str | int | float] = field(default_factory=dict)
    failed: bool = False


class Traces:
    """Makes spans with a provider; without one, none."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        """Take where spans go."""
        self._tracer = provider.get_tracer("newsdesk", rag.__version__) if provider else None

    @classmethod
    def when(cls, on: bool) -> Traces:  # noqa: FBT001  # the setting itself
        """Traces that are sent by OTLP, or none.

        Raises:
            SettingsError: they are wanted, and the SDK is not installed.
        """
        return cls(_provider()) if on else cls()

    @contextmanager
    def span(self, name: str, headers: Mapping[str, str] | None = None) -> Iterator[Told]:
        """A span around some work, inside the one around its caller.

        Args:
            name: until `Told.name` says otherwise.
            headers: of a request; a `traceparent` among them names the caller's span.
        """
        told = Told(name)
        if self._tracer is None:
            yield told
            return
        from opentelemetry.trace import StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract(headers) if headers else None
        with self._tracer.start_as_current_span(
            name, context, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield told
            finally:
                span.update_name(told.name)
                span.set_attributes(told.facts)
                if told.failed:
                    span.set_status(StatusCode.ERROR)

    def stages(self, begun: int, timings: Mapping[str, float]) -> None:
        """Spans for the stages of an answer, which followed each other.

        Args:
            begun: when the first one did, in nanoseconds since 1970.
            timings: seconds by stage; stages that are not in it were not reached.
        """
        if self._tracer is None:
            return
        for stage in STAGES:
            if stage in timings:
                span = self._tracer.start_span(stage, start_time=begun)
                begun += round(timings[stage] * 1e9)
                span.end(begun)


def now() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def _provider() -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(
            "server.traces is on, and OpenTelemetry's SDK is not installed; run `pip install "
            "'newsdesk-rag[traces]'`, or switch it off"
        ) from None
    ours = Resource({"service.name": "newsdesk", "service.version": rag.__version__})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
