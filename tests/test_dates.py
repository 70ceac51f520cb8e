"""Publication dates as sources write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import (
    Printed,
    dateline_date,
    is_date_line,
    is_sound,
    parse_published,
    printed_dates,
    written_day,
)
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
        ("2023年7月3日", "2023-07-03"),
        ("2023년 7월 3일", "2023-07-03"),
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


@pytest.mark.parametrize(
    ("line", "published", "modified"),
    [
        ("Published: 5 July 2023, 10:00 BST", "2023-07-05", None),
        ("PUBLISHED JULY 5, 2023", "2023-07-05", None),
        ("First published on Wed 5 Jul 2023 10.00 BST", "2023-07-05", None),
        ("Posted: 10:14 AM EDT, July 5, 2023", "2023-07-05", None),
        ("July 5, 2023 10:14 AM EDT", "2023-07-05", None),
        ("Wednesday, July 5, 2023 · 4 min read", "2023-07-05", None),
        ("By Jo Marr | July 5, 2023", "2023-07-05", None),
        ("Published on July 5, 2023 by Jo Marr and Li Wen", "2023-07-05", None),
        ("2023-07-05T10:14:00+09:00", "2023-07-05T10:14:00+09:00", None),
        ("公開日：2023年7月5日 10時14分", "2023-07-05", None),
        ("Last modified on Wed 5 Jul 2023 12.00 BST", None, "2023-07-05"),
        ("Updated 6 July 2023", None, "2023-07-06"),
        ("Published 5 July 2023 Updated 6 July 2023", "2023-07-05", "2023-07-06"),
        ("July 5, 2023 at 10:14 a.m. | Updated July 6, 2023", "2023-07-05", "2023-07-06"),
        (
            "Posted at 2:25 PM, Jul 05, 2023 and last updated Jul 06, 2023",
            "2023-07-05",
            "2023-07-06",
        ),
        ("Published: 03/04/2023", None, None),
    ],
)
def test_date_lines(line: str, published: str | None, modified: str | None) -> None:
    assert is_date_line(line)
    assert printed_dates([line]) == Printed(published, modified)


@pytest.mark.parametrize(
    "line",
    [
        *("The plant opened on 5 July 2023", "5 July 2023: the plant opens", "Tokyo, 5 July 2023"),
        *("July 2023", "On Monday", "10:14 AM EDT", "Published", "Updated", "", "© 2023-07-05"),
        *("1,204 ships", "Version 2023-07-05b", "2023-07-05-pilots", "Flight 5 July 2023 delayed"),
    ],
)
def test_other_lines_are_no_date_lines(line: str) -> None:
    assert not is_date_line(line)


def test_date_lines_together() -> None:
    assert printed_dates(["5 July 2023", "Updated 6 July 2023"]) == Printed(
        "2023-07-05", "2023-07-06"
    )
    assert printed_dates(["5 July 2023", "Published: 4 July 2023"]) == Printed("2023-07-04", None)
    assert printed_dates(["5 July 2023", "6 July 2023"]) == Printed()
    assert printed_dates(["Published 5 July 2023", "Published 6 July 2023"]) == Printed()
    assert printed_dates([]) == Printed()


@pytest.mark.parametrize(
    ("opening", "day"),
    [
        ("TOKYO, July 5, 2023 (Agency) — The port", "2023-07-05"),
        ("NEW YORK, July 5, 2023 /Newswire/ -- The port", "2023-07-05"),
        ("LINDHAVEN (AP) July 5, 2023 — The port", "2023-07-05"),
        ("Lindhaven, 5 July 2023 – The port", "2023-07-05"),
        ("TOKYO, July 5 (Agency) — The port", None),
        ("TOKYO — The port", None),
        ("Shares fell on July 5, 2023 — the port", None),
        ("The port opened on 5 July 2023 – it rained", None),
        ("TOKYO, 03/04/2023 — The port", None),
    ],
)
def test_datelines_with_a_year(opening: str, day: str | None) -> None:
    assert dateline_date(f"{opening} will grow.") == day


@given(DAYS, st.sampled_from(["Published: ", "Updated ", ""]), st.sampled_from(["", ", 10:00 BST"]))
def test_any_day_in_a_date_line(day: date, label: str, clock: str) -> None:
    printed = printed_dates([f"{label}{written_day(day)}{clock}"])
    found = printed.modified if label == "Updated " else printed.published
    assert found == day.isoformat()


@given(st.text(max_size=200))
def test_any_line_may_be_asked(line: str) -> None:
    assert is_date_line(line) or printed_dates([line]) == Printed()
    assert dateline_date(line) is None or line[:1].isupper() or line[:1] == "("


def test_sound_dates() -> None:
    latest = date(2024, 1, 1)
    assert is_sound("2023-07-05", latest)
    assert is_sound("2000-01-01T09:30:00", latest)
    for unsound in ("1970-01-01", "2000-01-01", "2000-01-01T00:00:00+00:00", "2024-01-02"):
        assert not is_sound(unsound, latest)
