"""Which handlers of a mailbox come before the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.chains import Chains, Pred
from debugger.analysis.order.clocks import PLACE
from debugger.analysis.order.handled import Activation
from debugger.analysis.order.ports import Address, Mailbox
from debugger.analysis.order.records import Limits
from debugger.analysis.order.rules import FIFO_ASSUMED, FIFO_DECLARED
from debugger.analysis.order.segments import Segments

_MOST_ACTIVE: Final = 1 << 16

Publish = tuple[int, int]
"""Its segment and its row."""


class Mailboxes:
    """Applies rules 3 and 4: the end of a handler comes before the start of a later one of its mailbox.

    That is so if its message was published before the later one's, as the order has it, or if anything in it
    comes before the publish of the later one. The second is a case of the first, unless its own publish is
    unknown.

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
        self._chains = chains
        self._limits = limits
        self._reaches = reaches
        self._active: dict[int, Mailbox] = {}  # by task
        self.disproved: Final[set[Address]] = set()
        self.undecided = 0

    def before(self, box: Mailbox, publish: Publish | None, row: int) -> list[Pred]:
        """What comes before a handler that starts now, in `row`.

        Without a known publish that is nothing. ``box.ordered`` is False afterwards if this handler shows it.
        """
        box.rest = ()
        if box.busy and not box.declared:
            self._drop_order(box)
            return []
        last = box.handled.last
        if last is None:
            return []
        if publish is None:
            box.rest = None
            return []
        rule = FIFO_DECLARED if box.declared else FIFO_ASSUMED
        chain, key, segment, end, _, rest, loose = last
        if not rest and rest is not None and not loose and self._surely_knows(publish, chain, key):
            return [(segment, end, rule, end)]  # it comes after the last, and that after all others
        stale = row - self._limits.stale_rows
        found, box.rest = box.handled.before(_Knows(self, publish), self._chains, stale)
        return [(one.segment, one.end, rule, one.end) for one in found]

    def _surely_knows(self, publish: Publish, chain: int, key: int) -> bool:
        """Whether it is known at once that a row of a chain comes before a publish."""
        chains, segment = self._chains, publish[0]
        if chains.chains[segment - chains.first] == chain:
            return key < publish[1]
        at = segment - chains.late_from
        if at < 0 or chains.chain_at[chain & PLACE] != chain:
            return False
        return chains.known(chains.late[at], chain) >= key

    def start(self, box: Mailbox, task: int, publish: Publish | None, segment: int, row: int) -> None:
        """A handler starts, in this segment, with this row; after `before`, and after `Chains.add`."""
        chains = self._chains
        if publish is None:
            box.chain, box.key, box.loose = chains.of(segment), row, True
        else:
            box.chain, box.key, box.loose = chains.chains[publish[0] - chains.first], publish[1], False
        box.latest, box.busy = task, True
        self._active[task] = box
        bounded(self._active, _MOST_ACTIVE)

    def end(self, task: int, segment: int, row: int) -> None:
        """A handler ends, in this segment, with this row."""
        box = self._active.pop(task, None)
        if box is None:
            return
        if box.latest != task:
            self._drop_order(box)
            return
        box.busy = False
        if box.ordered:
            chain = self._chains.of(segment)
            ended = Activation._make((box.chain, box.key, segment, row, chain, box.rest, box.loose))
            if not box.handled.add(ended, self._chains, row - self._limits.stale_rows):
                self._drop_order(box)  # it does not handle in the order of publication

    def _drop_order(self, box: Mailbox) -> None:
        if box.ordered:
            box.drop_order()
            self.disproved.add(box.address)

    def search(self, row: int, publish: int) -> bool:
        """Whether a row comes before a publish, looked for event by event within bounds."""
        answer = self._reaches(row, publish)
        if answer is None:
            self.undecided += 1
        return bool(answer)

    @property
    def order(self) -> tuple[Segments, Chains, int]:
        """What is known of order so far, and how often a message may search for what is not."""
        return self._segments, self._chains, self._limits.searches


class _Knows:
    """What a publish knows of the chains; see `handled.Knows`."""

    def __init__(self, owner: Mailboxes, publish: Publish) -> None:
        self._owner = owner
        segments, self._chains, self._searches = owner.order
        segment, self.row = publish
        self.chain = self._chains.of(segment)
        self.clock = self._chains.clock(segment)
        self._began = segments.first.at(segment)

    def upto(self, chain: int) -> int | None:
        """The last row of a chain that comes before; None if no clock tells."""
        if chain == self.chain:
            return self.row - 1
        chains = self._chains
        if chains.chain_at[chain & PLACE] == chain or chains.tells(chain, self._began):
            return chains.known(self.clock, chain)
        return None

    def has(self, activation: Activation) -> bool:
        """Whether the key of an activation comes before."""
        upto = self.upto(activation.chain)
        if upto is not None:
            return upto >= activation.key
        if not self._searches:
            self._owner.undecided += 1
            return False
        self._searches -= 1
        return self._owner.search(activation.key, self.row)
