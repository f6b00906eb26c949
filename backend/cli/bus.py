"""`doubletalk bus`: events of many machines, on a stream server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backend.cli.serve_options import Limit, TlsCert, TlsKey
from backend.errors import UserError

if TYPE_CHECKING:
    from backend.wire.limits import Limits

bus = typer.Typer(
    name="bus",
    help="Events of many machines on a stream server: Valkey or Redis, NATS JetStream, Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Url = Annotated[
    str, typer.Argument(metavar="URL", help="The stream server: redis://HOST, nats://HOST, kafka://HOST.")
]
StreamOption = Annotated[str, typer.Option(metavar="STREAM", help="The stream.")]

SCHEMA: Final = "doubletalk.bus.info/1"
_INTERRUPTED: Final = 130


@bus.command()
def gateway(  # noqa: PLR0913 - each is an option of the command
    url: Url,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    known_as: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another name of this server; repeatable.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that viewers need.")] = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    limit: Limit = None,
    history: Annotated[
        int, typer.Option(min=1, metavar="EVENTS", help="Events that late viewers get.")
    ] = 100_000,
) -> None:
    """Serve a stream's events as a feed, without a program of one's own: any number of these may run."""
    from backend.gateway.tokens import token_policy  # noqa: PLC0415 - heavy parts load when they are asked for
    from backend.settings import load_settings  # noqa: PLC0415
    from backend.tap.listen import Tls  # noqa: PLC0415

    # The variables of `serve` hold here, too.
    settings = load_settings(tls_cert=tls_cert, tls_key=tls_key, limits=limit)
    door = {
        "policy": token_policy(host, token_file, None),
        "hosts": known_as or (),
        "tls": Tls.given(settings.tls_cert, settings.tls_key),
    }
    _run(lambda stop: _gateway(stop, url, (host, port), door, (history, settings.limits)))


async def _gateway(
    stop: asyncio.Event,
    url: str,
    address: tuple[str, int],
    door_options: dict[str, Any],
    bounds: tuple[int, Limits],
) -> None:
    from backend.gateway import Gateway  # noqa: PLC0415 - see gateway
    from backend.mux.gateway import StreamFeed  # noqa: PLC0415
    from backend.mux.transports import transport_of  # noqa: PLC0415
    from backend.operations.operations import Operations  # noqa: PLC0415
    from backend.operations.streaming import reading  # noqa: PLC0415
    from backend.tap.hub import Hub  # noqa: PLC0415

    history, limits = bounds
    hub = Hub(history_events=history, limits=limits)
    feed = StreamFeed(transport_of(url), hub, history=history, note=_note)
    operations = Operations(hub)
    operations.depends("mux", "mux", reading(feed))
    door = Gateway(hub, *address, assistant_info=feed.info, operations=operations, **door_options)
    try:
        await feed.start()
        async with door:
            _note(f"feed at {door.url}; watch it with: doubletalk attach {door.url}")
            await stop.wait()
            operations.health.stopping = True
            await feed.close()
    finally:
        await feed.close()


@bus.command()
def store(
    url: Url,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The store; it is made if need be.")],
    *,
    stream: StreamOption = "events/v1",
    group: Annotated[
        str, typer.Option(metavar="GROUP", help="Consumer group: one for each store.")
    ] = "store",
    fsync: Annotated[
        str, typer.Option(metavar="batch|second|never", help="What outlives the machine.")
    ] = "second",
) -> None:
    """Store a stream's events, each once, until Ctrl-C. What is missing is named in the store by a GAP."""
    from backend.store.writer import Fsync, Policy  # noqa: PLC0415 - loads Arrow

    chosen: dict[str, Fsync] = {"batch": "batch", "second": "second", "never": "never"}
    if fsync not in chosen:
        raise UserError(f"--fsync {fsync!r} is none: there are {', '.join(chosen)}")
    _run(lambda stop: _store(stop, url, folder, (stream, group), Policy(chosen[fsync])))


async def _store(stop: asyncio.Event, url: str, folder: Path, names: tuple[str, str], policy: Any) -> None:
    from backend.mux.storing import StoreFollower  # noqa: PLC0415 - see gateway
    from backend.mux.transports import transport_of  # noqa: PLC0415

    stream, group = names
    follower = StoreFollower(transport_of(url), folder, stream=stream, group=group, policy=policy, note=_note)
    await follower.run(stop)
    done = follower.stored
    parts = [
        f"{done.stored:,} events stored",
        f"{done.repeated:,} were there already" if done.repeated else "",
        f"{done.missing:,} missing" if done.missing else "",
        f"{done.broken:,} lines left out" if done.broken else "",
        f"{done.poisoned:,} entries set aside" if done.poisoned else "",
    ]
    _note(", ".join(part for part in parts if part))


@bus.command()
def read(
    url: Url,
    stream: Annotated[str, typer.Argument(metavar="[STREAM]", help="The stream.")] = "events/v1",
    *,
    group: Annotated[
        str | None,
        typer.Option(metavar="GROUP", help="As a consumer of this group: what is printed is acknowledged."),
    ] = None,
    consumer: Annotated[str, typer.Option(metavar="NAME", help="The consumer's name in its group.")] = "read",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes.")] = False,
) -> None:
    """Print a stream's events as JSONL: those that are there, or with --follow those that come, too."""
    _run(lambda stop: _read(stop, url, stream, (group, consumer), follow=follow))


async def _read(
    stop: asyncio.Event, url: str, stream: str, names: tuple[str | None, str], *, follow: bool
) -> None:
    from backend.mux.printing import grouped, printed  # noqa: PLC0415 - see gateway
    from backend.mux.transports import transport_of  # noqa: PLC0415

    server = transport_of(url)
    group, consumer = names
    try:
        await server.connect()
        lines = (
            printed(server, stream, _note, follow=follow)
            if group is None
            else grouped(server, stream, group, consumer, _note, follow=follow)
        )
        async for text in lines:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
            if stop.is_set():
                break
    finally:
        await server.close()


@bus.command()
def info(url: Url, *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is on a server: streams, groups with what waits for them, producers, poisoned entries."""
    _run(lambda _: _info(url, as_json=as_json))


async def _info(url: str, *, as_json: bool) -> None:
    from backend.mux.printing import told  # noqa: PLC0415 - see gateway
    from backend.mux.transports import transport_of  # noqa: PLC0415

    server = transport_of(url)
    try:
        await server.connect()
        sys.stdout.write(await told(server, SCHEMA, as_json=as_json))
    finally:
        await server.close()


@bus.command()
def poison(
    url: Url, stream: Annotated[str, typer.Argument(metavar="[STREAM]", help="The stream.")] = "events/v1"
) -> None:
    """Print what was set aside of a stream, as JSONL: which entry, why, and its bytes as base64."""
    _run(lambda _: _poison(url, stream))


async def _poison(url: str, stream: str) -> None:
    from backend.mux.printing import poisoned  # noqa: PLC0415 - see gateway
    from backend.mux.transports import transport_of  # noqa: PLC0415

    server = transport_of(url)
    try:
        await server.connect()
        async for text in poisoned(server, stream):
            sys.stdout.buffer.write(text)
    finally:
        await server.close()


def _run(command: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run it; the first signal asks it to end, the second ends it."""

    async def run() -> list[int]:
        stop, caught = asyncio.Event(), list[int]()
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM)
        working = asyncio.ensure_future(command(stop))

        def on_signal(number: int) -> None:
            if stop.is_set():
                working.cancel()
            caught.append(number)
            stop.set()

        for number in numbers:
            loop.add_signal_handler(number, on_signal, number)
        await working
        return caught

    try:
        caught = asyncio.run(run())
    except asyncio.CancelledError:
        raise typer.Exit(_INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    if signal.SIGINT in caught:
        raise typer.Exit(_INTERRUPTED)


def _note(text: str) -> None:
    """One line on stderr; names and reasons in it may be anybody's."""
    from backend.wire.frames import one_line  # noqa: PLC0415 - only here

    sys.stderr.write(f"doubletalk: {one_line(text, 400)}\n")
    sys.stderr.flush()
