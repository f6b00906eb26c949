"""``doubletalk attach`` and ``doubletalk replay``: the debugger on a live feed, and on recordings."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UserError
from backend.token_file import find_run_token, given_token

if TYPE_CHECKING:
    from debugger.sources.file import FileSource
    from debugger.tui.app import DebuggerApp, Feeder
    from debugger.tui.session import Link, Session

_DEFAULT = "127.0.0.1:8765"
_SIZE = re.compile(r"(\d{2,3})x(\d{2,3})")


def attach(
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL...]", help="Feeds, such as 127.0.0.1:8765; several are merged."),
    ] = None,
    *,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the feeds' token.")
    ] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Paint no Unicode.")] = False,
) -> None:
    """Watch a running backend: its history, then what happens, until q.

    When the connection breaks, everything stays, and it is made again by itself.
    """
    run_attached(urls or [_DEFAULT], given_token(token_file), ascii_only=ascii_only)


def run_attached(urls: Sequence[str], token: str | None = None, *, ascii_only: bool = False) -> None:
    """Show the feeds at `urls` on this terminal until the user quits.

    Without a token, the one that this user's server on that port of this machine left is used.

    Raises:
        UserError: there is no terminal, one of them is no feed, or two are the same.
    """
    from debugger.sources.feed import FeedSource, feed_url  # noqa: PLC0415 - as all here: it loads for a while
    from debugger.tui import launch  # noqa: PLC0415 - before Textual
    from debugger.tui.feeders import LiveFeeder  # noqa: PLC0415
    from debugger.tui.session import Link, Mode, Session  # noqa: PLC0415

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("attach needs a terminal; without one, use: doubletalk record URL -o FILE")
    addresses = [feed_url(url) for url in urls]
    if len(set(addresses)) < len(addresses):
        raise UserError("the same feed is named twice; name each once")
    sources = [FeedSource(address, token or _run_token(address)) for address in addresses]
    session = Session(Mode.LIVE, Link(""), time.monotonic_ns)
    launch.run(_chosen_app(session, LiveFeeder(sources, session), ascii_only=ascii_only))


def _chosen_app(session: Session, feeder: Feeder, moment: str = "", *, ascii_only: bool) -> DebuggerApp:
    """The application as the user likes it: theme, keys, layout as they were chosen."""
    from debugger.tui import plain, settings  # noqa: PLC0415 - loads Textual
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415

    folder = settings.folder()
    chosen, problems = settings.load(folder)
    for problem in problems:
        session.say(problem, bad=True)
    return DebuggerApp(
        session, feeder, at=moment, chosen=chosen, folder=folder, ascii_only=ascii_only or plain.wanted()
    )


def _run_token(address: str) -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - only here

    from backend.wire.guard import is_loopback  # noqa: PLC0415

    parts = urlsplit(address)
    if not is_loopback(parts.hostname or "") or parts.port is None:
        return None
    return find_run_token(parts.port)


def replay(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE[#MOMENT]...",
            help="Recordings: .jsonl, .jsonl.gz, .jsonl.zst; - is stdin; FILE#seq=812 begins there.",
        ),
    ],
    *,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="Recorded seconds in a second.")] = 1.0,
    at: Annotated[
        str,
        typer.Option(metavar="MOMENT", help="Begin there: a seq, 10:02:03.4, 50%, turn=3, id=…"),
    ] = "",
    screenshot: Annotated[
        Path | None, typer.Option(metavar="OUT.svg", help="Write a picture of the screen, and end.")
    ] = None,
    size: Annotated[str, typer.Option(metavar="WxH", help="The screen of --screenshot.")] = "120x36",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Paint no Unicode.")] = False,
) -> None:
    """Look through recordings; several are merged. Without a terminal, print a summary."""
    from debugger.log.moment import parse_link  # noqa: PLC0415 - loads numpy
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415

    links = [parse_link(file) for file in files]
    moment = at or next((link.moment for link in links if link.moment), "")
    try:
        source = open_recordings([link.path for link in links])
        if screenshot is not None:
            _write_screenshot(source, screenshot, _size(size), moment)
        elif sys.stdout.isatty():
            _show(source, speed, moment, ascii_only=ascii_only)
        else:
            _print_summary(source)
    except SourceError as error:
        for problem in error.problems:
            sys.stderr.write(f"doubletalk: {problem}\n")
        raise typer.Exit(2) from None


def _size(text: str) -> tuple[int, int]:
    matched = _SIZE.fullmatch(text)
    if matched is None:
        raise UserError(f"--size {text!r} is no size: give columns and rows, such as 120x36")
    return int(matched[1]), int(matched[2])


def _show(source: FileSource, speed: float, moment: str, *, ascii_only: bool) -> None:
    from debugger.sources.notes import Notes  # noqa: PLC0415
    from debugger.tui import launch  # noqa: PLC0415 - before Textual
    from debugger.tui.feeders import FileFeeder  # noqa: PLC0415
    from debugger.tui.session import Mode, Session  # noqa: PLC0415

    if not sys.stdin.isatty():
        _keys_from_terminal()
    notes = Notes(source.paths)
    session = Session(Mode.REPLAY, _link(source), time.monotonic_ns, speed=speed, notes=notes)
    for problem in notes.problems:
        session.say(problem, bad=True)
    launch.run(_chosen_app(session, FileFeeder(source, session), moment, ascii_only=ascii_only))


def _keys_from_terminal() -> None:
    """Standard input is the recording (and was duplicated when it was opened): read keys elsewhere."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise UserError("no terminal to read keys from; redirect stdout for a summary") from None
    os.dup2(terminal, 0)
    os.close(terminal)


def _write_screenshot(source: FileSource, path: Path, size: tuple[int, int], moment: str) -> None:
    import asyncio  # noqa: PLC0415 - only here

    from debugger.tui import launch, pictures  # noqa: PLC0415, F401 - the first before Textual
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415
    from debugger.tui.session import Mode, Session  # noqa: PLC0415

    session = Session(Mode.REPLAY, _link(source), _standing_clock())
    source.load_all(session.log)
    app = DebuggerApp(session, at=moment)
    picture: list[str] = []

    async def take() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            picture.append(pictures.svg(app))

    asyncio.run(take())
    try:
        path.write_text(picture[0], encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _standing_clock() -> Callable[[], int]:
    """A picture is of a moment."""
    return lambda: 0


def _link(source: FileSource) -> Link:
    from debugger.tui.session import Link as FileLink  # noqa: PLC0415

    names = [Path(path).name for path in source.paths]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    name = "standard input" if names[0] == "-" else names[0] + more
    return FileLink(name, path="" if source.paths[0] == "-" else source.paths[0])


def _print_summary(source: FileSource) -> None:
    """What is in the recordings, for a pipe."""
    import numpy as np  # noqa: PLC0415 - as above

    from debugger.log import NONE, EventLog  # noqa: PLC0415

    log = EventLog()
    source.load_all(log)
    stats = log.stats
    turns = np.stack((log.column("session"), log.column("turn").astype(np.uint32)))[
        :, log.column("turn") != NONE
    ]
    first, last = stats.first_timestamp_ns, stats.last_timestamp_ns
    seconds = 0.0 if first is None or last is None else (last - first) / 1e9
    lines = [
        ("events", f"{stats.events}"),
        ("seconds", f"{seconds:.3f}"),
        ("sessions", f"{len(stats.sessions)}"),
        ("turns", f"{np.unique(turns, axis=1).shape[1]}"),
        ("components", f"{len(log.topology.components)}"),
        ("broken lines", f"{stats.broken_count}"),
        ("gaps", f"{stats.gaps}"),
        ("missing events", f"{sum(stats.missing.values())}"),
    ]
    sys.stdout.write("".join(f"{name:<15}{value}\n" for name, value in lines))
    for broken in (*stats.broken, *stats.torn):
        where = f"{broken.path}:{broken.line}" if broken.path else f"line {broken.line}"
        sys.stderr.write(f"{where}: {broken.reason}\n")
    for notice in source.notices:
        sys.stderr.write(f"{notice}\n")
