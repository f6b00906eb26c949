"""Conflicts of a log: what nothing orders although the order matters, and updates that get lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from debugger.analysis.conflicts.clashes import Clashes
from debugger.analysis.conflicts.covering import Covered
from debugger.analysis.conflicts.exclusion import Address
from debugger.analysis.conflicts.labels import Labels
from debugger.analysis.conflicts.races import Races
from debugger.analysis.conflicts.records import (
    LEFT,
    LONG,
    NO_TASK,
    READ,
    RIGHT,
    WRITE,
    Clash,
    Counts,
    Ease,
    Limits,
    MessagePair,
    Race,
    Shape,
    Touch,
    Update,
)
from debugger.analysis.conflicts.states import State
from debugger.analysis.conflicts.telling import ORDER_RACE, Teller
from debugger.analysis.conflicts.touches import CHANGED, RECEIVED, Intake, Shown, Write
from debugger.analysis.conflicts.updates import Updates
from debugger.analysis.conflicts.values import Written
from debugger.analysis.findings import Finding
from debugger.analysis.order import Order
from debugger.analysis.order.bounded import bounded
from debugger.log import NONE, EventLog
from debugger.log.pace import Pace

_FIRST_CHUNK: Final = 256
_LARGEST_CHUNK: Final = 1 << 14
_STEPS: Final = 8  # edges that are followed back from a race
_TRACED: Final = 1_000  # races that are traced back, and one more each so many rows
_TRACED_EACH: Final = 64
_FAST_NS: Final = 3_000_000
_VERDICTS: Final = ("violation", "predicted", "integrity")


class Conflicts:
    """Conflicts of the rows that an `Order` has looked at, kept up to date as both grow (`advance`).

    A conflict is a pair of segments that touch one key of a state (component, session, process), one of them
    writing, and that nothing orders. What is written is what differs between two snapshots, and what events
    declare; what is read is what `state_read` and ``reads`` say. That a handler saw a snapshot when it
    started is no read. ``pairs`` are messages that must not come to one component in either order; of what
    is ``covered`` a rule looks at the order by itself.

    Not told are conflicts of segments that one lock keeps apart. Those that are most likely meant are told
    with the reason (`Ease`): so where the values tell that either order gives the same.
    ``on_clash`` gets each pair before it is folded into a race.
    """

    def __init__(
        self,
        log: EventLog,
        order: Order,
        *,
        pairs: Collection[MessagePair] = (),
        covered: Collection[Covered] = (),
        limits: Limits | None = None,
        on_clash: Callable[[Clash], None] | None = None,
    ) -> None:
        self._log = log
        self._order = order
        self._limits = limits or Limits()
        self._pairs = tuple(pairs)
        self._covered: dict[str, list[Covered]] = {}
        for one in covered:
            self._covered.setdefault(one.component, []).append(one)
        self._on_clash = on_clash
        self._pace = Pace(_FIRST_CHUNK, _LARGEST_CHUNK, _FAST_NS)
        self._labels = Labels(log)
        self._intake = self._new_intake()
        self._teller = Teller(log, order, self._labels)
        self._clashes = Clashes(self._before, self._limits)
        self._races = Races(self._before, self._labels, self._limits)
        self._updates = Updates(self._before, self._intake.held, self._exclusive, self._limits)
        self._guards: dict[int, tuple[int, State, str]] = {}  # by task: where it last looked at a state
        self._reads = self._writes = 0
        self._disproved: set[Address] = set()
        self._traced = 0
        self._turns = log.column("turn")
        self._first_row = self.looked_at = order.first_row  # the first one that can be told of

    def _new_intake(self) -> Intake:
        return Intake(self._log, self._order, self._labels, self._limits, self, receives=bool(self._pairs))

    def _before(self, before: int, after: int) -> bool:
        """Whether a row happens before a later one; what is forgotten, or too far away, is taken to."""
        return (
            before < self._first_row
            or before < after - self._limits.reach
            or self._order.ordered(before, after)
        )

    # --- growing -------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether every row that the order knows was looked at."""
        return self.looked_at >= self._order.looked_at

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Take in rows for about ``budget_ns`` of `clock`, one chunk at least; whether there were any."""
        stop, start = self._order.looked_at, self.looked_at
        if start < stop:
            for size in self._pace.pieces(clock, budget_ns):
                self.take(min(self.looked_at + size, stop))
                if self.looked_at >= stop:
                    break
        return self.looked_at != start

    def take(self, stop: int) -> None:
        """Take in rows up to `stop`; an order that is behind is taken along, which is the quickest way."""
        while self.looked_at < stop:
            # Of rows that are forgotten already there may be more than a chunk.
            upto = min(max(self.looked_at, self._log.first_row) + _LARGEST_CHUNK, stop)
            if self._order.looked_at < upto:
                self._order.take(upto)
            if self._order.first_row > self.looked_at:
                self._lose_track()
            self._disproved = self._not_ordered()
            self._first_row = max(self._order.first_row, self._log.first_row)
            self._turns = self._log.column("turn")
            self._intake.take(self.looked_at, upto)
            self.looked_at = max(upto, self.looked_at)

    def _lose_track(self) -> None:
        """Rows are forgotten that were never looked at: what is told stays, all else begins anew."""
        self.looked_at = self._order.first_row
        self._labels.forget()
        self._intake = self._new_intake()
        self._clashes.forget()
        self._races.forget()
        self._updates.forget(self._intake.held)
        self._guards.clear()

    # --- what rows show: as of `Sink` ----------------------------------------------------------

    def changed(self, state: State, changes: Sequence[Written], row: int, segment: int, task: int) -> None:
        """A snapshot shows what was written."""
        at = row, segment, task, self._intake.held.of(task, segment)
        self._writes += len(changes)
        for clash in self._clashes.wrote(state, changes, at, self._first_row):
            self._clashed(clash, state)
        if state.followed:
            for key, how, _, _ in changes:
                cell = state.cells.get(key)
                if cell is not None and cell.history is not None:
                    self._updates.write(state, key, cell, row, segment, task, how)
        if self._updates.looked(task):
            self._updates.acts(state, {key: None for key, _, _, _ in changes}, row, segment, task)

    def look(self, shown: Shown) -> None:
        """A row shows more, or something else."""
        if self._pairs and shown.kind == RECEIVED:
            self._met(shown)
        if shown.changes or shown.reads or shown.writes:
            locks = self._intake.held.of(shown.task, shown.segment)
            for state, key in shown.reads:
                self._read(shown, state, key, locks)
            if shown.changes:
                self.changed(shown.state, shown.changes, shown.writer, shown.segment, shown.task)
            for write in shown.writes:
                self._wrote(shown, write, locks)
        elif shown.kind == CHANGED:
            self.announced(shown.state, shown.row, shown.segment, shown.task)

    def announced(self, state: State, row: int, segment: int, task: int) -> None:
        """A `state_change` in which nothing changed: what it had read, and others have written since."""
        for key in self._updates.pending(state, task):
            cell = state.cell(key, self._limits.keys)
            self._updates.write(state, key, cell, row, segment, task, Shape.SAME)

    def ended(self, task: int) -> None:
        """A handler is over."""
        self._updates.end(task)
        self._clashes.end(task)
        self._guards.pop(task, None)

    def _task_of(self, shown: Shown) -> int:
        if shown.writer == shown.row:
            return shown.task
        task = self._order.task(shown.row)
        return NO_TASK if task is None else task

    def _read(self, shown: Shown, state: State, key: str, locks: frozenset[str]) -> None:
        self._reads += 1
        cell = state.cell(key, self._limits.keys)
        touch = Touch(shown.row, shown.segment, shown.task, READ, Shape.NONE, locks)
        clashes = self._clashes.add(state.place, key, cell, touch, self._first_row)
        for clash in clashes:
            self._clashed(clash, state)
        if shown.task != NO_TASK:
            self._updates.read(state, key, cell, shown.row, shown.segment, shown.task)
            if not clashes:
                self._guards[shown.task] = (shown.segment, state, key)
                bounded(self._guards, self._limits.tasks)

    def _wrote(self, shown: Shown, write: Write, locks: frozenset[str]) -> None:
        """A write is declared."""
        self._writes += 1
        state, key, same = write
        cell, how = state.cell(key, self._limits.keys), Shape.SAME if same else Shape.SET
        if not same:
            touch = Touch(shown.writer, shown.segment, shown.task, WRITE, how, locks, LONG, LONG)
            for clash in self._clashes.add(state.place, key, cell, touch, self._first_row):
                self._clashed(clash, state)
        if cell.history is not None:
            self._updates.write(state, key, cell, shown.writer, shown.segment, shown.task, how)
        if not same and self._updates.looked(shown.task):
            self._updates.acts(state, (key,), shown.writer, shown.segment, shown.task)

    def _met(self, shown: Shown) -> None:
        """A handler of a message starts that, as a rule says, must not change places with another."""
        state = shown.state
        message = self._log.name("message_type", int(self._log.column("message_type")[shown.row]))
        for pair in self._pairs:
            if pair.component not in (None, state.place.component) or message not in (pair.left, pair.right):
                continue
            kind = WRITE if pair.left == pair.right else LEFT if message == pair.left else RIGHT
            touch = Touch(
                shown.row, self._order.segment(shown.row), self._task_of(shown), kind, Shape.SET, frozenset()
            )
            key = f"{pair.left}/{pair.right}"
            cell = state.cell(key, self._limits.keys)
            for clash in self._clashes.add(state.place, key, cell, touch, self._first_row):
                self._clashed(clash, state)

    def _clashed(self, clash: Clash, state: State) -> None:
        one, other = clash.first.task, clash.second.task
        if self._order.moved(one) or self._order.moved(other):
            address = self._intake.inboxes.of(one)
            if address is not None and address == self._intake.inboxes.of(other):
                return  # that they are not ordered is the doing of whoever held the bus
        if self._on_clash is not None:
            self._on_clash(clash)
        self._races.add(clash, self._ease(clash, state))

    def _ease(self, clash: Clash, state: State) -> Ease:
        """Why a race of two segments is only worth a note, whatever the key."""
        first, second = clash.first, clash.second
        if first.kind in (LEFT, RIGHT):
            return Ease.NONE  # a rule says that it matters
        if self._is_covered(clash):
            return Ease.COVERED
        guard = self._guards.get(second.task)
        if guard is not None and guard[:2] == (second.segment, state) and guard[2] != clash.key:
            return Ease.GUARDED
        turns = self._turns
        one, other = turns.item(first.row), turns.item(second.row)
        if NONE in (one, other):
            return Ease.NONE
        if one != other and self._exclusive(first.task, second.task):
            return Ease.TURNS
        return self._after_turn(clash)

    def _is_covered(self, clash: Clash) -> bool:
        component = clash.place.component
        known = self._covered.get(component)
        if known is None:
            return False
        names = {self._labels.of(touch.row, touch.task).name for touch in (clash.first, clash.second)}
        return any(one.covers(component, clash.key, names) for one in known)

    def _after_turn(self, clash: Clash) -> Ease:
        """Whether the second could come first only if the first's handler came after one of another turn.

        That is so where the second was led to by a handler of the same mailbox, one that came between: a new
        turn stops what is going on, say, and what is late for it finds the new turn.
        """
        first, second = clash.first, clash.second
        inboxes = self._intake.inboxes
        address = inboxes.of(first.task)
        if address is None or not inboxes.one_by_one(address, self._disproved):
            return Ease.NONE
        self._traced += 1
        if self._traced > _TRACED + second.row // _TRACED_EACH:
            return Ease.NONE  # it takes a while each
        for edge in reversed(self._order.history(second.row, _STEPS, first.row)):
            for row in (edge.via, edge.before):
                if row is None or row <= first.row:
                    continue
                task = self._order.task(row)
                if task is not None and task != first.task and inboxes.of(task) == address:
                    return (
                        Ease.TURNS
                        if self._turns.item(row) not in (NONE, self._turns.item(first.row))
                        else Ease.NONE
                    )
            if edge.before <= first.row:
                break
        return Ease.NONE

    def _exclusive(self, one: int, other: int) -> bool:
        return self._intake.inboxes.exclusive(one, other, self._disproved)

    def _not_ordered(self) -> set[Address]:
        """Mailboxes that are not ordered, by the log's numbers: they change only when the order grows."""
        found: set[Address] = set()
        for component, session in self._order.disproved:
            numbers = self._log.id_of("component", component), self._log.id_of("session", session)
            if numbers[0] is not None and numbers[1] is not None:
                found.add((numbers[0], numbers[1]))
        return found

    # --- answers -------------------------------------------------------------------------------

    @property
    def races(self) -> tuple[Race, ...]:
        """Races, those that others explain folded into them."""
        return tuple(self._races.all())

    @property
    def updates(self) -> tuple[Update, ...]:
        """Updates that were lost, or can be."""
        return tuple(self._updates.all())

    def findings(self, named: Iterable[Finding] = ()) -> tuple[Finding, ...]:
        """All of them as findings, what happened first; the rest in the order of the log.

        A race is left out where one of `named`, of rules that know more, tells of the same two activations.
        Of more than are kept the last finding tells the number. What was told once is kept.
        """
        self._disproved = self._not_ordered()
        known = {self._teller.activations(finding.rows[:2]) for finding in named if len(finding.rows) > 1}
        found: list[Finding] = []
        for update in self._updates.all():
            told = self._teller.told(update, one_mailbox=False)
            if told is not None:
                found.append(told[0])
                known.add(told[1])
        for race in self._races.all():
            told = self._teller.told(race, one_mailbox=self._exclusive(race.first.task, race.second.task))
            if told is not None and told[1] not in known:
                found.append(told[0])
        found.sort(key=lambda finding: (_VERDICTS.index(finding.verdict), finding.row))
        untold = self._races.untold + self._updates.untold
        if untold:
            found.append(
                Finding(ORDER_RACE, "predicted", "warning", f"{untold:,} more conflicts are not told")
            )
        return tuple(found)

    @property
    def counts(self) -> Counts:
        """How much of what was seen."""
        return Counts(
            rows=self.looked_at,
            reads=self._reads,
            writes=self._writes,
            unattributed=self._intake.unattributed,
            clashes=self._clashes.clashes,
            serialised=self._clashes.serialised,
            races=len(self._races),
            updates=self._updates.found,
            folded=self._races.folded,
            dropped=self._clashes.dropped + self._intake.states.dropped,
        )
