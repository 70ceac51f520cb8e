"""Plain questions to a collection of two articles, with the models that Newsdesk brings.

In few articles little tells what a question is about, and a headline may be about something else.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Article, Assistant
from rag.settings import Settings

TIES = """Europe's industry chief, Thierry Breton, was in Tokyo on Monday to speak about chips.

Breton said the bloc and Japan would watch the supply chain of semiconductors together.

A fund backed by the Japanese government agreed last week to buy JSR, which makes photoresist,
for $6.4 billion.

For the most advanced chips Rapidus has the support of IMEC, of Belgium, and of IBM.

Tokyo leans towards softer rules for artificial intelligence than Brussels, an official said."""

PACT = """The United States and Japan will commit themselves on Friday to work together on chips.

Japan has agreed to match US export controls that limit the sale of some chipmaking tools to
China, as the Netherlands has.

The ministers will meet in Detroit, beside a meeting of APEC."""

ARTICLES = (
    Article(article_id="ties", title="Bloc seeks closer ties on AI, away from China", text=TIES),
    Article(article_id="pact", title="pact-2023-05", text=PACT),
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder: Path = tmp_path_factory.mktemp("small")
    with Assistant.open(folder, Settings.load(environ={}, llm={"enabled": False})) as opened:
        opened.ingest(ARTICLES)
        yield opened


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("How much will the fund pay for JSR?", "$6.4 billion"),
        ("Who supports Rapidus?", "IBM"),
        ("What did Breton say about supply chains?", "watch the supply chain"),
        ("Which countries matched US export controls?", "Netherlands"),
        ("Where will the ministers meet?", "Detroit"),
    ],
)
def test_what_an_article_tells_is_answered(assistant: Assistant, question: str, held: str) -> None:
    answer = assistant.ask(question)
    assert not answer.abstained
    assert held in answer.answer


@pytest.mark.parametrize(
    "question",
    ["Who won the 2022 World Cup?", "How much rain fell in Lima?", "Why did Rapidus sue Intel?"],
)
def test_what_no_article_tells_is_declined(assistant: Assistant, question: str) -> None:
    assert assistant.ask(question).abstained
