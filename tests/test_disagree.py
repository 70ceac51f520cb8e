"""Where articles contradict each other, and where they only seem to."""

from dataclasses import replace

import numpy as np
import pytest

from rag.disagree import differing, read_differently
from rag.schema import Copy, Evidence, Note


def told(*rows):
    """Evidence from (published, sentence) rows, each an article of its own."""
    return [
        Evidence(
            number=at,
            score=0.9,
            article_id=f"a{at}",
            start=100,
            end=100 + len(text),
            text=text,
            title="",
            publisher=f"Paper {at}",
            published=published,
        )
        for at, (published, text) in enumerate(rows, start=1)
    ]


CONTRADICTIONS = {
    "money": (
        "How much will the plant in Port Ash cost?",
        ("2023-05-01", "The plant in Port Ash will cost 4 billion euros, the ministry said."),
        (
            "2023-05-03",
            "According to the builder, the plant in Port Ash will cost 6 billion euros.",
        ),
        ["4 billion euros", "6 billion euros"],
    ),
    "money, the later one first": (
        "What did Orbin pay for Telvane?",
        ("2024-02-09", "Orbin paid $2.5 billion for Telvane."),
        ("2024-02-08", "Orbin paid $1.9 billion for the chip designer Telvane."),
        ["$1.9 billion", "$2.5 billion"],
    ),
    "count": (
        "How many people work at the Lakeview factory?",
        ("2023-01-10", "The Lakeview factory employs 1,200 people."),
        ("2023-01-12", "Some 2,000 people are employed at the Lakeview factory."),
        ["1,200", "2,000"],
    ),
    "count in words": (
        "How many countries joined the export pact?",
        ("2023-03-01", "Eleven countries joined the export pact in Geneva."),
        ("2023-03-02", "The export pact was joined by fourteen countries in Geneva."),
        ["Eleven", "fourteen"],
    ),
    "percentage": (
        "By how much did chip exports fall?",
        ("2023-07-01", "Exports of memory chips fell by 28 percent in June 2023."),
        ("2023-07-02", "In June 2023, exports of memory chips fell by 38%."),
        ["28 percent", "38%"],
    ),
    "not asked about": (
        "Who runs the Lakeview factory?",
        ("2023-01-10", "The Lakeview factory in Port Ash makes 40,000 wafers."),
        ("2023-01-12", "The Lakeview factory in Port Ash makes 55,000 wafers."),
        ["40,000", "55,000"],
    ),
    "date": (
        "When did the Lakeview factory open?",
        ("2024-02-25", "The Lakeview factory opened on 24 February 2024."),
        ("2024-02-27", "The Lakeview factory opened on 26 February 2024."),
        ["24 February 2024", "26 February 2024"],
    ),
    "year": (
        "When was Telvane founded?",
        ("2023-01-01", "Telvane was founded in 1998 in a garage."),
        ("2023-06-01", "The designer Telvane was founded in 2001."),
        ["1998", "2001"],
    ),
    "month": (
        "When do the export rules take effect?",
        ("2023-06-30", "The export rules for lithography take effect in September 2023."),
        ("2023-07-01", "The export rules for lithography take effect in October 2023."),
        ["September 2023", "October 2023"],
    ),
    "person": (
        "Who founded Telvane?",
        ("2023-01-01", "Telvane was founded by Ada Brook."),
        ("2023-06-01", "Telvane was founded by Carl Denning in a garage."),
        ["Ada Brook", "Carl Denning"],
    ),
    "place": (
        "Where is the headquarters of Telvane?",
        ("2023-01-01", "Telvane has its headquarters in Lyonne."),
        ("2023-06-01", "The designer Telvane has its headquarters in Marsby."),
        ["Lyonne", "Marsby"],
    ),
    "other words around": (
        "How many episodes does the fourth season of Harbour Lights have?",
        ("2023-01-01", "The fourth season of Harbour Lights contained 23 episodes."),
        (None, "Harbour Lights came back for a fourth season, which had 24 episodes."),
        ["23", "24"],
    ),
    "beyond a bound": (
        "How many jobs will the plant in Port Ash create?",
        ("2023-01-01", "The plant in Port Ash will create more than 3,000 jobs."),
        ("2023-01-02", "The plant in Port Ash will create 1,700 jobs."),
        ["3,000", "1,700"],
    ),
    "beyond rounding": (
        "How much did Orbin pay for Telvane?",
        ("2023-01-01", "Orbin paid about 5 billion dollars for Telvane."),
        ("2023-01-02", "Orbin paid 7 billion dollars for Telvane."),
        ["5 billion dollars", "7 billion dollars"],
    ),
    "a unitless quantity behind a dash": (
        "How many wafers does the Lakeview factory make a month?",
        ("2023-01-10", "The factory is small – Lakeview makes 40,000 wafers a month."),
        ("2023-01-12", "Lakeview makes 55,000 wafers a month, the builder said."),
        ["40,000", "55,000"],
    ),
}

AGREEMENTS = {
    "the same": (
        "How much will the plant in Port Ash cost?",
        ("2023-05-01", "The plant in Port Ash will cost 4 billion euros."),
        ("2023-05-03", "The plant in Port Ash will cost €4bn, the builder said."),
    ),
    "rounded": (
        "What did Orbin pay for Telvane?",
        ("2023-05-01", "Orbin paid 6.4 billion dollars for Telvane."),
        ("2023-05-03", "Orbin paid $6.39 billion for Telvane."),
    ),
    "about": (
        "What did Orbin pay for Telvane?",
        ("2023-05-01", "Orbin paid nearly 5 trillion yen for Telvane."),
        ("2023-05-03", "Orbin paid 4.86 trillion yen for Telvane."),
    ),
    "within a bound": (
        "How many jobs will the plant in Port Ash create?",
        ("2023-01-01", "The plant in Port Ash will create more than 3,000 jobs."),
        ("2023-01-02", "The plant in Port Ash will create 3,400 jobs."),
    ),
    "up to": (
        "How much aid will the plant in Port Ash get?",
        ("2023-01-01", "The plant in Port Ash will get up to 732 billion yen of aid."),
        ("2023-01-02", "The plant in Port Ash will get 700 billion yen of aid."),
    ),
    "another currency": (
        "What did Orbin pay for Telvane?",
        ("2023-05-01", "Orbin paid 6.4 billion dollars for Telvane."),
        ("2023-05-03", "Orbin paid 900 billion yen for Telvane."),
    ),
    "other firms": (
        "How much aid did the chip makers get?",
        ("2023-05-01", "Micron gets 192 billion yen of state aid for its plant."),
        ("2023-05-03", "Kioxia gets 243 billion yen of state aid for its plant."),
    ),
    "other firms in one sentence each": (
        "Who gets how much aid?",
        ("2023-05-01", "Telvane gets 192 billion yen of aid, while Orbin gets 243 billion yen."),
        ("2023-05-03", "Orbin gets 243 billion yen of aid, while Telvane gets 192 billion yen."),
    ),
    "first and second": (
        "What does the plant in Port Ash cost?",
        ("2023-05-01", "The first plant in Port Ash costs 4 billion euros."),
        ("2023-05-03", "The second plant in Port Ash costs 6 billion euros."),
    ),
    "a further sum": (
        "How much aid does the plant in Port Ash get?",
        ("2023-05-01", "The plant in Port Ash gets 330 billion yen of aid."),
        ("2023-06-03", "The plant in Port Ash gets a further 590 billion yen of aid."),
    ),
    "other years": (
        "How large was Telvane's revenue?",
        ("2024-05-01", "Telvane's revenue was 5 billion euros in 2022."),
        ("2024-05-03", "Telvane's revenue was 6 billion euros in 2023."),
    ),
    "a plan and what came of it": (
        "How much did Orbin invest in Port Ash?",
        ("2023-05-01", "Orbin plans to invest 4 billion euros in Port Ash."),
        ("2024-05-03", "Orbin invested 3 billion euros in Port Ash."),
    ),
    "denied": (
        "What will Orbin pay for Telvane?",
        ("2023-05-01", "Orbin will pay 6 billion dollars for Telvane."),
        ("2023-05-03", "Orbin will not pay 9 billion dollars for Telvane."),
    ),
    "other things counted": (
        "What is at the Lakeview factory?",
        ("2023-01-10", "The Lakeview factory employs 1,200 engineers."),
        ("2023-01-12", "The Lakeview factory employs 300 trainees."),
    ),
    "a vaguer date": (
        "When did the Lakeview factory open?",
        ("2024-02-25", "The Lakeview factory opened on 24 February 2024."),
        ("2024-02-27", "The Lakeview factory opened in February 2024."),
    ),
    "days of speaking": (
        "What did the minister say about the Lakeview factory?",
        ("2024-02-25", "The Lakeview factory is safe, the minister told reporters on 24 February."),
        ("2024-02-27", "The Lakeview factory is safe, the minister told reporters on 26 February."),
    ),
    "members of a list": (
        "Which countries matched the export controls?",
        ("2023-05-01", "Japan matched the export controls on tools."),
        ("2023-05-03", "The Netherlands matched the export controls on tools."),
    ),
    "a fuller name": (
        "Who founded Telvane?",
        ("2023-01-01", "Telvane was founded by Brook."),
        ("2023-06-01", "Telvane was founded by Ada Brook in a garage."),
    ),
    "nothing in common": (
        "How much will the plant in Port Ash cost?",
        ("2023-05-01", "The plant in Port Ash will cost 4 billion euros."),
        ("2023-05-03", "The harvest brought farmers 6 billion euros."),
    ),
    "annual and whole": (
        "How much does Orbin spend on research?",
        ("2023-05-01", "Orbin spends 4 billion euros a year on research in Port Ash."),
        ("2023-05-03", "Orbin spends 20 billion euros on research in Port Ash."),
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_different_values_of_one_thing_are_told_in_order_of_time(name):
    question, first, second, values = CONTRADICTIONS[name]

    found = differing(question, told(first, second))

    assert [[stated.words for stated in one.stated] for one in found] == [values]


@pytest.mark.parametrize("name", AGREEMENTS)
def test_values_of_different_things_stay_silent(name):
    question, first, second = AGREEMENTS[name]

    assert differing(question, told(first, second)) == []
    assert differing(question, told(second, first)) == []


def test_every_value_is_shown_once_with_the_first_sentence_that_gives_it():
    question = "How much will the plant in Port Ash cost?"
    rows = [
        ("2023-05-04", "The plant in Port Ash will cost 4 billion euros."),
        ("2023-05-03", "The plant in Port Ash will cost 6 billion euros."),
        ("2023-05-02", "The plant in Port Ash will cost 6 billion euros, the builder said."),
    ]

    (one,) = differing(question, told(*rows))

    assert [(s.words, s.evidence.article_id) for s in one.stated] == [
        ("6 billion euros", "a2"),
        ("4 billion euros", "a1"),
    ]


def test_a_copy_does_not_contradict_its_original():
    question = "How much will the plant in Port Ash cost?"
    first, second = told(
        ("2023-05-04", "The plant in Port Ash will cost 4 billion euros."),
        ("2023-05-03", "The plant in Port Ash will cost 6 billion euros."),
    )
    first = replace(first, also_in=(Copy(article_id="a2"),))

    assert differing(question, [first, second]) == []


def test_relative_days_are_read_as_the_days_they_mean():
    question = "When did the Lakeview factory open?"
    first, second = told(
        ("2024-02-27", "The Lakeview factory opened on Monday."),
        ("2024-02-28", "The Lakeview factory opened on 26 February 2024."),
    )
    at = first.start + first.text.index("Monday")
    meaning = Note(start=at, end=at + 6, meaning="26 February 2024")
    assert differing(question, [replace(first, notes=(meaning,)), second]) == []
    meaning = Note(start=at, end=at + 6, meaning="19 February 2024")
    (one,) = differing(question, [replace(first, notes=(meaning,)), second])
    assert one.kind == "date"


WHO = "Who will run the plant in Port Ash?"
READ = {
    "a name, in other words": (
        WHO,
        ("2023-05-01", "The plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "Once it opens, @Tom Varga takes charge of the Port Ash plant."),
        ["Mira Holt", "Tom Varga"],
    ),
    "a number, in other words": (
        "How many people work at the Lakeview factory?",
        ("2023-01-10", "The Lakeview factory has a staff of @1,200 people."),
        ("2023-01-12", "Of those who work in the Lakeview factory there are @2,000."),
        ["1,200", "2,000"],
    ),
    "a date, in other words": (
        "When was the Sorrel treaty signed?",
        ("2020-01-10", "The Sorrel treaty bears signatures of @3 May 2019."),
        ("2020-01-12", "It was on @9 June 2019 that ministers signed the Sorrel treaty."),
        ["3 May 2019", "9 June 2019"],
    ),
}
SILENT = {
    "the same, rounded": (
        "How much did Orbin pay for Telvane?",
        ("2024-02-08", "Orbin paid @903.9 million dollars for Telvane."),
        ("2024-02-09", "For Telvane some @904 million dollars were paid by Orbin."),
    ),
    "planned and done": (
        "How much did Orbin invest in Port Ash?",
        ("2024-02-08", "Orbin planned to invest @$2 million in Port Ash."),
        ("2024-02-09", "In the end Orbin put @$3 million into Port Ash to invest there."),
    ),
    "a year's and all": (
        "How much does Orbin spend on research?",
        ("2024-02-08", "On research Orbin spends @4 billion euros a year."),
        ("2024-02-09", "Orbin spends @20 billion euros to do research."),
    ),
    "two that may both have helped": (
        "Who helps the plant in Port Ash?",
        ("2023-05-01", "The plant in Port Ash gets help from @Orbin."),
        ("2023-05-02", "It is @Telvane that helps the Port Ash plant."),
    ),
    "at two times": (
        "How many people work at the Lakeview factory?",
        ("2023-01-10", "In 2021 the Lakeview factory had @1,200 people at work."),
        ("2023-01-12", "In 2022 @2,000 people had work in the Lakeview factory."),
    ),
    "hardly on what is asked": (
        WHO,
        ("2023-05-01", "The plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "The mayor, @Tom Varga, welcomed visitors."),
    ),
    "what the question says": (
        "Who will run the Varga plant in Port Ash?",
        ("2023-05-01", "The Varga plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "In Port Ash, @Varga will run the plant from May."),
    ),
    "another kind": (
        WHO,
        ("2023-05-01", "The plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "The plant in Port Ash will run from @May 2024."),
    ),
    "several are asked for": (
        "Who are the ministers that will run the plant in Port Ash?",
        ("2023-05-01", "The plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "Once it opens, @Tom Varga will run the Port Ash plant."),
    ),
    "one names the other too": (
        WHO,
        ("2023-05-01", "The plant in Port Ash will be run by @Mira Holt."),
        ("2023-05-02", "With Mira Holt, @Tom Varga will run the plant in Port Ash."),
    ),
}


def read(*rows):
    """Evidence as `told`; "@" stands where a reader takes the answer to begin."""
    found = told(*((published, text.replace("@", "")) for published, text in rows))
    places = (text.index("@") for _, text in rows)
    return [replace(item, answer_at=at) for item, at in zip(found, places, strict=True)]


def alike(texts):
    """All texts mean the same."""
    return np.ones((len(texts), 1), dtype=np.float32)


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_answers_in_quite_other_words_are_put_beside_each_other(case):
    question, first, second, words = case
    evidence = read(first, second)
    assert differing(question, evidence) == []
    found = read_differently(question, evidence, alike)
    assert found is not None
    assert [one.words for one in found.stated] == words


@pytest.mark.parametrize("case", SILENT.values(), ids=SILENT)
def test_answers_that_may_both_be_true_stay_silent(case):
    question, first, second = case
    assert read_differently(question, read(first, second), alike) is None
    assert read_differently(question, read(second, first), alike) is None


def test_a_reader_that_is_unsure_or_sentences_that_are_not_alike_tell_nothing():
    question, first, second, _ = READ["a name, in other words"]
    evidence = read(first, second)
    apart = np.eye(2, dtype=np.float32)
    assert read_differently(question, evidence, lambda texts: apart) is None
    unsure = [replace(evidence[0], answer_at=None), evidence[1]]
    assert read_differently(question, unsure, alike) is None
    unlikely = [evidence[0], replace(evidence[1], score=0.3)]
    assert read_differently(question, unlikely, alike) is None
    copies = [evidence[0], replace(evidence[1], article_id=evidence[0].article_id)]
    assert read_differently(question, copies, alike) is None
