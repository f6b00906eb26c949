"""How words come into `serve`, and how speech goes out."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from backend.errors import UserError

if TYPE_CHECKING:
    from backend.assistant import Session
    from backend.compose import Backend


@dataclass(frozen=True, slots=True)
class Doors:
    """As the command's options say it."""

    wavs: tuple[Path, ...]
    loop: bool
    microphone: bool
    loudspeaker: bool
    typed: bool
    fast: bool
    out: Path | None
    user: str

    def check(self) -> None:
        """Tell of a door that cannot be used before anything is started or loaded.

        Raises:
            UserError: it is no WAV, there is no sound device, or two doors are for one user.
        """
        from backend.speech import inspect_wav  # noqa: PLC0415 - heavy parts load when they are asked for
        from backend.speech.device import portaudio  # noqa: PLC0415

        if self.microphone and self.wavs:
            raise UserError("--microphone and --wav are two voices for one user; choose one")
        for path in self.wavs:
            inspect_wav(path)
        if self.microphone:
            portaudio("microphone")
        if self.loudspeaker:
            portaudio("loudspeaker")

    async def open(self, backend: Backend) -> None:
        """Load the engines, open the session and let words in, as long as any come."""
        from backend.speech import (  # noqa: PLC0415 - see check
            DeviceSink,
            MicrophoneSource,
            NullSink,
            WavSink,
            WavSource,
        )

        sink = (
            DeviceSink()
            if self.loudspeaker
            else WavSink(self.out, backend.tts.sample_rate)
            if self.out
            else NullSink()
        )
        await backend.load()
        session = backend.open_session(self.user, sink, pace=0.0 if self.fast else 1.0)
        async with asyncio.TaskGroup() as tasks:
            if self.typed:
                tasks.create_task(_typed(session), name="typed text")
            if self.microphone:
                await session.user.listen(backend.listener(MicrophoneSource()))
            while self.wavs:
                for path in self.wavs:
                    source = WavSource(path, realtime=not self.fast)
                    await session.user.listen(backend.listener(source))
                    if session.user.turn:
                        await session.user.turn_ended(session.user.turn)
                if not self.loop:
                    break


async def _typed(session: Session) -> None:
    """Every line that is typed is a turn; ``/agent NAME`` hands over."""
    from backend.assistant import UnknownAgentError  # noqa: PLC0415 - see check
    from backend.cli.typed import typed_lines  # noqa: PLC0415

    async for line in typed_lines(sys.stdin.fileno()):
        if isinstance(line, UserError):
            typer.echo(f"doubletalk: {line}", err=True)
        elif line.startswith("/agent "):
            try:
                session.user.hand_off(line.removeprefix("/agent ").strip())
            except UnknownAgentError as error:
                typer.echo(f"doubletalk: {error}", err=True)
        else:
            session.user.say(line)
