"""Which handlers of a mailbox come before the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.chains import Chains, RunPred
from debugger.analysis.order.clocks import BLOCK, IN_BLOCK, NEVER, PLACE, UNKNOWN, Clock
from debugger.analysis.order.handled import Activation
from debugger.analysis.order.ports import Address, Mailbox
from debugger.analysis.order.records import Limits
from debugger.analysis.order.rules import FIFO_ASSUMED, FIFO_DECLARED
from debugger.analysis.order.segments import Segments

_MOST_ACTIVE: Final = 1 << 16

NO_RUN: Final = -1
_NEW: Final = tuple.__new__  # of a named tuple, in a third of the time


class Mailboxes:
    """Applies rules 3 and 4: the end of a handler comes before the start of a later one of its mailbox.

    That is so if its message was published before the later one's, as the order has it, or if anything in it
    comes before the publish of the later one. The second is a case of the first, unless its own publish is
    unknown.

    Handlers are looked at when they start. When a handler ends is told at its start if it is known by then,
    else by `end`; what has ended is entered when the mailbox's next one starts.

    ``reaches`` searches for what clocks do not tell; ``undecided`` counts where it gave up, or was not asked.
    """

    def __init__(
        self,
        segments: Segments,
        chains: Chains,
        limits: Limits,
        reaches: Callable[[int, int], bool | None],
    ) -> None:
        self._segments = segments
        self.chains: Final = chains
        self._limits = limits
        self._reaches = reaches
        self.active: Final[dict[int, Mailbox]] = {}  # by task, those of which no end is known
        self._started: set[Mailbox] = set()  # since `settle`
        self._knows = _Knows(self)
        self.disproved: Final[set[Address]] = set()
        self.undecided = 0

    def before(  # noqa: C901 - the hot path, in one piece
        self, box: Mailbox, task: int, run: int, publish: int, row: int
    ) -> list[RunPred]:
        """What comes before a handler that starts now, in `row` of a task; its message is of `publish`.

        Without a known publish, of which the run is -1, that is nothing. ``box.ordered`` is False afterwards
        if this handler shows it.
        """
        if box.latest >= 0:
            if box.end >= row:
                self._overlapped(box)
            elif not self._enter(box):
                self._drop_order(box)
        if box.overlapped < row:
            self._drop_order(box)  # one ended after another that began later
        box.latest = task
        last = box.handled.last
        if run < 0:
            box.loose, box.rest = True, None if last is not None else ()
            return []
        chains = self.chains
        own = chains.chains[run - chains.first]
        box.chain, box.key, box.loose, box.rest = own, publish, False, ()
        if last is None or not box.ordered:
            return []
        rule = FIFO_DECLARED if box.declared else FIFO_ASSUMED
        chain, key, last_run, end, _, rest, loose = last
        kept = chains.kept
        clock = kept.late[run - kept.late_from] if run >= kept.late_from else chains.clock_of(run)
        if not rest and rest is not None and not loose and not box.handled.loose:
            if own == chain:
                if key < publish:
                    return [(last_run, end, rule, end)]  # it comes after the last, and that after all others
            elif chains.chain_at[chain & PLACE] == chain:
                rows, at = clock.get((chain & PLACE) >> BLOCK), chain & IN_BLOCK
                if rows is not None and at < len(rows) and rows.item(at) >= key:
                    return [(last_run, end, rule, end)]
        knows = self._knows
        knows.chain, knows.row, knows.clock, knows.searches = own, publish, clock, self._limits.searches
        found, box.rest = box.handled.before(knows, chains, row - self._limits.stale_rows)
        return [(last_run, end, rule, end) for _, _, last_run, end, _, _, _ in found]

    def _overlapped(self, box: Mailbox) -> None:
        """A handler starts before the last one has ended."""
        if not box.declared:
            self._drop_order(box)
        elif box.end < NEVER:  # else `end` will tell
            box.overlapped = min(box.overlapped, box.end)

    def start(self, box: Mailbox, run: int, row: int, end_run: int, end: int) -> None:
        """The handler starts of which `before` told, in this run; after `Chains.add`.

        Its ``end``, in another run and row, is `NEVER` where it is not known.
        """
        if box.loose:
            box.chain, box.key = self.chains.chains[run - self.chains.first], row
        box.end_run, box.end = end_run, end
        self._started.add(box)
        if end == NEVER:
            self.active[box.latest] = box
            bounded(self.active, _MOST_ACTIVE)

    def end(self, task: int, run: int, row: int) -> None:
        """A handler ends, in this run, with this row; one of which that was not told at its start."""
        box = self.active.pop(task, None)
        if box is None:
            return
        if box.latest != task:
            self._drop_order(box)
            return
        box.end_run, box.end = run, row
        self._started.add(box)

    def _enter(self, box: Mailbox) -> bool:
        """Enter a handler that has ended; False if it was not handled in the order of publication."""
        box.latest = -1
        if not box.ordered:
            return True
        chains, run = self.chains, box.end_run
        chain = chains.chains[run - chains.first]
        ended = _NEW(Activation, (box.chain, box.key, run, box.end, chain, box.rest, box.loose))
        return box.handled.add(ended, chains, box.end - self._limits.stale_rows)

    def settle(self) -> None:
        """All rows up to the ends that were told have been looked at: see which mailboxes they disprove."""
        for box in self._started:
            if box.overlapped < NEVER or (
                box.latest >= 0
                and box.end < NEVER
                and box.handled.disproves(box.chain, box.key, loose=box.loose)
            ):
                self._drop_order(box)
        self._started.clear()

    def _drop_order(self, box: Mailbox) -> None:
        box.overlapped = NEVER
        if box.ordered:
            box.drop_order()
            self.disproved.add(box.address)

    def search(self, row: int, publish: int) -> bool:
        """Whether a row comes before a publish, looked for event by event within bounds."""
        answer = self._reaches(row, publish)
        if answer is None:
            self.undecided += 1
        return bool(answer)

    def began(self, row: int) -> int:
        """The first row of the segment that a row is in."""
        return self._segments.first.at(self._segments.of_row.at(row))


class _Knows:
    """What a publish knows of the chains; see `handled.Knows`."""

    __slots__ = ("_chains", "_owner", "chain", "chain_at", "clock", "row", "searches")

    def __init__(self, owner: Mailboxes) -> None:
        self._owner = owner
        self._chains = owner.chains
        self.chain_at = owner.chains.chain_at
        self.chain = self.row = UNKNOWN
        self.clock: Clock = {}
        self.searches = 0  # that are left

    def upto(self, chain: int) -> int | None:
        """The last row of a chain that comes before; None if no clock tells."""
        if chain == self.chain:
            return self.row - 1
        if self._chains.tells(chain, self._owner.began(self.row)):
            return self._chains.known(self.clock, chain)
        return None

    def has(self, activation: Activation) -> bool:
        """Whether the key of an activation comes before."""
        upto = self.upto(activation.chain)
        if upto is not None:
            return upto >= activation.key
        if not self.searches:
            self._owner.undecided += 1
            return False
        self.searches -= 1
        return self._owner.search(activation.key, self.row)
