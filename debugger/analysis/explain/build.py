"""Explains a finding: two events, their histories, the edge that is missing, and what was believed."""

from __future__ import annotations

from typing import Final

from debugger.analysis.conflicts.telling import LOST_UPDATE
from debugger.analysis.explain.activations import activation_of
from debugger.analysis.explain.records import COMMON, FIRST, SECOND, Belief, Explanation, Moment
from debugger.analysis.explain.words import FEW, Words
from debugger.analysis.findings import Finding
from debugger.analysis.order import Edge, Order, Rule
from debugger.log import MISSING, EventLog
from debugger.log.fields import same, value_at

_HEAD: Final = 2  # steps of a history that are told after the common event
_TAIL: Final = 4  # and before the event itself


def explain(log: EventLog, order: Order, finding: Finding) -> Explanation | None:
    """Why the first two events of a finding (``rows``) came as they did.

    None where their order says nothing: the finding has not two, is about what never came, or came late, or
    both are of one activation, which does them one after the other in any run. Also where their rows are
    forgotten, or the order has not looked at them.
    """
    rows = sorted(set(finding.rows[:2]))
    if len(rows) < 2 or finding.overdue:  # noqa: PLR2004 - a pair
        return None
    first, second = rows
    if first < max(order.first_row, log.first_row) or second >= order.looked_at:
        return None
    task = order.task(first)
    if task is not None and task == order.task(second):
        return None
    return _Explainer(log, order, finding, first, second).explained()


class _Explainer:
    def __init__(self, log: EventLog, order: Order, finding: Finding, first: int, second: int) -> None:
        self._log = log
        self._order = order
        self._finding = finding
        self._first, self._second = first, second
        # What is wrong with the first is that it did not wait: the edge that is missing leads to it.
        self._too_early = finding.verdict == "violation" and finding.row == first
        self._names = (SECOND, FIRST) if self._too_early else (FIRST, SECOND)
        self._words = Words(log)
        self._a = activation_of(log, order, first)
        self._b = activation_of(log, order, second)

    def explained(self) -> Explanation:
        finding, order = self._finding, self._order
        parting = order.parting(self._first, self._second)
        path = order.why(self._first, self._second)
        missing, ends = ("", ()) if path else self._missing()
        return Explanation(
            finding.rule,
            finding.verdict,
            finding.message,
            self._first,
            self._second,
            self._a.name,
            self._b.name,
            parting.common,
            self._moments(parting.common, parting.left, parting.right, ends),
            tuple(dict.fromkeys(edge.rule.sentence for edge in path)),
            missing,
            ends,
            tuple(self._beliefs(ordered=bool(path))),
            () if path else self._remedies(),
            finding.fix,
            parting.complete,
        )

    # --- the story -------------------------------------------------------------------------------

    def _moments(
        self, common: int | None, left: tuple[Edge, ...], right: tuple[Edge, ...], ends: tuple[int, ...]
    ) -> tuple[Moment, ...]:
        told: dict[int, tuple[str, str, int]] = {}  # by row: lane, rule, skipped
        if common is not None:
            told[common] = (COMMON, "", 0)
        for lane, edges, last in ((FIRST, left, self._first), (SECOND, right, self._second)):
            for row, by, skipped in _steps(edges, last):
                told.setdefault(row, (lane, by, skipped))
        for lane, row in zip((FIRST, SECOND), ends, strict=False):
            told.setdefault(row, (lane, "", 0))
        for row in self._finding.rows[2:]:
            if self._order.first_row <= row < self._order.looked_at:
                task = self._order.task(row)
                told.setdefault(row, (FIRST if task == self._a.task else SECOND, "", 0))
        return tuple(self._moment(row, *told[row]) for row in sorted(told))

    def _moment(self, row: int, lane: str, by: str, skipped: int) -> Moment:
        state = row in (self._first, self._second)
        at = int(self._log.column("timestamp_ns")[row])
        return Moment(row, lane, at, self._words.who(row), self._words.what(row, state=state), by, skipped)

    # --- what would order them -----------------------------------------------------------------

    @property
    def _one_mailbox(self) -> bool:
        a, b = self._a, self._b
        return a.handler and b.handler and a.mailbox == b.mailbox and a.task != b.task

    def _missing(self) -> tuple[str, tuple[int, ...]]:
        """The edge in words, and its ends."""
        a, b = self._a, self._b
        one, other = self._names
        if self._one_mailbox:
            both = (b, a) if self._too_early else (a, b)
            ends = [self._order.publish_of(each.begin) for each in both if each.begin is not None]
            known = tuple(row for row in ends if row is not None)
            if len(known) == 2:  # noqa: PLR2004 - a pair
                from_row, to_row = (f"(event {row + 1:,})" for row in known)
                return f"the publish of {one}'s message {from_row} → that of {other}'s {to_row}", known
        if self._finding.rule == LOST_UPDATE and len(self._finding.rows) > 2:  # noqa: PLR2004 - writes, then reads
            read = self._finding.rows[2]
            return (
                f"the write of A (event {self._first + 1:,}) → the read of B (event {read + 1:,})",
                (self._first, read),
            )
        if self._too_early:
            late, early = self._second, self._first
            return f"{one} (event {late + 1:,}) → {other} (event {early + 1:,})", (late, early)
        ended = a.end is not None and a.end < self._second  # else they overlapped
        first = a.end if a.end is not None and ended else self._first
        begun = b.begin is not None and b.begin > first
        second = b.begin if b.begin is not None and begun else self._second
        left, right = "the end of A" if ended else "A", "the start of B" if begun else "B"
        return f"{left} (event {first + 1:,}) → {right} (event {second + 1:,})", (first, second)

    def _remedies(self) -> tuple[str, ...]:
        if self._finding.rule == LOST_UPDATE:
            return (
                "do the read and the write in one step: no await between them",
                "hold one lock from the read to the write, in A and in B",
            )
        one, other = self._names
        if self._one_mailbox:
            cause = f"what {one}'s handler does"
            return (
                f"publish {other}'s message because of {cause} ({Rule.MAILBOX_CAUSED.value})",
                f"publish both from one task, {one}'s first ({Rule.MAILBOX.value})",
            )
        when = "then" if self._too_early else "at its end"
        return (
            f"wait for {one} before {other} goes on ({Rule.JOIN.value})",
            f"let {other} begin on a message or an item that {one} sends {when} ({Rule.PUBLISH.value})",
            f"or make {other} right in either order: a lock alone keeps them apart, it does not order them",
        )

    # --- what was believed -------------------------------------------------------------------------

    def _beliefs(self, *, ordered: bool) -> list[Belief]:
        if self._finding.rule == LOST_UPDATE and len(self._finding.rows) > 2:  # noqa: PLR2004 - writes, then reads
            return self._stale(self._finding.rows[2])
        found = self._meanwhile()
        return found or ([] if ordered else self._otherwise())

    def _stale(self, read: int) -> list[Belief]:
        """What was read, against what it was when it was written."""
        component, session = self._words.place(self._second)
        seen = self._words.state(read)
        before = self._log.previous_state(component, session, self._second)
        if before is None or self._words.place(read) != (component, session):
            return []
        keys = sorted(self._words.touched(read))[:FEW]
        pairs = [(key, _value(seen, key), _value(before.state, key)) for key in keys]
        return [
            Belief(component, key, believed, read, so, happened=True)
            for key, believed, so in pairs
            if believed is not MISSING and not same(believed, so)
        ]

    def _meanwhile(self) -> list[Belief]:
        """What changed of the second's component since its activation began, if the first did it."""
        if self._finding.verdict != "violation" or self._b.begin is None:
            return []
        component, session = self._words.place(self._second)
        seen = self._log.state_at(component, session, self._b.begin)
        before = self._log.previous_state(component, session, self._second)
        if seen is None or before is None or seen.row >= before.row:
            return []
        return [
            Belief(
                component,
                one.key,
                _value(seen.state, one.key),
                seen.row,
                _value(before.state, one.key),
                happened=True,
            )
            for one in self._words.changes(self._first)[:FEW]
            if self._words.place(self._first) == (component, session)
            and _value(seen.state, one.key) != _value(before.state, one.key)
        ]

    def _otherwise(self) -> list[Belief]:
        """What the first made of the state, which the second goes by; and what it would go by."""
        place = self._words.place(self._first)
        found = self._words.changes(self._first)
        touched = self._words.touched(self._second) if self._words.place(self._second) == place else set()
        shared = [one for one in found if one.key in touched] or found
        return [
            Belief(place[0], one.key, one.new, self._first, one.old, happened=False) for one in shared[:FEW]
        ]


def _value(state: dict[str, object], key: str) -> object:
    """The value at a dotted key."""
    if key in state:
        return state[key]
    found = value_at(state, tuple(key.split(".")))
    return MISSING if found is MISSING else found


def _steps(edges: tuple[Edge, ...], last: int) -> list[tuple[int, str, int]]:
    """Rows of a history that are told, each with its rule and how many are skipped before it."""
    by: dict[int, str] = {}
    for edge in edges:
        if edge.rule is not Rule.PROGRAM:
            by.setdefault(edge.before if edge.via is None else edge.via, "")
            by[edge.after] = edge.rule.value
        else:
            by.setdefault(edge.after, "")
    by.setdefault(last, "")
    steps = [(row, by[row], 0) for row in sorted(by)]
    if len(steps) <= _HEAD + _TAIL + 1:
        return steps
    row, rule, _ = steps[-_TAIL]
    return [*steps[:_HEAD], (row, rule, len(steps) - _HEAD - _TAIL), *steps[1 - _TAIL :]]
