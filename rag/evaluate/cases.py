"""Cases and data sets: what is asked, and what a right answer holds. The format is JSONL."""

from __future__ import annotations

import difflib
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import CorpusError, RagError
from rag.paths import shipped
from rag.schema import Filters, Turn

Part = str | tuple[str, ...]
"""What an answer must hold: a wording, or several of which one is enough."""

INCOMPLETE = "incomplete"
"""The tag of a case that nobody has completed yet; it is not asked."""

_FIELDS = ("id", "question", "history", "answer", "evidence", "tags", "filters")


@dataclass(frozen=True, slots=True)
class EvidenceQuote:
    """Words of an article that a right answer rests on; "" stands for the whole article."""

    article_id: str
    quote: str = ""
    start: int | None = None
    """Where the quote begins: `article.text[start : start + len(quote)] == quote`; None when
    only the words count, wherever they stand."""
    grade: int = 1
    """1 or more: how relevant the article is, for nDCG."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; a place or grade that says nothing is left out."""
        line: dict[str, Any] = {"article_id": self.article_id, "quote": self.quote}
        if self.start is not None:
            line["start"] = self.start
        if self.grade > 1:
            line["grade"] = self.grade
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question and what is right.

    `answer` is None when the articles do not answer the question. A string must be in the answer;
    of a tuple every part must be, where a part that is itself a tuple lists wordings of which one
    is enough. The empty tuple means that the question can be answered, but no answer is on record:
    only retrieval and refusal are judged then.
    """

    id: str
    question: str
    answer: str | tuple[Part, ...] | None
    history: tuple[Turn, ...] = ()
    evidence: tuple[EvidenceQuote, ...] = ()
    tags: tuple[str, ...] = ()
    filters: Filters | None = None

    @property
    def answerable(self) -> bool:
        """Whether the articles answer the question."""
        return self.answer is not None

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """What the answer must hold: one tuple of accepted wordings a part; empty if unknown."""
        if self.answer is None:
            return ()
        whole = (self.answer,) if isinstance(self.answer, str) else self.answer
        return tuple((part,) if isinstance(part, str) else part for part in whole)

    @property
    def article_ids(self) -> tuple[str, ...]:
        """The articles that hold the evidence, each once, in order of first mention."""
        return tuple(self.grades)

    @property
    def grades(self) -> dict[str, int]:
        """The same with how relevant each is: the best grade of its evidence."""
        grades: dict[str, int] = {}
        for item in self.evidence:
            grades[item.article_id] = max(item.grade, grades.get(item.article_id, 1))
        return grades

    @property
    def complete(self) -> bool:
        """Whether it can be asked; not while it is tagged `incomplete`."""
        return INCOMPLETE not in self.tags

    def to_dict(self) -> dict[str, Any]:
        """The JSONL line; `Case.from_dict(case.to_dict()) == case`."""
        line: dict[str, Any] = {"id": self.id, "question": self.question}
        if self.history:
            line["history"] = [turn.to_dict() for turn in self.history]
        line["answer"] = _lists(self.answer)
        line["evidence"] = [item.to_dict() for item in self.evidence]
        line["tags"] = list(self.tags)
        if self.filters:
            line["filters"] = {key: value for key, value in self.filters.to_dict().items() if value}
        return line

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Case:
        """Read one JSONL line; keys that are not ours are passed over, misspelt ones are not.

        Raises:
            CorpusError: says what is wrong with which key.
        """
        _check_keys(line)
        return cls(
            id=_text(line["id"], "id"),
            question=_text(line["question"], "question"),
            answer=_answer(line["answer"]),
            history=tuple(_turn(item) for item in _items(line, "history")),
            evidence=tuple(_evidence(item) for item in _items(line, "evidence")),
            tags=tuple(_text(item, "tags") for item in _items(line, "tags")),
            filters=_filters(line.get("filters")),
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named list of cases; no two have the same id."""

    name: str
    cases: tuple[Case, ...]

    def __post_init__(self) -> None:
        """Refuse ids that stand twice: records of a run are kept by id.

        Raises:
            CorpusError: names the id.
        """
        seen: set[str] = set()
        for case in self.cases:
            if case.id in seen:
                raise CorpusError(f"{self.name}: two cases have the id {case.id!r}; rename one")
            seen.add(case.id)

    @classmethod
    def load(cls, path: str | Path) -> Dataset:
        """Read a JSONL file, or the set of that name that ships with Newsdesk, such as `starter`.

        Raises:
            CorpusError: there is no such set or file, or a line is no case; names file and line.
        """
        file = _find(path)
        cases = tuple(_read(file))
        if not cases:
            raise CorpusError(
                f"{file}: there is no case in this file; write one JSON object a line"
            )
        return cls(file.stem, cases)

    def save(self, path: Path) -> None:
        """Write the JSONL file; `Dataset.load` reads it back."""
        lines = (json.dumps(case.to_dict(), ensure_ascii=False) + "\n" for case in self.cases)
        path.write_text("".join(lines), encoding="utf-8")

    def sample(self, size: int, seed: int = 0) -> Dataset:
        """At most `size` cases, drawn at random, in the order of the set; the same for a seed."""
        if size >= len(self.cases):
            return self
        drawn = random.Random(seed).sample(range(len(self.cases)), size)  # noqa: S311  # no secret
        return Dataset(f"{self.name}-{size}", tuple(self.cases[index] for index in sorted(drawn)))

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when any case does."""
        text = json.dumps([case.to_dict() for case in self.cases], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _find(path: str | Path) -> Path:
    file = Path(path)
    if file.is_file():
        return file
    sets = shipped("evals") / "sets"
    if (sets / f"{path}.jsonl").is_file():
        return sets / f"{path}.jsonl"
    known = ", ".join(sorted(item.stem for item in sets.glob("*.jsonl"))) or "none"
    raise CorpusError(f"{path}: neither a file nor an eval set that ships here ({known})")


def _read(file: Path) -> Iterator[Case]:
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: cannot be read as UTF-8 text ({error})") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Case.from_dict(_object(line))
        except RagError as error:
            raise CorpusError(f"{file}:{number}: {error}") from None


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(f"not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise CorpusError("not a JSON object; write one case a line")
    return value


def _check_keys(line: Mapping[str, Any]) -> None:
    for key in line:
        close = difflib.get_close_matches(key, _FIELDS, n=1, cutoff=0.75)
        if key not in _FIELDS and close:
            raise CorpusError(f"unknown key {key!r}; did you mean {close[0]!r}?")
    for key in ("id", "question", "answer"):
        if key not in line:
            hint = "; write null where the articles do not answer" if key == "answer" else ""
            raise CorpusError(f"the key {key!r} is missing{hint}")


def _text(value: object, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(f"{key!r} must be text that is not blank, not {value!r}")
    return value


def _items(line: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = line.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CorpusError(f"{key!r} must be a list, not {value!r}")
    return value


def _answer(value: object) -> str | tuple[Part, ...] | None:
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_part(part) for part in value)
    return _text(value, "answer")


def _part(value: object) -> Part:
    if isinstance(value, list) and value:
        return tuple(_text(wording, "answer") for wording in value)
    return _text(value, "answer")


def _turn(value: object) -> Turn:
    if isinstance(value, str):
        return Turn(question=_text(value, "history"))
    if not isinstance(value, dict) or not isinstance(value.get("answer", ""), str):
        raise CorpusError(f"'history' must hold objects of question and answer, not {value!r}")
    return Turn(question=_text(value.get("question"), "history"), answer=value.get("answer", ""))


def _evidence(value: object) -> EvidenceQuote:
    if not isinstance(value, dict) or not isinstance(value.get("quote", ""), str):
        raise CorpusError(f"'evidence' must hold objects of article_id and quote, not {value!r}")
    start, grade = value.get("start"), value.get("grade", 1)
    if start is not None and (not isinstance(start, int) or start < 0):
        raise CorpusError(f"'start' must be the number of a character, not {start!r}")
    if not isinstance(grade, int) or grade < 1:
        raise CorpusError(f"'grade' must be a number from 1, not {grade!r}")
    return EvidenceQuote(
        _text(value.get("article_id"), "article_id"), value.get("quote", ""), start, grade
    )


def _filters(value: object) -> Filters | None:
    if not value:
        return None
    if not isinstance(value, dict):
        raise CorpusError(f"'filters' must be an object, not {value!r}")
    try:
        return Filters(**value)
    except TypeError:
        known = "publishers, published_from, published_to, article_ids, about_from, about_to"
        raise CorpusError(f"'filters' takes {known}, not {', '.join(map(str, value))}") from None


def _lists(value: object) -> object:
    return [_lists(item) for item in value] if isinstance(value, tuple) else value
