"""What a language model is to us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants. `arguments` is what the model wrote, parsed, and nothing has checked it yet."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    signature: str = ""
    """What its vendor wants to see again with the call, unread: Gemini's thought signature."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `role` is system, user, assistant or tool."""

    role: str
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    ok: bool = True
    """Of a tool's result: whether it could be done."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, in tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, more: Usage) -> Usage:
        return Usage(self.prompt_tokens + more.prompt_tokens, self.completion_tokens + more.completion_tokens)


@dataclass(frozen=True, slots=True)
class Resumed:
    """The model broke off; another one goes on, or itself again. What was written of an unfinished sentence is void."""

    kept: str = ""
    """What stands: the whole sentences."""


Delta = str | ToolCall | Usage | Resumed
"""A piece of an answer: text as it comes, each tool call once it is whole, and the usage last."""


class Brain(Protocol):
    """A language model on the media loop."""

    name: str

    def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        """Stream an answer. Closing the iterator stops the vendor's work.

        Args:
            messages: the conversation so far, the system prompt first.
            tools: what the model may ask for.
            model: one of the vendor's models; "" for the one that is configured.

        Raises:
            VendorRefused: credentials, quota, context too long.
            VendorBusy: rate limit, 5xx, a cut or stalled stream.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Extractor(Protocol):
    """A language model in a worker's thread: reads a finished transcript, once."""

    name: str

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object that `schema` (a JSON schema of type object) describes.

        Raises:
            VendorRefused, VendorBusy: as `Brain.answer`; also when the answer does not fit the schema.
        """
        ...


class Embedder(Protocol):
    """A model that turns texts into vectors, in a worker's thread. Texts of one meaning lie close to each other."""

    name: str
    model: str
    """What the vectors can be compared within: the model and whatever else shapes them."""
    most_at_once: int
    """Texts that one request takes."""

    def embed(self, texts: Sequence[str], *, timeout_s: float) -> list[list[float]]:
        """Return a vector for each text, in order.

        Raises:
            VendorRefused: credentials, quota, an empty text or one that is too long.
            VendorBusy: rate limit, 5xx, no answer within `timeout_s`.
        """
        ...
