"""What the page's scripts say, in the words of the reader: a table in front of each script."""

from __future__ import annotations

import json

from rag.ui.words import N_, spoken

MESSAGES = (
    N_("Source of the citation"),
    N_("Previous citation"),
    N_("Next citation"),
    N_("This source is right"),
    N_("This source is wrong"),
    N_("Close the source"),
    N_("The server cannot be reached. Is Newsdesk still running?"),
    N_("Source"),
    N_("{at} of {of}"),
    N_("Copied."),
    N_("Copied as Markdown."),
    N_("The browser does not let this page copy; select the text instead."),
    N_("Conversations"),
    N_("Close the conversations"),
    N_("Search the conversations"),
    N_("Search"),
    N_("New title"),
    N_("Delete for good?"),
    N_("Only these articles"),
    N_("Close the filters"),
    N_("Filters"),
    N_("Only {limits}"),
    N_("Filters: only {limits}"),
)
"""Each `_("…")` of the scripts; their place-holders are filled there."""


def script_words() -> str:
    """JavaScript that sets `newsdeskWords` and the language of the page.

    A script comes whenever the browser has fetched it, so that each brings what it needs.
    """
    own = spoken()
    table = json.dumps({message: own.raw(message) for message in MESSAGES})
    return f'window.newsdeskWords = {table};\ndocument.documentElement.lang = "{own.language}";\n'
