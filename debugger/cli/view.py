"""``doubletalk attach`` and ``doubletalk replay``: the interface, on a feed or on recordings."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UserError
from backend.token_file import given_token

if TYPE_CHECKING:
    from debugger.log import EventLog
    from debugger.sources.file import FileSource

_SCREENSHOT_SECONDS = 30.0


def attach(
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="The feed, such as 127.0.0.1:8765.")
    ] = "127.0.0.1:8765",
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the feed's token.")
    ] = None,
) -> None:
    """Watch a running backend; shows what is in its history first."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("attach needs a terminal; without one, use: doubletalk record URL -o FILE")
    run_attached(url, token_file)


def run_attached(url: str, token_file: Path | None = None) -> None:
    """Run the interface on a feed until it is quit.

    Raises:
        UserError: the URL or the token file cannot be used.
    """
    from debugger.tui import launch  # noqa: PLC0415 - first of all that touches Textual

    # isort: split
    from debugger.sources.feed import FeedSource, feed_url  # noqa: PLC0415 - see above
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415
    from debugger.tui.feeders import LiveFeeder  # noqa: PLC0415
    from debugger.tui.session import Link, Mode, Session  # noqa: PLC0415

    source = FeedSource(url, given_token(token_file))
    session = Session(Mode.LIVE, Link(feed_url(url), up=False, detail="connecting"), time.monotonic_ns)
    launch.run(DebuggerApp(session, LiveFeeder(source, session)))


def replay(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Recordings; - reads standard input.")],
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="Pace of playing.")] = 1.0,
    at_seq: Annotated[int | None, typer.Option(metavar="N", help="Put the cursor on this event.")] = None,
    screenshot: Annotated[
        Path | None, typer.Option(metavar="SVG", help="Write a picture of the screen and end.")
    ] = None,
    size: Annotated[str, typer.Option(help="Columns and rows of the picture.")] = "120x36",
) -> None:
    """Look at recordings. Without a terminal, prints what is in them."""
    from debugger.sources.file import open_recordings  # noqa: PLC0415 - not for `doubletalk --help`
    from debugger.sources.recording import SourceError  # noqa: PLC0415

    try:
        source = open_recordings(files)
    except SourceError as error:
        for problem in error.problems:
            sys.stderr.write(f"doubletalk: {problem}\n")
        raise typer.Exit(2) from None
    if screenshot is not None:
        drawn = asyncio.run(_picture(source, _size(size), at_seq))
        try:
            screenshot.write_text(drawn, "utf-8")
        except OSError as error:
            raise UserError(f"cannot write {screenshot}: {error.strerror}") from None
    elif sys.stdout.isatty():
        _show(source, speed, at_seq, keys_from_terminal="-" in files)
    else:
        _summarise(source)


def _show(source: FileSource, speed: float, at_seq: int | None, *, keys_from_terminal: bool) -> None:
    from debugger.tui import launch  # noqa: PLC0415 - first of all that touches Textual

    # isort: split
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415 - see above
    from debugger.tui.feeders import FileFeeder  # noqa: PLC0415
    from debugger.tui.session import Link, Mode, Session  # noqa: PLC0415

    if keys_from_terminal:
        _keys_from_terminal()
    session = Session(Mode.REPLAY, Link(" ".join(source.paths)), time.monotonic_ns, speed=speed)
    launch.run(DebuggerApp(session, FileFeeder(source, session), at_seq=at_seq))


def _keys_from_terminal() -> None:
    """Events come through standard input: keep it under another number, and read keys from the terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise UserError(
            "keys cannot be read: standard input holds the events, and there is no terminal"
        ) from None
    os.dup2(terminal, 0)
    os.close(terminal)


async def _picture(source: FileSource, size: tuple[int, int], at_seq: int | None) -> str:
    """The screen as it would look, as SVG, without a terminal."""
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415 - see replay
    from debugger.tui.session import Link, Mode, Session  # noqa: PLC0415

    session = Session(Mode.REPLAY, Link(" ".join(source.paths)), time.monotonic_ns)
    source.load_all(session.log)
    app = DebuggerApp(session, at_seq=at_seq)
    async with asyncio.timeout(_SCREENSHOT_SECONDS), app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        return app.export_screenshot()


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,3})x(\d{1,3})", text)
    if match is None:
        raise UserError(f"{text!r} is no size; write columns and rows, such as 120x36")
    return int(match[1]), int(match[2])


def _summarise(source: FileSource) -> None:
    """What is in the recordings, for a pipe."""
    from debugger.log import EventLog  # noqa: PLC0415 - see replay

    log = EventLog()
    source.load_all(log)
    for line in summary_lines(log, source.paths):
        typer.echo(line)
    for notice in source.notices:
        sys.stderr.write(f"doubletalk: {notice}\n")
    source.close()


def summary_lines(log: EventLog, paths: tuple[str, ...]) -> list[str]:
    """Events, time, sessions, turns, components and everything that is wrong with the files."""
    from debugger.tui.text import safe_text as safe_line  # noqa: PLC0415 - see replay

    stats = log.stats
    lines = [f"{', '.join(paths)}: {len(log)} events"]
    if stats.first_timestamp_ns is not None and stats.last_timestamp_ns is not None:
        seconds = (stats.last_timestamp_ns - stats.first_timestamp_ns) / 1e9
        sessions = ", ".join(map(safe_line, stats.sessions)) or "none"
        lines.append(f"over {seconds:.1f} s; sessions: {sessions}; turns: {_turns(log)}")
        counts = sorted(stats.by_component.items(), key=lambda item: (-item[1], item[0]))
        lines.append("by component: " + ", ".join(f"{safe_line(name)} {count}" for name, count in counts))
    lines.extend(
        safe_line(f"broken: {line.path or paths[0]}:{line.line}: {line.reason}")
        for line in (*stats.broken, *stats.torn)
    )
    if stats.broken_count > len(stats.broken):
        lines.append(f"and {stats.broken_count - len(stats.broken)} more broken lines")
    if stats.gaps:
        lines.append(f"{stats.gaps} gaps are recorded")
    lines.extend(
        f"{count} events of {safe_line(source)} are missing"
        for source, count in stats.missing.items()
        if count
    )
    return lines


def _turns(log: EventLog) -> int:
    """Turns of all sessions together."""
    import numpy as np  # noqa: PLC0415 - see replay

    turns = log.column("turn")
    pairs = np.stack([log.column("session").astype(np.int64), turns.astype(np.int64)])[:, turns >= 0]
    return int(np.unique(pairs, axis=1).shape[1])
