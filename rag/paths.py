"""Where the files that ship with Newsdesk lie: in a checkout, or inside an installed wheel."""

from pathlib import Path

from rag.errors import CorpusError

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """The folder `prompts`, `corpus`, `evals` or `models`.

    Raises:
        CorpusError: the install lacks it.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise CorpusError(f"the folder {name!r} is missing from this install; install Newsdesk again")
