"""Scripted conversations: real speech, spoken to a running assistant at the right moments."""

from __future__ import annotations

from backend.conversation.driver import Outcome, TurnOutcome, hold_conversation
from backend.conversation.script import Script, Step, load_script, script_names
from backend.conversation.source import LiveVoice

__all__ = [
    "LiveVoice",
    "Outcome",
    "Script",
    "Step",
    "TurnOutcome",
    "hold_conversation",
    "load_script",
    "script_names",
]
