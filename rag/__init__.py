"""Newsdesk: answers over a collection of articles, with citations that can be checked.

    from rag import Assistant

    with Assistant.open("index") as assistant:
        assistant.ingest("articles/")
        answer = assistant.ask("Who supports Rapidus?")
        for citation in answer.citations:
            article = assistant.article(citation.article_id)
            assert article.text[citation.start : citation.end] == citation.quote

The modules, from the nouns upward (each imports only what stands above it):

    errors, schema     what goes wrong, and the nouns
    settings, paths    what can be set, and where shipped files lie
    words, sentences   text in words and sentences          facts    numbers, dates, names in it
    dates, notes/      when it was, and who "he" is         question what a question asks for
    cleaning/          what is not the story goes           chunk    article to chunks
    reading/           bytes of documents to records        load     files and records to articles
    signature, copies  which articles run the same story    prompts  prompt files
    parts, sources, clauses, understand   question to search request
    embed, reader, llm, models  the models                  catalog  what is stored
    web/, watch        addresses, folders kept in step      contents what an index holds
    calibration        the fitted threshold of abstaining    older    articles of earlier formats
    index, ingest      what is searched, and how it gets there
    checks, told, polarity, roles, attribution, opposites
                       what fails a sentence, and which words
    doubts, doubt_*, wording    how far a source bears out a text, word by word
    verify, cite       sentence and evidence to verdict, draft to cited sentences
    as_of, updates, versions   as of which day an answer holds, and what takes the place of what
    searches, events   what a request looks through, when an event was
    rewrite            searches that a language model proposes
    retrieve, evidence question to passages to evidence
    suggest            questions that stored sentences answer
    wanted, near_miss  what an answer must bring, and what lacks where none is given
    arrange            sentences as a list or a table
    answer_page, answer   the answer under way, all of it as a stream
    assistant          the only wiring                      llamaindex  the same for LlamaIndex
    api/, request_id, passwords   the HTTP interfaces, what a request is called, who may ask
    evaluate, ui       evals, the chat                      cli, cli_*, console   the commands

Names below are imported when first used, so that `import rag` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.errors import (
        CorpusError,
        IndexBusy,
        IndexDamaged,
        IndexMismatch,
        IndexMissing,
        ModelError,
        PromptError,
        RagError,
        SettingsError,
    )
    from rag.schema import (
        Answer,
        Article,
        Citation,
        Copy,
        Evidence,
        Failure,
        Filters,
        IngestReport,
        Passage,
        Progress,
        Rejection,
        Sentence,
        Turn,
        Verdict,
        Verification,
    )
    from rag.settings import Settings

__version__ = "0.1.0"

_HOMES = {
    "rag.assistant": "Assistant",
    "rag.settings": "Settings",
    "rag.errors": """CorpusError IndexBusy IndexDamaged IndexMismatch IndexMissing ModelError
        PromptError RagError SettingsError""",
    "rag.schema": """Answer Article Citation Copy Evidence Failure Filters IngestReport Passage
        Progress Rejection Sentence Turn Verdict Verification""",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [  # noqa: RUF022  # the errors stand together
    "Answer",
    "Article",
    "Assistant",
    "Citation",
    "Copy",
    "Evidence",
    "Failure",
    "Filters",
    "IngestReport",
    "Passage",
    "Progress",
    "Rejection",
    "Sentence",
    "Settings",
    "Turn",
    "Verdict",
    "Verification",
    "RagError",
    "CorpusError",
    "IndexBusy",
    "IndexDamaged",
    "IndexMismatch",
    "IndexMissing",
    "ModelError",
    "PromptError",
    "SettingsError",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
