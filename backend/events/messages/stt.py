"""Speech in: what the recogniser hears, or the user types."""

from __future__ import annotations

from typing import ClassVar, Literal

from backend.events.messages.base import Message

Door = Literal["voice", "text"]
"""How words came in: spoken, or typed."""


class SttUserStartedSpeaking(Message, frozen=True, gc=False):
    """The user began to speak. ``at_ms``: position in the audio; absent for typed text."""

    message_type: ClassVar[str] = "STT_USER_STARTED_SPEAKING"
    at_ms: float | None = None


class PartialTranscript(Message, frozen=True, gc=False):
    """What was understood so far; a later one replaces it. ``audio_ms``: audio heard so far."""

    message_type: ClassVar[str] = "PARTIAL_TRANSCRIPT"
    text: str
    audio_ms: float = 0.0


class CompleteTranscript(Message, frozen=True, gc=False):
    """All that the user said in this turn; empty when there were no words in the sound.

    ``speech_ms`` is the speech's length, ``compute_ms`` what the recogniser needed, and
    ``since_speech_end_ms`` the time from the end of speech to this message.
    """

    message_type: ClassVar[str] = "COMPLETE_TRANSCRIPT"
    text: str
    source: Door = "voice"
    speech_ms: float = 0.0
    compute_ms: float = 0.0
    since_speech_end_ms: float = 0.0
