"""The language model's turn."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Raw

from backend.events.messages.base import Message

StreamEvent = Literal[
    "stream_started",
    "stream_finished",
    "stream_cancelled",
    "stream_error",
    "tool_call",
    "tool_result",
]


class BeginAiTurn(Message, frozen=True, gc=False):
    """The assistant's turn begins, with the agent's configuration that it keeps to its end."""

    message_type: ClassVar[str] = "BEGIN_AI_TURN"
    agent_id: str
    voice_id: str
    config_version: int


class ProcessUserInput(Message, frozen=True, gc=False):
    """The user's words with all that the model needs to answer them."""

    message_type: ClassVar[str] = "PROCESS_USER_INPUT"
    text: str
    agent_id: str
    voice_id: str
    config_version: int
    system_prompt: str = ""
    history: tuple[tuple[str, str], ...] = ()
    """Earlier (role, text) pairs, oldest first."""
    context: tuple[str, ...] = ()
    """Passages retrieved for this turn."""


class LlmRawChunk(Message, frozen=True, gc=False):
    """A piece of the model's output as it came. ``index`` counts from 0 within the stream."""

    message_type: ClassVar[str] = "LLM_RAW_CHUNK"
    stream_id: str
    index: int
    text: str


class TextChunk(Message, frozen=True, gc=False):
    """Text to be spoken, filtered from raw chunks; ``is_final`` ends the turn's text."""

    message_type: ClassVar[str] = "TEXT_CHUNK"
    stream_id: str
    chunk_index: int
    text: str
    is_final: bool = False


class LlmEvent(Message, frozen=True, gc=False, omit_defaults=True):
    """Something happened to a model's stream; ``event`` says what.

    ``finish_reason`` is ``stop``, ``length`` or ``tool_calls``; tool fields are set for
    ``tool_call`` and ``tool_result``; ``error`` for ``stream_error``; ``text`` of a
    ``stream_finished`` is all that was said in this stream.
    """

    message_type: ClassVar[str] = "LLM_EVENT"
    stream_id: str
    event: StreamEvent
    model: str = ""
    finish_reason: str | None = None
    chunks: int | None = None
    text: str | None = None
    first_token_ms: float | None = None
    tool: str | None = None
    arguments: Raw | None = None
    result: str | None = None
    error: str | None = None
    reason: str | None = None
