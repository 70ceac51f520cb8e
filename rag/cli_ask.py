"""`rag retrieve`, `rag ask` and `rag verify`: questions, and checks of somebody's text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cite import with_marks
from rag.console import IndexOption, JsonOption, opened, print_json, source_line
from rag.console import say as print  # noqa: A004  # nothing is printed past it
from rag.dates import written_day
from rag.errors import CorpusError
from rag.inert import inert
from rag.schema import Answer, Article, Filters, Search, Sentence, Understood, Verification
from rag.understand import parts_of

if TYPE_CHECKING:
    from rag.assistant import Assistant

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Published on or after YYYY-MM-DD.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Published on or before YYYY-MM-DD.")
]
AboutFromOption = Annotated[
    str | None,
    typer.Option("--about-from", metavar="DATE", help="Its text names that month or a later one."),
]
AboutToOption = Annotated[
    str | None,
    typer.Option("--about-to", metavar="DATE", help="Its text names that month or an earlier one."),
]
PublisherOption = Annotated[
    list[str] | None, typer.Option("--publisher", metavar="NAME", help="Only this publisher.")
]
ArticleOption = Annotated[
    list[str] | None, typer.Option("--article", metavar="ID", help="Only this article.")
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="LABEL", help="Do not understand this, such as newest."),
]


def _filters(
    published_from: str | None,
    published_to: str | None,
    publishers: list[str] | None,
    article_ids: list[str] | None,
    about_from: str | None,
    about_to: str | None,
) -> Filters:
    return Filters(
        published_from=published_from,
        published_to=published_to,
        publishers=tuple(publishers or ()),
        article_ids=tuple(article_ids or ()),
        about_from=about_from,
        about_to=about_to,
    )


def retrieve(
    question: str,
    *,
    top_k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages.")] = 10,
    index: IndexOption = None,
    published_from: FromOption = None,
    published_to: ToOption = None,
    publishers: PublisherOption = None,
    article_ids: ArticleOption = None,
    about_from: AboutFromOption = None,
    about_to: AboutToOption = None,
    without: WithoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages that bear on a question, best first."""
    filters = _filters(published_from, published_to, publishers, article_ids, about_from, about_to)
    with opened(index, llm={"enabled": False}) as assistant:
        passages = assistant.passages(question, top_k, filters, without=without or ())
        request = assistant.understand(question, without=without or ())
    if as_json:
        found = request.to_dict()
        print_json(
            {
                "question": question,
                "passages": [p.to_dict() for p in passages],
                "searches": found["searches"],
                "understood": found["understood"],
            }
        )
        return
    if searched := _searched(request.question, request.searches, request.understood):
        print(f"{searched}\n")
    for passage in passages:
        print(f"{passage.rank:>2}. {source_line(passage)}  [{passage.score:.4f}]")
        print(f"    {' '.join(passage.text.split())}\n")


def _searched(question: str, searches: Sequence[Search], understood: Sequence[Understood]) -> str:
    """What was searched for, in one line; empty where it is the question and no more."""
    texts = [f"“{text}”" for text in parts_of(question, searches)]
    labels = dict.fromkeys(one.label for one in understood)
    if not texts and not labels:
        return ""
    return "; ".join([f"Searched for {', '.join([f'“{question}”', *texts])}", *labels])


def ask(
    question: str,
    *,
    index: IndexOption = None,
    published_from: FromOption = None,
    published_to: ToOption = None,
    publishers: PublisherOption = None,
    article_ids: ArticleOption = None,
    about_from: AboutFromOption = None,
    about_to: AboutToOption = None,
    without: WithoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question; each sentence cites the article text that it rests on."""
    filters = _filters(published_from, published_to, publishers, article_ids, about_from, about_to)
    with opened(index) as assistant:
        answer = assistant.ask(question, filters, without=without or ())
    if as_json:
        print_json(answer.to_dict())
    else:
        print_answer(answer)


def print_answer(answer: Answer) -> None:
    """An answer for people: its text, what is to be known of it, and its sources."""
    if answer.notice:
        print(f"note: {answer.notice}\n")
    print("\n".join(_laid_out(answer)) if answer.rows else answer.answer)
    if answer.as_of:
        print(f"\nAs of {written_day(date.fromisoformat(answer.as_of))}.")
    if answer.abstained:
        print(f"\n{answer.reason}")
    for update in answer.updates:
        print(f"\nNewer: [{update.later}] (“{update.words}”) in place of [{update.earlier}].")
    for disagreement in answer.disagreements:
        print(f"\nThe articles differ on a {disagreement.kind}:")
        for stated in disagreement.values:
            source = next(c for c in answer.citations if c.number == stated.citation)
            print(f"    {inert(stated.value)}  [{stated.citation}] {source_line(source)}")
    for citation in answer.citations:
        print(f"\n[{citation.number}] {source_line(citation)}")
        print(f"    “{inert(' '.join(citation.quote.split()))}”")
        for note in citation.notes:
            print(f"    {inert(note.beside(citation.quote, citation.start))}")
        if citation.earlier:
            print(f"    changed since it was first stored ({citation.earlier} earlier, kept)")
        if citation.also_in:
            copies = ", ".join(copy.publisher or copy.article_id for copy in citation.also_in)
            print(f"    also in {inert(copies)}")
        print(
            f"    rag article {citation.article_id}  (characters {citation.start}–{citation.end})"
        )
    if searched := _searched(answer.query, answer.searches, answer.understood):
        print(f"\n{searched}")
    if answer.left_out:
        count = len(answer.left_out)
        print(f"\n{count} drafted sentence{'s' * (count > 1)} left out: not borne out by a source.")
        for sentence in answer.left_out:
            print(f"    “{sentence.text}”  {_failures(sentence)}")


def _laid_out(answer: Answer) -> Iterator[str]:
    """A list, or a comparison under the names of what is compared."""
    for row in answer.rows:
        if row.label:
            yield f"{row.label}:"
        mark = "    " if row.label else "- " if answer.layout == "list" else ""
        yield from (f"{mark}{with_marks([answer.sentences[at]])}" for at in row.sentences)


def verify(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The text, or - to read it.")],
    *,
    against: Annotated[
        list[str], typer.Option("--against", metavar="ID|FILE", help="Article id or file.")
    ],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check somebody's text, sentence by sentence, against articles."""
    text = sys.stdin.read() if text == "-" else text
    with opened(index, llm={"enabled": False}) as assistant:
        found = assistant.verify(text, [_against(assistant, given) for given in against])
    if as_json:
        print_json(_verification_json(found))
    else:
        for sentence in found.sentences:
            print(_verdict_line(sentence))
        print(f"score {found.score:.2f}")


def _against(assistant: Assistant, given: str) -> Any:
    """An article of the collection by id; else the file, loaded and cleaned like any article."""
    if assistant.has(given):
        return assistant.article(given)
    path = Path(given)
    if not path.is_file():
        raise CorpusError(f"--against {given}: neither an article of the collection nor a file")
    from rag.load import load

    loaded = list(load(path, assistant.settings.ingest))
    for item in loaded:
        if not isinstance(item, Article):
            raise CorpusError(f"{item.path}: {item.reason}")
    return "\n\n".join(item.text for item in loaded if isinstance(item, Article))


def _verification_json(found: Verification) -> dict[str, Any]:
    by_number = {citation.number: citation.to_dict() for citation in found.citations}
    return {
        "sentences": [
            {
                "text": sentence.text,
                "verdict": str(sentence.verdict),
                "score": sentence.score,
                "failed": [failure.to_dict() for failure in sentence.failed],
                "citations": [by_number[number] for number in sentence.citations],
            }
            for sentence in found.sentences
        ],
        "score": found.score,
    }


def _failures(sentence: Sentence) -> str:
    """Which checks failed, and by which words."""
    return "; ".join(f"{f.check}: {', '.join(f.words) or '–'}" for f in sentence.failed)


def _verdict_line(sentence: Sentence) -> str:
    failed = _failures(sentence)
    return f"{sentence.verdict:>11}  {sentence.score:.2f}  {sentence.text}" + (
        f"\n             failed {failed}" if failed else ""
    )
