"""``doubletalk record``: a live feed into a file."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UserError
from backend.jsonl_file import JsonlFile
from backend.token_file import given_token
from debugger.cli.trust import CaOption, ca_given

if TYPE_CHECKING:
    from debugger.sources.opening import Source
    from debugger.sources.record import Recording

_PROGRESS_SECONDS = 0.5
_INTERRUPTED = 130


def record(  # noqa: PLR0913 - each is an option of the command
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to: .jsonl, .jsonl.gz, .jsonl.zst; - is stdout."
        ),
    ],
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="The feed, such as 127.0.0.1:8765, or redis://HOST.")
    ] = "127.0.0.1:8765",
    *,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after this many seconds.")] = None,
    events: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when the server ends, do not reconnect.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    append: Annotated[bool, typer.Option("--append", help="Go on with an existing file.")] = False,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the feed's token.")
    ] = None,
    ca: CaOption = None,
) -> None:
    """Record a live feed: all of its history, then what comes, until Ctrl-C.

    Each event is written as it came, at once; what is lost on the way stands in the file as a GAP.
    """
    from debugger.sources.feed import FeedSource  # noqa: PLC0415 - not for `doubletalk --help`
    from debugger.sources.opening import stream_at  # noqa: PLC0415

    if force and append:
        raise UserError("--force and --append exclude each other")
    source = stream_at(url, history=None) or FeedSource(url, given_token(token_file), ca=ca_given(ca))
    try:
        file = JsonlFile(output, append=append, exclusive=not (force or append))
    except FileExistsError:
        raise UserError(f"{output} exists: use --append, --force or another name") from None
    except OSError as error:
        raise UserError(str(error)) from None
    try:
        interrupted = asyncio.run(_run(source, file, seconds, events, once=once))
    except UserError:
        if not (force or append or output == "-") and Path(output).stat().st_size == 0:
            Path(output).unlink()  # refused before anything came: leave nothing in the way of the next try
        raise
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(str(error)) from None
    if interrupted:
        raise typer.Exit(_INTERRUPTED)


async def _run(
    source: Source, file: JsonlFile, seconds: float | None, events: int | None, *, once: bool
) -> bool:
    """Record; returns whether a signal ended it."""
    from debugger.sources.record import Recording  # noqa: PLC0415 - as above
    from debugger.sources.record import record as run  # noqa: PLC0415 - as above

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals: list[int] = []

    def interrupt(number: int) -> None:
        signals.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows
            loop.add_signal_handler(number, interrupt, number)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    recording = Recording(file)
    with _progress(recording) as note:
        outcome = await run(source, recording, stop=stop, max_events=events, once=once, note=note)
    lost = f", {outcome.lost} lost" if outcome.lost else ""
    sys.stderr.write(f"recorded {outcome.events} events{lost} to {file.path}\n")
    return bool(signals)


@contextlib.contextmanager
def _progress(recording: Recording) -> Iterator[Callable[[str], None]]:
    """A counting line on stderr while that is a terminal; gives a function that writes notes around it."""
    terminal = sys.stderr.isatty()
    clear = "\r\x1b[2K" if terminal else ""
    began = time.monotonic()

    def note(text: str) -> None:
        sys.stderr.write(f"{clear}{text}\n")
        sys.stderr.flush()

    async def count() -> None:
        while True:
            passed = time.monotonic() - began
            lost = f", {recording.lost:,} lost" if recording.lost else ""
            sys.stderr.write(f"{clear}recording: {recording.events:,} events{lost}, {passed:.0f} s")
            sys.stderr.flush()
            await asyncio.sleep(_PROGRESS_SECONDS)

    counting = asyncio.create_task(count()) if terminal else None
    try:
        yield note
    finally:
        if counting is not None:
            counting.cancel()
        sys.stderr.write(clear)
