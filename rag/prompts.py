"""Prompt files: a header that names the variables and the output contract, then a Jinja template.

A file is Markdown with front matter `variables` and `contract`; each `# system` or `# user` line
starts a message. Filling one checks names both ways: a variable that is missing or that the file
does not name is an error, not an empty string.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from rag.errors import PromptError
from rag.paths import shipped

Message = tuple[str, str]
"""(role, content)"""

_MESSAGE = re.compile(r"^# (system|user|assistant)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file; `sha256` names its exact wording in eval runs."""

    path: Path
    variables: frozenset[str]
    messages: tuple[Message, ...]
    sha256: str

    def fill(self, **values: Any) -> Sequence[Message]:
        """The messages with the variables put in.

        Raises:
            PromptError: `values` lacks a variable, or has one that the file does not name.
        """
        if values.keys() != self.variables:
            lacks = sorted(self.variables - values.keys())
            extra = sorted(values.keys() - self.variables)
            raise PromptError(f"{self.path}: missing variables {lacks}, unknown ones {extra}")
        return [
            (role, _template(template).render(**values).strip()) for role, template in self.messages
        ]

    @property
    def fixed(self) -> Sequence[Message]:
        """The first messages that use no variable; the same in every call, so read ahead."""
        plain = takewhile(lambda message: "{" not in message[1], self.messages)
        return [(role, text.strip()) for role, text in plain]


@cache
def prompt(name: str) -> Prompt:
    """The prompt file `prompts/<name>.md`.

    Raises:
        PromptError: no such file, no valid header, or a template that uses a variable which the
            header does not name.
    """
    return read(shipped("prompts") / f"{name}.md")


def read(path: Path) -> Prompt:
    """Read one prompt file; errors as for `prompt`."""
    import frontmatter
    from jinja2 import TemplateSyntaxError, meta
    from yaml import YAMLError

    try:
        raw = path.read_text(encoding="utf-8")
        header, body = frontmatter.parse(raw)
        used = meta.find_undeclared_variables(_environment().parse(body))
    except (OSError, UnicodeDecodeError, YAMLError, TemplateSyntaxError) as error:
        raise PromptError(f"{path}: not a readable prompt file ({error})") from None
    named = frozenset(map(str, header.get("variables") or ()))
    if used != named:
        odd = sorted(used ^ named)
        raise PromptError(f"{path}: header and template disagree about the variables {odd}")
    parts = _MESSAGE.split(body)
    if len(parts) < 3 or parts[0].strip():
        raise PromptError(f"{path}: the template must start with a '# system' or '# user' line")
    messages = tuple(zip(parts[1::2], parts[2::2], strict=True))
    return Prompt(path, named, messages, hashlib.sha256(raw.encode()).hexdigest())


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


@lru_cache(maxsize=64)
def _template(text: str) -> Any:
    return _environment().from_string(text)
