"""A model that says what it is told to: for tests and simulations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from backend.models.protocol import (
    ChatMessage,
    Finished,
    FinishReason,
    ModelError,
    ModelProtocolError,
    Part,
    TextDelta,
    ToolCall,
    ToolSpec,
)


class Scripted(Struct, frozen=True):
    """One reply: its chunks, each after ``delay`` seconds; then tool calls; then the end.

    With ``error``, that is raised after the chunks, in place of the rest.
    """

    chunks: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: FinishReason = "stop"
    delay: float = 0.0
    first_delay: float = 0.0
    error: str | None = None


class Asked(Struct, frozen=True):
    """What the model was asked, for a test to look at."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[str, ...]


Script = Sequence[Scripted] | Callable[[Sequence[ChatMessage]], Scripted]
Sleep = Callable[[float], Awaitable[Any]]


class ScriptedModel:
    """Gives its replies in order, or asks a function for each; ``loop`` begins again at the end."""

    def __init__(self, script: Script, *, loop: bool = False, sleep: Sleep = asyncio.sleep) -> None:
        self.asked: list[Asked] = []
        self.closed_early = 0
        self._new_request = asyncio.Event()
        self._script = script
        self._loop = loop
        self._sleep = sleep

    @property
    def name(self) -> str:
        """``scripted``."""
        return "scripted"

    async def was_asked(self, times: int) -> None:
        """Wait until that many replies have been asked for."""
        while len(self.asked) < times:
            self._new_request.clear()
            await self._new_request.wait()

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to release."""

    def _reply(self, messages: Sequence[ChatMessage]) -> Scripted:
        if callable(self._script):
            return self._script(messages)
        number = len(self.asked) - 1
        if self._loop and self._script:
            number %= len(self._script)
        if number >= len(self._script):
            raise ModelProtocolError(
                f"the script has {len(self._script)} replies, and this is request {number + 1}",
                "give it more, or loop=True",
            )
        return self._script[number]

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSpec] = (),
        max_tokens: int = 256,
        temperature: float = 0.7,
    ) -> AsyncIterator[Part]:
        """The next reply; the number of chunks counts for tokens."""
        del temperature
        self.asked.append(Asked(tuple(messages), tuple(tool.name for tool in tools)))
        self._new_request.set()
        reply = self._reply(messages)
        done = False
        try:
            await self._sleep(reply.first_delay)
            for chunk in reply.chunks[:max_tokens]:
                await self._sleep(reply.delay)
                yield TextDelta(chunk)
            if reply.error is not None:
                raise ModelError(reply.error)
            for call in reply.tool_calls:
                yield call
            done = True
            yield Finished("tool_calls" if reply.tool_calls else reply.finish_reason)
        finally:
            self.closed_early += not done
