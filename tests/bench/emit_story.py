"""What every way of emitting tells in the benchmark: a chunk of text handed to a voice worker."""

from __future__ import annotations

from backend.events.messages import ChunkResponse
from backend.tap import Scope

BURST = 64
"""Events between two yields to the event loop: a busy handler."""

SOURCE = "assistant-5f0c91d2"
COMPONENT = "text_queue_manager"
KIND = ChunkResponse.message_type
CORRELATION = "session-1_3_COMPLETE_TRANSCRIPT"
CAUSE = f"{SOURCE}-123455"
TASK = f"{SOURCE}/h1207"
SCOPE = Scope("session-1", "ada", 3, CORRELATION, "worker-7")
MESSAGE = ChunkResponse(
    worker_id="worker-7",
    request_id="req-31",
    chunk_index=3,
    text="The quick brown fox jumps over the lazy dog, and then some.",
    is_final=False,
    queued=2,
)
FIELDS = {
    "component": COMPONENT,
    "message_type": KIND,
    "session_id": SCOPE.session_id,
    "user_id": SCOPE.user_id,
    "direction": "publish",
    "correlation_id": CORRELATION,
    "source": SOURCE,
    "cause": CAUSE,
    "task": TASK,
    "turn": 3,
    "worker_id": "worker-7",
}
"""The same, for the ways that know no such struct; ids and clocks are their own affair."""
