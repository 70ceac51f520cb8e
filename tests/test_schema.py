"""The nouns are frozen and become JSON."""

import dataclasses
import json
from datetime import date, datetime

import pytest

from rag.errors import SettingsError
from rag.schema import Answer, Article, Citation, Filters, Sentence, Verdict


def test_an_answer_becomes_json_and_cannot_be_changed():
    citation = Citation(number=1, article_id="a", start=0, end=2, quote="Hi")
    sentence = Sentence(text="Hi", verdict=Verdict.QUOTED, citations=(1,))
    answer = Answer(question="?", answer="Hi [1]", sentences=(sentence,), citations=(citation,))
    told = json.loads(json.dumps(answer.to_dict()))
    assert told["sentences"][0]["verdict"] == "quoted"
    assert told["citations"][0]["quote"] == "Hi"
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.answer = "Ho"


def test_an_article_keeps_its_original_out_of_json():
    article = Article(article_id="a", text="x", original="y", published="2023-06-26T09:00:00+09:00")
    assert "original" not in article.to_dict()
    assert article.published_day == date(2023, 6, 26)
    assert Article(article_id="b", text="x").published_day is None


def test_filters_take_dates_in_any_form():
    filters = Filters(published_from="2023-01-02", published_to=datetime(2023, 1, 3, 9))
    assert (filters.first_day, filters.last_day) == (date(2023, 1, 2), date(2023, 1, 3))
    assert Filters(publishers="Desk").publishers == ("Desk",)
    assert filters
    assert not Filters()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"published_from": "soon"}, "published_from"),
        ({"published_to": "2023-13-01"}, "YYYY-MM-DD"),
        ({"published_from": "2024-01-01", "published_to": "2023-01-01"}, "empty"),
    ],
)
def test_filters_refuse_what_is_no_range(given, words):
    with pytest.raises(SettingsError, match=words):
        Filters(**given)
