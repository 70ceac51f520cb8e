"""Markdown's YAML front matter, read so that a hostile file costs nothing."""

from __future__ import annotations

from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from rag.errors import CorpusError

_LIMIT = 64 * 1024
"""Characters."""


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases, which can make a few lines expand to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = yaml.Mark("", 0, self.line, self.column, None, 0)
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read", problem_mark=mark)
        return super().compose_node(parent, index)


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The facts above a Markdown text, and the text; one without front matter has no facts.

    Raises:
        CorpusError: the front matter is broken; the message names the line.
    """
    handler = YAMLHandler()
    opening = handler.FM_BOUNDARY.match(text)
    if not opening:
        return {}, text
    try:
        matter, body = handler.split(text)
    except ValueError:
        raise CorpusError(
            "front matter opens on line 1 and never ends; close it with ---"
        ) from None
    if len(matter) > _LIMIT:
        raise CorpusError(f"front matter has over {_LIMIT:,} characters; shorten it")
    first = text.count("\n", 0, opening.end()) + 1
    facts = _read_yaml(matter, first)
    if facts is None:
        return {}, body
    if not isinstance(facts, dict):
        raise CorpusError(f'front matter on line {first + 1} is not "name: value" lines; mend it')
    return {str(name): value for name, value in facts.items()}, body


def _read_yaml(matter: str, first: int) -> Any:
    try:
        return YAMLHandler().load(matter, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        line = first + (error.problem_mark.line if error.problem_mark else 0)
        raise CorpusError(f"front matter, line {line}: {error.problem}; mend that line") from None
    except RecursionError:
        raise CorpusError("front matter is nested too deeply; write flat lines") from None
    except (yaml.YAMLError, ValueError) as error:  # such as control characters, or 30 February
        raise CorpusError(f"front matter cannot be read ({error}); mend it") from None
