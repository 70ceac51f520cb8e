"""Words and their opposites, as news tells of rises and falls, of winning and losing."""

from __future__ import annotations

from rag.words import stem

_PAIRS = """
    rise fall, rose fell, risen fallen, rising falling, increase decrease, increase reduce,
    grow shrink, gain lose, gained lost, up down, raise lower, raise cut, higher lower,
    highest lowest, above below, more less, more fewer, most least, larger smaller,
    largest smallest, bigger smaller, biggest smallest, older younger, oldest youngest,
    earlier later, earliest latest, before after, expand shrink, strengthen weaken,
    stronger weaker, improve worsen, better worse, best worst, widen narrow, tighten ease,
    tighten relax, tighten loosen, lift impose, surplus deficit, profit loss, import export,
    buy sell, bought sold, borrow lend, give take, send receive, win lose, won lost,
    victory defeat, succeed fail, success failure, pass fail, accept reject, accept refuse,
    accept decline, approve reject, approve veto, allow ban, allow prohibit, permit ban,
    permit prohibit, legal illegal, legalise ban, open close, opened closed, begin end,
    begin stop, start finish, start stop, continue stop, arrive leave, join leave, enter leave,
    hire fire, appoint dismiss, support oppose, praise criticise, agree disagree, agree refuse,
    confirm deny, admit deny, include exclude, add remove, build demolish, build destroy,
    find lose, remember forget, love hate, live die, alive dead, safe dangerous, rich poor,
    full empty, public private, guilty innocent, convict acquit, convict clear, arrest release,
    attack defend, excel struggle, save spend, married divorced, northern southern,
    eastern western, north south, east west, husband wife, father mother, son daughter,
    brother sister, man woman, men women, boy girl, king queen, male female, inside outside,
    voluntary mandatory, voluntary binding, temporary permanent, upper lower, former current
"""


def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split(","):
        one, other = map(stem, pair.split())
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _table()
"""By stem, the stems that say the contrary."""
