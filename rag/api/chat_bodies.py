"""What clients of OpenAI's chat completions send, and what they read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.api.bodies import FiltersBody
from rag.schema import Turn


class Part(BaseModel):
    """A piece of a message; only text can be read."""

    type: Literal["text"]
    text: str = Field(max_length=100_000)


class ChatMessage(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=100_000)] | list[Part] | None = None

    @property
    def words(self) -> str:
        """The text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class NewsdeskOptions(BaseModel):
    """What Newsdesk takes beyond the protocol."""

    model_config = ConfigDict(extra="forbid")

    filters: FiltersBody = FiltersBody()
    without: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=100)


class ChatBody(BaseModel):
    """A conversation whose last message is the question; other parameters have no effect."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "model": "newsdesk",
                    "messages": [{"role": "user", "content": "Who supports Rapidus?"}],
                }
            ]
        },
    )

    model: str = Field(max_length=200)
    """As of `/v1/models`."""
    messages: list[ChatMessage] = Field(min_length=1, max_length=1000)
    """The last one is the user's question; earlier ones of user and assistant are the history."""
    stream: bool | None = None
    """Whether the answer is sent sentence by sentence, as server-sent events."""
    n: int | None = Field(default=None, ge=1, le=1)
    """One answer."""
    newsdesk: NewsdeskOptions = NewsdeskOptions()
    """Filters, and what is not to be understood."""

    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered before the question."""
        turns: list[Turn] = []
        for message in self.messages[:-1]:
            if message.role == "user" and message.words.strip():
                turns.append(Turn(question=message.words))
            elif message.role == "assistant" and turns:
                turns[-1] = Turn(question=turns[-1].question, answer=message.words)
        return tuple(turns)


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class Models(BaseModel):
    """The models that can be asked."""

    object: Literal["list"] = "list"
    data: list[Model]


class ReplyMessage(BaseModel):
    """The answer; `newsdesk` holds all that can be checked in it."""

    role: Literal["assistant"] = "assistant"
    content: str
    annotations: list[dict[str, Any]]
    newsdesk: dict[str, Any]


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    finish_reason: Literal["stop"] = "stop"
    message: ReplyMessage


class ChatReply(BaseModel):
    """A chat completion; in a stream, chunks whose `delta` is the next piece."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
