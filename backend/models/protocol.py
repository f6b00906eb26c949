"""What the assistant asks of a language model, whoever runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from backend.errors import UserError

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "tool_calls", "length"]


class ModelError(UserError):
    """A model could not answer. `str()` is one line: what is wrong, then what to do about it."""

    def __init__(self, message: str, fix: str = "") -> None:
        self.message = message
        self.fix = fix
        super().__init__(f"{message}; {fix}" if fix else message)


class ModelUnavailableError(ModelError):
    """Nobody answers at its address, or its package or weights are missing."""


class ModelProtocolError(ModelError):
    """It answered, but not in the form that was agreed."""


class ModelTimeoutError(ModelError):
    """It took longer than it may."""


class ToolCall(Struct, frozen=True):
    """The model wants a tool run; the result goes back in a ``tool`` message with this id."""

    id: str
    name: str
    arguments: dict[str, Any]


class ChatMessage(Struct, frozen=True):
    """One message of the conversation. ``name`` and ``tool_call_id`` belong to ``tool`` messages."""

    role: Role
    content: str
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()


class ToolSpec(Struct, frozen=True):
    """A tool on offer. ``parameters`` is a JSON schema of an object.

    ``hints`` are words that suggest the tool: a small model is offered only tools that
    the user's words point at.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    hints: tuple[str, ...] = ()


class TextDelta(Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class Finished(Struct, frozen=True):
    """The end of the answer: the last part of every stream that did not fail."""

    finish_reason: FinishReason


Part: TypeAlias = TextDelta | ToolCall | Finished


@runtime_checkable
class Preparing(Protocol):
    """A model that answers sooner if it may read the beginning of a prompt before it is asked."""

    async def prepare(self, messages: Sequence[ChatMessage]) -> None:
        """Read these messages, which the next requests begin with. Raises ModelError."""


@runtime_checkable
class Impatient(Protocol):
    """A model that gives up by itself when it is kept waiting, whatever else stands still."""

    @property
    def gives_up(self) -> str:
        """On what, and after how long."""
        ...


@runtime_checkable
class Watchable(Protocol):
    """A model that knows by itself that it would not answer now."""

    @property
    def trouble(self) -> str:
        """Why, in one line; empty while all is well."""
        ...


class ChatModel(Protocol):
    """A language model that answers in a stream."""

    @property
    def name(self) -> str:
        """What it is called in the record."""
        ...

    async def start(self) -> None:
        """Make it ready to answer. Raises ModelError. A second call does nothing."""

    async def close(self) -> None:
        """Let it go. A second call does nothing."""

    def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSpec] = (),
        max_tokens: int = 256,
        temperature: float = 0.7,
    ) -> AsyncIterator[Part]:
        """Answer. Closing the iterator, or cancelling its reader, stops the generation itself.

        Raises ModelError while it is read.
        """
        ...
