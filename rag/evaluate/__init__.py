"""Measuring retrieval and answers over sets of questions: the code behind `rag eval`.

cases.py      Case, Dataset: what is asked, and what is right
corpus.py     the articles that the cases ask about: their file, their index, what they lack
importers.py, question_files.py  public data sets -> articles and cases
layouts.py    which of them fits a path
pairs.py      how well `verify` tells faithful texts from unfaithful ones
metrics.py    one case -> scores: ranking, passages, answers, refusals
ranges.py     one case -> scores: characters that answer, characters retrieved
citations.py  does a citation support its sentence; are its offsets exact
records.py    Record, Run: what came back for each case, and the file that keeps it
journal.py    the file that lets a stopped run go on
searchers.py  what can be asked: an assistant, anybody's searcher, a LlamaIndex retriever
runner.py     a data set asked of an assistant, resumable
summary.py    scores of all cases -> figures with intervals, latency, thresholds
report.py     Report: figures -> text and Markdown tables
resampling.py intervals and the significance test
compare.py    two runs, case by case       compare_table.py  the same as text
explain.py    what became of a case, in words
charts.py     runs -> curves and histograms, as SVG
view.py       runs -> what the HTML report shows
html_report.py    the HTML report, from templates/
judge.py      a language model asked what it thinks of saved answers
verdicts.py   what it said: the file that keeps it, figures, agreement with the metrics
calibrate.py  cases -> the threshold of abstaining
run_files.py  which files hold saved runs, and what stands beside them
export.py     runs in the layouts of TREC and RAGAS
saved.py      answers that readers marked in the chat, as cases
command.py    what `rag eval run` and `rag eval report` do with all of these, but for printing

Ten lines on anybody's retriever, which needs one method, `passages(question, top_k, filters)`, or
is a LlamaIndex retriever:

    from rag.evaluate import Case, Dataset, EvidenceQuote, Metric, Report, run

    evidence = (EvidenceQuote("jsr-jic-offer", "for $6.4 billion"),)
    case = Case(id="1", question="What does JSR cost?", answer="$6.4 billion", evidence=evidence)
    first = Metric("first_is_long", lambda case, record: len(record.passages[0].text) > 500)
    report = Report.of(run(Dataset("mine", (case,)), retriever, answer=False, metrics=[first]))
    print(report)

Importing this package loads neither numpy nor ir-measures: they come with the first figure.
"""

from rag.evaluate.cases import Case, Dataset, EvidenceQuote
from rag.evaluate.citations import Judge, strict_judge, verifier_judge
from rag.evaluate.corpus import missing_evidence
from rag.evaluate.metrics import Metric, Score
from rag.evaluate.records import Record, Run
from rag.evaluate.report import Report, markdown, table
from rag.evaluate.runner import run
from rag.evaluate.searchers import Asks, Searches
from rag.evaluate.summary import check_thresholds, summarise

__all__ = [
    "Asks",
    "Case",
    "Dataset",
    "EvidenceQuote",
    "Judge",
    "Metric",
    "Record",
    "Report",
    "Run",
    "Score",
    "Searches",
    "check_thresholds",
    "markdown",
    "missing_evidence",
    "run",
    "strict_judge",
    "summarise",
    "table",
    "verifier_judge",
]
