"""Of two articles the later is preferred where it says that it changes the earlier, or is its
newer version; else both stand."""

from dataclasses import replace

import pytest

from rag.schema import Copy, Evidence, Note
from rag.updates import later_first, updated


def told(*rows):
    """Evidence of (published, title, text) or (published, title, text, sentence before)."""
    return [
        Evidence(
            number=number,
            score=0.9,
            article_id=f"a{number}",
            start=0,
            end=len(row[2]),
            text=row[2],
            title=row[1],
            context=row[3] if len(row) > 3 else "",
            published=row[0],
            publisher="Desk",
        )
        for number, row in enumerate(rows, start=1)
    ]


COST = "How much does the plant in Port Ash cost?"
FIRST = ("2023-05-01", "Orbin plans a plant", "Orbin's plant in Port Ash costs 4 billion euros.")
OPENING = ("2023-05-01", "Orbin plans a plant", "The Orbin plant in Port Ash opens in March 2025.")

UPDATES = {
    "raised": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
        ),
        "raised",
    ),
    "raised from and to": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "The cost of the plant in Port Ash was raised from 4 billion euros to 6 billion euros,"
            " Orbin said.",
        ),
        "raised",
    ),
    "a correction in the sentence before": (
        COST,
        FIRST,
        (
            "2023-05-02",
            "Orbin plans a plant",
            "Orbin's plant in Port Ash costs 6 billion euros.",
            "Correction: an earlier version of this article gave a wrong sum. ",
        ),
        "Correction",
    ),
    "an update in the title": (
        COST,
        FIRST,
        (
            "2023-05-01T18:30:00",
            "UPDATE 2: Orbin plans a plant",
            "Orbin's plant in Port Ash costs 6 billion euros.",
        ),
        "UPDATE 2",
    ),
    "a newer version": (
        COST,
        FIRST,
        (
            "2023-05-02",
            "Orbin plans a plant",
            "Orbin's plant in Port Ash costs 6 billion euros.",
        ),
        "newer version",
    ),
    "now": (
        "How many engineers does the Lakeview factory employ?",
        ("2023-01-10", "At work", "The Lakeview factory employs 1,200 engineers."),
        ("2024-01-12", "More at work", "The Lakeview factory now employs 1,900 engineers."),
        "now",
    ),
    "cut": (
        "What is Orbin's sales forecast for Telvane?",
        ("2023-01-10", "Outlook", "Orbin's sales forecast for Telvane is 30 million dollars."),
        (
            "2023-06-12",
            "Outlook darkens",
            "Orbin has cut its sales forecast for Telvane to 22 million dollars.",
        ),
        "cut",
    ),
    "delayed": (
        "When does the Orbin plant in Port Ash open?",
        OPENING,
        (
            "2024-06-03",
            "Late",
            "The Orbin plant in Port Ash was delayed and opens in June 2026.",
        ),
        "delayed",
    ),
    "brought forward": (
        "When will the export rules on Telvane take effect?",
        ("2023-06-01", "Rules", "The export rules on Telvane will take effect on 1 October 2023."),
        (
            "2023-07-01",
            "Sooner",
            "The export rules on Telvane were brought forward and take effect on 1 August 2023.",
        ),
        "brought forward",
    ),
    "scrapped": (
        "Does Orbin build a plant in Port Ash?",
        ("2023-05-01", "Orbin plans a plant", "Orbin will build a plant in Port Ash."),
        (
            "2024-02-01",
            "No plant",
            "Orbin has scrapped the plant that it was to build in Port Ash.",
        ),
        "scrapped",
    ),
    "a successor": (
        "Who is the chief executive of Telvane?",
        ("2023-01-01", "Telvane", "Ada Brook is the chief executive of Telvane."),
        (
            "2024-01-01",
            "Change at the top",
            "Carl Denning replaced Ada Brook as chief executive of Telvane.",
        ),
        "replaced",
    ),
    "a day corrected": (
        "When was the Lakeview deal agreed?",
        ("2023-12-09", "Deal", "The Lakeview deal was agreed on 8 December 2023."),
        (
            "2024-08-01",
            "Lakeview law in force",
            "The Lakeview deal was agreed on 9 December 2023.",
            "A clarification: our report gave another day. ",
        ),
        "clarification",
    ),
}

TRAPS = {
    "not said to be an update": (
        COST,
        FIRST,
        ("2023-09-03", "Dear", "Orbin's plant in Port Ash costs 6 billion euros."),
    ),
    "the same value": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dear",
            "Orbin raised the cost of its plant in Port Ash to 4 billion euros.",
        ),
    ),
    "another place": (
        COST,
        FIRST,
        ("2023-09-03", "Dear", "Orbin raised the cost of its plant in Marsby to 6 billion euros."),
    ),
    "another owner": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dear",
            "Telvane's share of the cost of Orbin's plant in Port Ash was raised to 6 billion "
            "euros.",
        ),
    ),
    "only planned": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dearer?",
            "Orbin may soon be raised to pay more; its plant in Port Ash would cost 6 billion "
            "euros.",
        ),
    ),
    "denied": (
        "When does the Orbin plant in Port Ash open?",
        OPENING,
        (
            "2024-06-03",
            "On time",
            "The Orbin plant in Port Ash has not been delayed and never opens in June 2026.",
        ),
    ),
    "the earlier says so": (
        COST,
        ("2023-05-01", "Up", "Orbin raised the cost of its plant in Port Ash to 6 billion euros."),
        ("2023-09-03", "Cost", "Orbin's plant in Port Ash costs 4 billion euros."),
    ),
    "another year": (
        "How much did Orbin earn?",
        ("2023-02-01", "Year", "Orbin earned 4 billion euros in 2022."),
        ("2024-02-01", "Year", "Orbin earned 6 billion euros in 2023, lifted by Telvane."),
    ),
    "another quarter": (
        "What are the sales of Orbin?",
        ("2023-05-01", "Sales", "Orbin's sales are 4 billion euros in the first quarter."),
        ("2023-08-01", "Sales", "Orbin's sales rose to 6 billion euros in the second quarter."),
    ),
    "asked for what was first": (
        "How much did the plant in Port Ash first cost?",
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
        ),
    ),
    "asked for the change": (
        "How has the cost of the plant in Port Ash changed?",
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
        ),
    ),
    "asked for a time that was over": (
        "How much did the plant in Port Ash cost in May 2023?",
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
        ),
    ),
    "an addition": (
        COST,
        FIRST,
        (
            "2023-09-03",
            "Dearer",
            "Orbin raised the cost of its plant in Port Ash by another 2 billion euros.",
        ),
    ),
    "of unknown date": (
        COST,
        FIRST,
        (None, "Dearer", "Orbin raised the cost of its plant in Port Ash to 6 billion euros."),
    ),
    "other things counted": (
        "How many people does the Lakeview factory employ?",
        ("2023-01-10", "At work", "The Lakeview factory employs 1,200 engineers."),
        ("2024-01-12", "At work", "The Lakeview factory now employs 300 trainees."),
    ),
    "a column of the same title, another month": (
        "How much is the unemployment rate in Lyonne?",
        ("2023-05-31", "Jobs in Lyonne", "Unemployment in Lyonne is 5.1 percent in May."),
        ("2023-06-05", "Jobs in Lyonne", "Unemployment in Lyonne is 5.4 percent in June."),
    ),
    "a column of the same title, another place": (
        "How much is the unemployment rate in Lyonne?",
        ("2023-05-31", "Jobs in Lyonne", "Unemployment in Lyonne is 5.1 percent in May 2023."),
        ("2023-06-05", "Jobs in Lyonne", "Unemployment in Marsby is 5.4 percent in May 2023."),
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_a_later_article_that_says_so_takes_the_place_of_the_earlier(name):
    question, earlier, later, words = UPDATES[name]
    for rows in ((earlier, later), (later, earlier)):
        evidence = told(*rows)

        (found,) = updated(question, evidence)

        assert (found.earlier.text, found.later.text) == (earlier[2], later[2])
        assert found.words == words
        assert [item.text for item in later_first(evidence, [found])] == [later[2]]


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_no_update_stays_silent(name):
    question, earlier, later = TRAPS[name]

    assert updated(question, told(earlier, later)) == []
    assert updated(question, told(later, earlier)) == []


def test_the_latest_of_several_takes_the_place_and_the_rest_is_numbered_anew():
    rows = [
        FIRST,
        ("2023-06-01", "Other", "Harvests were good in Port Ash this summer."),
        ("2023-09-03", "Up", "Orbin raised the cost of its plant in Port Ash to 6 billion euros."),
        ("2024-01-03", "Up", "Orbin raised the cost of its plant in Port Ash to 7 billion euros."),
    ]
    evidence = told(*rows)
    found = updated(COST, evidence)

    order = later_first(evidence, found)

    assert [item.text for item in order] == [rows[3][2], rows[1][2]]
    assert [item.number for item in order] == [1, 2]


def test_a_copy_elsewhere_is_no_newer_version_and_the_publishers_own_is():
    one, other = told(
        FIRST, ("2023-05-02", FIRST[1], "Orbin's plant in Port Ash costs 6 billion euros.")
    )
    own = replace(other, also_in=(Copy(article_id="a1"),))
    assert [found.words for found in updated(COST, [one, own])] == ["newer version"]
    assert updated(COST, [one, replace(own, publisher="Ledger")]) == []


def test_relative_days_are_read_as_what_they_mean():
    question = "When does the Lakeview factory open?"
    one, other = told(
        ("2024-02-20", "Lakeview", "The Lakeview factory opens on Monday."),
        ("2024-02-22", "Late", "The Lakeview factory was delayed and opens on 26 February 2024."),
    )
    at = one.text.index("Monday")
    same = Note(start=at, end=at + 6, meaning="26 February 2024")
    earlier = Note(start=at, end=at + 6, meaning="25 February 2024")
    assert updated(question, [replace(one, notes=(same,)), other]) == []
    assert len(updated(question, [replace(one, notes=(earlier,)), other])) == 1
