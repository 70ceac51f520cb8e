"""As of which day an answer holds: said where what is asked for changes, and nowhere else."""

from datetime import date

import pytest

from rag.as_of import as_of, changes
from rag.schema import Citation, Understood

CHANGES = """How many people work at Orbin?
How many employees does Telvane have?
How much does the plant in Port Ash cost?
How much will Orbin pay for Telvane?
How old is the chairman of Orbin?
How many people have died in the flood?
Who is the chief executive of Telvane?
Who's the mayor of Port Ash?
Who leads Orbin?
Which companies own the Lakeview factory?
Who runs Orbin's factory in Port Ash?
What is the price of gas in Lyonne?
What share of the market does Orbin hold?
What are the export rules on Telvane's tools?
Is the Lakeview factory open?
Does Japan restrict exports of Telvane's tools?
Has Orbin bought Telvane?
When will the Lakeview factory open?
When do the rules take effect?
Where is Orbin based?
And who is its president?
Who owns Telvane? – How many people does it employ?""".splitlines()

LASTS = """How many people worked at Orbin in 2021?
How much did Orbin pay for Telvane?
How many countries signed the declaration?
Who founded Telvane?
Who is the founder of Telvane?
Who wrote the report on Orbin?
Who bought Telvane?
Who has bought Telvane?
When did the Lakeview factory open?
When was Telvane founded?
Why is Orbin closing its plant?
How does the tool work?
How long is the Lakeview tunnel?
What is a photoresist?
What does EUV stand for?
What does the article say about Orbin's sales?
Which report suggests that Orbin owns Telvane?
Where is Mount Ash?
Who is Ada Brook?
What happened in Port Ash?
What was the price of gas in Lyonne?
Which city hosted the talks?
Is the author of the book from Lyonne?
Which companies raised their prices in May 2023?
Tell me about Telvane""".splitlines()


def cited(published, quote="Orbin has 300 employees."):
    return Citation(
        number=1, article_id="a", start=0, end=len(quote), quote=quote, published=published
    )


@pytest.mark.parametrize("question", CHANGES)
def test_what_changes_is_dated(question):
    assert changes(question)
    assert as_of(question, (), [cited("2023-05-03T08:00:00Z")]) == date(2023, 5, 3)


@pytest.mark.parametrize("question", LASTS)
def test_what_lasts_is_not(question):
    assert not changes(question)
    assert as_of(question, (), [cited("2023-05-03")]) is None


def test_undated_evidence_says_nothing():
    assert as_of(CHANGES[0], (), [cited(None)]) is None
    assert as_of(CHANGES[0], (), []) is None


def test_of_several_sources_the_latest_counts():
    days = [cited("2023-05-03"), cited(None), cited("2023-06-01"), cited("2022-01-01")]
    assert as_of(CHANGES[0], (), days) == date(2023, 6, 1)


def test_a_day_that_the_words_name_counts_before_publication():
    quote = "As of 31 March 2023, Orbin has 300 employees."
    assert as_of(CHANGES[0], (), [cited("2023-05-03", quote)]) == date(2023, 3, 31)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many employees does Orbin have in 2022?", False),
        ("How many employees does Orbin have in 2023?", True),
        ("How many chips will Orbin make in 2030?", True),
        ("How many cars do people buy since January 2022?", True),
    ],
)
def test_a_time_that_was_over_leaves_nothing_to_change(question, said):
    assert bool(as_of(question, (), [cited("2023-05-03")])) is said


def test_who_asks_for_the_newest_is_told_of_when():
    newest = Understood(kind="newest", words="latest", start=9, end=15, label="newest first")
    question = "What did Orbin offer in its latest bid?"
    assert as_of(question, (), [cited("2023-05-03")]) is None
    assert as_of(question, (newest,), [cited("2023-05-03")]) == date(2023, 5, 3)
