"""Ingests a folder in a process of its own and tells what it took; run by test_hostile.py."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fakes import HashEmbedder

from rag.index import Index
from rag.ingest import ingest
from rag.load import load
from rag.schema import Article, Rejection
from rag.settings import Settings


def timed(items: Iterator[Article | Rejection], slowest: dict) -> Iterator[Article | Rejection]:
    while True:
        begun = time.monotonic()
        item = next(items, None)
        seconds = time.monotonic() - begun
        if seconds > slowest["seconds"]:
            slowest.update(seconds=seconds, item=getattr(item, "source", "") or str(item)[:200])
        if item is None:
            return
        yield item


def main() -> None:
    """Print one JSON object."""
    folder, index_folder = Path(sys.argv[1]), Path(sys.argv[2])
    settings, embedder = Settings.load(environ={}), HashEmbedder()
    slowest = {"seconds": 0.0, "item": ""}
    with Index.open(index_folder, embedder.fingerprint, settings.index) as index:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        items = timed(load(folder, settings.ingest), slowest)
        report = ingest(items, index, embedder, settings, scopes=[folder])
        titles = {article.article_id for article in index.snapshot().articles()}
    json.dump(
        {
            "added": report.added,
            "rejected": [[rejection.path, rejection.reason] for rejection in report.rejected],
            "ids": sorted(titles),
            "slowest": slowest,
            "own_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
            "reader_kb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
