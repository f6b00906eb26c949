"""The text queue between model and voice: the worker pulls, one chunk a request."""

from __future__ import annotations

from typing import ClassVar

from backend.events.messages.base import Message


class RequestNextChunk(Message, frozen=True, gc=False):
    """The worker asks for the chunk ``next_index``."""

    message_type: ClassVar[str] = "REQUEST_NEXT_CHUNK"
    worker_id: str
    request_id: str
    next_index: int


class ChunkResponse(Message, frozen=True, gc=False):
    """The answer to a request. An empty final one is the sentinel: the turn has no more text.

    ``queued``: chunks that stay behind in the queue.
    """

    message_type: ClassVar[str] = "CHUNK_RESPONSE"
    worker_id: str
    request_id: str
    chunk_index: int
    text: str
    is_final: bool
    queued: int


class ChunkAvailable(Message, frozen=True, gc=False):
    """A chunk was added to the queue, which now holds ``queued``."""

    message_type: ClassVar[str] = "CHUNK_AVAILABLE"
    chunk_index: int
    queued: int
    is_final: bool = False
