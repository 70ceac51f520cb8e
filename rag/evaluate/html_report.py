"""Runs -> one HTML file that needs no server and contacts nobody.

Questions, articles and answers are hostile text. All of it goes through Jinja's autoescaping, into
element text alone; characters that would hide or reorder text are spelt out; only plain web
addresses become links. A Content-Security-Policy lets nothing load and no script run but ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import rag
from rag.addresses import web_address
from rag.errors import CorpusError, SettingsError
from rag.evaluate import view
from rag.evaluate.charts import charts
from rag.evaluate.explain import STATUSES
from rag.evaluate.records import Run, write_whole
from rag.evaluate.verdicts import Judgement

_FOLDER = Path(__file__).parent / "templates"
_JOINERS = re.compile(r"(?<=[^\x00-\x7f])[\u200c\u200d]")
"""Zero-width joiners where they belong: after a letter or picture that they may join."""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'; "
    "base-uri 'none'; form-action 'none'"
)


def html_report(
    runs: Sequence[Run],
    labels: Sequence[str] = (),
    judgements: Sequence[Judgement | None] = (),
) -> str:
    """The report on one run, or on several side by side.

    Args:
        runs: at least one. Runs of one data set share its list of cases.
        labels: what each run is called; the names of the data sets where none are given.
        judgements: a language model's verdicts on each run, None for none.

    Raises:
        SettingsError: there is no run.
    """
    if not runs:
        raise SettingsError("nothing to report on: give at least one run")
    script = (_FOLDER / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = (
        _environment()
        .get_template("report.html")
        .render(
            policy=_POLICY.format(digest),
            script=_trusted(script),
            style=_trusted((_FOLDER / "report.css").read_text(encoding="utf-8")),
            version=rag.__version__,
            **_content(_columns(runs, labels, judgements)),
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def save_report(
    path: Path,
    runs: Sequence[Run],
    labels: Sequence[str] = (),
    judgements: Sequence[Judgement | None] = (),
) -> None:
    """Write the report, whole or not at all; missing folders are made. Arguments as above.

    Raises:
        CorpusError: the file cannot be written.
        SettingsError: there is no run.
    """
    page = html_report(runs, labels, judgements)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written ({error.strerror})") from None


def _columns(
    runs: Sequence[Run], labels: Sequence[str], judgements: Sequence[Judgement | None]
) -> list[view.Column]:
    columns = []
    for place, run in enumerate(runs):
        found = judgements[place] if place < len(judgements) else None
        columns.append(
            view.Column(
                place=place,
                letter=_letter(place) if len(runs) > 1 else "",
                label=labels[place] if place < len(labels) else run.dataset,
                run=run,
                summary=run.summary(),
                judged=found.summary(run) if found else {},
                verdicts=found.of(run) if found else {},
            )
        )
    return columns


def _content(columns: Sequence[view.Column]) -> dict[str, Any]:
    """What the template lays out, by the names that it uses."""
    headlines = [view.metric(name, columns) for name in view.HEADLINES]
    drawn = charts([(column.letter, column.run) for column in columns])
    return {
        "title": ", ".join(dict.fromkeys(column.run.dataset for column in columns)),
        "columns": columns,
        "headlines": [one for one in headlines if any(one["figures"])],
        "groups": view.metric_groups(columns),
        "outcomes": view.outcomes,
        "charts": [(chart, _trusted(chart.svg)) for chart in drawn],
        "by_tag": view.tag_table(columns),
        "stages": view.stages(columns),
        "rows": view.rows(columns),
        "tags": view.tags_of(columns),
        "statuses": list(STATUSES),
        "origins": view.origins(columns),
    }


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"R{place + 1}"


# Text of unknown origin --------------------------------------------------------------------------


def shown(value: Any) -> Any:
    r"""What the template puts out: text with hidden characters spelt out, all else as it is.

    Controls, bidirectional marks, zero-width and tag characters and lone surrogates change how
    text reads without being seen; `[U+202E]` is seen. Soft hyphens, and joiners where they join,
    stay.

    >>> shown("pay\u202eme")
    'pay[U+202E]me'
    """
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    kept = {match.start() for match in _JOINERS.finditer(value)}
    return "".join(
        sign if place in kept or not _hidden(sign) else f"[U+{ord(sign):04X}]"
        for place, sign in enumerate(value)
    )


def _hidden(sign: str) -> bool:
    return sign not in "\n\t\xad" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _time(iso: str) -> str:
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when.day} {when:%B %Y, %H:%M} {when.tzname() or ''}".strip()


def _trusted(text: str) -> Any:
    """A text of ours that is markup already."""
    from markupsafe import Markup

    # files of this package, and drawings without words of others
    return Markup(text)  # noqa: S704  # nosec B704


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": _share,
        "seconds": _seconds,
        "time": _time,
        "link": web_address,
    }
    environment.tests["holds"] = lambda values, value: value in values
    return environment
