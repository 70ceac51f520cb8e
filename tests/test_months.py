"""The months that a text names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import written_day
from rag.notes.months import month_number, months


def named(*texts: str) -> list[str]:
    return [f"{number // 12}-{number % 12 + 1:02}" for number in sorted(months(texts))]


YEAR_2023 = [f"2023-{month:02}" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It began on 3 July 2023.", ["2023-07"]),
        ("It began on July 3rd, 2023, at noon.", ["2023-07"]),
        ("In Sept. 2022 and in Feb 2023 it grew.", ["2022-09", "2023-02"]),
        ("From March to May 2023 it rained.", ["2023-03", "2023-04", "2023-05"]),
        ("Signed 2023-07-03.", ["2023-07"]),
        ("the month of May of 2023", ["2023-05"]),
        ("The law of 2023 holds.", YEAR_2023),
        ("Before 2023, nobody did.", YEAR_2023),
        ("It costs 2,023 dollars, or 2023.5 points, or 12023 yen.", []),
        ("The A2023 and the 20231 are machines.", []),
        ("On Monday in May it rained.", []),
        ("", []),
    ],
)
def test_months_are_named_with_their_year(text: str, expected: list[str]) -> None:
    assert named(text) == expected


def test_several_texts_are_taken_together() -> None:
    assert named("May 2023", "June 2021") == ["2021-06", "2023-05"]


@given(st.dates(date(1500, 1, 1), date(2099, 12, 31)))
def test_a_day_in_words_names_its_month(day: date) -> None:
    assert months([f"It was {written_day(day)}."]) == {month_number(day)}
    assert months([f"It was {day.isoformat()}."]) == {month_number(day)}
