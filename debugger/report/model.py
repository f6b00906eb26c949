"""The values a report is made of."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

from msgspec import Struct

Severity = Literal["error", "warning", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""Worst first."""


class Place(Struct, frozen=True):
    """An event that a finding is about. What is not known is empty or 0."""

    what: str
    """In words: ``CHUNK_RESPONSE received by tts_orchestrator``."""
    id: str = ""
    line: int = 0
    """In its file, from 1."""
    time_ns: int = 0
    """Wall clock, since the epoch."""
    task: str = ""


class Found(Struct, frozen=True):
    """One finding. ``places`` are its events in the order of the log, the decisive one first of all.

    ``times`` says how often it came in the same form; only the first is described. ``fingerprint`` is the
    same for the same finding of the next run; it has neither ids nor times in it.
    """

    rule: str
    verdict: str
    severity: Severity
    path: str
    message: str
    why: str = ""
    fix: str = ""
    session_id: str | None = None
    turn: int | None = None
    components: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    times: int = 1
    fingerprint: str = ""
    explanation: tuple[str, ...] = ()
    """Lines: what led to it, and what would have prevented it."""
    suppressed: str = ""
    """The reason, if somebody accepted it."""

    @property
    def line(self) -> int:
        """Where to look, from 1; 0 where it is about no line."""
        return next((place.line for place in self.places if place.line), 0)


class Input(Struct, frozen=True):
    """One recording that was looked at."""

    path: str
    events: int
    sessions: int
    skipped_lines: int = 0
    causality: str = "full"
    """``full``, ``rebuilt`` or ``partial``."""
    judged: tuple[str, ...] = ()
    """The rules that were applied to it."""
    unjudged: tuple[tuple[str, str], ...] = ()
    """Of those the ones that it cannot show, or not all of, and why."""


class RuleText(Struct, frozen=True):
    """What a rule is about."""

    id: str
    about: str
    help: str = ""
    severity: Severity = "error"


class Report(Struct, frozen=True):
    """A whole check. ``fail_on`` is the severity from which on it failed; None: it cannot fail."""

    inputs: tuple[Input, ...]
    findings: tuple[Found, ...]
    seconds: float = 0.0
    rules: tuple[RuleText, ...] = ()
    fail_on: Severity | None = "error"
    version: str = ""
    not_shown: int = 0
    """Findings beyond the number that is kept; they are in the counts of nothing else."""

    @property
    def open(self) -> tuple[Found, ...]:
        """Those nobody accepted."""
        return tuple(one for one in self.findings if not one.suppressed)

    @property
    def listed(self) -> tuple[Found, ...]:
        """Open findings that somebody should look at: mild ones only where they make a check fail."""
        least: Severity = "info" if self.fail_on == "info" else "warning"
        return tuple(one for one in self.open if at_or_above(one.severity, least))

    @property
    def counts(self) -> Counter[str]:
        """Open findings by severity."""
        return Counter(one.severity for one in self.open)

    @property
    def failing(self) -> bool:
        """Whether one is as bad as `fail_on`, or worse."""
        return any(at_or_above(one.severity, self.fail_on) for one in self.open)

    def of(self, path: str) -> tuple[Found, ...]:
        """Those of one recording."""
        return tuple(one for one in self.findings if one.path == path)


def at_or_above(severity: Severity, least: Severity | None) -> bool:
    """Whether a severity is ``least`` or worse."""
    return least is not None and SEVERITIES.index(severity) <= SEVERITIES.index(least)
