"""Copies are known as copies, however edited, and nothing else is."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import COPIES, ORIGINAL, STORY, reworded, trimmed

from rag.cite import Bibliography, quoted
from rag.copies import clusters, independent
from rag.load import load
from rag.paths import shipped
from rag.schema import Article, Citation, Copy, Evidence
from rag.settings import Settings
from rag.signature import KEPT, SHORT, current, overlap, signature

CORPUS = Path(shipped("corpus"))


@pytest.fixture(scope="module")
def corpus() -> dict[str, str]:
    loaded = load(CORPUS, Settings().ingest)
    return {item.article_id: item.text for item in loaded if isinstance(item, Article)}


def signed(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: signature(text) for name, text in texts.items()}


def together(leaders: dict[str, str]) -> set[frozenset[str]]:
    groups = defaultdict(set)
    for name, leader in leaders.items():
        groups[leader].add(name)
    return {frozenset(group) for group in groups.values()}


def prose(seed: int, length: int) -> str:
    chance = random.Random(seed)
    letters = "bcdfghklmnprstvwz"
    return " ".join("".join(chance.choices(letters, k=3)) for _ in range(length))


# --- the planted story ------------------------------------------------------------------------


def test_an_original_four_copies_and_two_reports_are_three_sources():
    leaders = clusters(
        {article.article_id: signature(article.text) for article in STORY},
        {article.article_id: article.published for article in STORY},
        {article.article_id: article.publisher for article in STORY},
    )
    assert leaders == dict.fromkeys(COPIES, "wire") | {"harbour": "harbour", "ledger": "ledger"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.upper().replace("\n", " ").replace('"', "”"),
        lambda text: reworded(text, 0.05),
        lambda text: trimmed(text, 0.5),
        lambda text: reworded(trimmed(text, 2 / 3), 0.05),
        lambda text: text[len(text) // 3 :],
        lambda text: "\n\n".join(text.split("\n\n")[::-1]),
        lambda text: "\n\n".join(p for n, p in enumerate(text.split("\n\n")) if n % 3),
    ],
    ids="typography reworded half both tail reordered paragraphs-cut".split(),
)
@pytest.mark.parametrize("source", ["story", "corpus"])
def test_each_kind_of_edit_alone_stays_a_copy(edit, source, corpus):
    texts = {"original": ORIGINAL} if source == "story" else corpus
    edited = {f"copy of {name}": edit(text) for name, text in texts.items()}
    groups = together(clusters(signed(texts | edited)))
    assert groups == {frozenset({name, f"copy of {name}"}) for name in texts}


def test_two_edited_copies_meet_through_their_original():
    texts = {name: reworded(ORIGINAL, 0.1, seed) for seed, name in enumerate("abcdefgh")}
    assert len(set(clusters(signed(texts | {"original": ORIGINAL})).values())) == 1


# --- what is no copy --------------------------------------------------------------------------


def test_the_articles_of_the_corpus_are_nobodys_copies(corpus):
    leaders = clusters(signed(corpus), {}, dict.fromkeys(corpus, "Newsdesk Starter Desk"))
    assert len(corpus) == 40
    assert leaders == {name: name for name in corpus}


def test_a_round_up_does_not_put_its_stories_together():
    stories = {f"story {n}": prose(n, 300) for n in range(2)}
    texts = {**stories, "round-up": "\n".join(stories.values())}
    leaders = clusters(signed(texts))
    assert leaders["story 0"] != leaders["story 1"]
    texts["long round-up"] = "\n".join(prose(n, 300) for n in range(9))
    assert clusters(signed(texts))["long round-up"] == "long round-up"


def test_a_brief_within_a_long_article_is_no_copy_of_it():
    texts = {"brief": prose(0, 150), "long": prose(0, 150) + prose(1, 800)}
    assert overlap(*signed(texts).values()) > 0.9
    assert len(set(clusters(signed(texts)).values())) == 2


def test_a_long_quotation_makes_no_copy():
    quoted = prose(0, 120)
    texts = {"speech": quoted + prose(1, 900), "report": prose(2, 250) + quoted}
    assert len(set(clusters(signed(texts)).values())) == 2


def test_standing_lines_of_a_publisher_make_no_copies():
    footer = prose(99, 150)
    texts = {f"brief {n}": f"{prose(n, 60)} {footer}" for n in range(20)}
    one_publisher = dict.fromkeys(texts, "Desk")
    assert len(set(clusters(signed(texts), {}, one_publisher).values())) == 20
    texts["copy"] = texts["brief 3"].replace(footer, prose(98, 80))
    leaders = clusters(signed(texts), {}, one_publisher | {"copy": "Echo"})
    assert leaders["copy"] == leaders["brief 3"]
    assert len(set(leaders.values())) == 20


@pytest.mark.parametrize("days", [4, 30])
@pytest.mark.parametrize("publisher", ["", "Weather Desk"])
def test_filled_in_templates_make_no_copies_but_equal_ones_do(days, publisher):
    chance = random.Random(days)
    lines = [prose(seed, 12) for seed in range(20)]
    texts = {
        f"day {n}": "\n".join(f"{line} {chance.randrange(90)} degrees" for line in lines)
        for n in range(days)
    }
    texts["day 0 again"] = texts["day 0"]
    leaders = clusters(signed(texts), {}, dict.fromkeys(texts, publisher))
    assert len(set(leaders.values())) == days
    assert leaders["day 0 again"] == leaders["day 0"]


def test_lists_that_share_half_of_their_lines_are_no_copies():
    lines = [prose(seed, 3) for seed in range(150)]
    chance = random.Random(3)
    texts = {f"list {n}": "\n".join(sorted(chance.sample(lines, 80))) for n in range(6)}
    assert len(set(clusters(signed(texts)).values())) == 6


def test_short_texts_are_copies_of_their_equals_alone():
    brief = "The harbour is closed until noon because of the storm."
    texts = {
        "one": brief,
        "same": brief.upper() + "!",
        "other": brief.replace("noon", "night"),
        "longer": brief + " " + prose(1, SHORT),
    }
    leaders = clusters(signed(texts))
    assert leaders == {"one": "one", "same": "one", "other": "other", "longer": "longer"}


def test_texts_without_words_are_alone():
    leaders = clusters(signed({"a": "", "b": "", "c": "… — !"}))
    assert leaders == {"a": "a", "b": "b", "c": "c"}


def test_languages_without_spaces_have_words_too():
    chance = random.Random(4)
    text = "".join(chr(chance.randrange(0x4E00, 0x5600)) for _ in range(300))
    edited = text[:150] + "新聞" + text[155:220]
    other = "".join(chr(chance.randrange(0x4E00, 0x5600)) for _ in range(300))
    leaders = clusters(signed({"a": text, "b": edited, "c": other}))
    assert leaders == {"a": "a", "b": "a", "c": "c"}


# --- leaders and order ------------------------------------------------------------------------


def test_the_earliest_leads_unknown_dates_last_then_the_smallest_id():
    same = signed(dict.fromkeys("abcd", ORIGINAL))
    assert set(clusters(same).values()) == {"a"}
    known = {"b": "2023-07-06T01:00:00+00:00", "c": "2023-07-05T23:30:00-04:00", "d": None}
    assert set(clusters(same, known).values()) == {"b"}
    assert set(clusters(same, known | {"c": "2023-07-05"}).values()) == {"c"}


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_articles_does_not_matter_and_again_gives_the_same(chance):
    texts = {article.article_id: article.text for article in STORY}
    texts |= {f"edit {n}": reworded(ORIGINAL, n / 40, n) for n in range(8)}
    signatures = signed(texts)
    expected = clusters(signatures)
    names = list(signatures)
    chance.shuffle(names)
    found = clusters({name: signatures[name] for name in names})
    assert found == expected
    assert all(found[leader] == leader for leader in found.values())


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=400), max_size=6))
@settings(deadline=None)
def test_any_text_is_signed_and_any_signatures_are_clustered(texts):
    signatures = signed(texts)
    leaders = clusters(signatures)
    assert set(leaders) == set(texts)
    assert all(leaders[leader] == leader for leader in leaders.values())
    equal = defaultdict(set)
    for name, stored in signatures.items():
        if overlap(stored, stored):
            equal[stored].add(leaders[name])
    assert all(len(found) == 1 for found in equal.values())


def test_many_copies_are_one_cluster():
    texts = {f"copy {n}": reworded(prose(1, 500), 0.04, n) for n in range(120)}
    texts |= {f"other {n}": prose(n + 2, 500) for n in range(120)}
    groups = together(clusters(signed(texts)))
    assert max(map(len, groups)) == 120
    assert len(groups) == 121


# --- signatures -------------------------------------------------------------------------------


def test_signatures_are_small_the_same_every_time_and_known_when_damaged():
    made = signature(ORIGINAL)
    assert made == signature(f"  {ORIGINAL.lower()}\n")
    assert len(signature(prose(1, 20_000))) == 4 * KEPT + 12
    assert current(made)
    for place in range(len(made)):
        assert not current(made[:place] + bytes([made[place] ^ 1]) + made[place + 1 :])
    assert not current(None)
    assert not current(b"")


def test_an_article_whose_signature_cannot_be_used_is_alone():
    made = signature(ORIGINAL)
    assert clusters({"a": made, "b": made, "c": b"", "d": made[:40]}) == {
        "a": "a",
        "b": "a",
        "c": "c",
        "d": "d",
    }


@pytest.mark.parametrize("share", [1.0, 0.67, 0.34])
def test_overlap_is_read_off_two_signatures(share):
    text = prose(5, 1500)
    part = trimmed(text, share) + (" " + prose(6, 200) if share < 1 else "")
    of_part = 1500 * share / (1500 * share + (200 if share < 1 else 0))
    assert overlap(signature(text), signature(part)) == pytest.approx(of_part, abs=0.15)
    assert overlap(signature(part), signature(text)) == overlap(signature(text), signature(part))
    assert overlap(signature(text), signature(prose(7, 900))) < 0.05


# --- independent sources ----------------------------------------------------------------------


def cited(number: int, article_id: str, *also_in: str) -> Citation:
    others = tuple(Copy(article_id=name) for name in also_in)
    return Citation(number=number, article_id=article_id, start=0, end=1, quote="x", also_in=others)


def test_copies_count_as_one_source():
    citations = [
        cited(1, "wire", "echo", "mail"),
        cited(2, "echo", "wire", "mail"),
        cited(3, "harbour"),
        cited(4, "harbour"),
    ]
    assert independent(citations) == 2
    assert independent([]) == 0


def test_a_citation_names_the_copies_of_its_evidence():
    copies = (Copy(article_id="echo", title="Three new ferries", publisher="Echo"),)
    item = Evidence(
        number=1, score=1.0, article_id="wire", start=0, end=4, text="PORT", also_in=copies
    )
    pages = Bibliography()
    pages.sentence(quoted(item))
    (citation,) = pages.citations
    assert citation.also_in == copies
    assert citation.to_dict()["also_in"] == [copies[0].to_dict()]
