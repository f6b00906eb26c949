"""The frozen values that the order hands out, and the bounds that it keeps."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from msgspec import Struct

from debugger.analysis.order.rules import Confidence, Rule

MOST_CHAINS = 8192
"""No more chains than this are followed by clocks at once; older ones are searched for when asked."""


class Limits(Struct, frozen=True):
    """Bounds of what is kept, so that a log that goes on for ever takes no more memory.

    Answers stay exact when ``chains``, ``clock_bytes``, ``sparse`` or ``idle_rows`` are small, only slower.
    The others lose order that reaches further back, which makes events look concurrent, never ordered.
    """

    chains: int = MOST_CHAINS
    clock_bytes: int = 64 << 20
    sparse: int = 256
    """Of the segments whose clock is no longer kept, each so manyth keeps it."""
    idle_rows: int = 1 << 16
    """A chain whose task has ended, and that nothing followed for so many rows, gives its place away."""
    stale_rows: int = 1 << 16
    """A mailbox forgets what it handled of a chain that gave its place away and that published nothing to it
    for so many rows."""
    handled: int = 256
    """Activations of a mailbox that are remembered, of those that one chain published to."""
    publishers: int = 1024
    """Chains that a mailbox remembers."""
    mailboxes: int = 1 << 16
    searches: int = 8
    """Handlers that are searched for, of one mailbox for one message, where their chains were retired."""
    lookback: int = 1 << 18
    """Rows before the first event that names no cause in which its cause is looked for."""
    timers: int = 256
    """Timers that fired last, to which a later one is compared."""
    holes: int = 1 << 20
    """Of each kind; in what comes after, everything is taken for a hole."""


class Edge(Struct, frozen=True):
    """``before`` happens before ``after`` (rows), by one rule.

    ``via`` is given where the rule is about another event, of the same segment as ``before``: nothing can
    come between the two, so what follows the one follows the other.
    """

    rule: Rule
    before: int
    after: int
    confidence: Confidence = Confidence.RECORDED
    via: int | None = None


class Parting(Struct, frozen=True):
    """Two causal histories, from the last event that both have (None: there is none) to two events.

    ``left`` and ``right`` are paths, the oldest edge first. Without a common event each begins where it is
    cut off: at a root, or after so many edges. ``complete`` is False if the search gave up.
    """

    common: int | None
    left: tuple[Edge, ...]
    right: tuple[Edge, ...]
    complete: bool = True


class Missing(enum.Enum):
    """What kind of knowledge is missing at a hole."""

    UNKNOWN_CAUSE = "unknown-cause"
    """The event names a cause that is not in the log."""
    FUTURE_CAUSE = "future-cause"
    """It names a cause that comes after it in the log."""
    CAUSE_CYCLE = "cause-cycle"
    """It names a cause that, over others, it caused itself."""
    GAP = "gap"
    """Before it, events are lost."""
    REPEATED = "repeated"
    """Its source had counted as far before: the event is there twice, or late."""
    UNMATCHED_RECEIVE = "unmatched-receive"
    """A receive names no publish, and none was found for it."""
    UNKNOWN_CHILD = "unknown-child"
    """A task is joined that was never seen."""
    UNMATCHED_ITEM = "unmatched-item"
    """An item was got of which no put was found."""
    OVERLAP = "overlap"
    """A mailbox that is declared ordered began before its last handler was seen to end."""


class Hole(Struct, frozen=True):
    """Something is missing at a row, so that order may be missing too."""

    kind: Missing
    row: int


class Counts(Struct, frozen=True):
    """What was found so far. ``edges`` counts those that added something to what was known, by rule.

    ``causality`` says how far order is recorded: ``full``, ``rebuilt`` (nothing is recorded, all of it was
    matched), or ``partial``. Of the chains those that are ``live`` are in clocks; of these, those of tasks
    that have not ended are ``open``. ``ambiguous`` receives had several publishes to choose from,
    ``unattributed`` events had no activation, or several. ``undecided`` counts what was not searched for to
    the end.
    """

    rows: int
    segments: int
    chains: int
    live_chains: int
    open_chains: int
    edges: Mapping[Rule, int]
    causality: str
    receives: int
    matched: int
    ambiguous: int
    unmatched: int
    rebuilt_activations: int
    unattributed: int
    mailboxes_declared: int
    mailboxes_assumed: int
    mailboxes_concurrent: int
    undecided: int
    holes: Mapping[Missing, int]
