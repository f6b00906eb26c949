"""Speech out: a worker's life, its audio, and the playing of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from backend.events.codec import Blob
from backend.events.messages.base import Message

WorkerStatus = Literal["ok", "cancelled", "failed", "replaced"]


class TtsConnectionReady(Message, frozen=True, gc=False):
    """The worker's engine is loaded and reachable. ``sample_rate`` in Hz."""

    message_type: ClassVar[str] = "TTS_CONNECTION_READY"
    worker_id: str
    sample_rate: int


class TtsSessionReady(Message, frozen=True, gc=False):
    """The worker has taken over the turn's voice settings and may be handed text."""

    message_type: ClassVar[str] = "TTS_SESSION_READY"
    worker_id: str
    agent_id: str
    voice_id: str
    config_version: int


class TtsSessionComplete(Message, frozen=True, gc=False):
    """The worker's voice session is closed; ``chunks`` texts became ``audio_ms`` of speech."""

    message_type: ClassVar[str] = "TTS_SESSION_COMPLETE"
    worker_id: str
    chunks: int
    audio_ms: float


class TtsSessionError(Message, frozen=True, gc=False):
    """The worker's voice failed."""

    message_type: ClassVar[str] = "TTS_SESSION_ERROR"
    worker_id: str
    error_type: str
    error_message: str


class TtsAudioChunk(Message, frozen=True, gc=False):
    """A piece of speech: 16-bit mono PCM of ``sample_rate`` Hz. The record keeps its length.

    ``audio_index`` counts from 0 within the worker; ``chunk_index`` is the text it speaks.
    """

    message_type: ClassVar[str] = "TTS_AUDIO_CHUNK"
    worker_id: str
    audio_index: int
    chunk_index: int
    bytes: int
    duration_ms: float
    sample_rate: int
    voice_id: str
    pcm: Blob


class TtsBotStartedSpeaking(Message, frozen=True, gc=False):
    """The first piece of a turn's speech begins to play."""

    message_type: ClassVar[str] = "TTS_BOT_STARTED_SPEAKING"
    worker_id: str
    voice_id: str


class TtsBotFinishedSpeaking(Message, frozen=True, gc=False):
    """The playing of a turn's speech ended, by itself or by an interruption."""

    message_type: ClassVar[str] = "TTS_BOT_FINISHED_SPEAKING"
    worker_id: str
    voice_id: str
    interrupted: bool = False


class TtsGenerationComplete(Message, frozen=True, gc=False):
    """The worker has made all of its turn's audio: ``audio_chunks`` pieces."""

    message_type: ClassVar[str] = "TTS_GENERATION_COMPLETE"
    worker_id: str
    audio_chunks: int
    duration_ms: float


class TtsReceptionComplete(Message, frozen=True, gc=False):
    """All ``audio_chunks`` pieces that the worker made have arrived."""

    message_type: ClassVar[str] = "TTS_RECEPTION_COMPLETE"
    worker_id: str
    audio_chunks: int


class TtsWorkerCompleted(Message, frozen=True, gc=False):
    """The worker is gone; it emits nothing after this."""

    message_type: ClassVar[str] = "TTS_WORKER_COMPLETED"
    worker_id: str
    status: WorkerStatus
    chunks: int = 0
    audio_chunks: int = 0
