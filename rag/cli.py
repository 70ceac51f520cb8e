"""The `rag` command; its commands stand in cli_*.py. Nothing but these and console.py prints.

Exit status 0; 1 for an error, told in one line on standard error; 2 for wrong usage.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rag.cli_ask import ask, retrieve, verify
from rag.cli_calibrate import calibrate
from rag.cli_collection import article, articles, clean_report, ingest, remove
from rag.cli_eval import evals
from rag.cli_serve import chat, mcp, password
from rag.console import (
    IndexOption,
    JsonOption,
    print_json,
    settings_for,
    state,
)
from rag.console import say as print  # noqa: A004  # nothing is printed past it
from rag.errors import RagError

if TYPE_CHECKING:
    pass

app = typer.Typer(
    name="rag",
    help="Newsdesk answers questions over a collection of articles; every sentence of an answer "
    "is tied to exact text of an article.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(ingest)
app.command()(remove)
app.command()(retrieve)
app.command()(ask)
app.command()(verify)
app.command()(article)
app.command()(articles)
app.command("clean-report")(clean_report)
app.add_typer(evals, name="eval")
app.command()(calibrate)
app.command()(chat)
app.command()(mcp)
app.command()(password)


def main() -> NoReturn:
    """Run the command line; never shows a traceback without --debug."""
    try:
        app(standalone_mode=True)
    except RagError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error} (run again with --debug to see where)")
    sys.exit(0)


def run() -> NoReturn:
    """The console command: `main`, then an end without waiting for anybody.

    What a model server or a warm-up has under way when the answer is out is of no use to anyone,
    and libraries that are unloaded below their running threads have been seen to crash.
    """
    status: int | str | None = 1
    try:
        main()
    except SystemExit as stopped:
        status = stopped.code
    finally:
        with suppress(OSError, ValueError):  # a closed pipe
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else int(bool(status)))


def _fail(message: str) -> NoReturn:
    if state["debug"]:
        raise
    print("rag: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


@app.callback()
def common(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and logs.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings instead of rag.toml.")
    ] = None,
) -> None:
    """Newsdesk answers questions over a collection of articles, with checkable citations."""
    state.update(debug=debug, config=config)
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if debug else "rag: %(message)s",
    )


@app.command()
def doctor(
    *,
    index: IndexOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Build what is searched anew from the catalog.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every file of the collection and every model, and say what to do."""
    from rag.doctor import examine

    findings = examine(settings_for(index), repair=repair)
    if as_json:
        print_json({"findings": [finding.to_dict() for finding in findings]})
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else "BAD "
            print(f"{mark}{finding.what}: {finding.message}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


if __name__ == "__main__":
    run()
