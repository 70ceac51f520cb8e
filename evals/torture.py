"""Everything that must hold under faults and attack, at length; writes docs/resilience.md's table.

    python evals/torture.py [DATA] [--minutes 60]

Runs the tests named below with their long forms, one file after the other, and with DATA, a folder
of data sets, the published attacks as well. What each run saw goes into the table, with the promise
beside it; what did not pass is in it too, and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "resilience.md"
BEGIN, END = "<!-- figures: written by `make torture` -->", "<!-- end of figures -->"
TESTS = (
    "tests/test_attacks.py",
    "tests/test_routes.py",
    "tests/test_access.py",
    "tests/test_fetch.py",
    "tests/test_unsafe_models.py",
    "tests/test_endpoint_faults.py",
    "tests/test_operations.py",
    "tests/test_crash.py",
    "tests/test_faults.py",
    "tests/test_hostile.py",
)


def tested(file: str, figures: Path, left: float) -> dict[str, str]:
    """Run one file of tests at length; the line of the table for it."""
    begun = time.monotonic()
    environment = {**os.environ, "NEWSDESK_TORTURE": str(figures), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=1800", file]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=left
        )
        lines = done.stdout.strip().splitlines()
        said = lines[-1].strip("= ") if lines else f"exit status {done.returncode}"
    except subprocess.TimeoutExpired:
        said = "not done: no time was left"
    took = time.monotonic() - begun
    print(f"{file}: {said} ({took:.0f} s)", flush=True)
    return {"what": f"`{file}`", "promised": "all pass", "seen": said}


def at_the_gate(folder: Path, left: float) -> list[dict[str, str]]:
    """The published attacks with the obedient stand-in."""
    command = [sys.executable, "evals/attacks.py", str(folder / "injection")]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=left, check=True
        )
    except subprocess.SubprocessError as error:
        return [{"what": "published attacks", "promised": "0 faults", "seen": f"failed: {error}"}]
    seen, harmless = map(json.loads, done.stdout.strip().splitlines()[-2:])
    rows = [
        ("published attacks: answers with a fault", "0", seen, "answers with a fault", "answers")
    ]
    rows += [
        ("harmless texts told otherwise", "≤ 2 %", harmless, "told otherwise", "harmless texts")
    ]
    return [
        {"what": what, "promised": promised, "seen": f"{found[bad]} of {found[of]}"}
        for what, promised, found, bad, of in rows
    ]


def table(rows: list[dict[str, str]], minutes: float) -> str:
    """The figures as Markdown, with the day and what ran them."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    head = f"{day}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, {minutes:.0f} minutes."
    lines = [f"| {row['what']} | {row['promised']} | {row['seen']} |" for row in rows]
    return "\n".join([head, "", "| what | promised | seen |", "|---|---|---|", *lines])


def written(page: str, figures: str) -> str:
    """The page with its figures replaced."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{figures}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Run everything, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="*", default=TESTS, help="files of tests")
    given = parser.parse_args()
    begun = time.monotonic()

    def left() -> float:
        return max(1.0, given.minutes * 60 - (time.monotonic() - begun))

    with tempfile.TemporaryDirectory() as home:
        figures = Path(home) / "figures.jsonl"
        rows = [tested(file, figures, left()) for file in given.only]
        if given.folder:
            rows += at_the_gate(given.folder, left())
        if figures.exists():
            rows += map(json.loads, figures.read_text(encoding="utf-8").splitlines())
    text = table(rows, (time.monotonic() - begun) / 60)
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(text)
    sys.exit(any(word in row["seen"] for row in rows for word in ("failed", "error", "not done")))


if __name__ == "__main__":
    main()
