"""The conversation of `doubletalk demo`: backend, speaker and summary in one process."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from backend.errors import UserError

if TYPE_CHECKING:
    from backend.conversation import Script
    from backend.settings import Settings


def run_conversation(
    out: Path,
    conversation: str,
    *,
    port: int = 0,
    model: str | None = None,
    agents: Path | None = None,
    without: Sequence[str] | None = None,
    delays: Mapping[str, float] | None = None,
    log_level: str | None = None,
) -> None:
    """Hold a spoken conversation with the assistant and print a summary.

    ``delays`` are taken in place of the conversation's own of the same name.

    Leaves in ``out``: the recording, what the assistant heard and said as WAVs, its log.

    Raises:
        UserError: something is not to be had, or the conversation got stuck.
    """
    from backend.conversation import load_script  # noqa: PLC0415 - heavy parts load when they are asked for
    from backend.logs import configure  # noqa: PLC0415
    from backend.settings import load_settings  # noqa: PLC0415

    script = load_script(conversation)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot use the folder {out}: {error.strerror}; choose another with --out") from None
    settings = load_settings(
        port=port,
        model=model,
        agents=agents,
        memory=out / "memory.sqlite3",
        record=out / "recording.jsonl",
        without=without,
        delays={**script.delays, **(delays or {})} or None,
        log_level=log_level or "WARNING",
        log_file=out / "backend.log",
    )
    configure(level=settings.log_level, file=settings.log_file)
    asyncio.run(_hold(settings, script, out))


async def _hold(settings: Settings, script: Script, out: Path) -> None:
    """Run backend and conversation to their end, and print what came of it."""
    from backend.cli.hosting import hosted  # noqa: PLC0415 - see above
    from backend.compose import Backend  # noqa: PLC0415
    from backend.conversation import (  # noqa: PLC0415
        Fault,
        LiveVoice,
        MemoryLocked,
        MessageWatch,
        ModelKilled,
        Stage,
        hold_conversation,
    )
    from backend.speech import LISTEN_RATE, WavSink  # noqa: PLC0415

    backend = Backend(settings)
    watch = MessageWatch()
    backend.tap.add_sink(watch)
    faults: dict[str, Fault] = {"lock_memory": MemoryLocked(settings.memory)}
    strike = getattr(backend.model, "kill_worker", None)
    if callable(strike):
        faults["kill_model"] = killed = ModelKilled(strike)
        backend.tap.add_sink(killed)
    stage = Stage(script, watch, faults)
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(hosted(backend))
        _clear(out)  # not before there is a port: what stays undone leaves the last run's files alone
        await stack.enter_async_context(backend)
        sys.stderr.write(f"feed at {address}\n")
        await backend.load()
        talks = []
        for number, part in enumerate(script.parts):
            suffix = f"-{part.session}" if len(script.parts) > 1 else ""
            spoken = WavSink(out / f"assistant{suffix}.wav", backend.tts.sample_rate)
            heard = WavSink(out / f"heard{suffix}.wav", LISTEN_RATE)
            session = backend.open_session(part.user, spoken, session_id=part.session)
            voice = LiveVoice(heard, seed=number)
            talks.append(hold_conversation(session, part, voice, backend.listener(voice), stage))
        outcomes = await asyncio.gather(*talks)
    from backend.conversation.summary import summarise  # noqa: PLC0415 - see above

    for line in summarise([turn for outcome in outcomes for turn in outcome.turns], out):
        typer.echo(line)


def _clear(out: Path) -> None:
    """Remove what an earlier run left and this one begins anew."""
    for stale in (out / "recording.jsonl", out / "memory.sqlite3"):
        try:
            stale.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot replace {stale}: {error.strerror}; choose another folder with --out"
            ) from None
