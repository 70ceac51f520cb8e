"""The weights of `rag.doubts`, fitted by `evals/fit_doubts.py`; see `docs/decisions.md`."""

from __future__ import annotations

WEIGHTS = (
    ("missing", 0.017, -0.495),
    ("missing_weight", 0.701, -1.430),
    ("missing_name", 0.583, -1.705),
    ("missing_number", 1.330, -4.366),
    ("like", 0.237, -0.994),
    ("unlike", -0.743, -1.559),
    ("name", 0.831, 0.041),
    ("number", 0.942, -0.151),
    ("weight", 0.321, 0.377),
    ("first_sentence", 1.149, 0.074),
    ("first_name", 0.964, 0.747),
    ("late", 1.248, -0.268),
    ("often", -0.337, 0.197),
    ("best", 1.171, 0.479),
    ("with", -0.382, 0.349),
    ("gap", 0.764, -0.418),
    ("near", -0.860, 0.289),
    ("near_known", -0.569, 0.253),
    ("left", 0.270, 0.286),
    ("right", 0.003, 0.335),
    ("together", -0.361, 0.377),
    ("all_together", -0.036, 0.256),
    ("same_before", -0.260, 0.256),
    ("same_after", -0.156, 0.256),
    ("other_before", 0.184, -0.174),
    ("other_after", 0.169, -0.204),
    ("other_between", 0.680, -1.029),
    ("place_same", -0.486, 0.256),
    ("place_other", 0.478, -0.261),
    ("left_alone", 0.115, -0.254),
    ("opposite", 1.961, -2.728),
    ("denied", -1.689, -1.294),
    ("broken_name", -0.723, -0.410),
    ("covered", -0.157, 0.435),
    ("cosine", -0.578, 0.730),
    ("negation", 1.468, 0.563),
    ("negation_there", -2.081, 0.752),
    ("pronoun", 0.618, -0.286),
    ("nobody_before", 7.855, -7.556),
    ("other_gender", 4.439, -0.092),
    ("near_relative", -1.193, 0.000),
    ("left_relative", 0.126, 0.000),
    ("right_relative", -0.332, 0.000),
    ("with_relative", 0.313, 0.000),
    ("together_relative", -0.326, 0.000),
    ("same_before_relative", -0.420, 0.000),
    ("same_after_relative", -0.134, 0.000),
    ("alone", -0.379, -0.224),
)
"""Each feature with its weight in the log-odds that a word was put in, and the weight of its mean
over the words of a text in the log-odds that the text is borne out."""
BIAS = -4.445
"""Of the log-odds of a word."""
START, SUM, WORST = -2.705, 0.965, 0.905
"""Of the log-odds of a text: a constant, and what the doubts of all words and the worst take."""
MOST = -1.714
"""Where no word stands out, the doubts say no more than this, and the means decide."""
