"""Scripted conversations: real speech, spoken to a running assistant at the right moments."""

from __future__ import annotations

from backend.conversation.driver import Outcome, Stage, TurnOutcome, hold_conversation
from backend.conversation.faults import Fault, MemoryLocked, ModelKilled
from backend.conversation.script import Script, Step, load_script, script_names
from backend.conversation.source import LiveVoice
from backend.conversation.watch import MessageWatch

__all__ = [
    "Fault",
    "LiveVoice",
    "MemoryLocked",
    "MessageWatch",
    "ModelKilled",
    "Outcome",
    "Script",
    "Stage",
    "Step",
    "TurnOutcome",
    "hold_conversation",
    "load_script",
    "script_names",
]
