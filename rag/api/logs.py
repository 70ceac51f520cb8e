"""Logs as one JSON object a line, for programs that collect them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from rag import request_id


class JsonLines(logging.Formatter):
    """`time`, `level`, `logger`, `message`, `request_id`; the facts of the event; a traceback.

    Questions, answers and credentials are in none of the facts.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line; what it holds cannot break out of it."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({"request_id": name} if (name := request_id.current.get()) else {}),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json() -> None:
    """From now on, log as JSON lines on standard error: our events, and everybody's warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = min(root.level, logging.WARNING)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("rag").setLevel(min(level, logging.INFO))
