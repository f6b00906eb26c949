"""A whole backend, its engines scripted: what `serve` runs, without a model to load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from backend.compose import Backend
from backend.models import ChatModel, Scripted, ScriptedModel
from backend.settings import load_settings
from backend.speech import Pcm, Transcript
from tests.support.assistant import FakeSink, FakeVoice


class Voice(FakeVoice):
    """With a voice that agents may name."""

    def voices(self) -> tuple[str, ...]:
        return ("heart",)


class Ears:
    """Hear nothing."""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def transcribe(self, pcm: Pcm) -> Transcript:
        return Transcript("", pcm.duration_ms, 0.0)


def backend_of(
    tmp_path: Path,
    answers: Sequence[Scripted] = (),
    *,
    model: ChatModel | None = None,
    voice: Voice | None = None,
    **settings: Any,
) -> Backend:
    """One that is not begun yet."""
    given = load_settings(memory=tmp_path / "memory.sqlite3", **settings)
    return Backend(given, model=model or ScriptedModel(answers), tts=voice or Voice(), stt=Ears())


@asynccontextmanager
async def talking(
    tmp_path: Path, texts: Sequence[str], answers: Sequence[Scripted], **more: Any
) -> AsyncIterator[Backend]:
    """One in which a user has said these, each answered or failed by now."""
    backend = backend_of(tmp_path, answers, **more)
    async with backend:
        await backend.load()
        session = backend.open_session("ada", FakeSink(), pace=0.0)
        for text in texts:
            async with asyncio.timeout(20):
                await session.user.turn_ended(session.user.say(text))
        yield backend


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)
