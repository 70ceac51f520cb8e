"""Measuring retrieval and answers over sets of questions: the code behind `rag eval`.

cases.py      Case, Dataset: what is asked, and what is right
importers.py  public data sets -> articles and cases
metrics.py    one case -> scores: ranking, passages, answers, refusals
citations.py  does a citation support its sentence; are its offsets exact
records.py    Record, Run: what came back for each case, and the file that keeps it
journal.py    the file that lets a stopped run go on
runner.py     a data set asked of an assistant, resumable
summary.py    scores of all cases -> figures with intervals, latency, thresholds
report.py     figures -> text and Markdown tables
command.py    what `rag eval run` does with all of these, but for printing

Ten lines on anybody's retriever, which needs one method, `passages(question, top_k, filters)`:

    from rag.evaluate import Dataset, run, table

    dataset = Dataset.load("starter")
    print(table(run(dataset, my_retriever, answer=False).summary()))

Importing this package loads neither numpy nor ir-measures: they come with the first figure.
"""

from rag.evaluate.cases import Case, Dataset, EvidenceQuote, missing_evidence
from rag.evaluate.citations import Judge, strict_judge, verifier_judge
from rag.evaluate.metrics import Score
from rag.evaluate.records import Record, Run
from rag.evaluate.report import markdown, table
from rag.evaluate.runner import Asks, Searches, evaluate, run
from rag.evaluate.summary import check_thresholds, summarise

__all__ = [
    "Asks",
    "Case",
    "Dataset",
    "EvidenceQuote",
    "Judge",
    "Record",
    "Run",
    "Score",
    "Searches",
    "check_thresholds",
    "evaluate",
    "markdown",
    "missing_evidence",
    "run",
    "strict_judge",
    "summarise",
    "table",
    "verifier_judge",
]
