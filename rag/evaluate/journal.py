"""The file that a stopped run leaves, and that the next one takes up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from rag.errors import CorpusError
from rag.evaluate.records import Record, Run, write_whole


class Journal:
    """The records of a run that is not finished; does nothing without a folder."""

    def __init__(self, out: Path | None, name: str, fingerprint: str) -> None:
        """Name the files of a set in the folder `out`; nothing is touched yet."""
        stem = re.sub(r"[^\w.-]", "_", name)
        self.partial = out / f"{stem}.partial.jsonl" if out else None
        self.final = out / f"{stem}.json" if out else None
        self.fingerprint = fingerprint

    def resume(self) -> dict[str, Record]:
        """The records that need not be asked again, by case id; all others leave the file.

        Raises:
            CorpusError: the folder cannot be written.
        """
        if self.partial is None:
            return {}
        try:
            self.partial.parent.mkdir(parents=True, exist_ok=True)
            kept = {record.case.id: record for record in self._read() if not record.errors}
            write_whole(self.partial, "".join(self._line(record) for record in kept.values()))
        except OSError as error:
            raise CorpusError(f"{self.partial}: cannot be written ({error.strerror})") from None
        return kept

    def add(self, record: Record) -> None:
        """Append a record."""
        if self.partial is not None:
            with self.partial.open("a", encoding="utf-8") as file:
                file.write(self._line(record))

    def finish(self, finished: Run) -> None:
        """Save the run; records stay behind only where some failed and may be asked again."""
        if self.partial is None or self.final is None:
            return
        finished.save(self.final)
        if not any(record.errors for record in finished.records):
            self.partial.unlink()

    def _read(self) -> Iterator[Record]:
        if self.partial is None or not self.partial.is_file():
            return
        for line in self.partial.read_text(encoding="utf-8").split("\n"):
            try:
                content = json.loads(line)
                if content["fingerprint"] == self.fingerprint:
                    yield Record.from_dict(content["record"])
            except (ValueError, KeyError, TypeError, CorpusError):
                continue  # the line that the stop cut, or the last, empty one

    def _line(self, record: Record) -> str:
        content = {"fingerprint": self.fingerprint, "record": record.to_dict()}
        return json.dumps(content, ensure_ascii=False, default=str) + "\n"
