"""What a question says about where to look."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.events import dated
from rag.notes.days import Days
from rag.rows import ChunkRow
from rag.schema import Filters, Holdings, Turn
from rag.understand import MOST, plain, understand

TODAY = date(2024, 3, 20)
HELD = Holdings(
    publishers=("The Verge", "TechCrunch", "Reuters", "Fortune", "The Age"),
    first_day=date(2022, 1, 3),
    last_day=date(2024, 3, 18),
)


def asked(question, *history, held=HELD, without=(), today=TODAY):
    turns = [Turn(question=one) for one in history]
    return understand(question, turns, held, today, without)


READINGS = [
    ("What happened in May 2023?", [("about", "May 2023", "about May 2023")]),
    ("What did Breton say before July 2023?",
     [("about", "before July 2023", "until 30 June 2023")]),
    ("What was decided last week?",
     [("about", "last week", "about the week of 11 March 2024")]),
    ("What was agreed last autumn?",
     [("about", "last autumn", "about September to November 2023")]),
    ("What is planned for 2030?", [("future", "2030", "about 2030")]),
    ("Which articles of May 2023 name it?", [("published", "May 2023", "published in May 2023")]),
    ("Which report was published on 4 October 2023?",
     [("published", "4 October 2023", "published on 4 October 2023")]),
    ("What has Reuters reported since 2023?",
     [("publisher", "Reuters", "by Reuters"), ("about", "since 2023", "since 1 January 2023")]),
    ("According to The Verge, what did Google pay in 2021?",
     [("publisher", "The Verge", "by The Verge"), ("about", "2021", "about 2021")]),
    ("Do the Reuters article published on 2 May 2023 and the Fortune article published on "
     "7 May 2023 agree?",
     [("publisher", "Reuters", "by Reuters"),
      ("published", "2 May 2023", "published on 2 May 2023"),
      ("publisher", "Fortune", "by Fortune"),
      ("published", "7 May 2023", "published on 7 May 2023")]),
    ("What is the latest on the strike?", [("newest", "the latest", "newest first")]),
    ("What is the most recent estimate?", [("newest", "the most recent", "newest first")]),
    ("Who currently leads JASM?", [("newest", "currently", "newest first")]),
    ("How many plants are open now?", [("newest", "now", "newest first")]),
    ("What is Japan doing today?", [("newest", "today", "newest first")]),
    ("How much was it at first, and what is it now?", [("newest", "now", "newest first")]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "wanted"), READINGS)
def test_what_is_understood_names_its_words_and_says_it_plainly(question, wanted):
    assert [(u.kind, u.words, u.label) for u in asked(question).understood] == wanted


@pytest.mark.parametrize(
    "question",
    [
        "Who supports Rapidus?",
        "Who won the 2020 election?",
        "Who owns The Verge?",
        "What happened before the summit?",
        "What may Apple do?",
        "Which man, who is now accused, ran the exchange?",
        "Did the plan hold until now?",
        "Is the now-defunct bank insured?",
        "Which country ran a current account deficit?",
        "When is it due at the latest?",
        "What did Bloomberg report?",
        "Which company, recently fined, makes the chips?",
        "",
    ],
)
def test_other_words_restrict_nothing(question):
    assert asked(question).understood == ()
    assert not asked(question).newest


def test_a_question_without_anything_to_understand_is_searched_for_as_before():
    question = "Is the limit in Japan lower than in Germany?"
    assert asked(question) == plain(question)


def test_two_sources_get_a_search_each_with_their_own_clause():
    found = asked("Does the Reuters article praise the law, while Fortune reports on its cost?")
    assert [(one.query, one.prefer.publishers) for one in found.searches[1:]] == [
        ("Does the Reuters article praise the law", ("Reuters",)),
        ("while Fortune reports on its cost?", ("Fortune",)),
    ]
    assert found.searches[0].prefer == Filters()


def test_listed_sources_get_a_search_each_for_the_whole_question():
    question = "Who is he, as reported by Fortune and The Verge?"
    found = asked(question)
    assert [(one.query, one.prefer.publishers) for one in found.searches] == [
        (question, ()), (question, ("Fortune",)), (question, ("The Verge",)),
    ]  # fmt: skip
    assert found.parts == []


def test_one_source_is_preferred_for_the_question_and_its_parts():
    found = asked("According to Reuters, did Intel and TSMC build in Ohio?")
    assert {one.prefer.publishers for one in found.searches} == {("Reuters",)}
    assert len(found.parts) == 2


def test_days_of_publication_are_exact_and_days_of_events_reach_a_little_further():
    (published,) = asked("Which reports of May 2023 name it?").searches
    assert published.prefer == Filters(published_from="2023-05-01", published_to="2023-05-31")
    assert (published.about_from, published.about_to) == (None, None)
    (about,) = asked("What happened in May 2023?").searches
    assert about.prefer == Filters(published_from="2023-05-01", published_to="2023-06-14")
    assert (about.about_from, about.about_to) == (date(2023, 5, 1), date(2023, 5, 31))
    (future,) = asked("What is planned for 2030?").searches
    assert future.prefer == Filters()
    assert future.about_to == date(2030, 12, 31)


def test_two_days_of_publication_are_two_and_the_ends_of_a_period_are_one():
    two = asked("Did the Reuters article of 2 May 2023 and that of 9 May 2023 differ?")
    assert [one.prefer.first_day for one in two.searches[1:]] == [
        date(2023, 5, 2), date(2023, 5, 9)
    ]  # fmt: skip
    (one,) = asked("Which articles were published between 2 May 2023 and 9 May 2023?").searches
    assert (one.prefer.first_day, one.prefer.last_day) == (date(2023, 5, 2), date(2023, 5, 9))


def test_a_month_without_a_year_is_the_one_that_a_short_collection_has():
    short = replace(HELD, first_day=date(2021, 9, 1), last_day=date(2021, 12, 24))
    (told,) = asked("What was reported in October?", held=short).understood
    assert told.label == "published in October 2021"
    (told,) = asked("What was reported last week?", held=short).understood
    assert told.label == "about the week of 11 March 2024"


def test_a_follow_up_is_read_with_what_it_leans_on():
    found = asked("And Germany?", "How much did Japan pay in May 2023, according to Reuters?")
    assert found.question == "How much did Germany pay in May 2023, according to Reuters?"
    assert [u.label for u in found.understood] == ["about May 2023", "by Reuters"]


def test_a_label_or_a_kind_can_be_left_out():
    question = "What did Reuters report in May 2023?"
    assert [u.label for u in asked(question, without=["by Reuters"]).understood] == [
        "published in May 2023"
    ]
    assert [u.kind for u in asked(question, without=["published"]).understood] == ["publisher"]
    bare = asked(question, without=["publisher", "published"])
    assert bare == plain(question)


_PIECES = st.lists(
    st.sampled_from(
        [
            *"What did Reuters report The Verge article of on in May 2023 , and ? who now".split(),
            *"4 October – “ ” ’s 2021 last week according to Fortune while published İ".split(),
            *("today", "latest", "since the G7 meeting", "\n"),
        ]
    ),
    max_size=24,
).map(" ".join)


@settings(deadline=None)
@given(st.one_of(_PIECES, st.text(max_size=120)), st.one_of(st.none(), _PIECES))
def test_the_words_of_what_is_understood_stand_in_the_question(question, earlier):
    found = asked(question, *([earlier] if earlier else []))
    assert all(found.question[u.start : u.end] == u.words for u in found.understood)
    assert all(u.words and u.label for u in found.understood)
    assert found.searches[0].query == found.question
    assert 1 <= len(found.searches) <= MOST
    assert found.newest == any(u.kind == "newest" for u in found.understood)
    if not earlier:  # leaving a publisher out can change what the rest is read as, not its label
        left_out = {u.label for u in found.understood}
        assert not left_out & {u.label for u in asked(question, without=left_out).understood}


def test_an_event_is_a_period_where_the_collection_dates_it():
    question = "What has changed since the G7 meeting?"
    assert asked(question).understood == ()
    days = Days(date(2023, 5, 19), date(2023, 5, 21))
    found = understand(question, (), HELD, TODAY, (), {"the G7 meeting": days}.get)
    (told,) = found.understood
    assert (told.kind, told.words) == ("event", "since the G7 meeting")
    assert told.label == "since the G7 meeting (19 to 21 May 2023)"
    (search,) = found.searches
    assert (search.about_from, search.about_to) == (date(2023, 5, 19), None)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What was said before the Hiroshima summit?", None, date(2023, 5, 18)),
        ("What was agreed during the Hiroshima summit?", date(2023, 5, 19), date(2023, 5, 21)),
        ("What did Japan do after the G7 summit in Hiroshima?", date(2023, 5, 19), None),
    ],
)
def test_what_an_event_bounds(question, first, last):
    days = Days(date(2023, 5, 19), date(2023, 5, 21))
    (search,) = understand(question, (), HELD, TODAY, (), lambda _: days).searches
    assert (search.about_from, search.about_to) == (first, last)


@pytest.mark.parametrize(
    "question",
    [
        "What happened after the meeting?",
        "What has changed since then?",
        "Who spoke at the G7 meeting?",
        "Who came before the Ohio court?",
        "What follows the law of the sea?",
    ],
)
def test_no_event_with_a_name_bounds_nothing(question):
    days = Days(date(2023, 5, 19), date(2023, 5, 21))
    assert understand(question, (), HELD, TODAY, (), lambda _: days).understood == ()


def _row(article, text, published="2023-05-22"):
    return ChunkRow(
        chunk_key=0, chunk_id="", article_id=article, start=0, end=0, text=text, published=published
    )


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["The G7 meeting opened on 19 May 2023."] * 2, "19 May 2023"),
        (["The G7 meeting opened on 19 May 2023."], None),
        (["The G7 meeting opened on 19 May 2023.", "They met on 21 May at the G7 meeting."],
         "19 to 21 May 2023"),
        (["The G7 meeting opened on 19 May 2023.", "The G7 meeting was on 26 June 2022."] * 2,
         None),
        (["The G7 meeting was in 2023."], None),
        (["The G20 meeting opened on 9 September 2023."], None),
        (["The G7 meeting was long. It rained on 19 May 2023."], None),
        ([], None),
    ],
)  # fmt: skip
def test_an_event_is_dated_by_the_articles_that_agree(texts, days):
    found = dated("the G7 meeting", [_row(str(n), text) for n, text in enumerate(texts)])
    assert (found and found.in_words()) == days
