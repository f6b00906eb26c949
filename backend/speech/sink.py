"""Where audio goes: a WAV file, a loudspeaker, or nowhere. None of them paces."""

from __future__ import annotations

import asyncio
from pathlib import Path

from backend.speech.device import OutputStream, open_output
from backend.speech.protocol import Pcm, SpeechError
from backend.speech.wav import WavWriter


class NullSink:
    """Plays to nobody; counts what it was given."""

    def __init__(self) -> None:
        self.duration_ms = 0.0

    async def write(self, pcm: Pcm) -> None:
        """Count one piece."""
        self.duration_ms += pcm.duration_ms

    async def close(self) -> None:
        """Nothing to let go."""


class WavSink:
    """A mono 16-bit WAV file that is whole after every piece, whenever the program dies.

    The file is made on construction (SpeechError where that fails); pieces must have its rate.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._writer = WavWriter(path, sample_rate)

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

    @property
    def duration_ms(self) -> float:
        """How much audio is in the file, in milliseconds."""
        return self._writer.duration_ms

    async def write(self, pcm: Pcm) -> None:
        """Append one piece."""
        await asyncio.to_thread(self._writer.write, pcm)

    async def close(self) -> None:
        """Close the file. A second call does nothing."""
        await asyncio.to_thread(self._writer.close)


class DeviceSink:
    """The default loudspeaker, or a named or numbered one; opened by the first piece, at that piece's rate.

    A missing PortAudio or device raises SpeechError from that first `write`. A write returns once the device
    has room, so it lags behind by the device's own small buffer at most.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self._device = device
        self._stream: OutputStream | None = None
        self._opening = asyncio.Lock()

    async def write(self, pcm: Pcm) -> None:
        """Play one piece; all pieces must have the rate of the first."""
        async with self._opening:
            stream = self._stream
            if stream is None:
                stream = self._stream = await asyncio.to_thread(open_output, self._device, pcm.sample_rate)
        if pcm.sample_rate != stream.sample_rate:
            raise SpeechError(f"the loudspeaker plays {stream.sample_rate} Hz, not {pcm.sample_rate} Hz")
        await asyncio.to_thread(stream.write, pcm.samples)

    async def close(self) -> None:
        """Play out what is queued and let the device go. A second call does nothing."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await asyncio.to_thread(stream.drain)
