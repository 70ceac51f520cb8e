"""Kills ingests and looks at what is left; run by test_crash.py in a process of its own.

This process only imports: each ingest, and each look afterwards, runs in a fork, which costs
milliseconds instead of the seconds of a new interpreter.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import faiss  # noqa: F401 - imported once, here, for all forks
import tantivy  # noqa: F401
from fakes import HashEmbedder

from rag import health
from rag.errors import IndexMissing
from rag.index import Index
from rag.ingest import ingest
from rag.schema import Article, Chunk, Progress
from rag.settings import Settings

SETTINGS = Settings.load(embedder={"batch_size": 4})
FRESH_EVERY = 25
"""Trials after which the index starts anew, so that first ingests are killed too."""


def corpus(version: int, home: Path) -> list[Article]:
    """Each version changes some articles, adds some, and lacks some of the one before."""
    return [
        Article(
            article_id=f"a{number}",
            title=f"Article {number}",
            text="\n".join(
                f"Common line {line} of article {number}, as of {version if number % 2 else 0}."
                for line in range(3)
            ),
            source=str(home / f"a{number}.md"),
        )
        for number in range(version % 5, version % 5 + 9)
    ]


def lines(article: Article, tokens: object, settings: object) -> list[Chunk]:
    chunks, start = [], 0
    for line in article.text.split("\n"):
        end = start + len(line)
        chunks.append(
            Chunk(
                chunk_id=f"{article.article_id}:{start}",
                article_id=article.article_id,
                start=start,
                end=end,
                text=line,
            )
        )
        start = end + 1
    return chunks


def write_files(version: int, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for article in corpus(version, home):
        Path(article.source).touch()


def run_ingest(index: Index, embedder: HashEmbedder, version: int, home: Path, told=None) -> None:
    ingest(corpus(version, home), index, embedder, SETTINGS, told, [home], lines)


def answers(index: Index, embedder: HashEmbedder) -> dict[str, str] | None:
    """What the index answers from, in all three ways, which must agree."""
    try:
        snapshot = index.snapshot()
    except IndexMissing:
        return None
    articles = {article.article_id: article.text for article in snapshot.articles()}
    expected = {(name, line) for name, text in articles.items() for line in text.split("\n")}
    for hits in (
        snapshot.lexical("common", 1000),
        snapshot.dense(embedder.embed(["common line"])[0], 1000),
    ):
        rows = snapshot.rows([key for key, _ in hits])
        found = {(row.article_id, row.text) for row in rows.values()}
        assert found == expected, f"articles and search disagree: {found ^ expected}"
    return articles


def state(version: int | None, home: Path) -> dict[str, str] | None:
    if version is None:
        return None
    return {article.article_id: article.text for article in corpus(version, home)}


def look(folder: Path, home: Path, old: int | None, new: int, left: int) -> str:
    """Open, answer, ingest again; what was seen, `old` or `new`.

    `left` is how many texts the next try may embed.
    """
    embedder = HashEmbedder()
    with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
        seen = answers(index, embedder)
        assert seen in (state(old, home), state(new, home)), f"neither old nor new: {seen}"
        worker = HashEmbedder()
        run_ingest(index, worker, new, home)
        assert worker.embedded <= left, f"embedded {worker.embedded} texts again, {left} were left"
        assert answers(index, embedder) == state(new, home), "the next ingest did not bring it"
        assert all(finding.ok for finding in health.check(folder))
        again = HashEmbedder()
        run_ingest(index, again, new, home)
        assert again.calls == 0
    return "new" if seen == state(new, home) else "old"


def forked(action: Callable[[int], None]) -> tuple[int, int]:
    """Run an action in a fork; its process id and the pipe that it was given to write to."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    os.close(reader)
    status = 1
    try:
        action(writer)
        status = 0
    except BaseException:  # noqa: BLE001 - all of it is reported to the parent
        os.write(writer, traceback.format_exc().encode())
    finally:
        os._exit(status)


def finished(child: int, pipe: int) -> tuple[int, str]:
    with os.fdopen(pipe, "rb") as file:
        text = file.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def victim(folder: Path, home: Path, version: int, fatal: int) -> Callable[[int], None]:
    """An ingest that reports its progress, and dies at the `fatal`-th file operation, if any."""

    def act(pipe: int) -> None:
        operations = 0

        def count(event: str, _: object) -> None:
            nonlocal operations
            if event in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "fcntl.flock"):
                operations += 1
                if operations == fatal:
                    os.kill(os.getpid(), signal.SIGKILL)

        def told(progress: Progress) -> None:
            os.write(pipe, f"{progress.stage} {progress.done} {progress.total}\n".encode())

        embedder = HashEmbedder()
        if fatal:
            sys.addaudithook(count)
        with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
            run_ingest(index, embedder, version, home, told)

    return act


class Trials:
    """Kills one ingest after another, each on what the last one left."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.old: int | None = None
        self.count = 0
        self.seen: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()

    def run(self, delay: float = 0.0, fatal: int = 0) -> bool:
        """One trial; whether the ingest was killed before it ended."""
        if self.count % FRESH_EVERY == 0:
            self.old = None
        self.count += 1
        folder = self.root / f"index{(self.count - 1) // FRESH_EVERY}"
        home, new = self.root / "home", self.count
        write_files(new, home)
        child, pipe = forked(victim(folder, home, new, fatal))
        if not fatal:
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        status, text = finished(child, pipe)
        killed = status == -signal.SIGKILL
        if not killed and status != 0:
            raise AssertionError(text)
        stage, done, total = (text.splitlines() or ["nothing 0 0"])[-1].split()
        left = 27 if stage in ("nothing", "load") else int(total) - int(done)
        left = 0 if stage == "publish" else left
        self._look(folder, home, new, left, killed, stage)
        self.old = new
        return killed

    def _look(
        self, folder: Path, home: Path, new: int, left: int, killed: bool, stage: str
    ) -> None:
        def act(writer: int) -> None:
            os.write(writer, look(folder, home, self.old, new, left).encode())

        child, pipe = forked(act)
        status, text = finished(child, pipe)
        if status != 0:
            raise AssertionError(f"trial {self.count}, killed while {stage}: {text}")
        if killed:
            self.seen[text] += 1
            self.stages[stage] += 1


def random_kills(root: Path, kills: int, seed: int) -> Trials:
    trials, chance, span, done = Trials(root), random.Random(seed), 0.08, 0
    while done < kills:
        killed = trials.run(delay=chance.uniform(0, span))
        done += killed
        # Follow the machine's pace, so that the kills spread over the whole of an ingest.
        span = span * 1.04 if killed else max(span * 0.85, 0.005)
    return trials


def kills_at_each_operation(root: Path) -> Trials:
    trials, fatal = Trials(root), 1
    while trials.run(fatal=fatal):
        fatal += 1
    return trials


if __name__ == "__main__":
    place, mode, amount = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    result = (
        random_kills(place, amount, seed=20) if mode == "random" else kills_at_each_operation(place)
    )
    summary = {"trials": result.count, "seen": result.seen, "stages": result.stages}
    sys.stdout.write(json.dumps(summary))
