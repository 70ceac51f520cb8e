"""What is counted, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from rag.schema import Answer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "newsdesk_requests",
            "HTTP requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "newsdesk_request_seconds",
            "Seconds from a request to the end of its response.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "newsdesk_answers",
            "Questions by outcome: answered, abstained, model_failed, busy, stopped, failed.",
            ["outcome"],
            registry=self._registry,
        )
        self._stages = Histogram(
            "newsdesk_answer_stage_seconds",
            "Seconds by stage of an answer: retrieve, select, first_sentence, write, total.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A figure that is read whenever somebody asks for it."""
        Gauge(name, text, registry=self._registry).set_function(read)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a pattern, not a path."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def outcome(self, outcome: str) -> None:
        """Count a question that did not end with an answer."""
        self._answers.labels(outcome).inc()

    def answer(self, answer: Answer) -> str:
        """Count a complete answer, and its stages; gives what it was counted as."""
        outcome = "abstained" if answer.abstained else "answered"
        outcome = "model_failed" if answer.model_error else outcome
        self._answers.labels(outcome).inc()
        for stage, seconds in answer.timings.items():
            self._stages.labels(stage).observe(seconds)
        return outcome

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
