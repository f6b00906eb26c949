"""A microphone that is never silent for real: room tone, with utterances laid into it on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import numpy as np

from backend.speech import FRAME_SAMPLES, LISTEN_RATE, AudioSink, Pcm, Samples

_ROOM_TONE = 2e-4  # about -74 dBFS: digital silence is nothing a microphone gives


class LiveVoice:
    """An audio source in real time into which `speak` puts words.

    All that it gave is also written to ``copy``, so that what was heard can be heard again.
    """

    def __init__(self, copy: AudioSink, *, seed: int = 0) -> None:
        self._copy = copy
        self._noise = np.random.default_rng(seed)
        self._frames: deque[Samples] = deque()
        self._spoken = asyncio.Event()
        self._spoken.set()
        self._closed = False

    async def speak(self, pcm: Pcm) -> None:
        """Say 16 kHz audio now; returns when its last frame has been given."""
        if pcm.sample_rate != LISTEN_RATE:
            raise ValueError(f"speak {LISTEN_RATE} Hz audio, not {pcm.sample_rate}")
        padding = -len(pcm.samples) % FRAME_SAMPLES
        samples = np.pad(pcm.samples, (0, padding))
        self._spoken.clear()
        self._frames.extend(samples.reshape(-1, FRAME_SAMPLES))
        await self._spoken.wait()

    def close(self) -> None:
        """End the audio after the next frame."""
        self._closed = True

    async def __aiter__(self) -> AsyncIterator[Samples]:
        clock = asyncio.get_running_loop().time
        due = clock()
        while not self._closed:
            frame = self._next_frame()
            await self._copy.write(Pcm(frame, LISTEN_RATE))
            yield frame
            due += FRAME_SAMPLES / LISTEN_RATE
            await asyncio.sleep(max(0.0, due - clock()))

    def _next_frame(self) -> Samples:
        tone = (self._noise.standard_normal(FRAME_SAMPLES) * _ROOM_TONE).astype(np.float32)
        if not self._frames:
            return tone
        frame = self._frames.popleft()
        if not self._frames:
            self._spoken.set()
        return frame + tone
