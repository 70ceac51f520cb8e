"""The whole path with a hashed embedder and a scripted model: nothing unchecked is shown."""

import json
import re
from itertools import pairwise

import pytest
from fakes import HashEmbedder, ScriptedLLM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.errors import IndexMissing, ModelError, SettingsError
from rag.facts import facts, name_keys
from rag.index import Index
from rag.schema import Article, Filters, Turn, Verdict
from rag.settings import Settings

ARTICLES = [
    Article(
        article_id="jsr",
        title="Japan fund to buy JSR",
        publisher="Desk",
        published="2023-06-26",
        text="A Japanese government-backed fund will buy JSR for $6.4 billion. JSR makes "
        "photoresists. The offer starts in December. Analysts did not expect it.",
    ),
    Article(
        article_id="rapidus",
        title="Rapidus and its friends",
        publisher="Other Desk",
        published="2022-12-13",
        text="Rapidus relies on support from IBM and IMEC. The venture was founded in 2022. “We "
        "may succeed,” its chairman said. Eight companies own it.",
    ),
]


def make(tmp_path, *drafts, abstain_below=0.0, **sections):
    chosen = Settings.load(
        environ={}, answer={"abstain_below": abstain_below} | sections.pop("answer", {}), **sections
    )
    embedder = HashEmbedder(dimensions=256)
    index = Index.open(tmp_path / "index", embedder.fingerprint, chosen.index)
    model = ScriptedLLM(*drafts) if drafts else None
    assistant = Assistant(index, embedder, model, chosen)
    assistant.ingest(ARTICLES)
    return assistant, model


def check(assistant, answer):
    """What holds for every answer, whatever the model wrote."""
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    for citation in answer.citations:
        text = assistant.article(citation.article_id).text
        assert text[citation.start : citation.end] == citation.quote
    by_number = {citation.number: citation.quote for citation in answer.citations}
    for sentence in answer.sentences:
        assert sentence.verdict in (Verdict.SUPPORTED, Verdict.QUOTED)
        assert sentence.citations
        cited = "\n".join(by_number[number] for number in sentence.citations)
        said, known = facts(sentence.text), facts(cited)
        assert {n.value for n in said.numbers} <= {n.value for n in known.numbers}
        assert {k for name in said.names for k in name.keys} <= name_keys(cited)
    marks = {int(mark) for mark in re.findall(r"\[(\d+)\]", answer.answer)}
    assert marks <= set(by_number)
    json.dumps(answer.to_dict())


def test_a_good_draft_is_shown_with_its_evidence(tmp_path):
    assistant, model = make(tmp_path, "The fund will buy JSR for $6.4 billion. [1]")
    answer = assistant.ask("How much will the fund pay for JSR?")
    check(assistant, answer)
    assert "$6.4 billion" in answer.answer
    assert answer.sentences[0].verdict == Verdict.SUPPORTED
    assert answer.citations[0].article_id == "jsr"
    assert answer.complete
    assert answer.model == "scripted"
    assert {"retrieve", "select", "write", "total"} <= answer.timings.keys()
    prompt = "\n".join(text for _, text in model.prompts[0])
    assert "Japan fund to buy JSR" in prompt
    assert "2023-06-26" in prompt


@pytest.mark.parametrize(
    "draft",
    [
        "The fund will buy JSR for $64 billion. [1]",
        "Samsung will buy JSR for $6.4 billion. [1]",
        "The fund will not buy JSR for $6.4 billion. [1]",
        "JSR will buy the Japanese fund. [1]",
        "Ignore this. [7][8]",
        "",
    ],
)
def test_an_invented_draft_gives_way_to_the_evidence(tmp_path, draft):
    assistant, _ = make(tmp_path, draft)
    answer = assistant.ask("How much will the fund pay for JSR?")
    check(assistant, answer)
    assert {sentence.verdict for sentence in answer.sentences} == {Verdict.QUOTED}
    assert "$6.4 billion" in answer.answer
    assert bool(answer.left_out) == bool(draft)


def test_another_article_that_differs_is_told_with_its_source(tmp_path):
    assistant, _ = make(tmp_path, "The fund will buy JSR for $6.4 billion. [1]")
    other = "The offer is out. The Japanese fund will buy JSR for $7.1 billion, bankers think."
    assistant.ingest([Article(article_id="other", title="JSR", published="2023-06-28", text=other)])

    answer = assistant.ask("How much will the fund pay for JSR?")

    check(assistant, answer)
    (differ,) = answer.disagreements
    cited = {citation.number: citation for citation in answer.citations}
    said = [(stated.value, cited[stated.citation].article_id) for stated in differ.values]
    assert said == [("$6.4 billion", "jsr"), ("$7.1 billion", "other")]
    assert answer.sources == 2


WORDS = st.sampled_from(
    "JSR Rapidus IBM Samsung Japan fund will not buy for $6.4 $64 billion 2022 2031 may said "
    "[1] [2] [99] [1][2] . . “We succeed” photoresists eight companies The A \n".split(" ")
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_whatever_the_model_writes_only_what_is_borne_out_is_shown(tmp_path, draft):
    assistant, _ = make(tmp_path, draft)
    check(assistant, assistant.ask("How much will the fund pay for JSR, and who owns Rapidus?"))


def test_snapshots_grow_and_only_the_last_is_complete(tmp_path):
    assistant, _ = make(
        tmp_path, "The fund will buy JSR for $6.4 billion. [1] JSR makes photoresists. [1]"
    )
    seen = list(assistant.stream("What will the fund buy?"))
    assert seen[0].passages
    assert not seen[0].sentences
    assert [s.complete for s in seen] == [False] * (len(seen) - 1) + [True]
    for earlier, later in pairwise(seen):
        assert later.sentences[: len(earlier.sentences)] == earlier.sentences


def test_the_embedded_models_evidence_is_shown_while_it_writes(tmp_path):
    assistant, model = make(tmp_path, "The fund will buy JSR for $6.4 billion. [1]")
    model.embedded = True
    passages, quoted, last = assistant.stream("How much will the fund pay for JSR?")
    assert not passages.sentences
    assert quoted.sentences
    assert {sentence.verdict for sentence in quoted.sentences} == {Verdict.QUOTED}
    assert not quoted.complete
    assert last.sentences[0].verdict == Verdict.SUPPORTED
    assert last.timings["first_sentence"] < last.timings["total"]
    for answer in (quoted, last):
        check(assistant, answer)


def test_closing_the_stream_stops_the_model(tmp_path):
    assistant, model = make(tmp_path, "The fund will buy JSR for $6.4 billion. [1] " * 50)
    stream = assistant.stream("What will the fund pay for JSR?")
    while not next(stream).sentences:
        pass
    stream.close()
    assert model.cancelled.is_set()


def test_no_answer_is_longer_than_set(tmp_path):
    draft = "The fund will buy JSR for $6.4 billion. [1] JSR makes photoresists. [2]"
    question = "Compare JSR and Rapidus: what do they make, and who owns them?"
    assistant, _ = make(tmp_path, draft)
    long = assistant.ask(question)
    assistant, _ = make(tmp_path / "short", draft, answer={"max_sentences": 2})
    short = assistant.ask(question)
    assert 2 < len(long.sentences) <= 6
    assert len(short.sentences) == 2
    check(assistant, short)


NEWS = Article(
    article_id="pact",
    title="A pact in Tokyo",
    publisher="Desk",
    published="2023-07-04",
    text="Breton and Nishimura signed a memorandum on chips. It provides for an early warning "
    "system against interruptions of supply. Trains ran late on Tuesday.",
)
ASKED = "What provides for an early warning system against interruptions of supply?"


def test_a_quote_that_opens_with_a_pronoun_comes_with_what_it_speaks_of(tmp_path):
    assistant, _ = make(tmp_path)
    assistant.ingest([NEWS])
    answer = assistant.ask(ASKED)
    check(assistant, answer)
    assert answer.sentences[0].text == NEWS.text.partition(" Trains")[0]
    assert sum("signed a memorandum" in sentence.text for sentence in answer.sentences) == 1


def test_it_comes_alone_where_there_is_no_room(tmp_path):
    assistant, _ = make(tmp_path, answer={"max_sentences": 1})
    assistant.ingest([NEWS])
    answer = assistant.ask(ASKED)
    check(assistant, answer)
    assert [one.text.partition(" ")[0] for one in answer.sentences] == ["It"]


def test_a_failing_model_leaves_the_quoted_evidence_and_a_notice(tmp_path):
    assistant, _ = make(tmp_path, ModelError("the endpoint is down"))
    answer = assistant.ask("Who supports Rapidus?")
    check(assistant, answer)
    assert "IBM and IMEC" in answer.answer
    assert "the endpoint is down" in answer.notice


def test_without_a_model_the_evidence_is_quoted(tmp_path):
    assistant, _ = make(tmp_path)
    answer = assistant.ask("Who supports Rapidus?")
    check(assistant, answer)
    assert (answer.model, answer.notice) == ("", "")
    assert "IBM and IMEC" in answer.answer


def test_abstaining_says_what_came_closest(tmp_path):
    assistant, model = make(tmp_path, "The fund will buy JSR. [1]", abstain_below=0.999)
    answer = assistant.ask("Who won the 2022 World Cup?")
    assert answer.abstained
    assert not answer.citations
    assert "passages of 2 articles were read" in answer.reason
    assert answer.near_miss.names == ("World Cup",)
    for cited in answer.near_miss.closest:
        assert assistant.article(cited.article_id).text[cited.start : cited.end] == cited.quote
    assert not model.prompts


def test_filters_that_let_nothing_through_abstain(tmp_path):
    assistant, _ = make(tmp_path)
    answer = assistant.ask("Who supports Rapidus?", Filters(publishers=("Nobody",)))
    assert answer.abstained
    assert answer.reason == "No passage was found."


def test_a_follow_up_is_made_whole_and_shown_so(tmp_path):
    assistant, model = make(tmp_path, "")
    history = [Turn(question="Who supports Rapidus?", answer="IBM and IMEC.")]
    answer = assistant.ask("And JSR?", history=history)
    assert answer.query == "Who supports JSR?"
    assert answer.question == "And JSR?"
    assert "Who supports Rapidus?" in model.prompts[0][1][1]


@pytest.mark.parametrize("question", ["", "  \n", "x" * 1_000_000])
def test_questions_that_are_none(tmp_path, question):
    assistant, _ = make(tmp_path)
    with pytest.raises(SettingsError, match="question"):
        assistant.ask(question)


def test_the_prompt_fits_the_window(tmp_path):
    assistant, model = make(tmp_path, "")
    model.context_window, model.max_tokens = 140, 20
    assistant.ask("Who supports Rapidus?")
    (messages,) = model.prompts
    assert model.count_tokens("\n".join(text for _, text in messages)) <= 120
    model.context_window = 30
    assert "llm.context_window" in assistant.ask("Who supports Rapidus?").notice


async def test_async_is_the_same(tmp_path):
    assistant, _ = make(tmp_path, "The fund will buy JSR for $6.4 billion. [1]")
    question = "How much will the fund pay for JSR?"
    answer = await assistant.aask(question)
    assert answer.answer == assistant.ask(question).answer
    snapshots = [snapshot async for snapshot in assistant.astream(question)]
    assert snapshots[-1].complete


def test_ingest_update_and_remove(tmp_path):
    assistant, _ = make(tmp_path)
    assert assistant.ingest(ARTICLES).unchanged == 2
    report = assistant.ingest({"id": "jsr", "text": "JSR said that the talks had ended in May."})
    assert (report.updated, report.articles) == (1, 2)
    assert "ended in May" in assistant.ask("What did JSR say?").answer
    assert assistant.remove("jsr").articles == 1
    assert not assistant.has("jsr")
    with pytest.raises(IndexMissing, match="jsr"):
        assistant.article("jsr")


def test_verify_against_ids_and_texts(tmp_path):
    assistant, _ = make(tmp_path)
    found = assistant.verify("Rapidus relies on IBM. It was founded in 2020.", ["rapidus"])
    assert [s.verdict for s in found.sentences] == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]
    assert found.citations[0].article_id == "rapidus"
    true = assistant.verify("It rains in Oslo.", "It rains in Oslo today.").score
    false = assistant.verify("It snows in Rome.", "It rains in Oslo today.").score
    assert true > false


def test_llamaindex_gets_nodes_and_a_query_engine(tmp_path):
    from llama_index.core.schema import NodeWithScore

    assistant, _ = make(tmp_path)
    nodes = assistant.retrieve("Who supports Rapidus?", top_k=2)
    assert all(isinstance(node, NodeWithScore) for node in nodes)
    assert nodes[0].node.metadata["article_id"] == "rapidus"
    assert nodes[0].score >= nodes[1].score
    assert assistant.as_retriever(top_k=1).retrieve("Rapidus")[0].node.node_id == nodes[0].node_id
    response = assistant.as_query_engine().query("Who supports Rapidus?")
    assert "IBM" in response.response
    assert response.metadata["answer"]["citations"]


def test_before_anything_is_stored(tmp_path):
    embedder = HashEmbedder()
    chosen = Settings.load(environ={})
    index = Index.open(tmp_path / "none", embedder.fingerprint, chosen.index)
    assistant = Assistant(index, embedder, None, chosen)
    with assistant, pytest.raises(IndexMissing, match="rag ingest"):
        assistant.ask("Who?")


PLANT = [
    Article(
        article_id="plan",
        title="Orbin plans a plant",
        publisher="Desk",
        published="2023-05-01",
        text="Orbin's plant in Port Ash costs 4 billion euros.",
    ),
    Article(
        article_id="dearer",
        title="Orbin pays more",
        publisher="Other Desk",
        published="2023-09-03",
        text="Orbin raised the cost of its plant in Port Ash to 6 billion euros.",
    ),
]


def test_what_changes_is_dated_and_the_later_article_takes_the_place_of_the_earlier(tmp_path):
    assistant, _ = make(tmp_path)
    assistant.ingest(PLANT)

    answer = assistant.ask("How much does Orbin's plant in Port Ash cost?")

    check(assistant, answer)
    assert "6 billion" in answer.sentences[0].text
    assert not any("costs 4 billion" in sentence.text for sentence in answer.sentences)
    assert answer.as_of == "2023-09-03"
    (update,) = answer.updates
    cited = {citation.number: citation.article_id for citation in answer.citations}
    assert (cited[update.later], cited[update.earlier]) == ("dearer", "plan")
    assert update.words == "raised"
    assert not answer.disagreements


def test_a_model_is_not_shown_what_was_changed_since(tmp_path):
    assistant, model = make(tmp_path, "Orbin's plant in Port Ash costs 4 billion euros. [2]")
    assistant.ingest(PLANT)

    answer = assistant.ask("How much does Orbin's plant in Port Ash cost?")

    assert not any("costs 4 billion" in text for _, text in model.prompts[0])
    assert not any("costs 4 billion" in sentence.text for sentence in answer.sentences)
    assert answer.left_out


def test_what_happened_is_not_dated(tmp_path):
    assistant, _ = make(tmp_path)
    answer = assistant.ask("When was Rapidus founded?")
    assert answer.sentences
    assert (answer.as_of, answer.updates) == (None, ())


def test_the_latest_is_the_newest_of_what_answers(tmp_path):
    assistant, _ = make(tmp_path)
    offers = [
        Article(article_id=f"bid-{day}", published=f"2023-0{day}-01", text=text)
        for day, text in (
            (1, "Orbin offered 4 billion euros for the shares of Telvane."),
            (3, "Orbin offered 6 billion euros for the shares of Telvane."),
            (2, "Orbin offered 5 billion euros for the shares of Telvane."),
        )
    ]
    assistant.ingest(offers)

    answer = assistant.ask("What is the latest that Orbin offered for the shares of Telvane?")

    cited = [citation.article_id for citation in answer.citations]
    assert cited[0] == "bid-3"
    assert answer.as_of == "2023-03-01"


FALSE, TRUE = (
    "The fund will buy JSR for $64 billion. [1]",
    "The fund will buy JSR for $6.4 billion. [1]",
)
PRICE = "How much will the fund pay for JSR?"


def test_a_failed_sentence_is_written_anew_once_with_the_failure_named(tmp_path):
    assistant, model = make(tmp_path, FALSE, TRUE)

    answer = assistant.ask(PRICE)

    check(assistant, answer)
    assert answer.sentences[0].text == "The fund will buy JSR for $6.4 billion."
    assert answer.sentences[0].repaired == "The fund will buy JSR for $64 billion."
    assert answer.left_out == ()
    _, asked = model.prompts
    assert "$64 billion" in asked[1][1]
    assert "number" in asked[1][1]


@pytest.mark.parametrize("again", [FALSE, "NONE", "", "NONE."])
def test_what_cannot_be_repaired_is_left_out_and_the_evidence_quoted(tmp_path, again):
    assistant, model = make(tmp_path, FALSE, again)

    answer = assistant.ask(PRICE)

    check(assistant, answer)
    assert {sentence.verdict for sentence in answer.sentences} == {Verdict.QUOTED}
    assert [sentence.text for sentence in answer.left_out] == [FALSE.removesuffix(" [1]")]
    assert len(model.prompts) == 2


def test_only_two_sentences_are_repaired(tmp_path):
    drafts = " ".join(f"The fund will buy JSR for ${n} billion. [1]" for n in (61, 62, 63))
    assistant, model = make(tmp_path, drafts, "NONE")
    answer = assistant.ask(PRICE)
    assert len(answer.left_out) == 3
    assert len(model.prompts) == 3


def test_the_embedded_model_is_not_asked_again(tmp_path):
    assistant, model = make(tmp_path, FALSE, TRUE)
    model.embedded = True
    answer = assistant.ask(PRICE)
    assert len(model.prompts) == 1
    assert answer.sentences[0].verdict == Verdict.QUOTED


def test_a_model_that_fails_while_it_repairs_leaves_what_stands(tmp_path):
    good = "The offer starts in December. [2]"
    assistant, _ = make(tmp_path, f"{FALSE} {good}", ModelError("the endpoint is down"))
    answer = assistant.ask("What will the fund buy, and what does the offer do?")
    check(assistant, answer)
    assert "the endpoint is down" in answer.notice
    assert answer.sentences[0].text == "The offer starts in December."


def test_a_comparison_is_laid_out_by_what_is_compared(tmp_path):
    assistant, _ = make(tmp_path)
    answer = assistant.ask("Compare JSR and Rapidus: who will buy or support them?")
    check(assistant, answer)
    assert answer.layout == "table"
    assert {"JSR", "Rapidus"} <= {row.label for row in answer.rows}
    places = [at for row in answer.rows for at in row.sentences]
    assert sorted(places) == list(range(len(answer.sentences)))
