"""Kept conversations: the store, what it gives out, and whose they are."""

from __future__ import annotations

import json
import sqlite3
import stat
from dataclasses import fields, replace
from datetime import date
from html.parser import HTMLParser

import pytest
from fake_assistant import (
    ARTICLES,
    JSR,
    FakeAssistant,
    abstained,
    cite,
    quoted_answer,
    written_answer,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from markdown_it import MarkdownIt

from rag.errors import RagError
from rag.schema import Answer, Article, Filters, Search, Sentence, Understood, Verdict
from rag.settings import Settings
from rag.ui.conversation import Conversation, Exchange
from rag.ui.conversations import Conversations, conversations_file
from rag.ui.export import as_json, markdown
from rag.ui.restore import restored
from rag.ui.server import build_app
from rag.ui.share import share_html
from rag.ui.why import Limits
from rag.ui.wish import Wish, read_wish, relimited
from rag.ui.written import answer_text, plain

HOSTILE = "<script src=//evil.example></script> ![x](//evil.example) **b** `c` $$d$$ &amp; “\u202e"
LIMITS = Limits(filters=Filters(published_from="2023-05-01", publishers=("A",)), without=("x",))


def full_answer() -> Answer:
    search = Search(query="q", prefer=LIMITS.filters, about_from=date(2023, 5, 1))
    understood = Understood(kind="published", words="in May", start=0, end=6, label="in May 2023")
    return replace(written_answer(), searches=(search,), understood=(understood,), likely=0.5)


def talk(*questions: str) -> Conversation:
    found = enumerate(questions, start=1)
    return Conversation(
        tuple(Exchange(number=n, question=text, answer=full_answer()) for n, text in found)
    )


@pytest.fixture
def store(tmp_path):
    opened = Conversations(tmp_path / "c.sqlite")
    yield opened
    opened.close()


# ---------------------------------------------------------------- records read back


@pytest.mark.parametrize("answer", [full_answer(), quoted_answer(), abstained("q")])
def test_an_answer_is_read_back_as_it_was(answer):
    assert restored(Answer, json.loads(json.dumps(answer.to_dict()))) == answer


def test_what_another_version_wrote_is_read_as_far_as_it_goes():
    content = {**full_answer().to_dict(), "unknown": 1}
    del content["likely"]
    assert restored(Answer, content) == replace(full_answer(), likely=None)
    with pytest.raises(TypeError):
        restored(Answer, {"question": "q"})


@settings(deadline=None)
@given(st.text(), st.lists(st.text()), st.dates() | st.none())
def test_filters_and_texts_survive(text, names, day):
    filters = Filters(published_from=day, publishers=tuple(names))
    assert restored(Filters, json.loads(json.dumps(filters.to_dict()))) == filters
    said = Sentence(text=text, verdict=Verdict.PARTLY)
    assert restored(Sentence, said.to_dict()) == said


# ---------------------------------------------------------------- the store


def test_a_conversation_is_kept_whole(store):
    marks = ((1, True), (3, False))
    first = Exchange(number=1, question="Why?", answer=full_answer(), limits=LIMITS, marks=marks)
    broken = Exchange(number=2, question="And?", problem="The model is away.", stopped=True)
    kept = store.save("", Conversation((first, broken)))
    assert kept.key
    found = store.load("", kept.key)
    assert found.exchanges == (first, broken)
    assert (found.title, found.version) == ("Why?", 1)
    assert store.listed("")[0].questions == 2


def test_nothing_is_kept_of_an_empty_conversation(store):
    assert store.save("", Conversation()) == Conversation()
    assert store.listed("") == []


def test_what_two_pages_go_on_with_loses_nothing(store):
    kept = store.save("", talk("one"))
    here = store.save("", replace(talk("one", "two"), key=kept.key, version=kept.version))
    there = store.save("", replace(talk("one", "three"), key=kept.key, version=kept.version))
    assert here.key == kept.key != there.key
    last = [store.load("", one.key).last.question for one in (here, there)]
    assert last == ["two", "three"]
    store.delete("", there.key)
    assert store.save("", there).key not in (here.key, there.key)


def test_owners_see_nothing_of_each_other(store):
    kept = store.save("ann", talk("a secret"))
    assert store.listed("bob") == []
    assert store.listed("bob", "secret") == []
    assert store.load("bob", kept.key) is None
    assert not store.rename("bob", kept.key, "mine")
    assert not store.delete("bob", kept.key)
    assert store.save("bob", replace(kept, exchanges=talk("x").exchanges)).key != kept.key
    assert store.load("ann", kept.key).title == "a secret"


def test_search_folds_case_and_reads_any_script(store):
    for question in ("Straße in GENT", "半導体の価格", "100% of_it"):
        store.save("", talk(question))
    found = {
        words: [one.title for one in store.listed("", words)]
        for words in ("strasse gent", "導体", "0%", "903.9 半導", "_", "nowhere", "' OR 1 --")
    }
    assert found == {
        "strasse gent": ["Straße in GENT"],
        "導体": ["半導体の価格"],
        "0%": ["100% of_it"],
        "903.9 半導": ["半導体の価格"],
        "_": ["100% of_it"],
        "nowhere": [],
        "' OR 1 --": [],
    }


def test_a_new_title_stays_when_the_conversation_goes_on(store):
    kept = store.save("", talk("one"))
    assert store.rename("", kept.key, "  Chips\n in  Japan ")
    assert not store.rename("", kept.key, " \n ")
    store.save("", replace(talk("one", "two"), key=kept.key, version=1))
    assert store.load("", kept.key).title == "Chips in Japan"


def test_deleted_words_are_gone_from_the_file(store, tmp_path):
    kept = store.save("", talk("unmistakable words"))
    assert store.delete("", kept.key)
    assert store.load("", kept.key) is None
    store.close()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"unmistakable" not in held


def test_the_file_is_for_this_user_only_and_lies_beside_the_index(tmp_path):
    path = conversations_file(tmp_path / "a" / "index")
    Conversations(path).close()
    assert path == tmp_path / "a" / "index.conversations.sqlite"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_that_are_none_of_ours_are_named(tmp_path):
    path = tmp_path / "c.sqlite"
    path.write_text("this is no database, and long enough to be looked at " * 20)
    with pytest.raises(RagError, match=r"c\.sqlite: conversations cannot be kept"):
        Conversations(path)
    newer = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(RagError, match="another version"):
        Conversations(newer)


class StoreMachine(RuleBasedStateMachine):
    """Whatever is saved, renamed and deleted, each owner finds exactly what is theirs."""

    def __init__(self):
        super().__init__()
        self.store = Conversations.__new__(Conversations)
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.store.__init__(Path(self.folder.name) / "c.sqlite")
        self.known: dict[tuple[str, str], Conversation] = {}

    owners = st.sampled_from(["", "ann", "bob"])

    @rule(owner=owners, text=st.text(min_size=1, max_size=8))
    def begin(self, owner, text):
        exchange = Exchange(number=1, question=text)
        kept = self.store.save(owner, Conversation((exchange,)))
        self.known[owner, kept.key] = kept

    @rule(owner=owners, data=st.data(), stale=st.booleans())
    def go_on(self, owner, data, stale):
        mine = [one for (name, _), one in self.known.items() if name == owner]
        if not mine:
            return
        before = data.draw(st.sampled_from(mine))
        more = before.with_next(Exchange(number=before.last.number + 1, question="more"))
        kept = self.store.save(owner, replace(more, version=more.version - stale))
        assert (kept.key != before.key) is stale
        self.known[owner, kept.key] = kept

    @rule(owner=owners, data=st.data())
    def delete(self, owner, data):
        if not self.known:
            return
        name, key = data.draw(st.sampled_from(sorted(self.known)))
        assert self.store.delete(owner, key) is (owner == name)
        if owner == name:
            del self.known[name, key]

    @invariant()
    def all_is_found(self):
        for owner in ("", "ann", "bob"):
            keys = {key for name, key in self.known if name == owner}
            assert {one.key for one in self.store.listed(owner)} == keys
            for key in keys:
                assert self.store.load(owner, key).exchanges == self.known[owner, key].exchanges

    def teardown(self):
        self.store.close()
        self.folder.cleanup()


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


def test_marked_citations_make_the_answer_that_is_judged():
    exchange = talk("q").last
    assert exchange.judged() is None
    wrong = exchange.marked(2, right=False)
    answer, right = wrong.judged()
    assert ([one.number for one in answer.citations], right) == ([2], False)
    both = wrong.marked(1, right=True).marked(3, right=False).marked(3, right=True)
    answer, right = both.judged()
    assert ([one.number for one in answer.citations], right) == ([1, 3], True)
    assert exchange.marked(99, right=True).judged() is None


# ---------------------------------------------------------------- given out


def hostile() -> Conversation:
    article = Article(
        article_id="a", text=HOSTILE, title=HOSTILE, publisher=HOSTILE, published=HOSTILE,
        url=f"javascript:alert(1)//{HOSTILE}",
    )  # fmt: skip
    said = Sentence(text=HOSTILE, verdict=Verdict.SUPPORTED, citations=(1,))
    quoted = Sentence(text=HOSTILE, verdict=Verdict.QUOTED, citations=(1,))
    answer = Answer(
        question=HOSTILE, answer=HOSTILE, sentences=(said, quoted), notice=HOSTILE,
        citations=(cite(article, 1, HOSTILE),),
    )  # fmt: skip
    exchange = Exchange(number=1, question=HOSTILE, answer=answer, problem=HOSTILE)
    return Conversation((exchange,), title=HOSTILE)


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen: list[tuple[str, dict]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_markdown_tells_question_sentences_and_sources():
    text = markdown(replace(talk("How much?"), title="Chips"))
    assert text.startswith("# Chips\n\n## How much?\n\nJapan Investment Corporation will buy JSR")
    assert "yen. [1] It offers 4,350 yen" in text
    assert (
        f"Harbour Desk, 26 Jun 2023: “it would offer 4,350 yen for each share.” <{JSR.url}>" in text
    )


def test_markdown_of_strangers_is_text():
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(hostile()))
    assert {tag for tag, _ in Tags(html).seen} <= {"h1", "h2", "p", "em", "blockquote", "ul", "li"}


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))))
def test_plain_text_in_markdown_shows_as_itself(text):
    from html import unescape

    html = MarkdownIt().render(f"x\n\n{plain(text)}\n")
    shown = unescape(html.partition("<p>x</p>\n")[2])
    words = " ".join(text.split())
    assert shown == (f"<p>{words}</p>\n" if words else "")


def test_json_holds_the_answers_as_they_are_and_text_the_sources():
    content = json.loads(as_json(replace(talk("How much?"), title="Chips")))
    assert content["title"] == "Chips"
    assert restored(Answer, content["exchanges"][0]["answer"]) == full_answer()
    text = answer_text(quoted_answer())
    assert "“IBM, which showed a two-nanometre chip in 2021, shares its process.” [2]" in text
    assert "[2] Rapidus finds partners in Albany and Leuven, Harbour Desk, 13 Dec 2022" in text


@pytest.mark.parametrize("conversation", [hostile(), replace(talk("Why?"), title="Chips")])
def test_a_shared_page_stands_alone_and_runs_nothing(conversation):
    html = share_html(conversation, "p { color: red }", date(2026, 1, 2))
    tags = Tags(html).seen
    assert not {"script", "img", "link", "iframe", "form", "object"} & {tag for tag, _ in tags}
    assert {name for _, attrs in tags for name in attrs} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "rel", "title",
    }  # fmt: skip
    links = {attrs["href"] for tag, attrs in tags if tag == "a"}
    assert all(link.startswith("#s1-") or link == JSR.url for link in links)
    assert "default-src 'none'" in html
    anchors = {f"#{attrs['id']}" for _, attrs in tags if "id" in attrs}
    assert {link for link in links if link[0] == "#"} <= anchors


# ---------------------------------------------------------------- what scripts ask for


@pytest.mark.parametrize(
    "line",
    ["", "x", "[]", "null", '{"kind": "eval"}', '{"kind": "drop", "number": "x"}', "[" * 9999],
)
def test_what_is_no_wish_is_none(line):
    assert read_wish(line) is None


def test_a_label_is_dropped_and_restored():
    wish = read_wish('{"kind": "drop", "number": 2, "label": "by A"}')
    assert wish == Wish("drop", 2, "by A")
    dropped = relimited(Limits(), wish)
    assert dropped.without == ("by A",)
    assert relimited(dropped, wish) == dropped
    assert relimited(dropped, Wish("restore", 2, "by A")) == Limits()


# ---------------------------------------------------------------- over HTTP


def client(store, *, allow_remote=False):
    from starlette.testclient import TestClient

    chat = {"allow_remote": allow_remote}
    app = build_app(FakeAssistant(ARTICLES), Settings.load(environ={}, chat=chat), None, store)
    return TestClient(app, base_url="http://127.0.0.1:7860")


def test_conversations_are_listed_saved_renamed_and_deleted(store):
    kept = store.save("", talk("<b>How much?"))
    with client(store) as web:
        listed = web.get("/conversations").text
        assert "<b>" not in listed
        assert f'href="./?c={kept.key}"' in listed.replace("&#45;", "-").replace("&#95;", "_")
        assert "No conversation holds" in web.get("/conversations?q=nowhere").text
        for kind, start in (("md", "# "), ("json", "{"), ("html", "<!doctype html>")):
            saved = web.get(f"/conversations/{kept.key}.{kind}")
            assert saved.text.startswith(start)
            assert saved.headers["content-disposition"].startswith("attachment")
        assert web.get(f"/conversations/{kept.key}.exe").status_code == 404
        assert web.get("/conversations/none.md").status_code == 404
        rename = f"/conversations/{kept.key}/rename"
        assert web.post(rename, json={"title": "Chips"}).status_code == 204
        assert "Chips" in web.get("/conversations").text
        foreign = {"Origin": "https://evil.example"}
        delete = f"/conversations/{kept.key}/delete"
        assert web.post(delete, json={}, headers=foreign).status_code == 403
        assert web.post(delete, json={}).status_code == 204
        assert web.post(delete, json={}).status_code == 404


def test_browsers_that_come_from_elsewhere_share_nothing(store):
    with client(store, allow_remote=True) as web:
        web.get("/")
        cookie = web.cookies["newsdesk_reader"]
        kept = store.save(f"browser:{cookie}", talk("mine"))
        assert "mine" in web.get("/conversations").text
        web.cookies.clear()
        assert "mine" not in web.get("/conversations").text
        assert web.get(f"/conversations/{kept.key}.md").status_code == 404
        web.get("/", headers={"Cookie": "newsdesk_reader=user:ann"})
        assert web.cookies["newsdesk_reader"] not in (cookie, "user:ann")


def test_every_field_of_an_exchange_is_kept(store):
    kept = {item.name for item in fields(Exchange)}
    assert kept == {"number", "question", "answer", "problem", "stopped", "limits", "marks"}
