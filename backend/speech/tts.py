"""Speech synthesis by hibari on the CPU: one trained voice, and others made of it inside the vocoder."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import msgspec
import numpy as np

from backend.speech.protocol import Pcm, Samples, SpeechError, VoiceSettings

SPEECH_RATE: Final = 24_000
PIECE_MS: Final = 160
_PIECE = SPEECH_RATE * PIECE_MS // 1000

_MAX_CHARACTERS = 400
"""Of one sentence for the model: about 25 s of speech. Longer ones are cut at a space."""

_LONG_NUMBER = re.compile(r"\d{13,}")
"""Beyond trillions people read digits, and beyond 36 digits the engine has no words and fails."""

_VOICED_HZ = 40.0
"""A frame with a lower fundamental has none: the model's own threshold."""
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 600.0

_LEVEL = 10 ** (-22 / 20)
_PEAK = 0.95


class Timbre(msgspec.Struct, frozen=True):
    """A voice as the trained one changed: `pitch` scales the fundamental, `formant` the spectrum around it.

    The vocoder keeps both apart, so a low voice is one of a larger speaker, not of a slowed-down tape.
    """

    about: str
    pitch: float
    formant: float


VOICES: Final = {
    "heart": Timbre("female, 195 Hz: the voice as it was trained", 1.0, 1.0),
    "alto": Timbre("female, low, 160 Hz", 0.82, 0.95),
    "soprano": Timbre("female, bright, 245 Hz", 1.26, 1.09),
    "tenor": Timbre("male, light, 135 Hz", 0.69, 0.89),
    "baritone": Timbre("male, deep, 105 Hz", 0.54, 0.84),
}
"""The voices by id. All are intelligible to the recogniser without an error; tests hold them to it."""


class HibariTts:
    """hibari behind TextToSpeech. Any number of sessions share one engine; they take turns by the sentence.

    The same text in the same voice gives the same samples.
    """

    def __init__(self) -> None:
        self._engine: Any = None
        self._starting = asyncio.Lock()
        self._turn = threading.Lock()

    @property
    def sample_rate(self) -> int:
        """24 000 samples a second."""
        return SPEECH_RATE

    def voices(self) -> tuple[str, ...]:
        """The voice ids that `synthesize` knows."""
        return tuple(VOICES)

    async def start(self) -> None:
        """Load and warm the engine, in about a second and 190 MB. Raises SpeechError where it is missing."""
        async with self._starting:
            if self._engine is None:
                self._engine = await asyncio.to_thread(_load)

    async def close(self) -> None:
        """Let the engine go; a running synthesis keeps it to its end. A second call does nothing."""
        self._engine = None

    async def synthesize(self, text: str, voice: VoiceSettings) -> AsyncIterator[Pcm]:
        """Speak in pieces of 160 ms, sentence by sentence; the last piece of a sentence is what is left.

        Closing the iterator or cancelling its task stops it before the next piece. An unknown voice raises
        SpeechError at the first piece.
        """
        engine, timbre = self._engine, VOICES.get(voice.voice_id)
        if timbre is None:
            raise SpeechError(f"no voice {voice.voice_id!r}", f"the voices are {', '.join(VOICES)}")
        if engine is None:
            raise SpeechError("speech synthesis is not started", "await start() first")
        for sentence in _sentences(engine, text):
            samples = await asyncio.to_thread(self._say, engine, sentence, timbre, voice)
            for at in range(0, len(samples), _PIECE):
                yield Pcm(samples[at : at + _PIECE], SPEECH_RATE)

    def _say(self, engine: Any, sentence: str, timbre: Timbre, voice: VoiceSettings) -> Samples:
        with self._turn:
            try:
                return _speak(engine, sentence, timbre, voice)
            except (RuntimeError, ValueError, KeyError, IndexError) as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise SpeechError(f"cannot speak {sentence[:40]!r}: {reason}") from error


def _load() -> Any:
    try:
        from hibari import Hibari  # noqa: PLC0415  -- brings onnxruntime, only for those who speak
    except ImportError as error:
        raise SpeechError(
            f"speech synthesis is not installed ({error.name} is missing)", "pip install 'doubletalk[voice]'"
        ) from None
    try:
        engine = Hibari(threads=1)
        # Two sizes: the first run of each plans its memory, which costs three times the run itself.
        for text in ("Warm.", "This is a longer sentence, to warm the voice up before it is needed."):
            _speak(engine, text, VOICES["tenor"], VoiceSettings())
    except (RuntimeError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SpeechError(f"the speech synthesis model does not load: {reason}") from None
    return engine


def _sentences(engine: Any, text: str) -> Iterator[str]:
    """The sentences in which there is something to say, none longer than the model takes at once."""
    readable = _LONG_NUMBER.sub(lambda digits: " ".join(digits[0]), text)
    for sentence in engine.split_sentences(readable):
        rest = sentence
        while len(rest) > _MAX_CHARACTERS:
            cut = rest.rfind(" ", 1, _MAX_CHARACTERS)
            cut = cut if cut > 0 else _MAX_CHARACTERS
            yield rest[:cut]
            rest = rest[cut:]
        if any(character.isalnum() for character in rest):
            yield rest


def _speak(engine: Any, sentence: str, timbre: Timbre, voice: VoiceSettings) -> Samples:
    """A sentence as samples: the engine's network, then its vocoder with the speaker changed in between."""
    from hibari import dsp  # noqa: PLC0415  -- loaded with the engine

    rng = np.random.default_rng(0)
    parts: list[Samples] = []
    for phonemes in engine.phonemize(sentence):
        ids = np.asarray([engine.ids(phonemes)], np.int64)
        outputs = engine.sess.run(None, {"ids": ids, "speed": np.asarray([voice.speed], np.float32)})
        # Log magnitudes of harmonics, noise and free-phase part, two phases, fundamental; by 12.5 ms frame.
        harmonic, turn, noise, free, phase, fundamental = (output[0] for output in outputs)
        harmonic, turn, noise, free = (_warp(part, timbre.formant) for part in (harmonic, turn, noise, free))
        pitch = _shift(fundamental, timbre.pitch * voice.pitch)
        parts.append(dsp.synth(harmonic, turn, noise, free, phase, pitch, rng))
    return _levelled(np.concatenate(parts), voice.gain) if parts else np.zeros(0, np.float32)


def _shift(fundamental: Samples, factor: float) -> Samples:
    """The fundamental scaled where there is one, within what a throat can do."""
    scaled = np.clip(fundamental * factor, _LOWEST_HZ, _HIGHEST_HZ)
    shifted: Samples = np.where(fundamental > _VOICED_HZ, scaled, 0).astype(np.float32)
    return shifted


def _warp(spectrum: Samples, factor: float) -> Samples:
    """Stretch the frequency axis (rows) by `factor`; beyond the top the highest row goes on."""
    if factor == 1:
        return spectrum
    top = len(spectrum) - 1
    position = np.minimum(np.arange(top + 1) / factor, top)
    low = position.astype(np.int64)
    part = (position - low).astype(np.float32)[:, None]
    warped: Samples = spectrum[low] * (1 - part) + spectrum[np.minimum(low + 1, top)] * part
    return warped


def _levelled(samples: Samples, gain: float) -> Samples:
    """All voices equally loud, by the parts that are not silent; the peak stays below full scale."""
    loud = np.abs(samples) > _PEAK / 100
    if not loud.any():
        return samples
    level = float(np.sqrt(np.square(samples[loud]).mean()))
    factor = min(gain * _LEVEL / level, _PEAK / float(np.abs(samples).max()))
    out: Samples = samples * np.float32(factor)
    return out
