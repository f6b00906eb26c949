"""From frames to transcripts: who spoke when, what is being said, what was said."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from backend.speech.partial import PartialTranscriber
from backend.speech.protocol import (
    FRAME_MS,
    LISTEN_RATE,
    AudioSource,
    Pcm,
    Samples,
    SpeechToText,
    Transcript,
    VoiceActivityDetector,
)
from backend.speech.vad import Endpointer, EndpointSettings, EndpointState, SpeechEnded, SpeechStarted


class Partial(msgspec.Struct, frozen=True):
    """What seems to be said in the first `audio_ms` of an utterance that goes on."""

    text: str
    audio_ms: float


class Complete(msgspec.Struct, frozen=True):
    """What was said in an utterance; empty where it was no speech after all. Every start has one.

    `speech_end_mono_ns` is when, by this machine's monotonic clock, the last of the speech came in.
    """

    text: str
    speech_ms: float
    compute_ms: float
    speech_end_mono_ns: int


class EndOfAudio(msgspec.Struct, frozen=True):
    """The source has ended after `audio_ms`, and everything said is transcribed."""

    audio_ms: float


Heard = SpeechStarted | Partial | Complete | EndOfAudio


class ListenerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a listener listens."""

    endpoint: EndpointSettings = EndpointSettings()
    partial_every_ms: float = 640.0
    """How much more must be said before the next partial transcript; 0 for none."""
    backlog: int = 8
    """Utterances that may wait to be transcribed, and answers to be taken, before frames are left unread."""


class _Utterance:
    """An utterance as it is collected: its frames from before its start, a transcript made in its tail."""

    def __init__(self, started_ms: float, first_frame: int, frames: list[Samples]) -> None:
        self.started_ms = started_ms
        self.first_frame = first_frame
        self.frames = frames
        self.guess: asyncio.Task[Transcript] | None = None
        self.guess_at_ms = -1.0

    def index(self, at_ms: float) -> int:
        """Which of the frames begins at a time of the source."""
        return max(0, round(at_ms / FRAME_MS) - self.first_frame)

    def audio(self, until_ms: float = math.inf) -> Pcm:
        """What was collected, up to a time of the source."""
        count = len(self.frames) if until_ms == math.inf else self.index(until_ms)
        return Pcm(np.concatenate(self.frames[: max(1, count)]), LISTEN_RATE)


class Listener:
    """Reads a source to its end; iterate over it for what is heard.

    Frames are read on while earlier utterances are transcribed, which happens in order. An utterance is tried
    as soon as a pause could be its end: if it was, the transcript is there when the pause has proved it.
    What fails, source or recogniser, is raised from the iteration; iterate again to go on. EndOfAudio is
    always last. Use as an async context manager, or `close` it.
    """

    def __init__(
        self,
        source: AudioSource,
        vad: VoiceActivityDetector,
        stt: SpeechToText,
        settings: ListenerSettings | None = None,
    ) -> None:
        self.settings = settings or ListenerSettings()
        self.dropped_partials = 0
        """Partial transcripts that found the taker of events too far behind."""
        self._source = source
        self._vad = vad
        self._stt = stt
        self._endpointer = Endpointer(self.settings.endpoint)
        self._partials = PartialTranscriber(stt, self._partial, every_ms=self.settings.partial_every_ms)
        # When a start is announced, its first frames are past already, and its pre-roll lies before them.
        before = (self.settings.endpoint.pre_roll_ms, self.settings.endpoint.min_speech_ms)
        self._recent: deque[Samples] = deque(maxlen=max(1, sum(math.ceil(ms / FRAME_MS) for ms in before)))
        self._utterance: _Utterance | None = None
        self._last_voice_ns = 0
        self._completing = False
        self._guess: asyncio.Task[Transcript] | None = None
        self._events: asyncio.Queue[Heard | Exception] = asyncio.Queue(self.settings.backlog)
        self._ended: asyncio.Queue[tuple[_Utterance, SpeechEnded, int] | None] = asyncio.Queue(
            self.settings.backlog
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Heard:
        if self._over:
            raise StopAsyncIteration
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), name="listen"),
                asyncio.create_task(self._transcribe(), name="transcribe"),
            ]
        event = await self._events.get()
        if isinstance(event, Exception):
            raise event
        self._over = isinstance(event, EndOfAudio)
        return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop reading and transcribing. A second call does nothing."""
        self._over = True
        tasks: list[asyncio.Task[None] | asyncio.Task[Transcript]] = [*self._tasks]
        if self._guess is not None:
            tasks.append(self._guess)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._partials.close(), return_exceptions=True)

    async def _listen(self) -> None:
        """Read frames until they end. The only task that touches the endpointer and the open utterance."""
        try:
            self._vad.reset()
            async for frame in self._source:
                await self._frame(frame)
        except Exception as error:  # noqa: BLE001  -- whatever it is, who iterates must not wait for ever
            await self._events.put(error)
        if ended := self._endpointer.finish():
            await self._end(ended)
        await self._ended.put(None)

    async def _frame(self, frame: Samples) -> None:
        # A tenth of a millisecond: cheaper here than the hop to a thread and back.
        event = self._endpointer.feed(self._vad.probability(frame))
        if self._endpointer.state in {EndpointState.ONSET, EndpointState.SPEECH}:
            self._last_voice_ns = time.monotonic_ns()
        if self._utterance is None:
            self._recent.append(frame)
        else:
            self._utterance.frames.append(frame)
        match event:
            case SpeechStarted():
                await self._start(event)
            case SpeechEnded():
                await self._end(event)
            case None:
                self._try()

    async def _start(self, started: SpeechStarted) -> None:
        frames = list(self._recent)
        self._utterance = _Utterance(
            started.at_ms, round(self._endpointer.now_ms / FRAME_MS) - len(frames), frames
        )
        await self._events.put(started)

    async def _end(self, ended: SpeechEnded) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is None:  # the endpointer alternates; this is for the type checker
            return
        self._partials.reset()
        # What was said in this utterance is no pre-roll of the next, which may follow at once after a cut.
        self._recent.clear()
        self._recent.extend(utterance.frames[utterance.index(ended.at_ms) :])
        await self._ended.put((utterance, ended, self._last_voice_ns))

    def _try(self) -> None:
        """Transcribe what is there of an open utterance, where it is time to: one such attempt at a time."""
        utterance, tail_ms = self._utterance, self._endpointer.tail_ms
        if (
            utterance is None
            or self._partials.running
            or (self._guess is not None and not self._guess.done())
        ):
            return
        if tail_ms is None:
            # A complete transcript that is being made gets the processor to itself.
            if self.settings.partial_every_ms and not self._completing:
                self._partials.offer(self._endpointer.now_ms - utterance.started_ms, utterance.audio)
            return
        heard_until_ms = tail_ms + self.settings.endpoint.post_roll_ms
        if tail_ms != utterance.guess_at_ms and self._endpointer.now_ms >= heard_until_ms:
            work = self._stt.transcribe(utterance.audio(heard_until_ms))
            self._guess = utterance.guess = asyncio.create_task(work, name="early transcript")
            self._guess.add_done_callback(_seen)
            utterance.guess_at_ms = tail_ms

    async def _transcribe(self) -> None:
        """Answer for each utterance, in order."""
        while (item := await self._ended.get()) is not None:
            utterance, ended, end_ns = item
            self._completing = True
            try:
                transcript = await self._transcript(utterance, ended)
            except Exception as error:  # noqa: BLE001  -- as in _listen; the next utterance may fare better
                await self._events.put(error)
            else:
                speech_ms = ended.at_ms - utterance.started_ms
                await self._events.put(Complete(transcript.text, speech_ms, transcript.compute_ms, end_ns))
            finally:
                self._completing = False
        await self._events.put(EndOfAudio(self._endpointer.now_ms))

    async def _transcript(self, utterance: _Utterance, ended: SpeechEnded) -> Transcript:
        if utterance.guess is not None and utterance.guess_at_ms == ended.at_ms:
            return await utterance.guess
        return await self._stt.transcribe(utterance.audio(ended.at_ms + self.settings.endpoint.post_roll_ms))

    def _partial(self, transcript: Transcript) -> None:
        if not transcript.text:
            return
        try:
            self._events.put_nowait(Partial(transcript.text, transcript.audio_ms))
        except asyncio.QueueFull:
            self.dropped_partials += 1


def _seen(guess: asyncio.Task[Transcript]) -> None:
    """A guess that was wrong may also have failed; nobody asks."""
    if not guess.cancelled():
        guess.exception()
