"""`doubletalk serve`: a voice assistant with its feed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli.conditions import Delays, ListGuards, Without, delays_of
from backend.errors import UserError

if TYPE_CHECKING:
    from backend.assistant import Session
    from backend.compose import Backend
    from backend.settings import Settings


def serve(  # noqa: PLR0913, PLR0917 - one parameter for each option
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8765")] = None,
    known_as: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another name of this server; repeatable.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that viewers need.")] = None,
    control: Annotated[
        bool,
        typer.Option(
            "--control",
            help="Let debuggers hold the bus and re-order it. Needs a token, on this machine too: one is "
            "made that `attach` finds.",
        ),
    ] = False,
    control_token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token that control needs; else DOUBLETALK_CONTROL_TOKEN."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve over TLS, with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="Bound clients, such as connections=100; repeatable."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="'embedded', or URL#MODEL of an OpenAI-compatible server.")
    ] = None,
    agents: Annotated[Path | None, typer.Option(help="Agents file (TOML).")] = None,
    memory: Annotated[Path | None, typer.Option(help="Conversation history (SQLite).")] = None,
    record: Annotated[Path | None, typer.Option(help="Also record to this JSONL file.")] = None,
    redact: Annotated[
        Path | None, typer.Option(help="TOML file: what is taken out of events before anybody sees them.")
    ] = None,
    bus: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Publish all events there: redis://HOST, nats://HOST, kafka://HOST."
        ),
    ] = None,
    bus_keep: Annotated[
        list[str] | None,
        typer.Option(metavar="STREAM=ENTRIES", help="How much a stream keeps there; repeatable."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Told there of this program, such as staging.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Store all events there, to be asked in SQL.")
    ] = None,
    store_keep_days: Annotated[
        float | None, typer.Option(metavar="DAYS", help="Remove older events from the store.")
    ] = None,
    store_keep_gb: Annotated[
        float | None, typer.Option(metavar="GB", help="Remove the oldest events above this size.")
    ] = None,
    grace: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="How long a stop may take.", show_default="10"),
    ] = None,
    wav: Annotated[
        list[Path] | None, typer.Option(help="Speak this WAV to the assistant; repeatable.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Speak the WAVs again and again.")] = False,
    microphone: Annotated[bool, typer.Option("--microphone", help="Listen to the microphone.")] = False,
    loudspeaker: Annotated[bool, typer.Option("--loudspeaker", help="Play on the sound device.")] = False,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Take typed lines from a pipe or a file, too.")
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Take WAVs and playback as fast as possible.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the assistant's speech to this WAV.")] = None,
    user: Annotated[str, typer.Option(help="Who is talking.")] = "guest",
    without: Without = None,
    delay: Delays = None,
    list_guards: ListGuards = False,
    log_level: Annotated[str | None, typer.Option(help="trace, debug, info, warning or error.")] = None,
    log_file: Annotated[Path | None, typer.Option(help="Also log to this file, as JSON lines.")] = None,
) -> None:
    """Run the voice assistant and its live feed; typed lines are taken for the user's words."""
    from backend.logs import configure  # noqa: PLC0415 - heavy parts load when they are asked for
    from backend.settings import load_settings  # noqa: PLC0415

    del list_guards  # told before this is called
    settings = load_settings(
        host=host,
        port=port,
        known_as=known_as,
        tls_cert=tls_cert,
        tls_key=tls_key,
        limits=limit,
        model=model,
        agents=agents,
        memory=memory,
        record=record,
        redact=redact,
        bus=bus,
        bus_keep=bus_keep,
        environment=environment,
        store=store,
        store_keep_days=store_keep_days,
        store_keep_gb=store_keep_gb,
        grace=grace,
        without=without,
        delays=delays_of(delay),
        log_level=log_level,
        log_file=log_file,
    )
    configure(level=settings.log_level, file=settings.log_file, console=settings.log_format)
    # Whoever starts a daemon may have closed it.
    terminal = sys.stdin is not None and sys.stdin.isatty()
    doors = _Doors(
        wavs=tuple(wav or ()),
        loop=loop,
        microphone=microphone,
        loudspeaker=loudspeaker,
        typed=stdin or terminal,
        fast=fast,
        out=out,
        user=user,
    )
    if settings.tls_key is not None and settings.tls_cert is None:
        raise UserError("--tls-key: a key without its certificate; give it with --tls-cert")
    if microphone and wav:
        raise UserError("--microphone and --wav are two voices for one user; choose one")
    if stdin and sys.stdin is None:
        raise UserError("--stdin: standard input is closed")
    if control_token_file is not None and not control:
        raise UserError("--control-token-file: nothing is controlled without --control")
    tokens = _Tokens(token_file, control, control_token_file)
    interrupted = asyncio.run(_serve(settings, tokens, doors))
    if interrupted:
        raise typer.Exit(130)


@dataclass(frozen=True, slots=True)
class _Doors:
    """How words come in and speech goes out."""

    wavs: tuple[Path, ...]
    loop: bool
    microphone: bool
    loudspeaker: bool
    typed: bool
    fast: bool
    out: Path | None
    user: str


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Who may watch, and whether and who may control."""

    watch: Path | None
    control: bool
    control_file: Path | None


async def _serve(settings: Settings, tokens: _Tokens, doors: _Doors) -> bool:
    from loguru import logger  # noqa: PLC0415 - see serve

    from backend.cli.hosting import ControlToken, hosted  # noqa: PLC0415
    from backend.cli.stopping import StopSignals  # noqa: PLC0415
    from backend.cli.typed import AnswerPrinter  # noqa: PLC0415
    from backend.compose import Backend  # noqa: PLC0415

    stop = StopSignals()
    _check(doors)
    control = ControlToken.given(tokens.control_file) if tokens.control else None
    backend = Backend(settings)
    stop.on_first = backend.stop_soon
    if doors.typed and settings.record != Path("-"):  # else stdout is the recording
        backend.tap.add_sink(AnswerPrinter())
    async with hosted(backend, tokens.watch, control=control) as address, backend:
        logger.info("feed at {}; watch it with: doubletalk attach {}", address, address)
        if control is not None:
            logger.info("it can be controlled; {}", control.where(int(address.rpartition(":")[2])))
        talking = asyncio.create_task(_talk(backend, doors), name="doors")
        stopping = asyncio.create_task(stop.wait(), name="stop signal")
        done, _ = await asyncio.wait({talking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if talking in done:
            await talking  # an error in it ends the command
            await stop.wait()
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        logger.info("stopping")
    return stop.interrupted


def _check(doors: _Doors) -> None:
    """Tell of a door that cannot be used before anything is started or loaded."""
    from backend.speech import inspect_wav  # noqa: PLC0415 - see serve
    from backend.speech.device import portaudio  # noqa: PLC0415

    for path in doors.wavs:
        inspect_wav(path)
    if doors.microphone:
        portaudio("microphone")
    if doors.loudspeaker:
        portaudio("loudspeaker")


async def _talk(backend: Backend, doors: _Doors) -> None:
    """Load the engines, open the session and let words in."""
    from backend.speech import (  # noqa: PLC0415 - see serve
        DeviceSink,
        MicrophoneSource,
        NullSink,
        WavSink,
        WavSource,
    )

    sink = (
        DeviceSink()
        if doors.loudspeaker
        else WavSink(doors.out, backend.tts.sample_rate)
        if doors.out
        else NullSink()
    )
    await backend.load()
    session = backend.open_session(doors.user, sink, pace=0.0 if doors.fast else 1.0)
    async with asyncio.TaskGroup() as tasks:
        if doors.typed:
            tasks.create_task(_typed(session), name="typed text")
        if doors.microphone:
            await session.user.listen(backend.listener(MicrophoneSource()))
        while doors.wavs:
            for path in doors.wavs:
                source = WavSource(path, realtime=not doors.fast)
                await session.user.listen(backend.listener(source))
                if session.user.turn:
                    await session.user.turn_ended(session.user.turn)
            if not doors.loop:
                break


async def _typed(session: Session) -> None:
    """Every line that is typed is a turn; ``/agent NAME`` hands over."""
    from backend.assistant import UnknownAgentError  # noqa: PLC0415 - see serve
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
