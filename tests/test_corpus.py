"""The starter corpus and its eval set: complete, consistent with the calendar and with each other.

An eval case is one JSON line: `id`, `question`, `history` (optional turns of question and answer),
`answer` (a string, a list of strings that must all occur, or null when the corpus has no answer),
`evidence` (article id and an exact quote from its body) and `tags` (the kind comes first).
"""

import calendar
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import frontmatter
import pytest

ROOT = Path(__file__).parents[1]
PATHS = sorted(path for path in (ROOT / "corpus").glob("*.md") if path.name != "README.md")
POSTS = {path.stem: frontmatter.load(str(path)) for path in PATHS}
CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (ROOT / "evals/sets/starter.jsonl").read_text("utf-8").splitlines()
]

FEWEST = {
    "single": 40,
    "multi": 14,
    "comparison": 8,
    "change": 8,
    "follow-up": 10,
    "unanswerable": 28,
}
MONTHS = list(calendar.month_name)
DATED_WEEKDAY = re.compile(
    rf"\b({'|'.join(calendar.day_name)}),? (\d{{1,2}}) ({'|'.join(MONTHS[1:])})(?: (\d{{4}}))?"
)
REPORT = re.compile(rf"\b(?:report|article)s? of (\d{{1,2}}) ({'|'.join(MONTHS[1:])}) (\d{{4}})")


def _near(day: int, month: int, published: date) -> date:
    """The date of that day and month that lies nearest to publication."""
    years = (published.year - 1, published.year, published.year + 1)
    return min((date(y, month, day) for y in years), key=lambda d: abs((d - published).days))


def _normal(text: str) -> str:
    """Case and punctuation do not count when an answer is looked for."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


def _answers(case: dict[str, Any]) -> list[str]:
    """All accepted wordings of all parts of the expected answer."""
    answer = case["answer"]
    parts = answer if isinstance(answer, list) else [answer]
    return [word for part in parts for word in (part if isinstance(part, list) else [part])]


def test_there_are_enough_articles() -> None:
    assert len(PATHS) >= 30


@pytest.mark.parametrize("name", POSTS)
def test_front_matter_is_complete(name: str) -> None:
    meta = POSTS[name].metadata
    assert meta["id"] == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert isinstance(meta["title"], str)
    assert meta["title"].strip()
    assert meta["publisher"] == "Newsdesk Starter Desk"
    assert type(meta["published"]) is date
    assert 2022 <= meta["published"].year <= 2024
    for field in ("topics", "sources"):
        assert meta[field]
        assert all(isinstance(item, str) and item.strip() for item in meta[field])


@pytest.mark.parametrize("name", POSTS)
def test_length_is_that_of_a_news_article(name: str) -> None:
    assert 250 <= len(POSTS[name].content.split()) <= 900


@pytest.mark.parametrize("name", POSTS)
def test_weekdays_fit_their_dates(name: str) -> None:
    published = POSTS[name].metadata["published"]
    for weekday, day, month, year in DATED_WEEKDAY.findall(POSTS[name].content):
        number = MONTHS.index(month)
        meant = date(int(year), number, int(day)) if year else _near(int(day), number, published)
        assert calendar.day_name[meant.weekday()] == weekday, f"{weekday} {meant}"


def test_updates_and_corrections_point_to_earlier_articles() -> None:
    days = {post.metadata["published"] for post in POSTS.values()}
    pointers = 0
    for post in POSTS.values():
        for day, month, year in REPORT.findall(post.content):
            earlier = date(int(year), MONTHS.index(month), int(day))
            assert earlier in days
            assert earlier < post.metadata["published"]
            pointers += 1
    assert pointers >= 8


def test_titles_and_bodies_are_all_different() -> None:
    assert len({post.metadata["title"] for post in POSTS.values()}) == len(POSTS)
    assert len({post.content for post in POSTS.values()}) == len(POSTS)


def test_case_ids_and_questions_are_unique() -> None:
    assert max(Counter(case["id"] for case in CASES).values()) == 1
    asked = Counter((case["question"], json.dumps(case.get("history"))) for case in CASES)
    assert max(asked.values()) == 1


def test_each_kind_of_case_is_there_in_number() -> None:
    kinds = Counter(case["tags"][0] for case in CASES)
    assert kinds.keys() == FEWEST.keys()
    assert all(kinds[kind] >= fewest for kind, fewest in FEWEST.items()), kinds


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_is_answered_by_its_evidence(case: dict[str, Any]) -> None:
    quotes = [item["quote"] for item in case["evidence"]]
    for item in case["evidence"]:
        assert item["quote"] in POSTS[item["article_id"]].content
        assert "\n" not in item["quote"]
    if "unanswerable" in case["tags"]:
        assert case["answer"] is None
        assert not quotes
        return
    assert quotes
    for answer in _answers(case):
        assert any(_normal(answer) in _normal(quote) for quote in quotes), answer
    if "multi" in case["tags"]:
        assert len({item["article_id"] for item in case["evidence"]}) >= 2


def test_follow_ups_carry_their_conversation() -> None:
    for case in CASES:
        history = case.get("history", [])
        assert all(turn["question"] and turn["answer"] for turn in history)
        assert history or "follow-up" not in case["tags"]


def test_every_article_but_a_few_is_asked_about() -> None:
    asked = {item["article_id"] for case in CASES for item in case["evidence"]}
    assert len(POSTS.keys() - asked) <= 2
