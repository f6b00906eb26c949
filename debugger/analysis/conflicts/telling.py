"""Races and updates as findings, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from debugger.analysis.conflicts.labels import Labels
from debugger.analysis.conflicts.records import READ, WRITE, Ease, Place, Race, Update
from debugger.analysis.findings import Finding
from debugger.analysis.order import Hole, Order
from debugger.log import NONE, EventLog

ORDER_RACE: Final = "order-race"
LOST_UPDATE: Final = "lost-update"

_FEW: Final = 3  # keys that are named
_NOT_ORDERED: Final = "no message, spawn, join, mailbox or lock puts one before the other"
_FIX_RACE: Final = (
    "let the second begin because of the first's end (await it, or a message from it); "
    "or check what it relies on again in the step that acts"
)
_FIX_MAILBOX: Final = (
    "let the later message be published because of the first one's handler; "
    "or make the handlers take either order"
)
_FIX_UPDATE: Final = (
    "do the read and the write in one step, without an await between; or hold one lock over both"
)
_FIX_STALE: Final = "read it again after the await, and act on that; or hold one lock over both"


class Teller:
    """Words for races and updates. What was told is kept, for rows may be forgotten later."""

    def __init__(self, log: EventLog, order: Order, labels: Labels) -> None:
        self._log = log
        self._order = order
        self._labels = labels
        self._told: dict[tuple[object, ...], tuple[object, Finding, frozenset[int]]] = {}

    def told(self, of: Race | Update, *, one_mailbox: bool) -> tuple[Finding, frozenset[int]] | None:
        """The finding, and the activations of its two events; None if they are forgotten already."""
        at: tuple[object, ...]
        rows: tuple[int, ...]
        content: object
        if isinstance(of, Race):
            rows, content = (of.first.row, of.second.row), (of.keys, of.ease)
            at, covered = rows, of.covered
        else:
            rows, content, covered = (of.other_write, of.write, of.read), None, 0
            at = (*rows, of.key, of.on)
        known = self._told.get(at)
        if known is None or known[0] != content:
            if min(rows) < max(self._order.first_row, self._log.first_row):
                if known is None:
                    return None
            else:
                finding = (
                    self._race(of, one_mailbox=one_mailbox) if isinstance(of, Race) else self._update(of)
                )
                known = self._told[at] = (content, finding, self.activations(finding.rows[:2]))
        _, finding, activations = known
        if of.like or covered:
            follow = f"; {covered:,} more would not be, were they ordered" if covered else ""
            finding = replace(finding, why=finding.why + follow, times=of.like + 1)
        return finding, activations

    def activations(self, rows: Iterable[int]) -> frozenset[int]:
        """The activations of some rows; of an event without one, its segment as a negative number."""
        found: set[int] = set()
        for row in rows:
            if row >= self._order.first_row:
                task = self._order.task(row)
                found.add(-1 - self._order.segment(row) if task is None else task)
        return frozenset(found)

    def _race(self, race: Race, *, one_mailbox: bool) -> Finding:
        """A race as a prediction."""
        first, second = race.first, race.second
        what = _keys(race.keys)
        owner = race.place.component
        names = [self._label(touch.row, owner) for touch in (first, second)]
        if race.pair:
            message = f"{names[0]} and {names[1]} reach {owner} in an order that nothing guarantees"
        elif first.kind == second.kind == WRITE:
            who = f"two activations of {names[0]}" if names[0] == names[1] else " and ".join(names)
            message = f"{who} write {owner}.{what} in an order that nothing guarantees"
        else:
            reader, writer = names if first.kind == READ else reversed(names)
            when = "before" if first.kind == READ else "after"
            message = f"{reader} reads {owner}.{what} {when} {writer} writes it, which nothing guarantees"
        why = [f"{_NOT_ORDERED}: in another run they come the other way round"]
        if race.ease is not Ease.NONE:
            meant = "" if race.ease is Ease.COVERED else "most likely meant: "
            why.append(f"{meant}{race.ease.value}")
        severity = "warning" if race.ease is Ease.NONE else "info"
        rows = tuple(sorted((first.row, second.row)))
        return self._judged(
            Finding(
                ORDER_RACE,
                "predicted",
                severity,
                message,
                "; ".join(why),
                _FIX_MAILBOX if one_mailbox else _FIX_RACE,
                row=rows[1],
                rows=rows,
                session_id=self._session(race.place),
                turn=self._turn(second.row),
                components=self._components(owner, rows),
            )
        )

    def _update(self, update: Update) -> Finding:
        """An update that is lost, acts on what is stale, or can be lost."""
        name = f"{update.place.component}.{update.key}"
        other, mine = (self._label(row, update.place.component) for row in (update.other_write, update.write))
        both = f"two activations of {mine}" if other == mine else f"{other} and {mine}"
        fix, verdict, severity = _FIX_UPDATE, "predicted", "warning"
        rule = LOST_UPDATE
        if update.on:
            rule, fix = ORDER_RACE, _FIX_STALE
            message = f"{mine} writes {update.on} after {other} changed {name}, which it had looked at before"
            why = "if it relies on that, it was no longer so: nothing keeps the other one out meanwhile"
            if self._of_two_turns(update.other_write, update.write):
                severity, why = "info", f"{why}; most likely meant: {Ease.TURN.value}"
        elif update.happened and update.other_read >= 0:
            verdict, severity = "violation", "error"
            message = f"an update of {name} is lost: {both} read it, then both write it from the old value"
            why = "the later write does not know of the earlier one, which came between its read and itself"
        elif update.happened:
            message = f"{mine} writes {name} from what it read before {other} wrote it"
            why, fix = (
                "what it decided on was no longer so: nothing keeps the other one out meanwhile",
                _FIX_STALE,
            )
        else:
            message = f"an update of {name} can be lost: {both} read it and write it after an await"
            why = "here one came after the other, but nothing orders them or keeps them apart"
        reads = (row for row in (update.read, -1 if update.on else update.other_read) if row >= 0)
        rows = (update.other_write, update.write, *reads)
        return self._judged(
            Finding(
                rule,
                verdict,
                severity,
                message,
                why,
                fix,
                row=update.write,
                rows=rows,
                session_id=self._session(update.place),
                turn=self._turn(update.write),
                components=self._components(update.place.component, rows[:2]),
            )
        )

    def _judged(self, finding: Finding) -> Finding:
        """Inconclusive, where something is missing that could order the two."""
        if finding.verdict != "predicted":
            return finding
        hole = self._order.overlaps_hole(*finding.rows[:2])
        return finding if hole is None else _inconclusive(finding, hole)

    def _label(self, row: int, beside: str) -> str:
        task = self._order.task(row)
        return self._labels.of(row, -1 if task is None else task).beside(beside)

    def _session(self, place: Place) -> str | None:
        return self._log.interner("session").value(place.session)

    def _of_two_turns(self, one: int, other: int) -> bool:
        turns = self._turn(one), self._turn(other)
        return None not in turns and turns[0] != turns[1]

    def _turn(self, row: int) -> int | None:
        turn = int(self._log.column("turn")[row])
        return None if turn == NONE else turn

    def _components(self, owner: str, rows: Iterable[int]) -> tuple[str, ...]:
        column = self._log.column("component")
        return tuple(dict.fromkeys((owner, *(self._log.name("component", int(column[row])) for row in rows))))


def _keys(keys: tuple[str, ...]) -> str:
    if len(keys) == 1:
        return keys[0]
    more = f", … {len(keys) - _FEW} more" if len(keys) > _FEW else ""
    return "{" + ", ".join(keys[:_FEW]) + more + "}"


def _inconclusive(finding: Finding, hole: Hole) -> Finding:
    why = (
        f"something is missing that could order them ({hole.kind.value}, event {hole.row + 1}); {finding.why}"
    )
    return replace(finding, verdict="integrity", message=f"inconclusive: {finding.message}", why=why)
