"""Answers that can be signed, by the whole path: small collections and what the answer must say.

Conflicts, updates, attribution, syndication and relative dates; about half are traps that must
stay silent. `test_disagree`, `test_updates` and `test_attribution` hold more of each.
"""

from dataclasses import dataclass, field

import pytest
from fakes import HashEmbedder, ScriptedLLM
from stories import COPIES, ORIGINAL, STORY

from rag.assistant import Assistant
from rag.index import Index
from rag.schema import Article
from rag.settings import Settings


@dataclass(frozen=True)
class Story:
    """Articles as (publisher, published, text), a question, and what the answer must come to."""

    question: str
    articles: tuple[tuple[str, str | None, str], ...]
    draft: str = ""
    """What the model writes; the evidence is quoted without."""
    says: str = ""
    """Stands in the answer."""
    hides: str = ""
    """Stands nowhere in it."""
    differs: tuple[str, ...] = ()
    """Values that are put beside each other, the earliest first."""
    newer: str = ""
    """The words by which a later article takes an earlier one's place."""
    as_of: str | None = None
    left_out: tuple[str, ...] = ()
    """Checks that the sentences left out fail."""
    notes: dict[str, str] = field(default_factory=dict)
    """What times in the quotes mean."""


COST = "How much does Orbin's plant in Port Ash cost?"
FOUR = ("Desk", "2023-05-01", "Orbin's plant in Port Ash costs 4 billion euros.")
SIX = ("Ledger", "2023-05-03", "Orbin's plant in Port Ash costs 6 billion euros.")
RAISED = (
    "Ledger",
    "2023-09-03",
    "Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
)
FERRY = "When did the ferry between Port Ash and Marsby sink?"
SUNK = "The ferry between Port Ash and Marsby sank on Monday."
OFFICIAL = "The talks on the Lakeview factory have failed, a harbour official said."

STORIES = {
    "conflict: two sums": Story(
        COST, (FOUR, SIX), differs=("4 billion euros", "6 billion euros"), as_of="2023-05-01"
    ),
    "conflict: two days": Story(
        "When did the Lakeview factory open?",
        (
            ("Desk", "2024-02-28", "The Lakeview factory opened on 24 February 2024."),
            ("Ledger", "2024-02-29", "The Lakeview factory opened on 26 February 2024."),
        ),
        differs=("24 February 2024", "26 February 2024"),
    ),
    "conflict: two names": Story(
        "Who founded Telvane?",
        (
            ("Desk", "2023-01-01", "Telvane was founded by Ada Brook."),
            ("Ledger", "2023-06-01", "Telvane was founded by Carl Denning."),
        ),
        differs=("Ada Brook", "Carl Denning"),
    ),
    "trap: the same sum in other words": Story(
        COST,
        (FOUR, ("Ledger", "2023-05-03", "Orbin's plant in Port Ash costs €4bn.")),
        as_of="2023-05-03",
    ),
    "trap: another plant": Story(
        COST,
        (FOUR, ("Ledger", "2023-05-03", "Orbin's plant in Marsby costs 6 billion euros.")),
        says="4 billion euros",
        as_of="2023-05-01",
    ),
    "trap: another year": Story(
        "How much did Orbin earn in 2022?",
        (
            ("Desk", "2023-02-01", "Orbin earned 4 billion euros in 2022."),
            ("Ledger", "2024-02-01", "Orbin earned 6 billion euros in 2023."),
        ),
        says="4 billion euros",
    ),
    "update: raised": Story(
        COST,
        (FOUR, RAISED),
        says="6 billion euros",
        hides="costs 4 billion",
        newer="raised",
        as_of="2023-09-03",
    ),
    "update: a newer version": Story(
        COST,
        (FOUR, ("Desk", "2023-05-02", "Orbin's plant in Port Ash costs 6 billion euros.")),
        says="6 billion euros",
        hides="costs 4 billion",
        newer="newer version",
        as_of="2023-05-02",
    ),
    "update: delayed": Story(
        "When will the Lakeview factory open?",
        (
            ("Desk", "2023-02-01", "The Lakeview factory will open in March 2025."),
            ("Ledger", "2024-06-01", "The Lakeview factory was delayed and opens in June 2026."),
        ),
        says="June 2026",
        newer="delayed",
        as_of="2024-06-01",
    ),
    "trap: the earlier article raised it": Story(
        COST,
        (
            ("Desk", "2023-05-01", RAISED[2]),
            ("Ledger", "2023-09-03", "Orbin's plant in Port Ash costs 6 billion euros."),
        ),
    ),
    "trap: what was asked is the first": Story(
        "How much did Orbin's plant in Port Ash first cost?",
        (FOUR, RAISED),
        says="4 billion euros",
    ),
    "trap: an undated article": Story(
        COST,
        (("Desk", None, "Orbin's plant in Port Ash costs 4 billion euros."),),
        says="4 billion euros",
    ),
    "trap: the past does not change": Story(
        "When did the Lakeview factory open?",
        (("Desk", "2024-02-28", "The Lakeview factory opened on 24 February 2024."),),
        says="24 February 2024",
    ),
    "attribution: a claim told as a fact is left out": Story(
        "What happened to the talks on the Lakeview factory?",
        (("Desk", "2024-02-28", OFFICIAL),),
        draft="The talks on the Lakeview factory have failed. [1]",
        says="a harbour official said",
        left_out=("attribution",),
    ),
    "attribution: a claim with its speaker stays": Story(
        "What happened to the talks on the Lakeview factory?",
        (("Desk", "2024-02-28", OFFICIAL),),
        draft="A harbour official said the talks on the Lakeview factory have failed. [1]",
        says="A harbour official said the talks",
    ),
    "attribution: another speaker is left out": Story(
        "What happened to the talks on the Lakeview factory?",
        (("Desk", "2024-02-28", OFFICIAL),),
        draft="Ada Brook said the talks on the Lakeview factory have failed. [1]",
        hides="Ada Brook",
        left_out=("name",),
    ),
    "trap: what the article says itself needs no speaker": Story(
        "What happened to the talks on the Lakeview factory?",
        (("Desk", "2024-02-28", "The talks on the Lakeview factory have failed after a year."),),
        draft="The talks on the Lakeview factory have failed. [1]",
        says="The talks on the Lakeview factory have failed. [1]",
    ),
    "relative date: two Mondays": Story(
        FERRY,
        (
            ("Desk", "2023-07-04", SUNK),
            ("Ledger", "2023-07-13", "The ferry between Port Ash and Marsby sank on 10 July 2023."),
        ),
        differs=("Monday", "10 July 2023"),
        notes={"Monday": "3 July 2023"},
    ),
    "relative date: a draft may say the day": Story(
        FERRY,
        (("Desk", "2023-07-04", SUNK),),
        draft="The ferry between Port Ash and Marsby sank on 3 July 2023. [1]",
        says="sank on 3 July 2023",
        notes={"Monday": "3 July 2023"},
    ),
    "relative date: a draft may not say another day": Story(
        FERRY,
        (("Desk", "2023-07-04", SUNK),),
        draft="The ferry between Port Ash and Marsby sank on 10 July 2023. [1]",
        hides="10 July",
        left_out=("date",),
        notes={"Monday": "3 July 2023"},
    ),
    "trap: the same Monday": Story(
        FERRY,
        (
            ("Desk", "2023-07-04", SUNK),
            ("Ledger", "2023-07-05", "The ferry between Port Ash and Marsby sank on 3 July 2023."),
        ),
    ),
}


UNDATED = (
    "trap: another year",
    "trap: what was asked is the first",
    "trap: an undated article",
    "trap: the past does not change",
)
"""Stories that hold as of no day."""


def asked(tmp_path, story):
    settings = Settings.load(environ={}, answer={"abstain_below": 0.0})
    embedder = HashEmbedder(dimensions=256)
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    model = ScriptedLLM(story.draft, "") if story.draft else None
    assistant = Assistant(index, embedder, model, settings)
    assistant.ingest(
        [
            Article(
                article_id=f"a{number}",
                title="Notes of the day",
                publisher=publisher,
                published=published,
                text=f"{text} The harbour was quiet and the weather fair.",
            )
            for number, (publisher, published, text) in enumerate(story.articles)
        ]
    )
    return assistant.ask(story.question)


@pytest.mark.parametrize("name", STORIES)
def test_what_an_answer_says_of_conflicts_updates_speakers_and_days(tmp_path, name):
    story = STORIES[name]

    answer = asked(tmp_path, story)

    assert story.says in answer.answer
    assert not story.hides or story.hides not in answer.answer
    values = [tuple(value.value for value in one.values) for one in answer.disagreements]
    assert values == ([story.differs] if story.differs else [])
    assert [one.words for one in answer.updates] == ([story.newer] if story.newer else [])
    if story.as_of:
        assert answer.as_of == story.as_of
    if name in UNDATED:
        assert answer.as_of is None
    failed = {failure.check for sentence in answer.left_out for failure in sentence.failed}
    assert set(story.left_out) <= failed
    assert bool(failed) == bool(story.left_out)
    notes = {
        one.quote[note.start - one.start : note.end - one.start]: note.meaning
        for one in answer.citations
        for note in one.notes
    }
    assert story.notes.items() <= notes.items()


def stored(tmp_path, articles):
    settings = Settings.load(environ={}, answer={"abstain_below": 0.0})
    embedder = HashEmbedder(dimensions=256)
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    assistant = Assistant(index, embedder, None, settings)
    assistant.ingest(articles)
    return assistant.ask("How much will the yard at Hammersund get for the three battery ships?")


def test_syndication_copies_are_one_source(tmp_path):
    copies = [article for article in STORY if article.article_id in COPIES]
    answer = stored(tmp_path, copies)
    assert "214 million crowns" in answer.answer
    assert answer.sources == 1
    cited = {citation.article_id for citation in answer.citations}
    assert len(cited) == 1
    named = {copy.article_id for citation in answer.citations for copy in citation.also_in}
    assert cited | named == set(COPIES)


def test_syndication_trap_reports_of_their_own_are_sources_of_their_own(tmp_path):
    reports = [article for article in STORY if article.article_id in ("wire", "harbour")]
    answer = stored(tmp_path, reports)
    assert len({citation.article_id for citation in answer.citations}) == answer.sources
    assert not any(citation.also_in for citation in answer.citations)


@pytest.mark.parametrize(
    ("publisher", "title", "newer"),
    [
        (STORY[0].publisher, STORY[0].title, True),
        (STORY[0].publisher, f"UPDATE 1: {STORY[0].title}", True),
        ("Rival", STORY[0].title, False),
        (STORY[0].publisher, "Another headline", False),
    ],
)
def test_a_newer_version_with_one_figure_changed_takes_the_place_of_its_copy(
    tmp_path, publisher, title, newer
):
    version = Article(
        article_id="version",
        title=title,
        publisher=publisher,
        published="2023-10-05",
        text=ORIGINAL.replace("214 million", "260 million"),
    )
    answer = stored(tmp_path, [STORY[0], version])
    assert ("260 million" in answer.answer, "214 million" in answer.answer) == (newer, not newer)
    assert [one.words for one in answer.updates] in ([], ["newer version"], ["UPDATE 1"])
    assert bool(answer.updates) is newer
    for one in answer.citations:
        text = ORIGINAL if one.article_id == "wire" else version.text
        assert text[one.start : one.end] == one.quote
    assert answer.sources == 1


def test_a_third_of_the_stories_are_traps():
    traps = [name for name in STORIES if name.startswith("trap")]
    assert 3 * len(traps) >= len(STORIES)
