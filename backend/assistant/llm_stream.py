"""One request to a model, as events: started, its raw chunks, and exactly one end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from backend.bus import Port
from backend.events.messages import LlmEvent, LlmRawChunk
from backend.models import Finished, TextDelta, ToolCall


class Stream:
    """Reads a model's reply and reports it under one ``stream_id``."""

    def __init__(self, stream_id: str, model: str, port: Port) -> None:
        self.stream_id = stream_id
        self.text = ""
        self.chunks = 0
        self.calls: list[ToolCall] = []
        self._finish_reason = "stop"
        self._model = model
        self._port = port
        self._clock = port.probe.tap.clock.mono_ns
        self._started_ns = 0
        self._first_token_ms: float | None = None

    def started(self) -> None:
        """Report the beginning."""
        self._started_ns = self._clock()
        self._port.publish(LlmEvent(self.stream_id, "stream_started", self._model))

    async def read(self, parts: AsyncIterator[Any]) -> AsyncIterator[str]:
        """The reply's text, piece by piece; tool calls are collected in `calls`.

        Leaving early closes `parts`, which stops the generation at its source.
        """
        # Every model's stream is an async generator; the protocol promises only what is needed.
        async with aclosing(cast("Any", parts)):
            async for part in parts:
                if isinstance(part, TextDelta):
                    if self._first_token_ms is None:
                        self._first_token_ms = self._elapsed_ms()
                    self._port.publish(LlmRawChunk(self.stream_id, self.chunks, part.text))
                    self.chunks += 1
                    self.text += part.text
                    yield part.text
                elif isinstance(part, ToolCall):
                    self.calls.append(part)
                elif isinstance(part, Finished):
                    self._finish_reason = part.finish_reason

    def finished(self) -> None:
        """Report the end that the model chose."""
        reason = "tool_calls" if self.calls else self._finish_reason
        self._end("stream_finished", finish_reason=reason, text=self.text)

    def cancelled(self, reason: str) -> None:
        """Report that the reply was given up before its end."""
        self._end("stream_cancelled", reason=reason, text=self.text)

    def failed(self, error: str) -> None:
        """Report that the model failed."""
        self._end("stream_error", error=error)

    def _end(self, event: Any, **more: Any) -> None:
        self._port.publish(
            LlmEvent(
                self.stream_id,
                event,
                self._model,
                chunks=self.chunks,
                first_token_ms=self._first_token_ms,
                **more,
            )
        )

    def _elapsed_ms(self) -> float:
        return round((self._clock() - self._started_ns) / 1e6, 3)
