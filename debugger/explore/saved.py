"""A finding on disk: a folder with the tape, both recordings, and what to do with them."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from backend.errors import UserError
from backend.simulation import Tape, TapeError
from debugger.checking import Asked, judge_one
from debugger.explore.departures import Departure, told
from debugger.explore.filling import filled
from debugger.explore.oracle import Oracle
from debugger.explore.proof import Proof
from debugger.explore.verdicts import Found
from debugger.report import Found as Finding
from debugger.report.escape import plain, spelled

SCHEMA = "doubletalk.found/1"
TAPE = "found.tape"
BAD = "bad.jsonl"
GOOD = "good.jsonl"
HOW = "how.txt"
HOW_JSON = "how.json"

_WIDTH = 100
_MOST_LINES = 12
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


class How(Struct, frozen=True):
    """``how.json``. ``at`` is what to call the scenario on the command line."""

    schema: str
    scenario: str
    variant: str
    at: str
    found: Found
    strategy: str
    seed: int
    deviations: int
    """Choices on the tape that are not asyncio's own."""
    departures: tuple[Departure, ...]
    """The same in words; none of a tape that was not shrunk."""
    least: bool
    finding: Finding | None
    """The rule's, with its events and explanation, as `check` tells it; None where it is no rule."""
    parting: tuple[str, ...]
    again: str = ""
    """What makes it happen again, where that is no `explore --replay`."""


class Saved(Struct, frozen=True):
    """Where it is. ``good`` is None where no schedule passes."""

    folder: Path
    tape: Path
    bad: Path
    good: Path | None
    how: How

    @property
    def commands(self) -> tuple[str, ...]:
        """To see it, and to see it happen."""
        see = f"{_quoted(self.good)} {_quoted(self.bad)} --diff" if self.good else _quoted(self.bad)
        again = self.how.again or f"doubletalk explore --replay {_quoted(self.tape)}"
        return f"doubletalk replay {see}", again


def folder_name(scenario: str, variant: str, rule: str) -> str:
    """``text-before-ready-buggy-lost-update``, whatever a scenario is called."""
    return _NOT_IN_A_NAME.sub("-", f"{scenario}-{variant}-{rule}").strip("-.")[:120] or "found"


def save(out: Path, proof: Proof, oracle: Oracle, *, at: str = "", again: str = "") -> Saved:
    """Write a folder for the finding into ``out``, in place of an older one of that name.

    Raises:
        UserError: it cannot be written.
    """
    folder = writable(out / folder_name(proof.scenario, proof.variant, proof.found.rule))
    tape, bad, good = folder / TAPE, folder / BAD, folder / GOOD
    with _told(folder):
        tape.write_bytes(proof.tape.encode())
        bad.write_bytes(proof.bad)
        good.unlink(missing_ok=True)
        if proof.good is not None:
            good.write_bytes(proof.good)
    how = How(
        SCHEMA,
        proof.scenario,
        proof.variant,
        at or proof.scenario,
        proof.found,
        proof.tape.strategy,
        proof.tape.seed,
        proof.tape.deviations,
        proof.departures,
        proof.least,
        finding_in(bad, proof.found, oracle),
        proof.parting,
        again,
    )
    saved = Saved(folder, tape, bad, good if proof.good is not None else None, how)
    with _told(folder):
        (folder / HOW_JSON).write_bytes(msgspec.json.format(msgspec.json.encode(how), indent=2) + b"\n")
        (folder / HOW).write_text("".join(f"{line}\n" for line in lines_of(saved)), "utf-8")
    return saved


def writable(folder: Path) -> Path:
    """The folder, made where there is none.

    Raises:
        UserError: it cannot be written into.
    """
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doubletalk"
        probe.write_bytes(b"")
        probe.unlink()
    return folder


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{folder}: cannot be written: {reason}; name another folder") from None


def loaded(tape: Path) -> tuple[Tape, How | None]:
    """A tape, and what was written beside it, if that is there and can be read.

    Raises:
        TapeError: it is no tape, is damaged, or of another version.
    """
    found = Tape.load(tape)
    try:
        how = msgspec.json.decode((tape.parent / HOW_JSON).read_bytes(), type=How)
    except (OSError, msgspec.MsgspecError):
        return found, None
    told = tape.parent / TAPE
    try:
        same = how.schema == SCHEMA and told.is_file() and Tape.load(told) == found
    except TapeError:
        same = False
    return found, how if same else None


def finding_in(recording: Path, found: Found, oracle: Oracle) -> Finding | None:
    """What `check` tells of it: both events, the missing edge, the way to mend it. None if it is no rule."""
    if found.kind != "rule":
        return None
    judged = judge_one(Asked((str(recording),), dt.date.min, oracle.rules))
    of_rule = [one for one in judged.findings if one.rule == found.rule and one.verdict == "violation"]
    components = set(found.signature[2:])
    alike = [one for one in of_rule if set(one.components) == components]
    return next(iter(alike or of_rule), None)


# --- in words ---------------------------------------------------------------------


def lines_of(saved: Saved, width: int = _WIDTH) -> Iterator[str]:
    """What went wrong, why, by which schedule, and what to do next."""
    how = saved.how
    yield f"{plain(how.scenario)}{'' if how.again else f' ({how.variant})'}: {how.found.rule}"
    yield from _filled("what  ", how.found.message, width)
    if how.finding is not None:
        yield from _of_finding(how.finding, width)
    yield from _schedule(how, width)
    for number, line in enumerate(how.parting):
        yield from _filled("parts " if not number else "      ", line, width)
    for number, command in enumerate(saved.commands):
        yield f"  {'see   ' if not number else 'again '} {command}"


def _of_finding(finding: Finding, width: int) -> Iterator[str]:
    yield from _filled("why   ", finding.why, width)
    if not finding.explanation:
        for place in finding.places:
            where = f"line {place.line:,} · " if place.line else ""
            yield from _filled("event ", f"{where}{place.what}", width)
    yield from (f"  {spelled(line)}" for line in finding.explanation)
    yield from _filled("fix   ", finding.fix, width)


def _schedule(how: How, width: int) -> Iterator[str]:
    many = how.deviations
    if not many:
        yield from _filled("order ", "asyncio's own: no other schedule is needed", width)
        return
    times = f"{many} departure{'s' if many > 1 else ''}"
    if not how.departures:
        yield from _filled("order ", f"asyncio's own but for {times}, as it was found", width)
        return
    least = "" if how.least else " (shrinking was stopped by its bound: fewer may do)"
    yield from _filled("order ", f"asyncio's own but for {times}{least}:", width)
    words = list(told(how.departures))
    for line in words[:_MOST_LINES]:
        yield from _filled("      ", line, width)
    if len(words) > _MOST_LINES:
        yield f"         and {len(words) - _MOST_LINES} more"


def _filled(label: str, text: str, width: int) -> Sequence[str]:
    return filled(f"  {label} ", text, width)


def _quoted(path: Path | None) -> str:
    return shlex.quote(str(path))
