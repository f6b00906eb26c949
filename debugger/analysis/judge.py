"""A whole log, judged: the one way that `check`, the debugger and the pytest plugin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from backend.events.vocabulary import RECEIVED
from debugger.analysis.findings import Finding, Findings
from debugger.log import NONE, NOT_IN_LOG, EventLog

INTEGRITY: Final = "integrity"


class Verdict(Struct, frozen=True):
    """What a log shows, and how far it could be judged. The worst findings come first."""

    findings: tuple[Finding, ...]
    causality: str
    """``full``: every receive names its publish. ``rebuilt``: none does. ``partial``: some do not."""
    judged: tuple[str, ...] = ()


def judge(log: EventLog) -> Verdict:
    """Look at all of a log that will not grow any more."""
    return Verdict(tuple(_integrity(log)), causality_of(log), ("integrity",))


def _integrity(log: EventLog) -> Sequence[Finding]:
    findings = Findings(log)
    while not findings.complete:
        findings.advance(_no_clock, 0)
    return [one for one in findings.all() if one.verdict == INTEGRITY]


def causality_of(log: EventLog) -> str:
    """Whether receives name the publishes that caused them."""
    kind = log.id_of("event_type", RECEIVED)
    if kind is None:
        return "full"
    causes = log.column("cause_row")[log.column("event_type") == kind]
    unknown = int(np.count_nonzero((causes == NONE) | (causes == NOT_IN_LOG)))
    if unknown == 0:
        return "full"
    return "rebuilt" if bool((causes == NONE).all()) else "partial"


def _no_clock() -> int:
    return 0
