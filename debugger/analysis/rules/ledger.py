"""What rules found: one entry for each rule and key, with the rows that show it, counted and capped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from debugger.analysis.findings import Finding
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.schema import Rule

KEPT: Final = 1_000
"""Entries of a rule and verdict that are kept; more are only counted."""

ROWS: Final = 64
"""Rows of an entry that are kept."""

VIOLATION: Final = "violation"
PREDICTED: Final = "predicted"
INTEGRITY: Final = "integrity"

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_NUMBERS: Final = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)
_LONGEST: Final = 80


class Charge(NamedTuple):
    """What is found: by which rule and case, at which event, because of which others (the earlier first).

    ``shown`` are rows that belong to the story, but do not make the finding another one. ``awaits`` is the
    name of an event of which one is shown too, should it come. ``overdue`` is as of `Finding`.
    """

    rule: Rule
    case: int
    message: str
    per: tuple[Any, ...]
    at: Fact
    others: tuple[Fact, ...]
    values: dict[str, Any]
    shown: tuple[int, ...] = ()
    awaits: str = ""
    overdue: bool = False


class Entry:
    """One finding in the making."""

    __slots__ = ("_told", "charge", "count", "more", "verdict")

    def __init__(self, verdict: str, charge: Charge) -> None:
        self.verdict = verdict
        self.charge = light(charge)
        self.more: dict[int, None] = {}  # rows besides those of the charge
        self.count = 1
        self._told: Finding | None = None

    def add(self, charge: Charge) -> None:
        """The same again. The first is told, in whatever order they come: handlers end when they do."""
        self.count += 1
        self._told = None
        one, known = charge.at.row, self.charge.at.row
        if (one, charge.case) < (known, self.charge.case):
            self.charge = light(charge)
            one = known
        self._show(one)

    def came(self, charge: Charge, row: int) -> None:
        """What a charge awaits is there."""
        self._told = None
        mine = self.charge
        if mine.awaits == charge.awaits and (mine.at.row, mine.case) == (charge.at.row, charge.case):
            self.charge = mine._replace(shown=(*mine.shown, row), awaits="")
        else:
            self._show(row)

    def _show(self, row: int) -> None:
        if len(self.more) < ROWS:
            self.more[row] = None

    @property
    def rows(self) -> tuple[int, ...]:
        """Those that show it first, then where it went on."""
        charge = self.charge
        first = sorted({*(fact.row for fact in charge.others), *charge.shown, charge.at.row})
        return tuple(dict.fromkeys((*first, *sorted(self.more))))[:ROWS]

    def finding(self) -> Finding:
        """As it is told."""
        if self._told is None:
            self._told = self._tell()
        return self._told

    def _tell(self) -> Finding:
        charge = self.charge
        rule, at = charge.rule, charge.at
        facts = (*charge.others, at)
        text = PLACEHOLDER.sub(lambda one: str(charge.values.get(one[1], "?")), charge.message)
        if charge.awaits:
            text = f"{text}; no {charge.awaits} came later"
        severity: str = rule.severity
        if self.verdict == PREDICTED:
            text = f"{text}; it went well here, but nothing orders the two"
            severity = "warning" if severity == "error" else severity
        elif self.verdict == INTEGRITY:
            text = f"inconclusive: {text}, as far as is known: events are lost before it"
            severity = "warning" if severity == "error" else severity
        return Finding(
            rule.id,
            self.verdict,
            severity,
            text,
            rule.why,
            rule.fix,
            row=at.row,
            rows=self.rows,
            session_id=at.session,
            turn=at.turn if isinstance(at.turn, int) else None,
            components=tuple(dict.fromkeys(fact.component for fact in facts)),
            fingerprint=fingerprint(rule.id, facts, charge.per[1:]),
            times=self.count,
            overdue=charge.overdue,
        )


class Ledger:
    """All entries; `version` grows with each change. Of a log that forgets the newest are kept."""

    def __init__(self, *, newest: bool) -> None:
        self._newest = newest
        self._entries: dict[tuple[str, str], dict[tuple[Any, ...], Entry]] = {}
        self.more: dict[tuple[str, str], int] = {}
        self.version = 0

    def enter(self, verdict: str, charge: Charge) -> None:
        """Note what was found."""
        self.version += 1
        kind = (charge.rule.id, verdict)
        entries = self._entries.setdefault(kind, {})
        entry = entries.get(charge.per)
        if entry is not None:
            entry.add(charge)
            return
        if len(entries) >= KEPT:
            self.more[kind] = self.more.get(kind, 0) + 1
            if not self._newest:
                return
            entries.pop(next(iter(entries)))
        entries[charge.per] = Entry(verdict, charge)

    def came(self, verdict: str, charge: Charge, row: int) -> None:
        """What a charge awaits is there, in a row."""
        entry = self._entries.get((charge.rule.id, verdict), {}).get(charge.per)
        if entry is not None:
            self.version += 1
            entry.came(charge, row)

    def count(self, rule: str, verdict: str) -> int:
        """How many entries there are, or were."""
        kind = (rule, verdict)
        return len(self._entries.get(kind, ())) + self.more.get(kind, 0)

    def findings(self, without: Collection[int] = ()) -> list[Finding]:
        """In order of rows, but those of some cases. What is a violation is not predicted as well."""
        found = []
        for (rule, verdict), entries in self._entries.items():
            surer = self._entries.get((rule, VIOLATION), {}) if verdict != VIOLATION else {}
            found += [
                entry.finding()
                for per, entry in entries.items()
                if per not in surer and entry.charge.case not in without
            ]
        return sorted(found, key=lambda finding: (finding.row, finding.rule, finding.verdict))


def fingerprint(rule: str, facts: Sequence[Fact], key: Sequence[Any]) -> str:
    """The same in each run in which the same goes wrong: without ids, turns and times."""
    told = [
        rule,
        *sorted({fact.component for fact in facts}),
        "",
        *sorted({fact.message or fact.kind for fact in facts}),
        "",
        *(_NUMBERS.sub("#", str(one)) for one in key),
    ]
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def light(charge: Charge) -> Charge:
    """Without payloads: it may be kept."""
    others = tuple(map(_light, charge.others))
    return charge._replace(at=_light(charge.at), others=others, values=_told(charge))


def _told(charge: Charge) -> dict[str, Any]:
    return {name: _words(value) for name, value in charge.values.items()}


def _words(value: Any) -> str:
    if value is None:
        return "?"
    text = " ".join(str(value)[: 2 * _LONGEST].split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _light(fact: Fact) -> Fact:
    """Without its payload."""
    return Fact(
        fact.log,
        fact.row,
        fact.from_row,
        fact.time_ns,
        fact.kind,
        fact.component,
        fact.message,
        fact.session,
        fact.turn,
        fact.worker,
        fact.task,
        fact.correlation,
    )
