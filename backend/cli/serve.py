"""`doubletalk serve`: a voice assistant with its feed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from backend.cli import serve_options as option
from backend.cli.conditions import Delays, ListGuards, Without, delays_of
from backend.cli.doors import Doors
from backend.errors import UserError

if TYPE_CHECKING:
    from backend.settings import Settings


def serve(  # noqa: PLR0913, PLR0917 - one parameter for each option
    host: option.Host = None,
    port: option.Port = None,
    known_as: option.KnownAs = None,
    token_file: option.TokenFile = None,
    control: option.Control = False,
    control_token_file: option.ControlTokenFile = None,
    tls_cert: option.TlsCert = None,
    tls_key: option.TlsKey = None,
    limit: option.Limit = None,
    model: option.Model = None,
    agents: option.Agents = None,
    memory: option.Memory = None,
    record: option.Record = None,
    redact: option.Redact = None,
    bus: option.BusUrl = None,
    bus_keep: option.BusKeep = None,
    environment: option.Environment = None,
    store: option.Store = None,
    store_keep_days: option.StoreKeepDays = None,
    store_keep_gb: option.StoreKeepGb = None,
    wav: option.Wavs = None,
    loop: option.Loop = False,
    microphone: option.Microphone = False,
    loudspeaker: option.Loudspeaker = False,
    stdin: option.Stdin = False,
    fast: option.Fast = False,
    out: option.Out = None,
    user: option.User = "guest",
    without: Without = None,
    delay: Delays = None,
    list_guards: ListGuards = False,
    grace: option.Grace = None,
    log_level: option.LogLevel = None,
    log_file: option.LogFile = None,
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
        without=without,
        delays=delays_of(delay),
        grace=grace,
        log_level=log_level,
        log_file=log_file,
    )
    configure(level=settings.log_level, file=settings.log_file, console=settings.log_format)
    if settings.tls_key is not None and settings.tls_cert is None:
        raise UserError("--tls-key: a key without its certificate; give it with --tls-cert")
    if stdin and sys.stdin is None:
        raise UserError("--stdin: standard input is closed")
    if control_token_file is not None and not control:
        raise UserError("--control-token-file: nothing is controlled without --control")
    # Whoever starts a daemon may have closed it.
    terminal = sys.stdin is not None and sys.stdin.isatty()
    doors = Doors(
        wavs=tuple(wav or ()),
        loop=loop,
        microphone=microphone,
        loudspeaker=loudspeaker,
        typed=stdin or terminal,
        fast=fast,
        out=out,
        user=user,
    )
    if asyncio.run(_serve(settings, _Tokens(token_file, control, control_token_file), doors)):
        raise typer.Exit(130)


class _Tokens(NamedTuple):
    """Who may watch, and whether and who may control."""

    watch: Path | None
    control: bool
    control_file: Path | None


async def _serve(settings: Settings, tokens: _Tokens, doors: Doors) -> bool:
    """Until a signal; returns whether that was Ctrl-C."""
    from loguru import logger  # noqa: PLC0415 - see serve

    from backend.cli.hosting import ControlToken, hosted  # noqa: PLC0415
    from backend.cli.stopping import StopSignals  # noqa: PLC0415
    from backend.cli.typed import AnswerPrinter  # noqa: PLC0415
    from backend.compose import Backend  # noqa: PLC0415

    stop = StopSignals()
    doors.check()
    control = ControlToken.given(tokens.control_file) if tokens.control else None
    backend = Backend(settings)
    stop.on_first = backend.stop_soon
    if doors.typed and settings.record != Path("-"):  # else stdout is the recording
        backend.tap.add_sink(AnswerPrinter())
    async with hosted(backend, tokens.watch, control=control) as address, backend:
        logger.info("feed at {}; watch it with: doubletalk attach {}", address, address)
        if control is not None:
            logger.info("it can be controlled; {}", control.where(int(address.rpartition(":")[2])))
        talking = asyncio.create_task(doors.open(backend), name="doors")
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
