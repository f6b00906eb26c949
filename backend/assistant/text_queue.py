"""The text between model and voice: cut into sentences, pulled one chunk a request."""

from __future__ import annotations

from collections import deque
from typing import Any

from backend.assistant.component import TURN_CANCELLED, Component, SessionInfo
from backend.assistant.conditions import Delay
from backend.assistant.guards import Guard
from backend.assistant.sentences import SentenceChunker
from backend.bus import Bus, Dropped
from backend.events.messages import (
    BeginAiTurn,
    ChunkAvailable,
    ChunkResponse,
    RequestNextChunk,
    SttUserStartedSpeaking,
    SystemMessage,
    TextChunk,
)
from backend.tap import Scope

_SHOWN_BACKLOG = 5


class TextQueueManager(Component):
    """Holds one turn's text. A request is answered when there is a chunk, or the end.

    The end is the sentinel: an empty final response, given once for each request that
    comes after the last chunk.
    """

    NAME = "text_queue_manager"

    def __init__(self, bus: Bus, session: SessionInfo) -> None:
        self._chunker = SentenceChunker()
        self._queue: deque[tuple[int, str]] = deque()
        self._next_chunk = 0
        self._ended = False
        self._waiting: RequestNextChunk | None = None
        self._cleared_by_request = False
        self._stats = {"received": 0, "chunks": 0, "delivered": 0, "sentinels": 0, "discarded": 0, "peak": 0}
        super().__init__(bus, session)

    def start(self) -> None:
        """Subscribe to the turn, to the model's text and to the worker's requests."""
        self.port.on(BeginAiTurn, self._on_begin)
        self.port.on(TextChunk, self._on_text)
        self.port.on(RequestNextChunk, self._on_request)
        self.port.on(SttUserStartedSpeaking, self._on_user_started)
        self.port.on(SystemMessage, self._on_system)

    def get_debug_state(self) -> dict[str, Any]:
        """The backlog, who waits for it, and the statistics of the session."""
        backlog = [text for _, text in list(self._queue)[:_SHOWN_BACKLOG]]
        return {
            "turn": self.turn,
            "queue": {"size": len(self._queue), "head": backlog, "held_characters": self._chunker.held},
            "ended": self._ended,
            "next_chunk": self._next_chunk,
            "waiting_request": self._waiting.request_id if self._waiting else None,
            "stats": dict(self._stats),
        }

    async def _on_begin(self, _message: BeginAiTurn, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if self.guarded(Guard.CLEAR_AT_TURN_BEGIN):
            self._reset(scope)
        else:
            self._cleared_by_request = True
        return None

    def _reset(self, scope: Scope) -> None:
        self._stats["discarded"] += len(self._queue)
        self.turn = scope.turn or self.turn
        self._queue.clear()
        self._chunker = SentenceChunker()
        self._next_chunk = 0
        self._ended = False
        self._waiting = None

    async def _on_text(self, message: TextChunk, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self._stats["received"] += 1
        pieces = self._chunker.feed(message.text)
        if message.is_final:
            pieces += self._chunker.finish()
            self._ended = True
        for piece in pieces:
            self._queue.append((self._next_chunk, piece))
            self._stats["chunks"] += 1
            self._stats["peak"] = max(self._stats["peak"], len(self._queue))
            self.port.publish(ChunkAvailable(self._next_chunk, len(self._queue)))
            self._next_chunk += 1
        if self._waiting is not None:
            await self._hand_out(self._waiting)
        return None

    async def _on_request(self, message: RequestNextChunk, scope: Scope) -> Dropped | None:
        if dropped := self.silenced(scope):
            return dropped
        if self._cleared_by_request:
            self._cleared_by_request = False
            self._reset(scope)
        await self._hand_out(message)
        return None

    async def _hand_out(self, request: RequestNextChunk) -> None:
        if self._queue or self._ended:
            await self.session.conditions.take(Delay.TEXT_QUEUE)
        self._answer(request)

    def _answer(self, request: RequestNextChunk) -> None:
        if self._queue:
            index, text = self._queue.popleft()
            final = False
            self._stats["delivered"] += 1
        elif self._ended:
            index, text, final = self._next_chunk, "", True
            self._stats["sentinels"] += 1
        else:
            self._waiting = request
            return
        self._waiting = None
        response = ChunkResponse(request.worker_id, request.request_id, index, text, final, len(self._queue))
        self.port.publish(response)

    async def _on_user_started(self, _message: SttUserStartedSpeaking, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        self._reset(scope)
        return None

    async def _on_system(self, message: SystemMessage, scope: Scope) -> Dropped | None:
        if dropped := self.stale(scope):
            return dropped
        if message.recovery == TURN_CANCELLED:
            self._reset(scope)
        return None
