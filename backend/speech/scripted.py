"""A voice, ears and a loudspeaker that need no engine: for tests and simulations.

They wait by a ``sleep`` that is given, so that a simulation may choose how long things take.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from backend.speech.listener import Complete, Heard, Partial
from backend.speech.protocol import Pcm, SpeechError, VoiceSettings
from backend.speech.vad import EndpointSettings, SpeechStarted

Sleep = Callable[[float], Awaitable[Any]]

RATE: Final = 24_000
WORD_SECONDS: Final = 0.25
"""What a word takes to say: 240 words a minute, a quick speaker."""
_COMPUTE_MS: Final = 60.0
_SILENCE: Final = Pcm(np.zeros(int(RATE * WORD_SECONDS), np.float32), RATE)


class ScriptedVoice:
    """Each word is one piece of audio. ``first`` and ``each`` are the seconds that pieces take to be made.

    It breaks at the word ``fail_on``, once.
    """

    def __init__(
        self,
        *,
        sleep: Sleep = asyncio.sleep,
        first: float = 0.0,
        each: float = 0.0,
        fail_on: str | None = None,
    ) -> None:
        self._sleep = sleep
        self._first = first
        self._each = each
        self._fail_on = fail_on

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return RATE

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to release."""

    def voices(self) -> tuple[str, ...]:
        """Those of the built-in agents; any other id is spoken, too."""
        return ("heart", "baritone", "alto")

    async def synthesize(self, text: str, voice: VoiceSettings) -> AsyncIterator[Pcm]:
        """Silence, as long as the words."""
        del voice
        for number, word in enumerate(text.split()):
            await self._sleep(self._each if number else self._first)
            if self._fail_on is not None and self._fail_on in word:
                self._fail_on = None
                raise SpeechError("the voice broke off", "say it again")
            yield _SILENCE


class ScriptedSink:
    """A loudspeaker that takes ``seconds`` for each piece; ``broken``, it fails at the next one only."""

    def __init__(self, *, sleep: Sleep = asyncio.sleep, seconds: float = 0.0) -> None:
        self.pieces = 0
        self.broken = False
        self._sleep = sleep
        self._seconds = seconds

    async def write(self, pcm: Pcm) -> None:
        """Count it."""
        del pcm
        if self.broken:
            self.broken = False
            raise OSError("the loudspeaker is gone")
        if self._seconds:
            await self._sleep(self._seconds)
        self.pieces += 1

    async def close(self) -> None:
        """Nothing to release."""


class ScriptedEars:
    """Hears what `speak` says, with the events and at the times of a `Listener`; `hush` ends it.

    A start is told when the speech has lasted a while, an end when the silence has, and then the
    transcript takes its time.
    """

    def __init__(self, *, sleep: Sleep = asyncio.sleep, endpoint: EndpointSettings | None = None) -> None:
        self._sleep = sleep
        self._endpoint = endpoint or EndpointSettings()
        self._heard: deque[Heard | SpeechError | None] = deque()
        self._come = asyncio.Event()

    async def speak(self, text: str, *, partials: int = 1) -> None:
        """Say it, word by word; returns when the speaker is done, which is before it is understood."""
        words = text.split()
        start = await self.begin()
        seconds = max(0.0, len(words) * WORD_SECONDS - start)
        for number in range(1, partials + 1):
            await self._sleep(seconds / (partials + 1))
            told = " ".join(words[: len(words) * number // (partials + 1)])
            self._hear(Partial(told, (start + seconds * number / (partials + 1)) * 1000))
        await self._sleep(seconds / (partials + 1))
        ended_ns = time.monotonic_ns()
        await self._sleep((self._endpoint.min_silence_ms + _COMPUTE_MS) / 1000)
        self._hear(Complete(text, len(words) * WORD_SECONDS * 1000, _COMPUTE_MS, ended_ns))

    async def begin(self) -> float:
        """Begin to speak; returns the seconds after which that was noticed."""
        began = asyncio.get_running_loop().time()
        start = self._endpoint.min_speech_ms / 1000
        await self._sleep(start)
        self._hear(SpeechStarted(began * 1000))
        return start

    def mishear(self) -> None:
        """Fail to understand what is being said: what is open is given up."""
        self._hear(SpeechError("the recogniser failed", "say it again"))

    def hush(self) -> None:
        """Nothing more is said."""
        self._hear(None)

    def _hear(self, what: Heard | SpeechError | None) -> None:
        self._heard.append(what)
        self._come.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Heard:
        while not self._heard:
            self._come.clear()
            await self._come.wait()
        what = self._heard.popleft()
        if what is None:
            raise StopAsyncIteration
        if isinstance(what, SpeechError):
            raise what
        return what
