"""The words of the event format: event types, directions, severities, families.

A value outside these lists is kept and shown as it is; the lists say what our
own emitter writes and what the debugger gives a colour and a letter.
"""

from __future__ import annotations

import enum
from typing import Final

SCHEMA: Final = "doubletalk.event/1"
"""Schema version, written in the data of every ``RECORDING_STARTED``."""

# --- event_type ---------------------------------------------------------------
PUBLISHED: Final = "message_published"
RECEIVED: Final = "message_received"
HANDLED: Final = "message_handled"
STATE_CHANGE: Final = "state_change"
STATE_READ: Final = "state_read"
ERROR: Final = "error"
SUBSCRIBED: Final = "subscribed"
UNSUBSCRIBED: Final = "unsubscribed"
TASK_SPAWNED: Final = "task_spawned"
TASK_FINISHED: Final = "task_finished"
TASK_JOINED: Final = "task_joined"
TASK_CANCEL_REQUESTED: Final = "task_cancel_requested"
LOCK_ACQUIRED: Final = "lock_acquired"
LOCK_RELEASED: Final = "lock_released"
ITEM_PUT: Final = "item_put"
ITEM_GOT: Final = "item_got"
SYSTEM: Final = "system"

EVENT_TYPES: Final = (
    PUBLISHED,
    RECEIVED,
    HANDLED,
    STATE_CHANGE,
    STATE_READ,
    ERROR,
    SUBSCRIBED,
    UNSUBSCRIBED,
    TASK_SPAWNED,
    TASK_FINISHED,
    TASK_JOINED,
    TASK_CANCEL_REQUESTED,
    LOCK_ACQUIRED,
    LOCK_RELEASED,
    ITEM_PUT,
    ITEM_GOT,
    SYSTEM,
)

# --- message_type of `system` events that frame a recording --------------------
RECORDING_STARTED: Final = "RECORDING_STARTED"
RECORDING_ENDED: Final = "RECORDING_ENDED"
GAP: Final = "GAP"
CONTROL: Final = "CONTROL"
"""Of a system event that tells what somebody did to the bus by hand."""

# --- direction ------------------------------------------------------------------
PUBLISH: Final = "publish"
SUBSCRIBE: Final = "subscribe"
INTERNAL: Final = "internal"

# --- severity -------------------------------------------------------------------
SEVERITIES: Final = ("debug", "info", "warning", "error")
"""From the least to the most severe."""


def severity_rank(severity: str) -> int:
    """Position of a severity in `SEVERITIES`; a foreign value counts as ``info``."""
    try:
        return SEVERITIES.index(severity)
    except ValueError:
        return 1


class Family(enum.Enum):
    """What a message is about. The value is its letter, for where there is no colour."""

    STT = "S"
    LLM = "L"
    TTS = "T"
    QUEUE = "Q"
    ERROR = "E"
    SYSTEM = "."


_FAMILY_BY_TYPE: Final = {
    "COMPLETE_TRANSCRIPT": Family.STT,
    "PARTIAL_TRANSCRIPT": Family.STT,
    "BEGIN_AI_TURN": Family.LLM,
    "PROCESS_USER_INPUT": Family.LLM,
    "TEXT_CHUNK": Family.LLM,
    "REQUEST_NEXT_CHUNK": Family.QUEUE,
    "CHUNK_RESPONSE": Family.QUEUE,
    "CHUNK_AVAILABLE": Family.QUEUE,
    "TTS_SESSION_ERROR": Family.ERROR,
}
_FAMILY_BY_PREFIX: Final = (("STT_", Family.STT), ("LLM_", Family.LLM), ("TTS_", Family.TTS))


def family_of(message_type: str | None, event_type: str = "") -> Family:
    """The family that gives an event its colour and letter.

    Known message types come from a table; others of the same naming scheme go by
    their prefix, so that a foreign ``TTS_PAUSED`` is orange too.
    """
    if event_type == ERROR:
        return Family.ERROR
    if message_type is None:
        return Family.SYSTEM
    known = _FAMILY_BY_TYPE.get(message_type)
    if known is not None:
        return known
    for prefix, family in _FAMILY_BY_PREFIX:
        if message_type.startswith(prefix):
            return family
    return Family.SYSTEM


def correlation_id(session_id: str, turn: int, first_message_type: str) -> str:
    """The one id for all that a turn caused: ``{session_id}_{turn}_{message_type}``."""
    return f"{session_id}_{turn}_{first_message_type}"
