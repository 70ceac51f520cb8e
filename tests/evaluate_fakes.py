"""An assistant over a few made-up articles, for the evaluation tests: no model, no index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.errors import IndexMissing, ModelError
from rag.evaluate import Case, Dataset, EvidenceQuote
from rag.schema import (
    Answer,
    Article,
    Citation,
    Filters,
    Passage,
    Sentence,
    Turn,
    Verdict,
    Verification,
)

ARTICLES = (
    Article(article_id="fab", text="Norland built a fab in Port Ash. It cost 12 billion crowns."),
    Article(article_id="law", text="The Tin Act passed in 2031. It bars sales to Sudmark."),
    Article(article_id="tea", text="Tea prices fell by 4 percent."),
)


def words(text: str) -> set[str]:
    return {word.strip(".,?[]").lower() for word in text.split()} - {"the", "a", "in", "did", "to"}


def passage(article_id: str, rank: int = 1, text: str = "text") -> Passage:
    return Passage(
        rank=rank,
        score=1 / rank,
        article_id=article_id,
        chunk_id=f"{article_id}-{rank}",
        start=0,
        end=len(text),
        text=text,
    )


def citation(number: int, article: Article, quote: str) -> Citation:
    start = article.text.index(quote)
    return Citation(
        number=number,
        article_id=article.article_id,
        start=start,
        end=start + len(quote),
        quote=quote,
    )


@dataclass
class FakeSearcher:
    """Ranks the articles by words shared with the question; finds nothing else."""

    calls: list[str] = field(default_factory=list)
    fail_on: frozenset[str] = frozenset()

    def passages(
        self, question: str, top_k: int = 10, filters: Filters | None = None
    ) -> list[Passage]:
        self.calls.append(f"passages {question}")
        if question in self.fail_on:
            raise ModelError("the endpoint did not answer; try again", retryable=True)
        allowed = filters.article_ids if filters else ()
        scored = [
            (len(words(question) & words(article.text)), article)
            for article in ARTICLES
            if not allowed or article.article_id in allowed
        ]
        best = [article for shared, article in sorted(scored, key=lambda one: -one[0]) if shared]
        return [passage(a.article_id, rank, a.text) for rank, a in enumerate(best[:top_k], 1)]


@dataclass
class FakeAssistant(FakeSearcher):
    """Quotes the sentence that shares most words with the question, and declines under two."""

    histories: list[tuple[Turn, ...]] = field(default_factory=list)

    def ask(
        self, question: str, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> Answer:
        self.histories.append(tuple(history))
        found = self.passages(question, filters=filters)
        quotes = [
            (self.article(one.article_id), f"{sentence.removesuffix('.')}.")
            for one in found
            for sentence in one.text.split(". ")
        ]
        article, quote = max(
            quotes, key=lambda one: len(words(one[1]) & words(question)), default=(None, "")
        )
        if article is None or len(words(quote) & words(question)) < 2:
            return Answer(
                question=question, answer="", abstained=True, reason="nothing bears on it"
            )
        return Answer(
            question=question,
            answer=f"{quote} [1]",
            sentences=(Sentence(text=f"{quote} [1]", verdict=Verdict.QUOTED, citations=(1,)),),
            citations=(citation(1, article, quote),),
            passages=tuple(found),
        )

    def article(self, article_id: str) -> Article:
        for article in ARTICLES:
            if article.article_id == article_id:
                return article
        raise IndexMissing(f"no article {article_id!r}; `rag ingest` adds one")

    def verify(self, text: str, articles: Sequence[str]) -> Verification:
        known = set().union(*(words(one) for one in articles))
        verdict = Verdict.SUPPORTED if words(text) <= known else Verdict.UNSUPPORTED
        score = len(words(text) & known) / len(words(text))
        return Verification(
            sentences=(Sentence(text=text, verdict=verdict),), citations=(), score=score
        )


DATASET = Dataset(
    "tiny",
    (
        Case(
            id="cost",
            question="What did it cost in crowns?",
            answer="12 billion crowns",
            evidence=(EvidenceQuote("fab", "It cost 12 billion crowns."),),
            tags=("single",),
        ),
        Case(
            id="act",
            question="When was the Tin Act passed?",
            answer="2031",
            evidence=(EvidenceQuote("law", "The Tin Act passed in 2031."),),
            tags=("single",),
        ),
        Case(
            id="both",
            question="Where was the fab built, and whom does the Tin Act bar from sales?",
            answer=("Port Ash", "Sudmark"),
            evidence=(EvidenceQuote("fab", "Norland"), EvidenceQuote("law", "Sudmark")),
            tags=("several",),
        ),
        Case(id="cup", question="Who won a cup?", answer=None, tags=("none",)),
    ),
)
