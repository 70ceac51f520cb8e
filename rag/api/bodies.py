"""What is sent to the HTTP API, and what comes back beside the nouns of `rag.schema`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rag.schema import ArticleFacts, Filters, Passage, Turn

_Id = Annotated[str, Field(min_length=1, max_length=2000)]
_Name = Annotated[str, Field(max_length=500)]
_Question = Annotated[str, Field(min_length=1, max_length=100_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class FiltersBody(_Body):
    """What may be searched; empty fields do not restrict."""

    published_from: date | None = None
    """The first day, YYYY-MM-DD. Articles of unknown date are outside every range."""
    published_to: date | None = None
    """The last day, inclusive."""
    publishers: list[_Name] = Field(default=[], max_length=100)
    """Compared without regard to case."""
    article_ids: list[_Id] = Field(default=[], max_length=1000)

    def filters(self) -> Filters:
        """The same for the assistant; raises `SettingsError` for an empty range."""
        return Filters(
            published_from=self.published_from,
            published_to=self.published_to,
            publishers=tuple(self.publishers),
            article_ids=tuple(self.article_ids),
        )


class TurnBody(_Body):
    """An earlier question of the conversation, and its answer."""

    question: _Question
    answer: str = Field(default="", max_length=100_000)


class _Asked(_Body):
    question: _Question
    """At most `answer.max_question` characters, 4,000 unless set otherwise."""
    filters: FiltersBody = FiltersBody()
    history: list[TurnBody] = Field(default=[], max_length=100)
    """The conversation so far, oldest first."""
    without: list[_Name] = Field(default=[], max_length=100)
    """Labels or kinds of `understood` that are not to be understood from the question."""

    def turns(self) -> tuple[Turn, ...]:
        """The conversation for the assistant."""
        return tuple(Turn(question=turn.question, answer=turn.answer) for turn in self.history)


class AskBody(_Asked):
    """A question."""

    stream: bool = False
    """Whether the answer is sent as it grows, as server-sent events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "How much will the fund pay for JSR?"},
                {
                    "question": "What changed since then?",
                    "filters": {"published_from": "2023-01-01"},
                    "history": [{"question": "Who supports Rapidus?", "answer": "Toyota. [1]"}],
                    "stream": True,
                },
            ]
        }
    )


class RetrieveBody(_Asked):
    """A question whose passages are wanted."""

    top_k: int = Field(default=10, ge=1, le=100)
    """At most so many passages."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "Who supports Rapidus?", "top_k": 5}]}
    )


class VerifyBody(_Body):
    """Somebody's text, and what it is to be checked against: at least one article or text."""

    text: str = Field(min_length=1, max_length=20_000)
    """Checked sentence by sentence."""
    article_ids: list[_Id] = Field(default=[], max_length=20)
    """Articles of the collection."""
    texts: list[Annotated[str, Field(min_length=1, max_length=200_000)]] = Field(
        default=[], max_length=20
    )
    """Texts given here; citations call them `text-1`, `text-2`, …"""

    @model_validator(mode="after")
    def _something(self) -> VerifyBody:
        if not (self.article_ids or self.texts):
            raise ValueError("name article_ids, or give texts, to check the text against")
        return self

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "The fund pays 903.9 billion yen.", "article_ids": ["jsr-buyout"]},
                {"text": "It rained.", "texts": ["It was dry on Monday."]},
            ]
        }
    )


@dataclass(frozen=True, kw_only=True)
class Passages:
    """The passages that bear on a question, best first; empty where nothing does."""

    question: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True)
class ArticlePage:
    """Some of the articles, newest first, those of unknown date last."""

    articles: tuple[ArticleFacts, ...]
    total: int
    next: str | None
    """What `after` takes to get the next page; null on the last one."""


@dataclass(frozen=True, kw_only=True)
class StoredArticle(ArticleFacts):
    """An article with its text, which the offsets of citations point into, in code points."""

    text: str
    captions: tuple[str, ...] = ()
    """Picture captions and credits of the page; they are not part of the text."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """That the server is there, or ready."""

    status: str
