"""What concerns the whole assistant."""

from __future__ import annotations

from typing import ClassVar, Literal

from backend.events.messages.base import Message


class SystemMessage(Message, frozen=True, gc=False):
    """The assistant tells its user something that is no answer, such as a recovered failure.

    ``about`` names the component concerned, ``recovery`` what was done.
    """

    message_type: ClassVar[str] = "SYSTEM_MESSAGE"
    text: str
    level: Literal["info", "warning", "error"] = "info"
    about: str | None = None
    recovery: str | None = None


class AudioOutputComplete(Message, frozen=True, gc=False):
    """The turn's playback is over: ``played`` pieces, ``played_ms`` of sound."""

    message_type: ClassVar[str] = "AUDIO_OUTPUT_COMPLETE"
    worker_id: str
    played: int
    played_ms: float
    interrupted: bool = False


class AgentChanged(Message, frozen=True, gc=False):
    """Another agent takes over from the next turn on. ``config_version`` grows with each change."""

    message_type: ClassVar[str] = "AGENT_CHANGED"
    from_agent: str
    to_agent: str
    voice_id: str
    config_version: int
    reason: str = ""
