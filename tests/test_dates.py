"""Publication dates as sources write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import parse_published, written_day
from rag.errors import CorpusError

DAYS = st.dates(min_value=date(1900, 1, 1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        (date(2023, 7, 3), "2023-07-03"),
        (datetime(2023, 7, 3, 9, 30, tzinfo=UTC), "2023-07-03T09:30:00+00:00"),
        ("2023-07-03", "2023-07-03"),
        (" 2023-07-03 ", "2023-07-03"),
        ("20230703", "2023-07-03"),
        ("2023-7-3", "2023-07-03"),
        ("2023/07/03", "2023-07-03"),
        ("2023-07-03T09:30", "2023-07-03T09:30:00"),
        ("2023-07-03 09:30:00", "2023-07-03T09:30:00"),
        ("2023-07-03T09:30:00Z", "2023-07-03T09:30:00+00:00"),
        ("2023-07-03T09:30:00+09:00", "2023-07-03T09:30:00+09:00"),
        ("2023-07-03 09:30:00 +0900", "2023-07-03T09:30:00+09:00"),
        ("2023-07-03T09:30:00.250Z", "2023-07-03T09:30:00.250000+00:00"),
        ("Mon, 03 Jul 2023 09:30:00 +0900", "2023-07-03T09:30:00+09:00"),
        ("3 Jul 2023 09:30:00 GMT", "2023-07-03T09:30:00+00:00"),
        ("3 July 2023", "2023-07-03"),
        ("3rd of July, 2023", "2023-07-03"),
        ("Monday, 3 July 2023", "2023-07-03"),
        ("03-Jul-2023", "2023-07-03"),
        ("July 3, 2023", "2023-07-03"),
        ("Jul. 3 2023", "2023-07-03"),
        ("Sept. 11, 2023", "2023-09-11"),
        ("July 3, 2023, 5:30 p.m. ET", "2023-07-03"),
        ("25/12/2023", "2023-12-25"),
        ("12/25/2023", "2023-12-25"),
        ("07.07.2023", "2023-07-07"),
    ],
)
def test_what_sources_write(value: object, expected: str | None) -> None:
    assert parse_published(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("03/04/2023", "yesterday", "on Monday", "2023", "2023-07", "July 2023", "31 June 2023"),
        *("2023-02-30", "0000-00-00", "0001-01-01", "2023-07-03T25:00", "3 Jux 2023", "\x00"),
        *("3 Mayor 2023", "3 July 2023 and more", "Mon, 99 Jul 2023 09:30:00 +0900", "x" * 10_000),
        *("1688371200", "1612123109123", 1688371200, 1688371200.5, True, {}, b"2023-07-03"),
    ],
)
def test_what_is_no_date_is_named(value: object) -> None:
    with pytest.raises(CorpusError, match="YYYY-MM-DD") as caught:
        parse_published(value)
    assert repr(value)[:50] in str(caught.value)
    assert len(str(caught.value)) < 250


@given(DAYS)
def test_every_unambiguous_way_of_writing_a_day(day: date) -> None:
    month = written_day(day).split()[1]
    for written in (
        day.isoformat(),
        written_day(day),
        f"{month} {day.day}, {day.year}",
        f"{day.day:02} {month[:3]} {day.year}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
    ):
        assert parse_published(written) == day.isoformat()


@given(st.datetimes(min_value=datetime(1900, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_moments_keep_their_zone(moment: datetime, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    aware = moment.replace(tzinfo=zone)
    assert parse_published(aware.isoformat()) == aware.isoformat()
    whole = aware.replace(microsecond=0)
    assert parse_published(format_datetime(whole)) == whole.isoformat()


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_published(text)
    except CorpusError:
        return
    assert parsed is None or date.fromisoformat(parsed[:10])
