"""What a publisher repeats leaves its articles, in whatever order they come."""

from __future__ import annotations

import pytest
from fakes import HashEmbedder

from rag.index import Index
from rag.ingest import ingest
from rag.load import from_record
from rag.settings import Settings

HABIT = "The Harbour Post — tides, tolls and everything between since 1911"
STORIES = [
    "The ferry to the island stopped after a gale tore two planks from the eastern jetty.",
    "Engineers began to drain the old dry dock so that its gates can be weighed and mended.",
    "A school for pilots opened beside the lighthouse with eleven pupils and one small boat.",
    "Fish prices fell for the third week because the cold store has been full since Easter.",
    "The council voted to paint the cranes green, which the port called a needless expense.",
    "Divers found a bell under the breakwater, and the museum wants to hang it in its hall.",
]
MORE = [
    f"{first} spoke for an hour about {what}, which nobody in the hall had asked for, and {then}."
    for first, what, then in (
        ("A skipper", "the colour of rope", "sat down to some applause"),
        ("The mayor", "the price of tar and of the men who spread it", "left by the side door"),
        ("A teacher", "knots that hold in the rain and knots that do not", "showed eleven"),
        ("One dealer", "ice, salt and the habits of herring", "wept a little at the end"),
        ("The painter", "greens that last at sea for thirty years or more", "passed cards round"),
        ("A diver", "the cold at forty metres and the silence there", "rang a small bell"),
    )
]
PLAIN = Settings.load()
OFF = Settings.load(ingest={"cleaning_off": ["repeated"]})


def articles(settings=PLAIN, publisher="Harbour Post"):
    return [
        from_record(
            {"id": str(n), "publisher": publisher, "text": f"{story}\n\n{HABIT}\n\n{MORE[n]}"},
            "made",
            settings.ingest,
        )
        for n, story in enumerate(STORIES)
    ]


@pytest.fixture
def desk(tmp_path):
    embedder = HashEmbedder()
    index = Index.open(tmp_path, embedder.fingerprint, PLAIN.index)

    def give(items, settings=PLAIN):
        report = ingest(items, index, embedder, settings)
        return report, {a.article_id: a.text for a in index.snapshot().articles()}

    give.index, give.embedder = index, embedder
    return give


def test_what_every_article_repeats_goes_and_is_kept_as_removed(desk):
    report, texts = desk(articles())
    assert (report.added, report.articles) == (6, 6)
    assert not any(HABIT in text for text in texts.values())
    assert all(story in texts[str(n)] for n, story in enumerate(STORIES))
    stored = desk.index.snapshot().article("3")
    assert [(r.rule, r.text) for r in stored.removals] == [("repeated", HABIT)]
    assert HABIT in stored.original


def test_the_order_of_arrival_makes_no_difference(desk):
    desk(articles()[:3])
    report, texts = desk(articles()[3:])
    assert (report.added, report.updated) == (3, 3)
    assert not any(HABIT in text for text in texts.values())


def test_the_same_again_changes_nothing(desk):
    desk(articles())
    embedded = desk.embedder.embedded
    report, _ = desk(articles())
    assert (report.added, report.updated, report.unchanged) == (0, 0, 6)
    assert desk.embedder.embedded == embedded


def test_another_publisher_and_a_rule_that_is_off_keep_the_line(desk):
    desk(articles())
    _, texts = desk(articles(publisher="Hill Post")[:1])
    assert HABIT in texts["0"]
    report, texts = desk(articles(OFF), OFF)
    assert report.updated == 6
    assert all(HABIT in text for text in texts.values())


def test_few_articles_have_no_habits(desk):
    _, texts = desk(articles()[:4])
    assert all(HABIT in text for text in texts.values())
