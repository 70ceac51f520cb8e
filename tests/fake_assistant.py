"""Stands in for `Assistant` where only the page is under test.

A question is answered by the script whose key it contains. A script is a list of steps: an
`Answer` is shown, an exception is raised, a `Gate` waits until the test opens it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Sequence

from rag.errors import IndexMissing
from rag.schema import Answer, Article, Citation, Filters, Passage, Sentence, Turn, Verdict


class Gate:
    """A place in a script where the stream stands still until the test says go on."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.reached = threading.Event()
        self.cancelled = threading.Event()

    def open(self) -> None:
        self._open.set()

    async def arrival(self) -> None:
        """Return once the stream has come here."""
        while not self.reached.is_set():  # noqa: ASYNC110  # set from any thread
            await asyncio.sleep(0.005)

    async def cancellation(self) -> None:
        """Return once the stream was cancelled here; the caller sets the time limit."""
        while not self.cancelled.is_set():  # noqa: ASYNC110  # set from any thread
            await asyncio.sleep(0.005)

    async def wait(self) -> None:
        self.reached.set()
        try:
            while not self._open.is_set():  # noqa: ASYNC110  # opened from the test's thread
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


Step = Answer | Exception | Gate


class FakeAssistant:
    """Answers by script and records what it was asked."""

    def __init__(self, articles: Sequence[Article] = ()) -> None:
        self.stored = {article.article_id: article for article in articles}
        self.scripts: dict[str, list[Step]] = {}
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.calls: list[tuple[Filters | None, tuple[str, ...]]] = []

    async def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncIterator[Answer]:
        self.asked.append((question, tuple(history)))
        self.calls.append((filters, tuple(without)))
        script = next((steps for key, steps in self.scripts.items() if key in question), None)
        for step in script or [abstained(question)]:
            if isinstance(step, Gate):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    def article(self, article_id: str) -> Article:
        if article_id not in self.stored:
            raise IndexMissing(f"there is no article {article_id!r} in the index")
        return self.stored[article_id]

    def summaries(self) -> list[Article]:
        return list(self.stored.values())


def cite(article: Article, number: int, quote: str) -> Citation:
    """A citation of words that stand in the article."""
    start = article.text.index(quote)
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        start=start,
        end=start + len(quote),
        quote=quote,
    )


def passage(article: Article, rank: int, text: str) -> Passage:
    """A passage that is a slice of the article."""
    start = article.text.index(text)
    return Passage(
        rank=rank,
        score=1 / rank,
        article_id=article.article_id,
        chunk_id=f"{article.article_id}-{rank}",
        start=start,
        end=start + len(text),
        text=text,
        title=article.title,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
    )


def growing(answer: Answer) -> list[Answer]:
    """The snapshots of an answer: its passages, then one sentence more each time."""
    steps = []
    for length in range(len(answer.sentences) + 1):
        fields = {name: getattr(answer, name) for name in ("question", "query", "passages")}
        shown = answer.sentences[:length]
        cited = {number for sentence in shown for number in sentence.citations}
        citations = tuple(item for item in answer.citations if item.number in cited)
        text = " ".join(sentence.text for sentence in shown)
        steps.append(
            Answer(answer=text, sentences=shown, citations=citations, complete=False, **fields)
        )
    return [*steps, answer]


def abstained(question: str, *passages: Passage) -> Answer:
    """A question that the collection does not answer."""
    return Answer(
        question=question,
        query=question,
        answer="The articles do not answer this.",
        abstained=True,
        reason="None of the 3 articles says anything that bears on this.",
        passages=passages,
        timings={"retrieve": 0.02},
    )


JSR = Article(
    article_id="jsr-buyout",
    title="State-backed fund to buy chip materials maker JSR",
    publisher="Harbour Desk",
    author="A. Writer",
    published="2023-06-26",
    url="https://harbour.example/jsr-buyout",
    text=(
        "TOKYO. A fund backed by the Japanese government will buy JSR, a maker of the light-"
        "sensitive chemicals that draw circuits on chips, for about 903.9 billion yen.\n\n"
        "The fund, Japan Investment Corporation, said that it would offer 4,350 yen for each "
        "share. The offer was 35% above the price before the first reports. JSR's board said "
        "that it backed the offer.\n\n"
        "Japanese firms make most of the world's photoresist, and the government counts it among "
        "the materials on which its security depends 🗾.\n\n"
        "JSR wants to leave the stock market in order to reorganise the industry, its chief "
        "executive said. “Scale decides who can afford the next machine,” he told reporters.\n\n"
        "Regulators in several countries, China among them, have to clear the purchase before it "
        "can close."
    ),
)
RAPIDUS = Article(
    article_id="rapidus-partners",
    title="Rapidus finds partners in Albany and Leuven",
    publisher="Harbour Desk",
    published="2022-12-13",
    url="https://harbour.example/rapidus-partners",
    text=(
        "Rapidus, founded in August 2022, is to make two-nanometre chips in Hokkaido.\n\n"
        "Eight companies put money into it: Toyota, Sony, NTT, NEC, SoftBank, Denso, Kioxia and "
        "MUFG Bank. The government adds subsidies, beginning with 70 billion yen.\n\n"
        "IBM, which showed a two-nanometre chip in 2021, shares its process. Imec of Leuven "
        "trains engineers and lends its experience with extreme ultraviolet light."
    ),
)
UNDATED = Article(
    article_id="note",
    title="A note on supply chains",
    publisher="Mill Street Letter",
    text="Supply chains are long. Nobody keeps a list of all the links.",
)
ARTICLES = (JSR, RAPIDUS, UNDATED)


def written_answer() -> Answer:
    """Supported sentences, one of them with two citations."""
    citations = (
        cite(JSR, 1, "will buy JSR, a maker of the light-"
             "sensitive chemicals that draw circuits on chips, for about 903.9 billion yen."),
        cite(JSR, 2, "it would offer 4,350 yen for each share."),
        cite(JSR, 3, "the materials on which its security depends 🗾.\n\nJSR wants to leave"),
    )  # fmt: skip
    return Answer(
        question="How much will the fund pay for JSR?",
        query="How much will the fund pay for JSR?",
        answer="…",
        sentences=(
            Sentence(
                text="Japan Investment Corporation will buy JSR for about 903.9 billion yen.",
                verdict=Verdict.SUPPORTED,
                citations=(1,),
            ),
            Sentence(
                text="It offers 4,350 yen for each share, and the government counts photoresist "
                "among the materials on which its security depends.",
                verdict=Verdict.SUPPORTED,
                citations=(2, 3),
            ),
        ),
        citations=citations,
        model="scripted",
        timings={"retrieve": 0.021, "write": 1.9, "verify": 0.04},
        passages=(
            passage(JSR, 1, JSR.text[: JSR.text.index("\n\n")]),
            passage(RAPIDUS, 2, "The government adds subsidies, beginning with 70 billion yen."),
        ),
        left_out=(
            Sentence(text="JSR was sold for 12 dollars.", verdict=Verdict.UNSUPPORTED, score=0.1),
        ),
    )


def quoted_answer() -> Answer:
    """Evidence word for word, with a notice that the model could not be reached."""
    first = (
        "Eight companies put money into it: Toyota, Sony, NTT, NEC, SoftBank, Denso, Kioxia and "
        "MUFG Bank."
    )
    second = "IBM, which showed a two-nanometre chip in 2021, shares its process."
    return Answer(
        question="Who supports Rapidus?",
        query="Who supports Rapidus, the chip maker?",
        answer="…",
        sentences=tuple(
            Sentence(text=text, verdict=Verdict.QUOTED, citations=(number,))
            for number, text in enumerate((first, second), start=1)
        ),
        citations=(cite(RAPIDUS, 1, first), cite(RAPIDUS, 2, second)),
        notice="The model at http://127.0.0.1:1 could not be reached; this is quoted evidence.",
        timings={"retrieve": 0.02},
        passages=(passage(RAPIDUS, 1, first),),
    )
