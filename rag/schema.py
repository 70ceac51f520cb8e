"""The nouns of Newsdesk: frozen, typed, JSON-ready through `to_dict()`.

Offsets are Unicode code points into `Article.text`, the stored, cleaned text; `start` is
inclusive, `end` exclusive. Scores are higher-is-better, ranks start at 1.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from rag.errors import SettingsError


class Record:
    """Gives the frozen dataclasses one way to become JSON."""

    __slots__ = ()
    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}
    """What is written below a field describes it in the HTTP API."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings, numbers and None, ready for `json.dumps`."""
        return {
            item.name: _plain(getattr(self, item.name))
            for item in dataclasses.fields(self)  # type: ignore[arg-type]  # each subclass is one
            if item.metadata.get("json", True)
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, StrEnum):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


class Verdict(StrEnum):
    """What the checks say about one sentence."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    UNSUPPORTED = "unsupported"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal(Record):
    """One stretch that cleaning took out of an article, kept so that it can be shown."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts(Record):
    """What is known about an article, besides its text.

    `published` and `modified` are ISO 8601 dates or date-times as the source gave them, and None
    when the source gives none: file and ingest times are never put there.
    """

    article_id: str
    title: str = ""
    publisher: str = ""
    author: str = ""
    published: str | None = None
    modified: str | None = None
    url: str = ""
    topics: tuple[str, ...] = ()
    source: str = ""
    """The file or address that it was loaded from."""
    published_origin: str = ""
    """What said when it was published, such as "front matter", "record", "JSON-LD", "Open Graph",
    "meta tag", "URL", "feed", "mail" or "dateline"; empty when the date is unknown."""
    modified_origin: str = ""
    """The same for `modified`."""
    partial: bool = False
    """Whether only a part of the article was on the page, the rest being behind a paywall."""

    @property
    def published_day(self) -> date | None:
        """The calendar day of publication as written by the source, or None when unknown."""
        return date.fromisoformat(self.published[:10]) if self.published else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(ArticleFacts):
    """A source text with what is known about it.

    Invariant: `text` is cleaned and is what every offset points into; `original` is the text
    before cleaning.
    """

    text: str
    captions: tuple[str, ...] = ()
    """Picture captions and credits of the page; they are not part of the text."""
    original: str = field(default="", repr=False, metadata={"json": False})
    removals: tuple[Removal, ...] = field(default=(), repr=False, metadata={"json": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Record):
    """What a word of an article means that only the rest of the article tells.

    `article.text[start:end]` is "Monday" or "he", `meaning` "3 July 2023" or "Thierry Breton".
    """

    start: int
    end: int
    meaning: str

    def beside(self, text: str, start: int) -> str:
        """The note in words, such as `Monday = 3 July 2023`; `text` stands at `start`."""
        return f"{text[self.start - start : self.end - start]} = {self.meaning}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk(Record):
    """A stored slice of an article: `article.text[start:end] == text`.

    `header` (title, publisher, date, heading) is embedded and indexed with the text, and is not
    part of it. `chunk_id` is the same for the same article text and chunking settings.
    """

    chunk_id: str
    article_id: str
    start: int
    end: int
    text: str
    header: str = ""
    notes: tuple[Note, ...] = ()
    """What its times and pronouns mean; searched by their words, and not part of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Record):
    """Another article that runs the same story: an exact or a near copy."""

    article_id: str
    title: str = ""
    publisher: str = ""
    published: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Record):
    """A chunk retrieved for a question, with the article facts that a reader needs beside it."""

    rank: int
    score: float
    article_id: str
    chunk_id: str
    start: int
    end: int
    text: str
    title: str = ""
    publisher: str = ""
    published: str | None = None
    url: str = ""
    earlier: int = 0
    """How many earlier versions of its article are kept: it has changed that often."""
    notes: tuple[Note, ...] = ()
    """What times and pronouns in the text mean."""
    also_in: tuple[Copy, ...] = ()
    """The copies of its article, which it stands for, the earliest first; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """A passage sentence that bears on the question: `article.text[start:end] == text`."""

    number: int
    """1 for the best; the number that the model cites."""
    score: float
    """0 to 1: how likely the sentence answers the question."""
    share: float = 1.0
    """0 to 1: how likely it is the answering one, if one of the sentences looked at is."""
    article_id: str
    start: int
    end: int
    text: str
    answer_at: int | None = None
    """The character of `text` at which the answer begins, where a reader is sure of one."""
    context: str = ""
    """The article's text just before it, from the start of the sentence before (may be empty):
    `article.text[start - len(context) : end] == context + text`."""
    title: str = ""
    publisher: str = ""
    published: str | None = None
    url: str = ""
    earlier: int = 0
    """How many earlier versions of its article are kept: it has changed that often."""
    notes: tuple[Note, ...] = ()
    """What times and pronouns in the text mean."""
    also_in: tuple[Copy, ...] = ()
    """As of its passage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation(Record):
    """A pointer from an answer sentence to article text: `article.text[start:end] == quote`."""

    number: int
    article_id: str
    title: str = ""
    publisher: str = ""
    published: str | None = None
    url: str = ""
    start: int
    end: int
    quote: str
    earlier: int = 0
    """How many earlier versions of its article are kept: it has changed that often."""
    notes: tuple[Note, ...] = ()
    """What times and pronouns in the text mean."""
    also_in: tuple[Copy, ...] = ()
    """The copies of the article, the earliest first; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Record):
    """A check that a sentence did not pass, and the words of the sentence that failed it."""

    check: str
    """One of number, date, name, negation, modality, quantifier, opposite, quotation,
    attribution, order, meaning, mark, markup, evidence."""
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence(Record):
    """One sentence of an answer, or of a text given to `verify`, with its verdict."""

    text: str
    verdict: Verdict
    citations: tuple[int, ...] = ()
    """Numbers of `Answer.citations`, in order of appearance."""
    score: float = 1.0
    """0 to 1, higher is better supported."""
    failed: tuple[Failure, ...] = ()
    repaired: str = ""
    """The sentence as the model wrote it first, where it failed and was written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedValue(Record):
    """A value in the words of an article, and the number of the citation that gives it."""

    value: str
    citation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement(Record):
    """Different values that articles give for one thing, the earliest published first."""

    kind: str
    """`number`, `date` or `name`."""
    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Record):
    """A later article that changes what an earlier one says; both by number of citation."""

    later: int
    earlier: int
    words: str
    """The later one's words that say so, such as "raised", or "newer version"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Record):
    """The verdicts of somebody's text against articles; `score` is 0 to 1 for the whole."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(Record):
    """What may be searched; empty fields do not restrict.

    Days are inclusive and may be given as `date` or ISO strings. An article of unknown date is
    outside every range of publication. Publishers compare without regard to case.

    Raises:
        SettingsError: a date cannot be read, or the range is empty.
    """

    published_from: date | str | None = None
    published_to: date | str | None = None
    publishers: tuple[str, ...] = ()
    article_ids: tuple[str, ...] = ()
    about_from: date | str | None = None
    """With `about_to`: only chunks whose text, or a note on it, names a month between the months
    of these days, or a year that they reach into, whenever their article was published."""
    about_to: date | str | None = None

    def __post_init__(self) -> None:
        """Turn what callers give into dates and tuples, once."""
        for name in ("published_from", "published_to", "about_from", "about_to"):
            object.__setattr__(self, name, _day(name, getattr(self, name)))
        for name in ("publishers", "article_ids"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        for first, last in ((self.first_day, self.last_day), self.about):
            if first and last and first > last:
                raise SettingsError(f"the date range is empty: {first} is after {last}; swap them")

    @property
    def first_day(self) -> date | None:
        """The first day of publication let through."""
        return self.published_from if isinstance(self.published_from, date) else None

    @property
    def last_day(self) -> date | None:
        """The last day of publication let through."""
        return self.published_to if isinstance(self.published_to, date) else None

    @property
    def about(self) -> tuple[date | None, date | None]:
        """The days that texts let through may name, first and last."""
        first, last = self.about_from, self.about_to
        return (
            first if isinstance(first, date) else None,
            last if isinstance(last, date) else None,
        )

    def __bool__(self) -> bool:
        """Whether anything is restricted."""
        ranges = (self.published_from, self.published_to, self.about_from, self.about_to)
        return any((*ranges, self.publishers, self.article_ids))


def _day(name: str, value: date | str | None) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip()[:10])
    except (ValueError, AttributeError):
        raise SettingsError(f"{name}: {value!r} is not a date; write YYYY-MM-DD") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings(Record):
    """What a collection holds, as far as questions name it."""

    publishers: tuple[str, ...] = ()
    first_day: date | None = None
    """The first day that an article was published on; None where no day is known."""
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood(Record):
    """Something that a question says about where to look; it moves passages up and bars none.

    Invariant: `query[start:end] == words`, where `query` is the whole question searched for.
    """

    kind: str
    """`publisher`, `published`, `about`, `event` or `future` (days that it is about), `newest`."""
    words: str
    start: int
    end: int
    label: str
    """In plain English, such as "by The Verge", "published in May 2023", "newest first"; what
    `without` takes to leave it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Record):
    """One of the searches made for a question."""

    query: str
    prefer: Filters = field(default_factory=Filters)
    """What comes first: articles of these publishers and days."""
    about_from: date | None = None
    """With `about_to`: the days that a passage should name; None is no bound, twice is any."""
    about_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """A row of a list or a table: places in `Answer.sentences`, the first is 0."""

    label: str
    """What its sentences are on, in a comparison; else ''."""
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss(Record):
    """What came closest to an answer where none is given, and what is lacking."""

    said: str = ""
    """One sentence: what the closest article does say."""
    lacking: str = ""
    """One sentence: what of the question nothing that was read holds."""
    closest: tuple[Citation, ...] = ()
    """The closest sentence of each of the closest articles, numbered from 1."""
    names: tuple[str, ...] = ()
    """Names of the question that no passage holds."""
    words: tuple[str, ...] = ()
    """Other telling words of the question that no passage holds, the rarest first."""
    apart: tuple[str, ...] = ()
    """Names and words that passages hold, though no article holds them with the rest."""
    kind: str = ""
    """The kind of answer asked for that no close sentence brings, such as `date` or `money`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """What is shown to the reader.

    Invariants: each citation is an exact range of a stored article; each sentence is `supported`
    or `quoted` and cites at least one; `answer` is the sentences joined, with marks `[n]`, and made
    inert: it may be shown by whatever renders Markdown or HTML (see `rag.inert`).
    `abstained` means that nothing was found to bear on the question: `reason` says what was
    looked at and what came closest. In a stream, `complete` is False until the last one.
    """

    question: str
    answer: str
    abstained: bool = False
    reason: str = ""
    likely: float | None = None
    """0 to 1: how likely the passages answer the question; declined under `answer.abstain_below`.
    None where nothing was looked at."""
    near_miss: NearMiss | None = None
    """What came closest where `abstained`; None for answers."""
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    model: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""
    query: str = ""
    """The search text: the question, made whole from the conversation where it leaned on it."""
    searches: tuple[Search, ...] = ()
    """What was searched for: the whole question first, then its parts."""
    understood: tuple[Understood, ...] = ()
    """What the question says about where to look, in the order of its words."""
    passages: tuple[Passage, ...] = ()
    left_out: tuple[Sentence, ...] = ()
    """Drafted sentences that failed their checks, made inert; the instructions' words are `…`."""
    notice: str = ""
    """Something that the reader should know, such as a model that could not be reached."""
    model_error: str = ""
    """What the model failed with; the answer is evidence quoted in its stead then."""
    sources: int = 0
    """How many independent sources are cited; copies of one story count as one."""
    disagreements: tuple[Disagreement, ...] = ()
    """Where what a cited sentence says is told otherwise by another article."""
    updates: tuple[Update, ...] = ()
    """Where a cited sentence took the place of what an earlier article says."""
    layout: str = "prose"
    """`prose`, `list` or `table`: how the sentences are best shown."""
    rows: tuple[Row, ...] = ()
    """Of a list or a table; they hold each sentence once. Empty for prose."""
    as_of: str | None = None
    """The ISO day as of which the answer holds; None where what is asked for does not change, or
    its evidence is not dated."""
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Record):
    """One earlier question of a conversation and what was answered."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection(Record):
    """A file or line that was not ingested, and why; the remedy is part of the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport(Record):
    """What one ingest did: articles by outcome, then the totals now stored."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    rejected: tuple[Rejection, ...] = ()
    articles: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Record):
    """How far a long piece of work is: `done` of `total` (0 when not known yet) of a stage."""

    stage: str
    """One of fetch, load, embed, publish."""
    done: int
    total: int
    rejection: Rejection | None = None
    """What was turned away at this step."""
