"""Transcripts of speech that goes on: now and then, one at a time, never in the way of the complete one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backend.speech.protocol import Pcm, SpeechToText, Transcript


class PartialTranscriber:
    """Transcribes a growing utterance each `every_ms` of its audio, unless the last attempt is still running.

    `heard` gets each transcript while its utterance is open; one that comes after `reset` is thrown away, so
    nobody waits for it. An attempt that fails is counted in `failed` and is no more than a missing partial:
    the complete transcript will say what is wrong.
    """

    def __init__(self, stt: SpeechToText, heard: Callable[[Transcript], None], *, every_ms: float) -> None:
        self.skipped = 0
        """Attempts that were due while another was running."""
        self.failed = 0
        self._stt = stt
        self._heard = heard
        self._every_ms = every_ms
        self._due_ms = every_ms
        self._utterance = 0
        self._running: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether an attempt is under way, wanted or not: an engine cannot be stopped in the middle."""
        return self._running is not None

    def offer(self, audio_ms: float, audio: Callable[[], Pcm]) -> bool:
        """Say how much was spoken; `audio` is asked for it only where an attempt begins. Whether it does."""
        if audio_ms < self._due_ms:
            return False
        self._due_ms = audio_ms + self._every_ms
        if self._running is not None:
            self.skipped += 1
            return False
        self._running = asyncio.create_task(self._attempt(audio()), name="partial transcript")
        return True

    def reset(self) -> None:
        """The utterance is over: what still runs is unwanted, the next one counts from its beginning."""
        self._utterance += 1
        self._due_ms = self._every_ms

    async def close(self) -> None:
        """Stop what is running."""
        self.reset()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _attempt(self, audio: Pcm) -> None:
        utterance = self._utterance
        try:
            transcript = await self._stt.transcribe(audio)
        except Exception:  # noqa: BLE001  -- any engine, any failure: see the class
            self.failed += 1
            return
        finally:
            self._running = None
        if utterance == self._utterance:
            self._heard(transcript)
