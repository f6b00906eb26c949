"""The machine's sound devices through PortAudio: the one place that knows sounddevice and its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from backend.speech.protocol import FRAME_MS, AudioInputError, Samples, SpeechError

_WITHOUT = "use a WAV file instead"


class DeviceStream(Protocol):
    """An open device."""

    @property
    def sample_rate(self) -> int:
        """What the device runs at."""
        ...

    def close(self) -> None:
        """Stop and let the device go; what is queued is dropped."""


class OutputStream(DeviceStream, Protocol):
    """An open loudspeaker."""

    def write(self, samples: Samples) -> None:
        """Queue samples; blocks while the device's own buffer is full."""

    def drain(self) -> None:
        """Play what is queued, then let the device go."""


class _Open:
    """A PortAudio stream, which is not thread-safe: a close waits for a write that is under way."""

    def __init__(self, stream: Any, sample_rate: int, failure: type[Exception]) -> None:
        self._stream = stream
        self._failure = failure
        self._lock = threading.Lock()
        self.sample_rate = sample_rate

    def write(self, samples: Samples) -> None:
        with self._lock:
            try:
                self._stream.write(np.ascontiguousarray(samples, np.float32).reshape(-1, 1))
            except self._failure as error:
                raise SpeechError(f"the loudspeaker failed: {_reason(error)}", _WITHOUT) from None

    def drain(self) -> None:
        with self._lock:
            self._stream.stop()
            self._stream.close()

    def close(self) -> None:
        with self._lock:
            self._stream.abort()
            self._stream.close()


def open_input(device: int | str | None, heard: Callable[[Samples, bool], None]) -> DeviceStream:
    """Start to listen. `heard` gets each block, and whether audio was lost before it, on another thread."""
    sound = portaudio("microphone")

    def callback(block: Any, _frames: int, _time: Any, status: Any) -> None:
        heard(block[:, 0].copy(), bool(status.input_overflow))

    try:
        # The device's own rate: many refuse 16 kHz, and ours is the better resampler.
        rate = int(sound.query_devices(device, "input")["default_samplerate"])
        stream = sound.InputStream(
            rate, round(rate * FRAME_MS / 1000), device, 1, "float32", latency="low", callback=callback
        )
        stream.start()
    except (sound.PortAudioError, ValueError) as error:
        raise AudioInputError(f"no microphone {_named(device)}: {_reason(error)}", _WITHOUT) from None
    return _Open(stream, rate, sound.PortAudioError)


def open_output(device: int | str | None, sample_rate: int) -> OutputStream:
    """Open a loudspeaker for mono audio of this rate."""
    sound = portaudio("loudspeaker")
    try:
        stream = sound.OutputStream(sample_rate, device=device, channels=1, dtype="float32", latency="low")
        stream.start()
    except (sound.PortAudioError, ValueError) as error:
        raise SpeechError(f"no loudspeaker {_named(device)}: {_reason(error)}", _WITHOUT) from None
    return _Open(stream, sample_rate, sound.PortAudioError)


def portaudio(what: str) -> Any:
    """The sounddevice module. Raises AudioInputError, naming `what`, where it or PortAudio is missing."""
    try:
        import sounddevice  # noqa: PLC0415  -- looks for a system library, only for those who use a device
    except ImportError:
        raise AudioInputError(
            f"no {what}: sounddevice is not installed", "pip install 'doubletalk[device]'"
        ) from None
    except OSError:
        raise AudioInputError(
            f"no {what}: the PortAudio library is missing",
            f"install it (Debian: libportaudio2), or {_WITHOUT}",
        ) from None
    return sounddevice


def _named(device: int | str | None) -> str:
    return "by default" if device is None else repr(device)


def _reason(error: BaseException) -> str:
    """The first line of what PortAudio says."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
