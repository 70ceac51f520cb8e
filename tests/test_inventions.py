"""Five hundred drafts of a model that invents freely: nothing that it made up is shown."""

import random
import re

import pytest
from fakes import HashEmbedder, ScriptedLLM

from rag.assistant import Assistant
from rag.evaluate.citations import strict_judge
from rag.index import Index
from rag.schema import Article, Verdict
from rag.settings import Settings

DRAFTS = 500

TRUE = {
    "jsr": [
        "A Japanese fund will buy JSR for $6.4 billion.",
        "JSR makes photoresists in Yokkaichi.",
        "The offer for JSR starts in December 2023.",
        "The chief executive, Eric Johnson, asked for the deal.",
    ],
    "rapidus": [
        "Rapidus relies on support from IBM and Imec.",
        "Eight companies own Rapidus with 7.3 billion yen.",
        "Rapidus was founded in August 2022.",
        'The chairman, Tetsuro Higashi, called it "a last chance for Japan".',
    ],
    "micron": [
        "Micron plans to spend 500 billion yen in Hiroshima.",
        "China barred Micron from critical infrastructure on 21 May 2023.",
        "Micron earned 11% of its revenue in China.",
        "Japan may pay a part of the cost.",
    ],
}
QUESTIONS = (
    "How much will the fund pay for JSR?",
    "Who owns Rapidus, and who supports it?",
    "What does Micron plan in Hiroshima?",
    "What did China do about Micron?",
    "When does the offer for JSR start?",
)
INVENTED = ("Samsung", "Ada Berg", "Holm", "Infineon", "Kioxia", "Margrethe Vestager")
SENTENCES = [sentence for told in TRUE.values() for sentence in told]


def invention(chance):
    """A sentence that no article says."""
    sentence = chance.choice(SENTENCES)
    way = chance.choice((_number, _name, _denial, _quote, _crossed, _nothing))
    made = way(sentence, chance)
    return made if made != sentence else _quote(sentence, chance)


def _number(sentence, chance):
    return re.sub(r"\d[\d.]*", str(chance.randint(30, 5000)), sentence, count=1)


def _name(sentence, chance):
    names = r"JSR|Rapidus|Micron|IBM|Eric Johnson|Tetsuro Higashi|Imec|Hiroshima|China"
    return re.sub(names, chance.choice(INVENTED), sentence, count=1)


def _denial(sentence, chance):
    changed = re.sub(r"\b(will|was|may)\b", r"\1 not", sentence, count=1)
    return changed if changed != sentence else f"It is not true that {sentence}"


def _quote(sentence, chance):
    ends = ("we shall leave Japan", "the deal is dead", "JSR for Micron", "China owns it")
    return f'{chance.choice(INVENTED[:2])} said: "{sentence[:-1]}, and {chance.choice(ends)}".'


def _crossed(sentence, chance):
    """Who from one article, what from another."""
    subject = chance.choice(("Eric Johnson", "Rapidus", "Micron", "JSR", "Imec"))
    others = ("was barred by Hiroshima", "owns eight companies", "asked Micron for photoresists")
    return f"{subject} {chance.choice(others)} in 2022."


def _nothing(sentence, chance):
    return chance.choice(("Shares fell by 9%.", "Analysts cheered.", "The deal collapsed in May."))


def draft(chance):
    """Sentences, most of them made up, with marks right, wrong and unknown; the ones made up."""
    told, made_up = [], []
    for _ in range(chance.randint(1, 5)):
        if chance.random() < 0.25:
            sentence = chance.choice(SENTENCES)
        else:
            sentence = invention(chance)
            made_up.append(sentence)
        marks = "".join(
            f"[{chance.choice((1, 2, 3, 7, 40, 999))}]" for _ in range(chance.randint(0, 3))
        )
        told.append(f"{sentence} {marks}".strip())
    return " ".join(told), made_up


@pytest.mark.timeout(900)  # half a minute of processor time
def test_five_hundred_drafts_of_inventions_show_nothing_invented(tmp_path):
    chance = random.Random(11)
    drafts = [draft(chance) for _ in range(3 * DRAFTS)]  # two repairs an answer at most
    made_up = {sentence for _, sentences in drafts for sentence in sentences}
    written = " ".join(text for text, _ in drafts)
    settings = Settings.load(environ={}, answer={"abstain_below": 0.0})
    embedder = HashEmbedder(dimensions=256)
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    model = ScriptedLLM(*(text for text, _ in drafts))
    texts = {name: " ".join(told) for name, told in TRUE.items()}
    left_out = supported = 0
    with Assistant(index, embedder, model, settings) as assistant:
        assistant.ingest(
            [
                Article(article_id=n, title=n, text=t, published="2023-07-01")
                for n, t in texts.items()
            ]
        )
        for number in range(DRAFTS):
            answer = assistant.ask(QUESTIONS[number % len(QUESTIONS)])
            quotes = {citation.number: citation.quote for citation in answer.citations}
            for citation in answer.citations:
                assert texts[citation.article_id][citation.start : citation.end] == citation.quote
            assert {int(mark) for mark in re.findall(r"\[(\d+)\]", answer.answer)} <= set(quotes)
            for sentence in answer.sentences:
                assert sentence.verdict in (Verdict.SUPPORTED, Verdict.QUOTED)
                assert sentence.text not in made_up
                assert strict_judge(sentence.text, [quotes[n] for n in sentence.citations])
                supported += sentence.verdict is Verdict.SUPPORTED or sentence.text in written
            left_out += len(answer.left_out)
    assert DRAFTS < len(model.prompts) <= 3 * DRAFTS
    assert left_out > DRAFTS
    assert supported > DRAFTS / 10
