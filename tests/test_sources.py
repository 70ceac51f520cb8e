"""Publishers that a question names as its sources, and those that it asks about."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.clauses import clauses
from rag.sources import named_sources

PUBLISHERS = (
    "The Verge", "TechCrunch", "The Age", "Fortune", "Wired", "Polygon", "Reuters",
    "The New York Times", "The Guardian", "BBC News - Entertainment & Arts", "CBSSports.com",
    "FOX News - Health", "FOX News - Lifestyle", "Cnbc | World Business News Leader",
    "Live Science: The Most Interesting Articles", "The Sydney Morning Herald", "Financial Times",
    "Sporting News", "Associated Press",
)  # fmt: skip

NAMED = [
    ("What does Google pay, according to The Verge?", ["The Verge"]),
    ("according to the verge, what does google pay?", ["the verge"]),
    ("Did Reuters report on the strike?", ["Reuters"]),
    ("What did the TechCrunch article say about Flipboard?", ["TechCrunch"]),
    ("What does Tech Crunch's coverage say about Flipboard?", ["Tech Crunch"]),
    ("Does the article from 'The Age' suggest a delay?", ["The Age"]),
    ("As reported by Fortune, who ran the exchange?", ["Fortune"]),
    ("Which films did 'Polygon' review in May?", ["Polygon"]),
    ("What did NYT write about Gaza?", ["NYT"]),
    ("What did the NY Times write about Gaza?", ["the NY Times"]),
    ("According to the SMH, who won?", ["the SMH"]),
    ("What was in the FT about Arm?", ["FT"]),
    ("Which team, per CBS Sports, leads the league?", ["CBS Sports"]),
    ("What did the BBC report about the river?", ["BBC"]),
    ("Did Fox News report on sugar?", ["Fox News"]),
    ("Does the FOX News - Health report mention sugar?", ["FOX News - Health"]),
    ("Which star did Live Science describe?", ["Live Science"]),
    ("Who leads, according to CNBC?", ["CNBC"]),
    ("Who is he, as reported by Fortune, The Verge, and TechCrunch?",
     ["Fortune", "The Verge", "TechCrunch"]),
    ("Do TechCrunch and The Verge agree about the trial?", ["TechCrunch", "The Verge"]),
    ("Who is accused by Fortune of lying, and of theft, as The Verge reports?",
     ["Fortune", "The Verge"]),
    ("Compare The Guardian's and TechCrunch's coverage of AI.", ["The Guardian", "TechCrunch"]),
    ("What did Le Monde and The Guardian report?", ["The Guardian"]),
    ("What did AP report from Kyiv?", ["AP"]),
    ("Did The Verge's October 10 article name the price?", ["The Verge"]),
    ("What did techcrunch.com say about layoffs?", ["techcrunch.com"]),
    ("What was published in The Guardian on the coup?", ["The Guardian"]),
]  # fmt: skip

NOT_NAMED = [
    "Who owns The Verge?",
    "Who is the editor of The Guardian?",
    "What is The Verge's owner called?",
    "How many people work at TechCrunch?",
    "Did Fortune favour the bold?",
    "Which company made a fortune in chips?",
    "How was the house wired?",
    "At the age of ten, what did he read?",
    "Which article is from the age of sail?",
    "What did Fortune Brands report?",
    "Which Fortune 500 companies report on emissions?",
    "Why did OpenAI get sued by The New York Times?",
    "Who bought a stake in The Guardian?",
    "What did the Hindustan Times report?",
    "What does the Bristol Guardian report on?",
    "Is a polygon with six sides a hexagon?",
    "What did Yahoo Finance say?",
    "Which sporting news event drew the largest crowd?",
    "Was TechCrunch bought by Yahoo?",
    "",
]


@pytest.mark.parametrize(("question", "names"), NAMED)
def test_a_publisher_that_reports_is_a_source(question, names):
    assert [question[n.start : n.end] for n in named_sources(question, PUBLISHERS)] == names


@pytest.mark.parametrize("question", NOT_NAMED)
def test_a_publisher_that_is_asked_about_and_a_common_word_are_none(question):
    assert named_sources(question, PUBLISHERS) == ()


def test_a_paper_means_all_of_its_sections_and_a_section_itself():
    (paper,) = named_sources("What did Fox News report?", PUBLISHERS)
    assert paper.publishers == ("FOX News - Health", "FOX News - Lifestyle")
    (section,) = named_sources("What did FOX News - Lifestyle report?", PUBLISHERS)
    assert section.publishers == ("FOX News - Lifestyle",)


def test_only_publishers_of_the_collection_are_known():
    assert named_sources("What did The Verge report?", ["Reuters"]) == ()


_WORDS = st.lists(
    st.sampled_from(
        "The the Verge TechCrunch Age Fortune article report by from in according to and , . ' ’ "
        "“ ” | - : ? what did report BBC News FT 500 of 's’ \n İ ﬁ".split(" ")
    ),
    max_size=25,
).map(" ".join)


@settings(deadline=None)
@given(st.one_of(_WORDS, st.text(max_size=80)), st.lists(st.text(max_size=20), max_size=4))
def test_sources_and_clauses_lie_apart_in_the_question(question, more):
    named = named_sources(question, (*PUBLISHERS, *more))
    ends = [0, *(end for n in named for end in (n.start, n.end)), len(question)]
    assert ends == sorted(ends)
    assert all(n.start < n.end and n.publishers for n in named)
    cut = clauses(question, named)
    assert [source for clause in cut for source in clause.sources] == list(named)
    assert all(one.end <= other.start for one, other in pairwise(cut))
    for clause in cut:
        assert all(clause.start <= n.start and n.end <= clause.end for n in clause.sources)


CLAUSES = [
    ("Who paid for the buyout, as reported by The Verge, and has been charged with fraud, "
     "according to TechCrunch?",
     ["Who paid for the buyout, as reported by The Verge",
      ", and has been charged with fraud, according to TechCrunch?"]),
    ("Does the TechCrunch article praise it, while The Verge article calls it slow?",
     ["Does the TechCrunch article praise it", ", while The Verge article calls it slow?"]),
    ("Between the report from The Age on the match and the report by Fortune on the team, "
     "was there a change in tone?",
     ["Between the report from The Age on the match", " and the report by Fortune on the team"]),
    ("Did Wired report on the recall before Polygon mentioned the game?",
     ["Did Wired report on the recall", " before Polygon mentioned the game?"]),
    ("Who is he, as reported by Fortune, The Verge, and TechCrunch?",
     ["Who is he, as reported by Fortune, The Verge, and TechCrunch?"]),
    ("What did Reuters report?", ["What did Reuters report?"]),
    ("Who owns The Verge?", []),
]  # fmt: skip


@pytest.mark.parametrize(("question", "texts"), CLAUSES)
def test_each_source_gets_its_clause(question, texts):
    cut = clauses(question, named_sources(question, PUBLISHERS))
    assert [question[clause.start : clause.end] for clause in cut] == texts
