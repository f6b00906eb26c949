"""What is wrong with a run: by its outcome, by what nobody handled, and by the rules over its recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from types import TracebackType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from backend.errors import UserError
from backend.events import decode_line
from backend.scenarios import Played
from backend.simulation import DeadlockError, EscapeError, Outcome, Run, Wait
from backend.simulation.places import program_file, told
from debugger.analysis.findings import Finding
from debugger.analysis.rules import Ready, RulesError, load_rules
from debugger.analysis.violations import violations
from debugger.explore.verdicts import Found, Kind
from debugger.log import EventLog
from debugger.log.lines import LIVE

_NUMBERS: Final = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)
_LIMITS: Final = (Outcome.STEP_LIMIT, Outcome.TIME_LIMIT, Outcome.NEVER_YIELDS)
_LONGEST: Final = 400
_COUNTS: Final = "error"


class Oracle(Struct, frozen=True):
    """What counts as wrong. Plain values: each process that searches makes its own rules of it.

    ``rules`` are files of rules beside the built-in ones, name and text, as `debugger.checking` takes them;
    without ``recorded`` the recording is not looked at, only how the run ended.
    """

    rules: tuple[tuple[str, str], ...] = ()
    recorded: bool = True


def judged(played: Played, oracle: Oracle) -> tuple[Found, ...]:
    """All that is wrong with a run, each signature once; what ended it first. By the same run the same."""
    found = [*_of_run(played.run)]
    if oracle.recorded and played.run.outcome is not Outcome.ESCAPED:
        found += [_of_finding(one) for one in broken_rules(played.recording, oracle)]
    return tuple({one.signature: one for one in reversed(found)}.values())[::-1]


def broken_rules(recording: bytes, oracle: Oracle) -> list[Finding]:
    """What the rules call a violation at severity error, but for what a rules file accepts."""
    found = violations(log_of(recording), _that_fail(oracle.rules))
    return [
        one for one in found if one.verdict == "violation" and one.severity == _COUNTS and not one.suppressed
    ]


def log_of(recording: bytes) -> EventLog:
    """A recording as a log, in memory."""
    log = EventLog()
    lines = recording.splitlines()
    if lines:
        events, lengths = [decode_line(line) for line in lines], [len(line) for line in lines]
        offsets = accumulate((length + 1 for length in lengths[:-1]), initial=log.put_lines(recording))
        log.extend(events, LIVE, list(offsets), lengths)
    return log


def rules_of(oracle: Oracle) -> Ready:
    """The rules of an oracle, made once in a process.

    Raises:
        UserError: a file of rules has a mistake; where it is.
    """
    return _rules(oracle.rules)


@lru_cache(maxsize=4)
def _that_fail(sources: tuple[tuple[str, str], ...]) -> Ready:
    """Only those rules whose violations count here: what others say would be thrown away."""
    rules = _rules(sources).rules
    return Ready(replace(rules, rules=tuple(one for one in rules.rules if one.severity == _COUNTS)))


@lru_cache(maxsize=4)
def _rules(sources: tuple[tuple[str, str], ...]) -> Ready:
    try:
        return Ready(load_rules(sources))
    except RulesError as error:
        raise UserError(str(error)) from None


def _of_finding(finding: Finding) -> Found:
    signature = ("rule", finding.rule, *sorted(finding.components))
    return Found("rule", finding.rule, finding.message, signature)


# --- how it ended ---------------------------------------------------------------------


def _of_run(run: Run[Any]) -> Iterator[Found]:
    error = run.error
    if run.outcome is Outcome.RAISED and error is not None:
        kind: Kind = "assertion" if isinstance(error, AssertionError) else "error"
        yield _of_error(kind, error)
    elif isinstance(error, DeadlockError):
        yield _found("deadlock", str(error), _waiting(error.waits))
    elif isinstance(error, EscapeError):
        yield _found("escape", str(error), (error.escape.what, _short(error.escape.where)))
    elif run.outcome in _LIMITS:
        yield _found("limit", str(error), (run.outcome.value,))
    if run.outcome is not Outcome.RETURNED:
        return
    for context in run.unhandled:
        raised = context.get("exception")
        if isinstance(raised, BaseException):
            yield _of_error("unhandled", raised, "nobody handled ")
        else:
            message = str(context.get("message", "an error"))
            yield _found("unhandled", message, (_NUMBERS.sub("#", message),))
    if run.leaked:
        yield _found("leak", f"left running: {'; '.join(map(str, run.leaked))}", _waiting(run.leaked))


def _of_error(kind: Kind, error: BaseException, who: str = "") -> Found:
    name, where = type(error).__name__, _raised_at(error.__traceback__)
    text = str(error).strip() or "no message"
    return _found(kind, f"{who}{name}: {text} (at {where})", (name, _short(where)))


def _raised_at(trace: TracebackType | None) -> str:
    """The innermost line of the program's own; ours are its scenario's, but not the simulation's."""
    where = "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if program_file(code.co_filename):
            where = told(code, trace.tb_lineno)
        trace = trace.tb_next
    return where


def _waiting(waits: Iterable[Wait]) -> tuple[str, ...]:
    """Where tasks wait, each place once: how many there are, and their numbers, is of the one run."""
    return tuple(sorted({_NUMBERS.sub("#", wait.what) + " at " + _short(wait.where) for wait in waits}))


def _short(where: str) -> str:
    """Without the folders, which are told from wherever the program was imported."""
    return where.rpartition("/")[2]


def _found(kind: Kind, message: str, of: tuple[str, ...]) -> Found:
    message = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
    return Found(kind, kind, message, (kind, *of))
