"""The weights of `rag.doubts`, fitted by `evals/fit_doubts.py`; see `docs/decisions.md`."""

from __future__ import annotations

WEIGHTS: tuple[tuple[str, float, float], ...] = ()
"""Each feature with its weight in the log-odds that a word was put in, and the weight of its mean
over the words of a text in the log-odds that the text is borne out."""
BIAS = 0.0
"""Of the log-odds of a word."""
START, SUM, WORST = 0.0, 0.0, 0.0
"""Of the log-odds of a text: a constant, and what the doubts of all words and the worst count."""
