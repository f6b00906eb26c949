"""``doubletalk attach`` and ``doubletalk replay``: the debugger on a live feed, and on recordings."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from backend.errors import UserError
from backend.token_file import find_run_token, given_token
from debugger.cli.control_token import Controlling, ControlOption, ControlTokenOption
from debugger.cli.ranges import FromOption, ToOption
from debugger.cli.rules import RulesOption, rules_given
from debugger.cli.telling import tell
from debugger.cli.trust import CaOption, ca_given

if TYPE_CHECKING:
    from debugger.judging import Judging
    from debugger.sources.file import FileSource
    from debugger.tui.app import DebuggerApp, Feeder
    from debugger.tui.session import Link, Session

RuleTexts = tuple[tuple[str, str], ...]
"""Files of rules: their names and texts."""

_DEFAULT = "127.0.0.1:8765"
KEEP = 4_000_000
"""Events that are kept of a feed: with their indexes some 250 MB, and as much again for their payloads."""

_SIZE = re.compile(r"(\d{2,3})x(\d{2,3})")


def attach(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[URL...]", help="Feeds, such as 127.0.0.1:8765, or redis://HOST; several are merged."
        ),
    ] = None,
    *,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the feeds' token.")
    ] = None,
    ca: CaOption = None,
    keep: Annotated[
        int,
        typer.Option(min=10_000, metavar="EVENTS", help="The newest are kept; earlier ones are forgotten."),
    ] = KEEP,
    control: ControlOption = False,
    control_token_file: ControlTokenOption = None,
    rules: RulesOption = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Paint no Unicode.")] = False,
) -> None:
    """Watch a running backend: its history, then what happens, until q.

    When the connection breaks, everything stays, and it is made again by itself. With --control the bus of
    the backend can be paused, stepped and re-ordered: P takes control, 7 lists what is held.
    """
    run_attached(
        urls or [_DEFAULT],
        given_token(token_file),
        control=Controlling(control_token_file) if control or control_token_file else None,
        keep=keep,
        ascii_only=ascii_only,
        rules=rules_given(rules),
        ca=ca_given(ca),
    )


def run_attached(
    urls: Sequence[str],
    token: str | None = None,
    *,
    control: Controlling | None = None,
    keep: int = KEEP,
    ascii_only: bool = False,
    rules: RuleTexts = (),
    ca: str | None = None,
) -> None:
    """Show the feeds at `urls` on this terminal until the user quits; the newest `keep` events are known.

    They are judged by `rules` beside the built-in ones. Without a token, the one that this user's server on
    that port of this machine left is used. With `control` they may be held, not only watched.

    Raises:
        UserError: there is no terminal, one of them is no feed, two are the same, or there is no token for
            control.
    """
    from debugger.sources.feed import EVERYTHING, FeedSource  # noqa: PLC0415 - as all here: it loads for a while
    from debugger.sources.helped_feed import HelpedFeed  # noqa: PLC0415
    from debugger.sources.opening import address_of, stream_at  # noqa: PLC0415

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("attach needs a terminal; without one, use: doubletalk record URL -o FILE")
    addresses = [address_of(url) for url in urls]
    if len(set(addresses)) < len(addresses):
        raise UserError("the same feed is named twice; name each once")
    tokens = (
        [token or _run_token(address) for address in addresses]
        if control is None
        else control.tokens(addresses)
    )
    sources = [
        HelpedFeed(
            stream_at(address) or FeedSource(address, own, wanted=EVERYTHING, ca=ca),
            weaving=len(addresses) > 1,
        )
        for address, own in zip(addresses, tokens, strict=True)
    ]
    for source in sources:
        source.prepare()  # they connect while Textual is loaded
    from debugger.tui import launch  # noqa: PLC0415 - before Textual
    from debugger.tui.feeders import LiveFeeder  # noqa: PLC0415
    from debugger.tui.session import Link, Mode, Session  # noqa: PLC0415

    session = Session(Mode.LIVE, Link(""), time.monotonic_ns, keep=keep)
    session.judging = _judging(session, rules, live=True, keep=keep)
    launch.run(_chosen_app(session, LiveFeeder(sources, session), _Begin(), ascii_only=ascii_only))


def _judging(session: Session, rules: RuleTexts, *, live: bool, keep: int | None = None) -> Judging:
    """What finds what went wrong, or could: in a process of its own, which begins with the first events."""
    from debugger.judging import Asked, Elsewhere  # noqa: PLC0415 - loads numpy

    return Elsewhere(session.log, Asked(_today(), live=live, keep=keep, rules=rules))


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


def _chosen_app(session: Session, feeder: Feeder, begin: _Begin, *, ascii_only: bool) -> DebuggerApp:
    """The application as the user likes it: theme, keys, layout as they were chosen."""
    from debugger.tui import plain, settings  # noqa: PLC0415 - loads Textual
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415

    folder = settings.folder()
    chosen, problems = settings.load(folder)
    for problem in problems:
        session.say(problem, bad=True)
    ascii_only = ascii_only or plain.wanted()
    return DebuggerApp(
        session, feeder, at=begin.moment, pane=begin.pane, chosen=chosen, folder=folder, ascii_only=ascii_only
    )


def _run_token(address: str) -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - only here

    from backend.wire.guard import is_loopback  # noqa: PLC0415

    parts = urlsplit(address)
    if not is_loopback(parts.hostname or "") or parts.port is None:
        return None
    return find_run_token(parts.port)


def replay(  # noqa: PLR0913 - each is an option of the command
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE[#MOMENT]...",
            help="Recordings: .jsonl, .gz, .zst; stores; - is stdin; FILE#seq=812 begins there.",
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
    pane: Annotated[
        str, typer.Option(metavar="PANE", help="Begin in graph, timeline, events, state, turns or findings.")
    ] = "",
    rules: RulesOption = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Paint no Unicode.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Compare two; exit 1: they differ.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="Print what --diff finds.")] = "",
    since: FromOption = None,
    until: ToOption = None,
) -> None:
    """Look through recordings or a store; several are merged. Without a terminal, print a summary."""
    texts = rules_given(rules)
    if diff or form:
        _compare(files, form, diff=diff, ascii_only=ascii_only)
        return
    from debugger.log.moment import parse_link  # noqa: PLC0415 - loads numpy
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415
    from debugger.sources.store import with_range  # noqa: PLC0415

    links = [parse_link(file) for file in files]
    paths = with_range([link.path for link in links], since, until)
    moment = at or next((link.moment for link in links if link.moment), "")
    if screenshot is None and not sys.stdout.isatty():
        _print_summary(paths)
        return
    begin = _Begin(moment, _pane(pane))
    try:
        source = open_recordings(paths)
        if screenshot is not None:
            _write_screenshot(source, screenshot, _size(size), begin, texts)
        else:
            _show(source, speed, begin, texts, ascii_only=ascii_only)
    except SourceError as error:
        for problem in error.problems:
            tell(problem)
        raise typer.Exit(2) from None


def _compare(files: list[str], form: str, *, diff: bool, ascii_only: bool) -> None:
    from debugger.cli.diff import run_diff  # noqa: PLC0415 - loads numpy
    from debugger.sources.recording import SourceError  # noqa: PLC0415

    if not diff:
        raise UserError("--format is of --diff: give both")
    try:
        run_diff(files, form, ascii_only=ascii_only)
    except SourceError as error:
        for problem in error.problems:
            tell(problem)
        raise typer.Exit(2) from None


class _Begin(NamedTuple):
    """Where to begin: the moment, and the pane; empty for the first event, and the events."""

    moment: str = ""
    pane: str = ""


def _pane(name: str) -> str:
    from debugger.tui.panes.arrangement import HELD, PANES  # noqa: PLC0415 - loads Textual

    panes = [pane for pane in PANES if pane != HELD]  # a recording cannot be held
    if name and name not in panes:
        near = difflib.get_close_matches(name, panes, 1)
        hint = f"; did you mean {near[0]}?" if near else f": there are {', '.join(panes)}"
        raise UserError(f"--pane {name!r} is none{hint}")
    return name


def _size(text: str) -> tuple[int, int]:
    matched = _SIZE.fullmatch(text)
    if matched is None:
        raise UserError(f"--size {text!r} is no size: give columns and rows, such as 120x36")
    return int(matched[1]), int(matched[2])


def _show(source: FileSource, speed: float, begin: _Begin, rules: RuleTexts, *, ascii_only: bool) -> None:
    source.prepare()  # it reads its first hundred thousand lines while Textual is loaded
    from debugger.sources.notes import Notes  # noqa: PLC0415
    from debugger.tui import launch  # noqa: PLC0415 - before Textual
    from debugger.tui.feeders import FileFeeder  # noqa: PLC0415
    from debugger.tui.session import Mode, Session  # noqa: PLC0415

    if not sys.stdin.isatty():
        _keys_from_terminal()
    notes = Notes(source.paths)
    session = Session(Mode.REPLAY, _link(source), time.monotonic_ns, speed=speed, notes=notes)
    session.judging = _judging(session, rules, live=False)
    for problem in notes.problems:
        session.say(problem, bad=True)
    launch.run(_chosen_app(session, FileFeeder(source, session), begin, ascii_only=ascii_only))


def _keys_from_terminal() -> None:
    """Standard input is the recording (and was duplicated when it was opened): read keys elsewhere."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise UserError("no terminal to read keys from; redirect stdout for a summary") from None
    os.dup2(terminal, 0)
    os.close(terminal)


def _write_screenshot(
    source: FileSource, path: Path, size: tuple[int, int], begin: _Begin, rules: RuleTexts
) -> None:
    import asyncio  # noqa: PLC0415 - only here

    from debugger.judging import Asked, Here  # noqa: PLC0415
    from debugger.tui import launch, pictures  # noqa: PLC0415, F401 - the first before Textual
    from debugger.tui.app import DebuggerApp  # noqa: PLC0415
    from debugger.tui.session import Mode, Session  # noqa: PLC0415

    session = Session(Mode.REPLAY, _link(source), _standing_clock())
    source.load_all(session.log)
    session.judging = Here(session.log, Asked(_today(), rules=rules))
    session.judging.finish_all()
    app = DebuggerApp(session, at=begin.moment, pane=begin.pane)
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


def _print_summary(paths: list[str]) -> None:
    """What is in the recordings together, for a pipe."""
    from debugger.analysis.overview import overview  # noqa: PLC0415 - loads numpy
    from debugger.cli.inspect.loading import loaded  # noqa: PLC0415
    from debugger.cli.inspect.stats import print_summary  # noqa: PLC0415

    with loaded(paths) as log:
        print_summary(overview(log))
