"""What the assistant may ask of ears and a voice, whatever engine is behind them.

Audio is mono float32 in -1..1 everywhere. Recognition runs at 16 kHz; a voice has its own rate.
Everything here is a frozen value or a protocol: no engine is imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, Self

import msgspec
import numpy as np
import numpy.typing as npt

from backend.errors import UserError

Samples = npt.NDArray[np.float32]

LISTEN_RATE = 16_000
"""Samples a second of everything that is listened to."""

FRAME_SAMPLES = 512
"""Samples of one frame of an audio source: 32 ms, the window the voice activity model was trained on."""

FRAME_MS = FRAME_SAMPLES * 1000 / LISTEN_RATE

_FULL_SCALE = 32768.0


class SpeechError(UserError):
    """Speech cannot be had as asked. `str()` is one line: what is wrong, then what to do about it."""

    def __init__(self, message: str, fix: str = "") -> None:
        self.message = message
        self.fix = fix
        super().__init__(f"{message}; {fix}" if fix else message)


class AudioInputError(SpeechError):
    """An audio file or device that cannot be read."""


class Pcm(msgspec.Struct, frozen=True, eq=False):
    """A stretch of mono audio: float32 samples in -1..1. Nobody writes into `samples` once it is here."""

    samples: Samples
    sample_rate: int

    @property
    def duration_ms(self) -> float:
        """How long it plays, in milliseconds."""
        return len(self.samples) * 1000 / self.sample_rate

    def to_int16_bytes(self) -> bytes:
        """The samples as little-endian 16-bit PCM; what exceeds full scale is clipped, never wrapped."""
        scaled = np.rint(self.samples * _FULL_SCALE)
        pcm: bytes = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes()
        return pcm

    @classmethod
    def from_int16_bytes(cls, data: bytes, sample_rate: int) -> Self:
        """Read little-endian 16-bit mono PCM. Raises AudioInputError where half a sample is left over."""
        if len(data) % 2:
            raise AudioInputError(
                f"{len(data)} bytes are no whole number of 16-bit samples", "send pairs of bytes"
            )
        return cls(np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE), sample_rate)


class Transcript(msgspec.Struct, frozen=True):
    """What was heard in `audio_ms` of audio, and how long hearing it took. Nothing heard is empty text."""

    text: str
    audio_ms: float
    compute_ms: float


_SPEED = (0.5, 2.0)
_PITCH = (0.5, 2.0)
_GAIN = (0.0, 2.0)


class VoiceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an agent sounds: a named voice, and how much faster, higher and louder than by itself.

    Speed and pitch are factors from 0.5 to 2, gain from 0 to 2; another value raises ValueError.
    """

    voice_id: str = "heart"
    speed: float = 1.0
    pitch: float = 1.0
    gain: float = 1.0

    def __post_init__(self) -> None:
        for name, value, (low, high) in (
            ("speed", self.speed, _SPEED),
            ("pitch", self.pitch, _PITCH),
            ("gain", self.gain, _GAIN),
        ):
            if not low <= value <= high:
                raise ValueError(f"voice {name} is {value}: choose {low:g} to {high:g}")


class SpeechToText(Protocol):
    """Turns a stretch of audio into words."""

    async def start(self) -> None:
        """Load the model, warm. Raises SpeechError where it cannot be had. A second call does nothing."""

    async def close(self) -> None:
        """Let the model go; a running transcription keeps it to its end. A second call does nothing."""

    async def transcribe(self, pcm: Pcm) -> Transcript:
        """Transcribe audio of any rate, off the event loop. Silence gives empty text."""
        ...


class VoiceActivityDetector(Protocol):
    """Judges frame after frame of one stream; it remembers, so each stream needs its own."""

    def probability(self, frame: Samples) -> float:
        """How likely it is, 0 to 1, that somebody speaks in these 512 samples at 16 kHz."""
        ...

    def reset(self) -> None:
        """Forget the stream; the next frame begins another."""


class TextToSpeech(Protocol):
    """Turns text into speech, piece by piece."""

    @property
    def sample_rate(self) -> int:
        """Samples a second of every piece."""
        ...

    async def start(self) -> None:
        """Load the engine, warm. Raises SpeechError where it cannot be had. A second call does nothing."""

    async def close(self) -> None:
        """Let the engine go; a running synthesis keeps it to its end. A second call does nothing."""

    def voices(self) -> tuple[str, ...]:
        """The voice ids that `synthesize` knows."""
        ...

    def synthesize(self, text: str, voice: VoiceSettings) -> AsyncIterator[Pcm]:
        """Speak `text` in pieces of 100 to 200 ms; closing the iterator or cancelling its task stops it.

        An unknown voice id raises SpeechError naming the known ones. Text with nothing to say gives no piece.
        """
        ...


class AudioSource(Protocol):
    """Frames of 512 samples at 16 kHz until the audio ends; the last frame is filled up with silence."""

    def __aiter__(self) -> AsyncIterator[Samples]:
        """Begin to read. A source is read once."""
        ...


class AudioSink(Protocol):
    """Where audio is played to. It takes what it is given at once: pacing is the caller's."""

    async def write(self, pcm: Pcm) -> None:
        """Play one piece."""

    async def close(self) -> None:
        """Finish what is playing and let the file or device go. A second call does nothing."""
