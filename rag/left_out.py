"""What may be told of a drafted sentence that failed its checks: it can be anything at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.cite import Bound
from rag.inert import inert
from rag.words import WORD, stem, weight

RUN = 4
"""So many words of the instructions in a row are a repetition of them."""
RARE = 5.0
"""Weight of a word that is no common one: one such word gives the instructions away."""


class Untold:
    """Takes what stands in a prompt's instructions, and in no text that was read, out of a draft.

    >>> from rag.cite import Bound
    >>> from rag.verify import Checked, Verdict
    >>> failed = Bound("My code is zxqv7.", Checked(Verdict.UNSUPPORTED, 0.0, ()), ())
    >>> Untold(["The code is zxqv7. Be brief."], ["What is it?"]).told(failed).text
    'My code is ….'
    """

    def __init__(self, instructions: Iterable[str], read: Iterable[str]) -> None:
        """Take the instructions, and the texts whose words may be told: question and evidence."""
        instructions = list(instructions)
        read_words = {stem(word) for text in read for word in WORD.findall(text)}
        told = [[stem(word) for word in WORD.findall(text)] for text in instructions]
        self._rare = {
            stem(word)
            for text in instructions
            for word in WORD.findall(text)
            if weight(word) >= RARE
        } - read_words
        self._runs = {tuple(one[at : at + RUN]) for one in told for at in range(len(one) - RUN + 1)}

    def told(self, bound: Bound) -> Bound:
        """The sentence made inert, with `…` for what repeats the instructions."""
        failed = tuple(
            replace(one, words=tuple(self._without(word) for word in one.words))
            for one in bound.checked.failed
        )
        return replace(
            bound, text=self._without(bound.text), checked=replace(bound.checked, failed=failed)
        )

    def _without(self, text: str) -> str:
        text = inert(text)
        found = list(WORD.finditer(text))
        for at in sorted(self._repeated([stem(word[0]) for word in found]), reverse=True):
            text = text[: found[at].start()] + "…" + text[found[at].end() :]
        return text

    def _repeated(self, stems: Sequence[str]) -> set[int]:
        places = {at for at, one in enumerate(stems) if one in self._rare}
        for at in range(len(stems) - RUN + 1):
            if tuple(stems[at : at + RUN]) in self._runs:
                places.update(range(at, at + RUN))
        return places
