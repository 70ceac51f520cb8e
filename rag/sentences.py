"""Text -> sentence spans: nupunkt's boundaries, the text's own line structure, and a few repairs.

nupunkt was trained on legal and government text. Its list of abbreviations holds ordinary words
(bank, chip, so), which hides ends of sentences, and it cuts after "bn." or "K.O.": the tables
below decide such cases. Nothing here needs the network.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator

from rag.short_texts import kept_for_short_texts

_WRAP = range(30, 121)
"""The widths at which text is hard-wrapped: shorter lines are a list, longer ones paragraphs."""

_ITEM = re.compile(r"\s{0,8}(?:#{1,6}\s|[-*+•·▪◦–—]\s|\d{1,3}[.)]\s|\|)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    "Adm Brig Capt Col Cpl Dr Fr Gen Gov Hon Insp Lt Maj Mme Mr Mrs Ms Messrs Mt Pres Prof Pvt Rep "
    "Reps Rev Sen Sens Sgt St Supt"
)
_MONTHS = _words("Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec")
_NUMBERED = _MONTHS | _words(
    "No no Nos nos Art art Arts Ch Fig fig Figs p Para para pp Sec sec Secs Vol vol Vols"
)
"""Abbreviations only where a number follows."""
_JOINING = _words("approx ca cf eg ie incl v viz vs")
"""Abbreviations that never end a sentence, in either case."""
_COMMON = _words(
    "al bn bros co corp dept esq etc ft govt inc intl jr ltd mfg mgmt mn natl plc pte pty sq sr tn "
    "univ"
)
_CAPITALISED = _words(
    "Asst Assn Ave Bhd Blvd Dist Ed Eds Est Ft Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun Ala "
    "Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mich Minn Miss Mo Mont Neb Nev Okla "
    "Ore Pa Penn Tenn Tex Va Vt Wash Wis Wyo"
)
_STARTERS = _words(
    "a after all although an and as at because before both but by during each even every for from "
    "he her here his how however i if in instead it its last later many meanwhile more most my no "
    "not now on once one only other our she since so some still such that the their then there "
    "these they this those though through to today under unlike until we what when where whether "
    "which while who why with yet you your"
)
"""Words that, capitalised, begin a sentence rather than go on with a name."""
_CLOCK = re.compile(r"[A-Z]{2,4}\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[A-Z][a-z]{2}\.")

_LAST_WORD = re.compile(r"[^\s“‘«(\[]+$")
_FIRST_WORD = re.compile(r"\s*[\"'“”‘’«(\[]*(\w[\w.'’/:-]*)")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}")
_MISSED = re.compile(
    r"[.!?。！？](?:(?<=[^\W\d_][.!?])[\"'”’»)\]]{0,3}\s{1,9}(?=[\"'“‘«(\[]{0,2}[A-ZÀ-Þ])"
    r"|(?<=[。！？])[。！？]*[」』”’]*)"
)
"""What looks like an end of a sentence, whatever nupunkt says."""
_STOP = re.compile(r"[.!?…。！？؟।]")
"""Without any of these there is one sentence."""
_CLOSING = re.compile(r"\s{0,3}(?:[”»]|[\"'’)\]](?![\w$€£¥])){1,4}")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as `(start, end)` code point offsets, in order.

    Spans do not overlap, begin and end with a character that is not white space, and together
    hold every such character. A blank line always ends a sentence. A single line break ends one
    where the line was not merely wrapped: before a list item, table row or Markdown heading,
    after such a heading, and where the next line's first word would have fitted on the line
    (paragraphs whose widest line has under 30 or over 120 characters count as unwrapped).

    Args:
        text: any text; an empty one has no sentences.
    """
    return list(_spans(text))


@kept_for_short_texts(1024)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    return _all_spans(text)


@functools.lru_cache(maxsize=4)  # an article is split, and then looked at sentence by sentence
def _all_spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        (start + offset, end + offset)
        for offset, block in line_blocks(text)
        for start, end in _spans_of_block(block)
    )


def line_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Runs of lines that no sentence leaves, with their offsets: a paragraph, an item, a heading.

    Hard-wrapped lines stay together; line ends are kept, blank lines are in no block.
    """
    for offset, lines in _paragraphs(text):
        width = max(len(line.rstrip()) for line in lines)
        block = lines[0]
        for line, following in itertools.pairwise(lines):
            if _intended_break(line.rstrip(), following, width):
                yield offset, block
                offset, block = offset + len(block), following
            else:
                block += following
        yield offset, block


@functools.cache
def _tokenizer() -> Callable[[str], list[tuple[int, int]]]:
    import nupunkt  # 40 ms, and only when the first sentence is wanted

    model = nupunkt.load("default")
    return lambda text: [span for _, span in model.tokenize_with_spans(text)]


def _paragraphs(text: str) -> Iterator[tuple[int, list[str]]]:
    offset, lines = 0, list[str]()
    for line in text.splitlines(keepends=True):
        if line.isspace():
            if lines:
                yield offset - sum(map(len, lines)), lines
            lines = []
        else:
            lines.append(line)
        offset += len(line)
    if lines:
        yield offset - sum(map(len, lines)), lines


def _intended_break(line: str, following: str, width: int) -> bool:
    if _ITEM.match(following) or _HEADING.match(line):
        return True
    words = following.split(maxsplit=1)
    if words[0][0].islower() and width < _WRAP.stop:
        return False
    return width not in _WRAP or len(line) + 1 + len(words[0]) <= width


def _spans_of_block(block: str) -> Iterator[tuple[int, int]]:
    flat = re.sub(r"\s", " ", block)
    start, pending = 0, None
    for cut in [*_cuts(flat), len(flat)]:
        span = _trimmed(flat, start, cut)
        start = cut
        if span[0] == span[1]:
            continue
        if pending and not any(map(str.isalnum, flat[span[0] : span[1]])):
            pending = (pending[0], span[1])
            continue
        if pending:
            yield pending
        pending = span
    if pending:
        yield pending


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, end - len(piece) + len(piece.rstrip()))


def _cuts(flat: str) -> list[int]:
    if not _STOP.search(flat):
        return []
    trusted = {end for _, end in _tokenizer()(flat)}
    marker = _ITEM.match(flat)
    earliest = marker.end() if marker else 0
    cuts = set[int]()
    for cut in trusted | {match.end() for match in _MISSED.finditer(flat)}:
        closing = _CLOSING.match(flat, cut)
        after = closing.end() if closing else cut
        left, right = flat[max(0, cut - 80) : cut].rstrip(), flat[after : after + 60]
        if after > earliest and _ends_sentence(left, right, trusted=cut in trusted):
            cuts.add(after)
    return sorted(cuts)


def _ends_sentence(left: str, right: str, *, trusted: bool) -> bool:
    """Whether a sentence ends between two stretches; `trusted`: nupunkt says so."""
    last, first = _LAST_WORD.search(left), _FIRST_WORD.match(right)
    if right.lstrip()[:1] in {",", ";", ":", ")"}:
        return False
    if not last or not first:
        return True
    word, following = last[0], first[1].rstrip(".:/")
    stem = word.removesuffix(".")
    if _goes_on(following):
        return word.endswith(".") and not _abbreviation(stem)
    if not word.endswith(".") or stem.endswith("."):
        return _DOTTED.fullmatch(word) is None or following.lower() in _STARTERS
    return _ends_at_period(stem, following, trusted=trusted)


def _ends_at_period(stem: str, following: str, *, trusted: bool) -> bool:
    if stem.lower() in {"a.m", "p.m"}:
        return not _CLOCK.match(following)
    if stem in _TITLES or stem.lower() in _JOINING:
        return False
    if stem in _NUMBERED and following[0].isdigit():
        return False
    starts = following.lower() in _STARTERS
    if _DOTTED.fullmatch(stem + ".") or (len(stem) == 1 and stem.isupper()):
        return starts
    return trusted or starts or not _abbreviation(stem)


def _goes_on(word: str) -> bool:
    """A lower-case word, brands (iPhone) and addresses (pic.example.com) aside."""
    return word.islower() and not set(word) & {".", "/", ":"}


def _abbreviation(stem: str) -> bool:
    return (
        len(stem) == 1
        or stem.lower() in _COMMON | _JOINING
        or stem in _TITLES | _MONTHS | _CAPITALISED
        or _DOTTED.fullmatch(stem + ".") is not None
    )


_VERB = re.compile(
    r"\b(?:am|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|may|might|must"
    r"|shall|should|said|made|won|gave|took|paid|bought|sold|built|began|held|led|left|met|put|ran"
    r"|rose|fell|grew|cut|set|went|came|got|became|told|sent|lost|found|kept|saw|hit|let"
    r"|[a-z]{2,}(?:s|ed|ing|en))\b"
)


def has_verb(text: str) -> bool:
    """Whether some word may be a verb by its form; "Japan and the Japanese government." has none.

    Names are not looked at, and many nouns pass: what has none is a fragment.
    """
    return bool(_VERB.search(text))
