"""Prompt files and the code that fills them agree, or it is an error."""

import pytest

from rag.errors import PromptError
from rag.prompts import prompt, read

GOOD = """---
variables: [name]
contract: a greeting
---
# system

Be kind.

# user

Hi {{ name }}.
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "p.md").write_text(text, encoding="utf-8")
        return read(tmp_path / "p.md")

    return write


def test_messages_in_order(written):
    assert written(GOOD).fill(name="Ada") == [("system", "Be kind."), ("user", "Hi Ada.")]


@pytest.mark.parametrize("values", [{}, {"name": "Ada", "age": 3}])
def test_missing_and_unknown_variables_are_errors(written, values):
    with pytest.raises(PromptError, match="variables"):
        written(GOOD).fill(**values)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("[name]", "[name, other]"),
        GOOD.replace("[name]", "[]"),
        GOOD.replace("{{ name }}", "{{ name"),
        GOOD.replace("# system", "").replace("# user", ""),
        "---\nvariables: [\n---\nx",
    ],
)
def test_broken_files_are_errors_that_name_the_file(written, text):
    with pytest.raises(PromptError, match=r"p\.md"):
        written(text)


def test_values_are_never_templates(written):
    assert written(GOOD).fill(name="{{ 7 * 7 }}")[1] == ("user", "Hi {{ 7 * 7 }}.")


def test_the_shipped_prompts_are_readable():
    assert prompt("answer").variables == {"question", "evidence", "earlier"}


def test_there_is_no_such_prompt():
    with pytest.raises(PromptError, match="nothing"):
        prompt("nothing")
