"""Numbers, dates and names as news writes them."""

import pytest

from rag.facts import facts, name_keys


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("for $6.4 billion", 6.4e9, "dollar"),
        ("6.4bn dollars", 6.4e9, "dollar"),
        ("US$52.7bn", 52.7e9, "dollar"),
        ("500 billion yen", 5e11, "yen"),
        ("€43 billion", 43e9, "euro"),
        ("43 billion euros", 43e9, "euro"),
        ("20 per cent", 20, "percent"),
        ("20%", 20, "percent"),
        ("twenty-three categories", 23, ""),
        ("1,312 words", 1312, ""),
        ("a 2-nanometre process", 2, "nanometre"),
        ("eight companies", 8, ""),
    ],
)
def test_numbers_have_values_and_units(text, value, unit):
    (number,) = facts(text).numbers
    assert number.value == pytest.approx(value)
    assert number.unit == unit


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("on 3 July 2023", (2023, 7, 3, None)),
        ("on July 3, 2023", (2023, 7, 3, None)),
        ("2023-07-03", (2023, 7, 3, None)),
        ("in July 2023", (2023, 7, None, None)),
        ("in 2023", (2023, None, None, None)),
        ("on Monday", (None, None, None, 0)),
        ("from 7 Oct 2022", (2022, 10, 7, None)),
        ("in May", (None, 5, None, None)),
        ("in Oct 2023", (2023, 10, None, None)),
        ("since Sept. 2022", (2022, 9, None, None)),
    ],
)
def test_dates_in_parts(text, parts):
    (when,) = facts(text).dates
    assert (when.year, when.month, when.day, when.weekday) == parts


def test_what_belongs_to_a_date_is_no_number():
    assert facts("On 3 July 2023 it was agreed.").numbers == ()


@pytest.mark.parametrize("text", ["They may meet.", "May it be so.", "troops march on"])
def test_may_and_march_are_verbs_too(text):
    assert facts(text).dates == ()


def test_a_year_with_a_unit_is_a_number():
    found = facts("It cost 2000 yen.")
    assert [number.value for number in found.numbers] == [2000]
    assert found.dates == ()


def test_a_short_month_is_the_month_and_no_name():
    assert facts("What did Washington stop in Oct 2023?").names[-1].words == "Washington"
    assert "octob" in name_keys("since Oct. 17")


def test_names_leave_out_the_word_that_only_opens_the_sentence():
    names = [name.words for name in facts("The fund bought JSR Corp from Eric Johnson.").names]
    assert names == ["JSR Corp", "Eric Johnson"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("EU", "the European Union said"),
        ("U.S.", "the United States said"),
        ("US", "the U.S. said"),
        ("Japan's", "Japan said"),
        ("UK", "Britain said"),
        ("BIS", "the Bureau of Industry and Security"),
    ],
)
def test_aliases_meet(written, text):
    (name,) = facts(f"a word of {written} here").names
    assert set(name.keys) <= name_keys(text)


@pytest.mark.parametrize(
    ("one", "other"), [("Dutch", "Netherlands"), ("Chinese", "China"), ("U.S.", "American")]
)
def test_a_country_is_known_by_its_adjective(one, other):
    assert name_keys(f"the {one} rules") & name_keys(f"rules of the {other}")
