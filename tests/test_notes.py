"""What the times in a text mean, against the day that it was published."""

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.notes.period import ABOUT, FUTURE, PUBLISHED, period
from rag.notes.when import time_notes

TUESDAY = "2023-07-04"
"""The day of publication in the table below: a Tuesday."""

RESOLVED = [
    # weekdays, by tense
    ("Breton said on Monday that it works.", "Monday", "2023-07-03", "2023-07-03"),
    ("The minister spoke on Tuesday.", "Tuesday", "2023-07-04", "2023-07-04"),
    ("Shares fell on Wednesday.", "Wednesday", "2023-06-28", "2023-06-28"),
    ("The ministers will meet on Friday.", "Friday", "2023-07-07", "2023-07-07"),
    ("They will meet again later on Tuesday.", "Tuesday", "2023-07-04", "2023-07-04"),
    ("Executives are scheduled to meet him on Thursday.", "Thursday", "2023-07-06", "2023-07-06"),
    ("He said the firm will open its plant on Sunday.", "Sunday", "2023-07-09", "2023-07-09"),
    ("The board is due to vote on Monday.", "Monday", "2023-07-10", "2023-07-10"),
    ("On Friday, the court ruled against it.", "Friday", "2023-06-30", "2023-06-30"),
    ("On Friday, the court will rule.", "Friday", "2023-07-07", "2023-07-07"),
    ("The law, passed in a hurry, was signed Saturday.", "Saturday", "2023-07-01", "2023-07-01"),
    ("Parliament votes on Thursday on the plan.", "Thursday", "2023-07-06", "2023-07-06"),
    ("Monday’s announcement was welcomed.", "Monday", "2023-07-03", "2023-07-03"),
    ("It came ahead of Thursday's summit.", "Thursday", "2023-07-06", "2023-07-06"),
    ("Oil rose, following Monday’s losses.", "Monday", "2023-07-03", "2023-07-03"),
    ("“We won on Sunday,” she said.", "Sunday", "2023-07-02", "2023-07-02"),
    ("The strike that began last Monday goes on.", "last Monday", "2023-07-03", "2023-07-03"),
    ("They met last Friday.", "last Friday", "2023-06-30", "2023-06-30"),
    ("They meet next Monday.", "next Monday", "2023-07-10", "2023-07-10"),
    ("The vote is this Friday.", "this Friday", "2023-07-07", "2023-07-07"),
    ("He was let go on Friday last week.", "Friday last week", "2023-06-30", "2023-06-30"),
    ("It opens on Monday next week.", "Monday next week", "2023-07-10", "2023-07-10"),
    ("It has been closed since Saturday.", "since Saturday", "2023-07-01", "2023-07-04"),
    ("Breton said on\nMonday that it works.", "Monday", "2023-07-03", "2023-07-03"),
    # days near the publication
    ("The bank said today that it grew.", "today", "2023-07-04", "2023-07-04"),
    ("It fell yesterday.", "yesterday", "2023-07-03", "2023-07-03"),
    ("It will rain tomorrow.", "tomorrow", "2023-07-05", "2023-07-05"),
    ("The final is tonight.", "tonight", "2023-07-04", "2023-07-04"),
    ("They won last night.", "last night", "2023-07-03", "2023-07-03"),
    ("He left the day before yesterday.", "the day before yesterday", "2023-07-02", "2023-07-02"),
    ("The bill was signed and takes effect in January.", "January", "2024-01-01", "2024-01-31"),
    ("Starting Monday, passengers pay more.", "Monday", "2023-07-10", "2023-07-10"),
    # weeks, months, quarters, years
    ("Last week a fund agreed to buy it.", "Last week", "2023-06-26", "2023-07-02"),
    ("It happened this week.", "this week", "2023-07-03", "2023-07-09"),
    ("Talks go on next week.", "next week", "2023-07-10", "2023-07-16"),
    ("Prices fell last month.", "last month", "2023-06-01", "2023-06-30"),
    ("It ends next month.", "next month", "2023-08-01", "2023-08-31"),
    ("Sales rose last quarter.", "last quarter", "2023-04-01", "2023-06-30"),
    ("It is the best this year.", "this year", "2023-01-01", "2023-12-31"),
    ("It cost less last year.", "last year", "2022-01-01", "2022-12-31"),
    ("It opened earlier this month.", "earlier this month", "2023-07-01", "2023-07-04"),
    ("It opened earlier this year.", "earlier this year", "2023-01-01", "2023-07-04"),
    ("It opens later this year.", "later this year", "2023-07-04", "2023-12-31"),
    ("It will open later in the year.", "later in the year", "2023-07-04", "2023-12-31"),
    ("They played at the weekend, he said: they lost over the weekend.", "the weekend",
     "2023-07-01", "2023-07-02"),
    ("It rains this weekend.", "this weekend", "2023-07-08", "2023-07-09"),
    # parts of them
    ("Talks are in the first half of next year.", "the first half of next year",
     "2024-01-01", "2024-06-30"),
    ("It starts in the second half of next year.", "the second half of next year",
     "2024-07-01", "2024-12-31"),
    ("It opens early next year.", "early next year", "2024-01-01", "2024-04-30"),
    ("It opened late last year.", "late last year", "2022-09-01", "2022-12-31"),
    ("It rose in the second quarter of last year.", "the second quarter of last year",
     "2022-04-01", "2022-06-30"),
    ("It aims to agree by the end of the year.", "by the end of the year",
     "2023-07-04", "2023-12-31"),
    ("It aims to work out an approach by year-end.", "by year-end", "2023-07-04", "2023-12-31"),
    ("It will be sold by the end of next month.", "by the end of next month",
     "2023-07-04", "2023-08-31"),
    # months and days without a year
    ("The price rose in March.", "March", "2023-03-01", "2023-03-31"),
    ("The price rose in October.", "October", "2022-10-01", "2022-10-31"),
    ("The plant will open in March.", "March", "2024-03-01", "2024-03-31"),
    ("The plant will open in September.", "September", "2023-09-01", "2023-09-30"),
    ("Last March it fell.", "Last March", "2023-03-01", "2023-03-31"),
    ("The tour ends next March.", "next March", "2024-03-01", "2024-03-31"),
    ("Prices have fallen since January.", "since January", "2023-01-01", "2023-07-04"),
    ("It was agreed in March last year.", "March last year", "2022-03-01", "2022-03-31"),
    ("He will speak on 5 July.", "5 July", "2023-07-05", "2023-07-05"),
    ("The pact was signed on July 4.", "July 4", "2023-07-04", "2023-07-04"),
    ("She spoke on June 5.", "June 5", "2023-06-05", "2023-06-05"),
    ("It ended on Dec. 5.", "Dec. 5", "2022-12-05", "2022-12-05"),
    ("On Monday, July 3, they met.", "Monday, July 3", "2023-07-03", "2023-07-03"),
    # so long ago
    ("It was sold three days ago.", "three days ago", "2023-07-01", "2023-07-01"),
    ("It was sold two weeks ago.", "two weeks ago", "2023-06-19", "2023-06-25"),
    ("It was sold 6 months ago.", "6 months ago", "2023-01-01", "2023-01-31"),
    ("It was sold two years ago.", "two years ago", "2021-01-01", "2021-12-31"),
    ("It will be sold in two years.", "in two years", "2025-01-01", "2025-12-31"),
    ("It fell over the past three months.", "the past three months", "2023-04-04", "2023-07-04"),
    # seasons
    ("It was built last autumn.", "last autumn", "2022-09-01", "2022-11-30"),
    ("It was built last winter.", "last winter", "2022-12-01", "2023-02-28"),
    ("It will be built next spring.", "next spring", "2024-03-01", "2024-05-31"),
    ("It will be hot this summer.", "this summer", "2023-06-01", "2023-08-31"),
]  # fmt: skip

ABSOLUTE = [
    ("It was agreed in May 2023.", "May 2023", "2023-05-01", "2023-05-31"),
    ("It was agreed in 2019.", "2019", "2019-01-01", "2019-12-31"),
    ("By 2027 it will grow.", "2027", "2027-01-01", "2027-12-31"),
    ("The 2020 election was close.", "2020", "2020-01-01", "2020-12-31"),
    ("It was signed on 3 July 2021.", "3 July 2021", "2021-07-03", "2021-07-03"),
    ("On Monday, July 3, 2023, they met.", "Monday, July 3, 2023", "2023-07-03", "2023-07-03"),
    ("Updated 2023-07-03.", "2023-07-03", "2023-07-03", "2023-07-03"),
    ("It ran on 25/12/2022.", "25/12/2022", "2022-12-25", "2022-12-25"),
    ("It runs 3-5 July 2023.", "3-5 July 2023", "2023-07-03", "2023-07-05"),
    ("Sales rose in the first half of 2024.", "the first half of 2024", "2024-01-01", "2024-06-30"),
    ("Sales rose in Q3 2022.", "Q3 2022", "2022-07-01", "2022-09-30"),
    ("Sales rose in late 2022.", "late 2022", "2022-09-01", "2022-12-31"),
    ("In the summer of 2020 it closed.", "the summer of 2020", "2020-06-01", "2020-08-31"),
    ("Exports rose from March to June 2022.", "March to June 2022", "2022-03-01", "2022-06-30"),
    ("He chaired it 2019–2021, they say.", "2019–2021", "2019-01-01", "2021-12-31"),
]  # fmt: skip

LEFT_ALONE = [
    # names
    "Black Friday sales rose.", "It was called Bloody Sunday.", "The Sunday Times said so.",
    "Cyber Monday brought more.", "She sang on Saturday Night Live.", "USA Today said so.",
    "He wrote the Last Week Tonight show.", "Fans of Sheffield Wednesday sang.",
    # habits
    "The shop opens on Mondays.", "It is open Monday to Friday.", "They meet every Tuesday.",
    "It is usually held on a Friday.", "It is typically shown in January.",
    # verbs and persons
    "It may rise.", "May said it was over.", "The proposals by May were rejected.",
    "They march on.", "March on, he said.", "Theresa May will speak.",
    # either of two days
    "They will meet next Friday.", "They were due to meet on Thursday.", "Friday: rain.",
    "It can be seen between October and March.", "The match, next weekend, is lost.",
    # lengths and amounts
    "It was the highest in two years.", "He ran it in two years.",
    "It took the last two years of his life.", "It sold 2023 units.", "It paid $2000.",
    "It rose from 1900 to 2400 points.", "About 2000 people came.",
    # not of the calendar
    "Profit rose in fiscal 2024.", "In the 1990s it grew.", "In the 2022-23 season they won.",
    "It was his last year at school.", "It was the last week of term.",
    "The following Monday he left.", "They met; the next day they signed.",
    "A few years ago it fell.", "Some decades ago it fell.",
    "Wait a second.", "In today’s world it matters.",
    "The Jan. 6 attack was long ago.", "On Jan. 6-3 it fell.",
    "By the end of the day it had fallen, so be it.",
    "It was 66 million years ago.", "There is no tomorrow.",
]  # fmt: skip


def _only(text, published=TUESDAY):
    notes = time_notes(text, published)
    assert notes, "nothing was found"
    return notes[-1]


@pytest.mark.parametrize(("text", "words", "first", "last"), RESOLVED)
def test_a_relative_time_is_resolved_to_exact_days(text, words, first, last):
    note = _only(text)
    assert text[note.start : note.end] == words
    assert (note.first_day.isoformat(), note.last_day.isoformat()) == (first, last)
    assert note.relative


@pytest.mark.parametrize(("text", "words", "first", "last"), ABSOLUTE)
@pytest.mark.parametrize("published", [TUESDAY, None])
def test_a_time_with_its_year_needs_no_publication_day(text, words, first, last, published):
    note = _only(text, published)
    assert text[note.start : note.end] == words
    assert (note.first_day.isoformat(), note.last_day.isoformat()) == (first, last)
    assert not note.relative


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_time_or_not_sure_has_no_note(text):
    assert time_notes(text, TUESDAY) == ()


@pytest.mark.parametrize("text", [row[0] for row in RESOLVED])
@pytest.mark.parametrize("published", [None, "", "yesterday", "0001-01-01"])
def test_without_a_publication_day_nothing_relative_is_resolved(text, published):
    assert not any(note.relative for note in time_notes(text, published))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("He said on Monday it works.", "3 July 2023"),
        ("It rose last week.", "the week of 26 June 2023"),
        ("It starts in the second half of next year.", "July to December 2024"),
        ("It fell last year.", "2022"),
        ("It fell last autumn.", "about September to November 2022"),
        ("It fell last winter.", "about December 2022 to February 2023"),
        ("It has risen since January.", "since January 2023"),
        ("It aims to agree by the end of the year.", "by 31 December 2023"),
        ("It was sold more than two years ago.", "about 2021"),
        ("It opened earlier this month.", "1 to 4 July 2023"),
        ("It opens later this year.", "4 July to 31 December 2023"),
    ],
)
def test_the_meaning_is_said_in_words(text, meaning):
    assert _only(text).meaning == meaning


def test_only_the_day_as_written_counts_of_a_moment():
    assert _only("He left today.", "2023-07-04T23:30:00-05:00").first_day == date(2023, 7, 4)


def test_today_in_a_quotation_of_another_day_is_not_the_day_of_publication():
    assert [
        note.meaning for note in time_notes("He wrote on Monday: “Tonight we go.”", TUESDAY)
    ] == ["3 July 2023"]


def test_every_time_of_a_text_is_found_in_order():
    text = (
        "The bloc said on Monday that talks begun last year will end by 2027. "
        "On Friday, ministers will meet."
    )
    notes = time_notes(text, TUESDAY)
    assert [text[n.start : n.end] for n in notes] == ["Monday", "last year", "2027", "Friday"]


_SCRAPS = st.lists(
    st.sampled_from(
        [
            *"Monday last next this week year month the end of in since by March May".split(),
            *"5 July 2023 2019 and to – “ ” \" . , ' ’s said will 31 February 99 years ago".split(),
            *"a Q3 first half quarter summer weekend yesterday from now Jan. - 2023-02-30".split(),
            *"31/31/2023 300 0 fiscal 1990s ’ İ 🙂 between January early".split(),
            *("\n", "\n\n", "\u00a0"),
        ]
    ),
    max_size=40,
).map(" ".join)


@given(st.one_of(_SCRAPS, st.text(max_size=300)), st.dates().map(date.isoformat))
def test_notes_are_ordered_apart_and_within_the_text(text, published):
    notes = time_notes(text, published)
    assert all(0 <= note.start < note.end <= len(text) for note in notes)
    assert all(one.end <= other.start for one, other in pairwise(notes))
    assert all(note.first_day <= note.last_day and note.meaning for note in notes)


@given(_SCRAPS, st.text(), st.dates().map(date.isoformat))
def test_any_publication_value_is_borne(text, published, day):
    assert time_notes(text, published) is not None
    period(text, date.fromisoformat(day))


@pytest.mark.parametrize("words", ["Monday ", "on Monday ", "in May 2023 ", "last week of ", "“"])
def test_long_texts_take_time_in_proportion(words):
    text = (words * 60_000)[:60_000]
    started = time.process_time()
    time_notes(text, TUESDAY)
    assert time.process_time() - started < (1.0 if words == "Monday " else 4.0)


TODAY = date(2023, 12, 20)

QUESTIONS = [
    ("What happened in May 2023?", "May 2023", "2023-05-01", "2023-05-31", ABOUT),
    ("What did Breton say before July 2023?", "before July 2023", None, "2023-06-30", ABOUT),
    ("What has been agreed since 2021?", "since 2021", "2021-01-01", None, ABOUT),
    ("What has become of it since the deal was signed in June 2023?",
     "June 2023", "2023-06-01", None, ABOUT),
    ("Who ran the bank before it was sold in 2020?", "2020", None, "2020-12-31", ABOUT),
    ("Since the ban, what did Intel say in May 2023?",
     "May 2023", "2023-05-01", "2023-05-31", ABOUT),
    ("What happened after March 2022?", "after March 2022", "2022-04-01", None, ABOUT),
    ("What was said after October 2, 2023?", "after October 2, 2023", "2023-10-02", None, ABOUT),
    ("How did exports do between March and June 2022?", "March and June 2022",
     "2022-03-01", "2022-06-30", ABOUT),
    ("Between 2019 and 2021, what changed?", "2019 and 2021", "2019-01-01", "2021-12-31", ABOUT),
    ("What sold in 2022 and 2023?", "2022 and 2023", "2022-01-01", "2023-12-31", ABOUT),
    ("What sold in the first half of 2022?", "the first half of 2022",
     "2022-01-01", "2022-06-30", ABOUT),
    ("What was decided last week?", "last week", "2023-12-11", "2023-12-17", ABOUT),
    ("Who said on Monday that chips matter?", "Monday", "2023-12-18", "2023-12-18", ABOUT),
    ("What happened after March 2022 and before July 2023?",
     "after March 2022 and before July 2023", "2022-04-01", "2023-06-30", ABOUT),
    ("Which articles of May 2023 name it?", "May 2023", "2023-05-01", "2023-05-31", PUBLISHED),
    ("Does the report published on 4 October 2023 agree with that of 2023-10-07?",
     "4 October 2023 agree with that of 2023-10-07", "2023-10-04", "2023-10-07", PUBLISHED),
    ("How much rice will it grow by 2027?", "by 2027", None, "2027-12-31", FUTURE),
    ("What is planned for 2030?", "2030", "2030-01-01", "2030-12-31", FUTURE),
    ("Which plan of May 2023 is for 2030?", "May 2023", "2023-05-01", "2023-05-31", ABOUT),
]  # fmt: skip


@pytest.mark.parametrize(("question", "words", "first", "last", "kind"), QUESTIONS)
def test_a_question_restricts_to_days(question, words, first, last, kind):
    found = period(question, TODAY)
    assert found
    assert question[found.start : found.end] == words
    days = [day and day.isoformat() for day in (found.first_day, found.last_day)]
    assert (*days, found.kind) == (first, last, kind)
    assert found.meaning


@pytest.mark.parametrize(
    "question",
    [
        "What has changed since the G7 meeting?",
        "Who won the 2020 election?",
        "What may Apple do?",
        "What is Japan doing today?",
        "What happened before the summit?",
        "Which chips are made in Dresden?",
        "",
    ],
)
def test_an_event_or_no_time_restricts_nothing(question):
    assert period(question, TODAY) is None
