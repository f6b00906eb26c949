"""What happens before what in a log: the answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.explain import Explainer
from debugger.analysis.order.intake import Intake
from debugger.analysis.order.ports import Address
from debugger.analysis.order.records import Counts, Edge, Hole, Limits, Missing, Parting
from debugger.analysis.order.rules import MEANINGS, Rule
from debugger.log import EventLog
from debugger.log.pace import Pace

_FIRST_CHUNK: Final = 256
_LARGEST_CHUNK: Final = 1 << 13
_FAST_NS: Final = 3_000_000
_MOST_SEARCHED: Final = 200_000  # segments, for where two histories part
_MOST_HOLES: Final = 1_000
_FORGET_AT_ONCE: Final = 1 << 16

Mailbox = tuple[str, str | None]
"""Component and session; None for the session of a mailbox that gets the messages of all sessions."""


class Order:
    """The happens-before order of a log's events, kept up to date as the log grows.

    `advance` takes in what came; what is said is about those rows, and is the same however `advance` was
    called. Events are given as rows of the log. Order comes from these rules alone (`Rule`): program order
    within a task; a publish before its receives; ordered mailboxes; spawn and join; an item's put before
    its get; a named cause; a cancel request before the segment in which its task sees it; timers that were
    set in order. Time stamps, the place in the log, a common component, session or lock order nothing.

    What a task does between two awaits, as far as the log shows them, is a *segment*
    (`debugger.analysis.order.segments`). Within one event loop it is one step: what a publish causes
    comes after all of the segment that published.

    ``concurrent`` are mailboxes known not to be ordered, though nothing declares it; see `disproved`.
    """

    def __init__(
        self, log: EventLog, *, limits: Limits | None = None, concurrent: Collection[Mailbox] = ()
    ) -> None:
        self._log = log
        self._limits = limits or Limits()
        self._concurrent = frozenset(concurrent)
        self._pace = Pace(_FIRST_CHUNK, _LARGEST_CHUNK, _FAST_NS)
        self._start()

    def _start(self) -> None:
        self._intake = Intake(self._log, self._limits, self._is_concurrent)
        self._explainer = Explainer(self._log, self._intake)
        self.looked_at = self._intake.first
        self.first_row = self._intake.first

    def _is_concurrent(self, address: Address) -> bool:
        return bool(self._concurrent) and self._named(address) in self._concurrent

    def _named(self, address: Address) -> Mailbox:
        return (
            self._log.name("component", address.component),
            self._log.interner("session").value(address.session),
        )

    # --- growing -------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether every row of the log was looked at."""
        return self.looked_at >= len(self._log)

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Take in new rows for about ``budget_ns`` of `clock`, one chunk at least; whether there were any."""
        stop, start = len(self._log), self.looked_at
        if start < stop:
            for size in self._pace.pieces(clock, budget_ns):
                self.take(min(self.looked_at + size, stop))
                if self.looked_at >= stop:
                    break
        return self.looked_at != start

    def take(self, stop: int) -> None:
        """Take in rows up to `stop`, in large pieces: for logs that are looked at as a whole."""
        first = self._log.first_row
        if first > self.looked_at:
            self._start()  # rows are forgotten that were never looked at: nothing before is known
        while self.looked_at < stop:
            upto = min(self.looked_at + _LARGEST_CHUNK, stop)
            self._intake.take(self.looked_at, upto)
            self.looked_at = upto
        if first >= self.first_row + _FORGET_AT_ONCE and first < self.looked_at:
            self._intake.forget(first)
            self.first_row = first

    def heed(self) -> bool:
        """Begin anew if mailboxes turned out not to be ordered (`disproved`); whether that was so.

        What was told of their order until then was wrong: whoever went by it has to begin anew too. Once a
        log is looked at as a whole and `heed` is False, all is as `order_of` has it; but for a mailbox that
        looks disproved only while another one's wrong order is not heeded, and so stays ordered here.
        """
        disproved, looked_at = self.disproved, self.looked_at
        if not disproved:
            return False
        self._concurrent |= disproved
        self._start()
        self.take(looked_at)
        return True

    def moved(self, task: int) -> bool:
        """Whether a task handles a delivery that was moved by hand, out of its mailbox's order."""
        return task in self._intake.moved

    # --- order ---------------------------------------------------------------------------------

    def ordered(self, before: int, after: int) -> bool:
        """Whether the event in row `before` happens before the one in row `after`.

        Some microseconds where the clock of `after` is kept, as that of late events is; else the edges
        between the two rows are searched.

        Raises:
            IndexError: a row that is forgotten, or was not looked at.
        """
        return bool(self._intake.paths.reaches(before, after))

    def concurrent(self, one: int, other: int) -> bool:
        """Whether neither of two events happens before the other. An event is not concurrent to itself."""
        low, high = min(one, other), max(one, other)
        return low != high and not self.ordered(low, high)

    def before(self, rows: Iterable[int], after: int) -> NDArray[np.bool_]:
        """Which of some rows happen before one: `ordered` for each."""
        reaches = self._intake.paths.reaches
        return np.array([bool(reaches(row, after)) for row in rows], np.bool_)

    def frontier(self, row: int) -> tuple[int, ...]:
        """The last event of each other chain that happens before an event's segment; ascending.

        With the past of its own chain they bound its history. Chains that are retired are left out.
        """
        self._known(row)
        return tuple(self._intake.chains.last_known(self._intake.segments.of_row.at(row)))

    # --- explanations --------------------------------------------------------------------------

    def why(self, before: int, after: int) -> tuple[Edge, ...]:
        """A shortest chain of edges from one event to another; empty if nothing orders them."""
        return self._explainer.why(before, after) if self.ordered(before, after) else ()

    def history(self, row: int, most: int = 64, since: int = -1) -> tuple[Edge, ...]:
        """How an event came about: the line of causes that led to it, the oldest first, `most` edges at most.

        Of what a segment waited for that is the message, the spawn or the item that began it, rather than
        its task's past. For who asks no further back than a row `since` the first edge begins there or
        before, as far as there is one, and of what is before it nothing is said.
        """
        self._known(row)
        return self._explainer.history(row, most, since)

    def last_common(self, one: int, other: int) -> int | None:
        """The last event that is in the history of both, or is one of them; None if there is none.

        None also after a search of 200,000 segments: `parting` says so.
        """
        self._known(one, other)
        return self._intake.paths.parted(one, other, _MOST_SEARCHED)[0]

    def parting(self, one: int, other: int, most: int = 64) -> Parting:
        """Two causal histories back to where they parted; without a common event, `most` edges of each."""
        self._known(one, other)
        common, complete = self._intake.paths.parted(one, other, _MOST_SEARCHED)
        if common is None:
            return Parting(None, self.history(one, most), self.history(other, most), complete)
        left, right = (self._explainer.why(common, row) if row != common else () for row in (one, other))
        return Parting(common, left, right, complete)

    # --- places --------------------------------------------------------------------------------

    def segment(self, row: int) -> int:
        """The number of the segment that an event is in, in the order of their first rows."""
        self._known(row)
        return self._intake.segments.of_row.at(row)

    def segment_rows(self, segment: int) -> tuple[int, int]:
        """The first and the last row of a segment. Rows of other sources may lie between."""
        segments = self._intake.segments
        if not segments.first.first <= segment < len(segments):
            raise IndexError(f"segment {segment}: known are {segments.first.first} to {len(segments) - 1}")
        return segments.first.at(segment), segments.last.at(segment)

    def chain(self, row: int) -> int:
        """The number of the chain that an event is in: all events of a chain are ordered by their rows."""
        return self._intake.chains.of(self.segment(row))

    def task(self, row: int) -> int | None:
        """A number for the activation of an event; None if it has none.

        The same name in two sources is two tasks, a call that reports itself is part of its caller, and
        events of logs that name no tasks are put into activations where that can be told.
        """
        task = self._intake.segments.task.at(self.segment(row))
        return None if task < 0 else task

    def places(self, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Of a stretch of rows the segments and the activations (-1: none): `segment` and `task` of each."""
        self._known(start, stop - 1)
        segments = self._intake.segments
        of_row: NDArray[np.int32] = segments.of_row.part(start, stop)
        return of_row, segments.task.take(of_row)

    def publish_of(self, row: int) -> int | None:
        """The publish that a receive is of, recorded or matched; None if that is unknown."""
        self._known(row)
        return self._explainer.publish_of(row)

    def _known(self, *rows: int) -> None:
        for row in rows:
            if not self.first_row <= row < self.looked_at:
                raise IndexError(f"row {row}: known are {self.first_row} to {self.looked_at - 1}")

    # --- what is missing -----------------------------------------------------------------------

    def overlaps_hole(self, one: int, other: int) -> Hole | None:
        """What is missing that could order two concurrent events; None if nothing is.

        That is a loss between them, for anything may have been lost, or an event in the later one's
        history, not in the earlier one's future, that comes after something unknown.
        """
        low, high = min(one, other), max(one, other)
        self._known(low, high)
        holes = self._intake.holes
        for hole in holes.losses(low, high):
            return hole
        for hole in holes.edges(low, high):
            if hole.row == high or self.ordered(hole.row, high):
                return hole
        return None

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Where knowledge is missing, the first thousand of each kind; `counts` has how many there are."""
        return tuple(self._intake.holes.all(_MOST_HOLES))

    @property
    def disproved(self) -> frozenset[Mailbox]:
        """Mailboxes that were taken to be ordered until their handlers overlapped, or came in another order.

        Order that was told of them before may be wrong: `heed` it, or give them to another `Order` as
        ``concurrent``.
        """
        return frozenset(self._named(address) for address in self._intake.mailboxes.disproved)

    @property
    def counts(self) -> Counts:
        """How much of what was found so far."""
        intake = self._intake
        declared, assumed = 0, 0
        boxes = intake.ports.mailboxes
        for box in boxes:
            declared += box.ordered and box.declared
            assumed += box.ordered and not box.declared
        edges = dict.fromkeys(Rule, 0)
        for code, (rule, _) in MEANINGS.items():
            edges[rule] += intake.edges.told[code]
        holes = intake.holes.counts()
        receives = intake.receives
        return Counts(
            rows=self.looked_at,
            segments=len(intake.segments),
            chains=intake.chains.begun,
            live_chains=intake.chains.live,
            open_chains=intake.chains.open,
            edges=edges,
            causality=self._causality(holes),
            receives=intake.received,
            matched=receives.matched,
            ambiguous=receives.ambiguous,
            unmatched=receives.unmatched,
            rebuilt_activations=intake.activations.begun,
            unattributed=intake.activations.unattributed,
            mailboxes_declared=declared,
            mailboxes_assumed=assumed,
            mailboxes_concurrent=len(boxes) - declared - assumed,
            undecided=intake.mailboxes.undecided,
            holes=holes,
        )

    def _causality(self, holes: dict[Missing, int]) -> str:
        intake = self._intake
        matched = intake.receives.matched + intake.activations.begun
        broken = holes[Missing.UNKNOWN_CAUSE] + holes[Missing.FUTURE_CAUSE] + holes[Missing.CAUSE_CYCLE]
        if intake.receives.unmatched or broken:
            return "partial"
        if not matched:
            return "full"
        return "rebuilt" if intake.receives.matched == intake.received else "partial"


def order_of(log: EventLog, *, limits: Limits | None = None) -> Order:
    """The order of a whole log; mailboxes that turn out not to be ordered are so from the beginning."""
    order = Order(log, limits=limits)
    order.take(len(log))
    while order.heed():
        pass
    return order
