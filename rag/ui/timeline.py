"""The sentences of an answer by the day they were published, for questions about change."""

from __future__ import annotations

import re

from rag.schema import Answer, Citation, Sentence

_CHANGE = re.compile(
    r"\bhow\b.{0,80}\b(?:chang|evolv|develop|shift|unfold|progress)\w*"
    r"|\bover (?:time|the (?:years|months|weeks))\b|\btime ?line\b|\b(?:history|course) of\b"
    r"|\bwhat (?:has |have )?(?:happened|changed|come)\b.{0,80}\bsince\b"
    r"|(?:^|\bhow\b.{0,20}\s)ha(?:s|ve)\b.{1,80}\b(?:grown|risen|fallen|widened|changed|shifted|evolved)\b",
    re.IGNORECASE | re.DOTALL,
)


def dated(answer: Answer) -> list[tuple[str, Sentence, list[Citation]]]:
    """Day, sentence and citations, the earliest first, where the question asks about change.

    A sentence stands at the earliest day of its citations; one without a known day is left out.
    Empty for other questions, and where all stand at one day.
    """
    if not _CHANGE.search(answer.query or answer.question):
        return []
    known = {citation.number: citation for citation in answer.citations}
    rows = []
    for sentence in answer.sentences:
        cited = [known[number] for number in sentence.citations if number in known]
        days = sorted(one.published[:10] for one in cited if one.published)
        if days:
            rows.append((days[0], sentence, cited))
    rows.sort(key=lambda row: row[0])
    return rows if len({day for day, *_ in rows}) > 1 else []
