"""Where audio comes from: a WAV file, at its own pace or as fast as it is taken, or a microphone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from backend.speech.device import DeviceStream, open_input
from backend.speech.protocol import FRAME_SAMPLES, LISTEN_RATE, AudioInputError, Samples
from backend.speech.resample import Resampler
from backend.speech.wav import WavInfo, inspect_wav, read_blocks

_FRAME_NS = FRAME_SAMPLES * 1_000_000_000 // LISTEN_RATE
_QUEUED_BLOCKS = 64
"""Of 32 ms: a listener that is stalled for two seconds loses nothing."""
_MICROPHONE_SILENT_S = 5.0


class Framer:
    """Cuts samples of any number into frames of 512."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[Samples]:
        """Every frame that the next samples complete."""
        held = np.concatenate((self._rest, samples))
        whole = len(held) // FRAME_SAMPLES * FRAME_SAMPLES
        self._rest = held[whole:]
        return [held[at : at + FRAME_SAMPLES] for at in range(0, whole, FRAME_SAMPLES)]

    def flush(self) -> list[Samples]:
        """What is left, filled up with silence: one frame or none."""
        return self.push(np.zeros(-len(self._rest) % FRAME_SAMPLES, np.float32))


class WavSource:
    """A WAV file of any rate and width as 16 kHz frames.

    In real time, frame n comes when it would have been spoken, (n + 1) * 32 ms after the beginning by the
    monotonic clock: a late reader catches up, so nothing drifts. Otherwise frames come as fast as they are
    taken, and other tasks run between them.
    The file is checked on construction: AudioInputError, one line.
    """

    def __init__(self, path: Path, *, realtime: bool) -> None:
        self.path = path
        self.realtime = realtime
        self.info: WavInfo = inspect_wav(path)

    async def __aiter__(self) -> AsyncIterator[Samples]:
        framer = Framer()
        blocks = read_blocks(self.path, LISTEN_RATE)
        begun = time.monotonic_ns()
        given = 0
        ended = False
        while not ended:
            # Disk and resampling, not more than half a second of audio at once, off the loop.
            block = await asyncio.to_thread(next, blocks, None)
            ended = block is None
            for frame in framer.flush() if block is None else framer.push(block):
                given += 1
                await self._until(begun + given * _FRAME_NS)
                yield frame

    async def _until(self, due_ns: int) -> None:
        """Wait for a frame's time. Also where the loop gets its turn when nothing is paced."""
        await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9 if self.realtime else 0)


class MicrophoneSource:
    """The default microphone, or a named or numbered one, as 16 kHz frames until it is closed.

    Up to two seconds are queued for a slow reader; what exceeds that is dropped and counted in `overruns`.
    A missing PortAudio or device raises AudioInputError when reading begins.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self.overruns = 0
        """Blocks that were lost: the reader was too slow, or the sound system says so itself."""
        self._device = device
        self._blocks: asyncio.Queue[Samples | None] = asyncio.Queue(_QUEUED_BLOCKS + 1)
        self._stream: DeviceStream | None = None
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[Samples]:
        loop = asyncio.get_running_loop()

        def heard(block: Samples, lost: bool) -> None:
            """On the sound system's thread."""
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._take, block, lost)

        self._stream = await asyncio.to_thread(open_input, self._device, heard)
        framer, resampler = Framer(), Resampler(self._stream.sample_rate, LISTEN_RATE)
        try:
            if self._closed:  # while the device was being opened
                return
            while (block := await self._next()) is not None:
                for frame in framer.push(resampler.push(block)):
                    yield frame
        finally:
            await self._release()

    async def close(self) -> None:
        """Stop listening: the reader gets what is queued, then the end. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._blocks.put_nowait(None)
        await self._release()

    async def _release(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await asyncio.to_thread(stream.close)

    async def _next(self) -> Samples | None:
        try:
            async with asyncio.timeout(_MICROPHONE_SILENT_S):
                return await self._blocks.get()
        except TimeoutError:
            raise AudioInputError(
                "the microphone stopped sending", "plug it in again, or choose another"
            ) from None

    def _take(self, block: Samples, lost: bool) -> None:
        if self._closed:
            return
        # One place is kept free for the end.
        full = self._blocks.qsize() >= _QUEUED_BLOCKS
        self.overruns += full + lost
        if not full:
            self._blocks.put_nowait(block)
