"""Exploring: scenarios one after the other, told as asked."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from debugger.checking import cores
from debugger.cli.explore.chosen import units
from debugger.cli.explore.options import Options, refuse_nonsense
from debugger.cli.inspect.printing import json_text, print_table, terminal_width
from debugger.cli.telling import note, tell
from debugger.explore.campaign import Asked, Campaign, InterruptedByUserError
from debugger.explore.corpus import Corpus
from debugger.explore.handed import Predictions
from debugger.explore.printing import HEAD, RIGHT, Entry, as_json, lines, summary, table
from debugger.explore.progress import progress_of
from debugger.explore.resumed import Resumed
from debugger.explore.saved import writable

_WIDTH = 100
_INTERRUPTED = 130


def run_explore(asked: Options) -> int:
    """Explore what was named; the exit code.

    Raises:
        UserError: what was asked for makes no sense, or cannot be read or written.
    """
    refuse_nonsense(asked)
    chosen = units(asked.names, every=asked.every, variant=asked.variant)
    oracle = asked.oracle()
    predictions = Predictions(asked.predicted, oracle) if asked.predicted is not None else None
    corpus = Corpus(asked.corpus) if asked.corpus is not None else None
    for notice in corpus.notices if corpus is not None else ():
        note(notice)
    how = Asked(asked.most_schedules, asked.seconds, asked.seed, asked.jobs or cores(), asked.out, oracle)
    resumed = Resumed(asked.resume, _marks(asked, how)) if asked.resume is not None else None
    with _folder(asked.out), progress_of(len(chosen)) as on_progress:
        campaign = Campaign(
            how, chosen, corpus=corpus, predictions=predictions, resumed=resumed, on_progress=on_progress
        )
        entries, interrupted = _all(campaign)
    if asked.as_json:
        told = as_json(entries) | ({"interrupted": True} if interrupted else {})
        sys.stdout.write(json_text(told, indent=2) + "\n")
    elif entries:
        _print(entries, every=asked.every)
    if interrupted:
        _tell_interrupted(asked, len(entries), len(chosen))
        return _INTERRUPTED
    if resumed is not None:
        resumed.finished()
    return _code(entries, every=asked.every)


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Refuse one that cannot be written, and not after an hour; leave none behind that is empty."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    writable(out)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()


def _all(campaign: Campaign) -> tuple[list[Entry], bool]:
    entries: list[Entry] = []
    try:
        for entry in campaign.entries():
            for notice in entry.notices:
                note(notice)
            if entry.error:
                tell(entry.error)
            entries.append(entry)
    except InterruptedByUserError:
        return entries, True
    return entries, False


def _print(entries: Sequence[Entry], *, every: bool) -> None:
    """Of a few all; of all of them a table, and those that are not as they should be."""
    width = terminal_width() or _WIDTH
    told = [entry for entry in entries if not entry.expected] if every else entries
    for entry in told:
        sys.stdout.writelines(f"{line}\n" for line in (*lines(entry, width), ""))
    if every or len(entries) > 1:
        print_table(HEAD, table(entries), right=RIGHT)
        sys.stdout.write(f"{summary(entries)}\n")


def _tell_interrupted(asked: Options, done: int, of: int) -> None:
    if asked.resume is not None:
        tell(f"interrupted: {done} of {of} are done and kept; the same command goes on from {asked.resume}")
    else:
        tell(f"interrupted: {done} of {of} are done; with --resume FILE it could be gone on with")


def _code(entries: Sequence[Entry], *, every: bool) -> int:
    if any(entry.error for entry in entries):
        return 2
    if every:
        return int(not all(entry.expected for entry in entries))
    return int(any(entry.confirmed for entry in entries))


def _marks(asked: Options, how: Asked) -> dict[str, str]:
    """On what results depend."""
    rules = "\0".join(part for one in how.oracle.rules for part in one).encode()
    return {
        "--schedules": str(how.schedules),
        "--seconds": str(how.seconds),
        "--seed": str(how.seed),
        "--rules": blake2b(rules, digest_size=6).hexdigest() if rules else "none",
        "--from": str(asked.predicted),
    }
