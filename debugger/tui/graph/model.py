"""The graph at the cursor, as a frozen value."""

from __future__ import annotations

from typing import Final, NamedTuple

from backend.events import Family
from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED
from debugger.log import FAMILIES
from debugger.log.counts import Count, Counts
from debugger.tui.graph.cast import BUS, VOICE, Cast, Casting
from debugger.tui.graph.layers import Way
from debugger.tui.graph.marks import Flow
from debugger.tui.graph.recent import ROWS, Recent, Traffic, recent
from debugger.tui.graph.shapes import HUB
from debugger.tui.graph.states import WORD, Glance, Glances
from debugger.tui.session import Session
from debugger.tui.text import safe_text

__all__ = ["BUS", "VOICE"]  # who is who is also for other panes to know

MAX_GRAPH: Final = 40
"""More components than these are listed, not drawn."""

MAX_NODES: Final = 128
"""More than these are only counted."""

BUDGET_NS: Final = 3_000_000
"""For looking at new rows, in one sync."""

_EFFECTS: Final = 24
_LABEL: Final = 32
_ASIDE: Final = 12
_MESSAGES: Final = frozenset({PUBLISHED, RECEIVED, HANDLED})


class Node(NamedTuple):
    """A component at the cursor. ``name`` is raw, for looking things up; ``label`` is safe to paint.

    ``counts`` is None while they are not known yet. ``busy`` is the message whose handler runs, for
    ``busy_ns`` of recorded time. ``dim``: it has nothing to do with what is chosen or followed.
    """

    name: str
    label: str
    glance: Glance = Glance()
    counts: Count | None = Count()
    trace: tuple[int, ...] = ()
    busy: str = ""
    busy_ns: int = 0
    failing: bool = False
    hot: bool = False
    at_cursor: bool = False
    selected: bool = False
    dim: bool = False
    loops: bool = False

    @property
    def state(self) -> str:
        """Its state in a word; empty for none."""
        return self.glance.word


class GraphView(NamedTuple):
    """Everything that stands still in the graph. ``flows`` are the ways that the cursor's message takes.

    ``ways`` are all ways between components that anything ever took, ``traffic`` what was on the lines in
    the last ``window_ns``. ``aside`` are components that have nothing to do with the others, ``more`` how
    many were left out. ``dim``: the cursor's message is not of what is followed.
    """

    nodes: tuple[Node, ...] = ()
    aside: tuple[str, ...] = ()
    more: int = 0
    bus: str = BUS
    by_bus: bool = True
    sent: int | None = 0
    message: str = ""
    family: Family = Family.SYSTEM
    flows: tuple[Flow, ...] = ()
    ways: frozenset[Way] = frozenset()
    traffic: tuple[Traffic, ...] = ()
    window_ns: int = 0
    dim: bool = False


class GraphModel:
    """Makes views of a session. Each costs the same, however long the log is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._counts = Counts(session.log)
        self._casting = Casting(session.log, session.clock)
        self._glances = Glances(session.log)
        self._cast = Cast()
        self.by_bus: bool | None = None  # None: as the log suggests

    @property
    def is_by_bus(self) -> bool:
        """Which of the two views there is."""
        return self._cast.by_bus if self.by_bus is None else self.by_bus

    @property
    def cast(self) -> Cast:
        """Who was in the last view."""
        return self._cast

    def extend(self) -> None:
        """Look at rows that came, for some ms at most."""
        self._casting.extend(BUDGET_NS)
        self._counts.extend(self._session.clock, BUDGET_NS)
        self._cast = self._casting.cast()

    @property
    def looked(self) -> tuple[int, bool]:
        """Differs when `extend` found something that makes another view."""
        return self._casting.version, self.counted

    @property
    def counted(self) -> bool:
        """Whether the counters at the cursor are known."""
        return self._counts.covers(self._session.cursor)

    def view(self) -> GraphView:
        """The graph at the session's cursor."""
        session, log, row = self._session, self._session.log, self._session.cursor
        self._cast = cast = self._casting.cast()
        names = self._shown(cast)
        belonging = None
        if session.followed is not None and row >= 0:
            belonging = session.belonging(max(log.first_row, row + 1 - ROWS), row + 1)
        lately = recent(log, row, names, cast.sole, belonging, by_cause=cast.by_cause)
        if counted := self.counted:
            self._counts.move(row)
        flows, message, family = self._flows(row)
        nodes = self._nodes(names, lately, counted=counted)
        return GraphView(
            nodes=nodes,
            aside=tuple(safe_text(name, WORD) for name in cast.aside[:_ASIDE]),
            more=len(cast.names) - len(names) + max(len(cast.aside) - _ASIDE, 0),
            bus=safe_text(cast.bus, WORD),
            by_bus=self.is_by_bus,
            sent=self._counts.sent if counted else None,
            message=message,
            family=family,
            flows=flows,
            ways=frozenset(cast.ways) if not self.is_by_bus and len(names) <= MAX_GRAPH else frozenset(),
            traffic=lately.spokes if self.is_by_bus else lately.ways,
            window_ns=lately.window_ns,
            dim=row >= 0 and not session.belongs(row),
        )

    def _shown(self, cast: Cast) -> tuple[str, ...]:
        """Those that are drawn or listed: the first, and in any case the chosen one and the cursor's."""
        if len(cast.names) <= MAX_NODES:
            return cast.names
        shown = cast.names[: MAX_NODES - 2]
        wanted = dict.fromkeys(
            name for name in (self._session.component, self._current()) if name and name not in shown
        )
        present = set(cast.names) if wanted else set()
        extra = [name for name in wanted if name in present]
        extra += [name for name in cast.names[len(shown) : len(shown) + 2] if name not in wanted]
        return shown + tuple(extra[:2])

    def _current(self) -> str:
        log, row = self._session.log, self._session.cursor
        return log.name("component", int(log.column("component")[row])) if row >= 0 else ""

    def _nodes(self, names: tuple[str, ...], lately: Recent, *, counted: bool) -> tuple[Node, ...]:
        session, log, row = self._session, self._session.log, self._session.cursor
        current, selected = self._current(), session.component
        own = log.interner("session").value(int(log.column("session")[row])) if row >= 0 else None
        near = self._near(selected)
        nodes = []
        for name in names:
            busy = lately.busy.get(name)
            nodes.append(
                Node(
                    name,
                    safe_text(name, _LABEL),
                    self._glances.at(name, row, own, lately.last.get(name)) if row >= 0 else Glance(),
                    self._counts.of(name) if counted else None,
                    lately.trace.get(name, ()),
                    self._message(busy) if busy is not None else "",
                    self._since(busy) if busy is not None else 0,
                    failing=name in lately.failing,
                    hot=name in lately.hot,
                    at_cursor=name == current,
                    selected=name == selected,
                    dim=(near is not None and name not in near)
                    or (session.followed is not None and name not in lately.trace),
                    loops=(name, name) in self._cast.ways,
                )
            )
        return tuple(nodes)

    def _near(self, selected: str | None) -> set[str] | None:
        """The chosen one and all that it talks to; None if none is chosen, or nothing is known of it."""
        if selected is None or not self._cast.ways:
            return None
        return {selected} | {name for way in self._cast.ways if selected in way for name in way}

    def _message(self, row: int) -> str:
        log = self._session.log
        return safe_text(log.name("message_type", int(log.column("message_type")[row])), _LABEL) or "…"

    def _since(self, row: int) -> int:
        times = self._session.log.column("timestamp_ns")
        return max(int(times[self._session.cursor]) - int(times[row]), 0)

    # --- messages on the way -----------------------------------------------------------------

    def passed(self, rows: range) -> tuple[Flow, ...]:
        """The ways of the messages in some rows, of those that are followed."""
        belonging = self._session.belonging(rows.start, rows.stop).tolist()
        flows = (self.flow(row) for row, belongs in zip(rows, belonging, strict=False) if belongs)
        return tuple(flow for flow in flows if flow is not None)

    def flow(self, row: int) -> Flow | None:
        """The way that the message in `row` takes then; None if it takes none."""
        log = self._session.log
        kind = log.name("event_type", int(log.column("event_type")[row]))
        who = log.name("component", int(log.column("component")[row]))
        family = FAMILIES[int(log.column("family")[row])]
        if self.is_by_bus:
            ends = {PUBLISHED: (who, HUB), RECEIVED: (HUB, who)}.get(kind)
            return Flow(*ends, family) if ends is not None else None
        if kind != RECEIVED and not self._cast.by_cause:
            return None
        cause = log.cause_row(row)
        if cause is not None:
            sender = log.name("component", int(log.column("component")[cause]))
        else:
            sender = self._cast.sole.get(log.name("message_type", int(log.column("message_type")[row])), "")
        return Flow(sender, who, family) if sender and sender != who else None

    def _flows(self, row: int) -> tuple[tuple[Flow, ...], str, Family]:
        """The whole way of the cursor's message: from its publisher to all that received it."""
        if row < 0:
            return (), "", Family.SYSTEM
        log = self._session.log
        kind = log.name("event_type", int(log.column("event_type")[row]))
        message = safe_text(log.name("message_type", int(log.column("message_type")[row])), _LABEL)
        family = FAMILIES[int(log.column("family")[row])]
        rows = [row]
        if kind == PUBLISHED:
            rows += log.effect_rows(row, _EFFECTS)
        elif kind in {RECEIVED, HANDLED}:
            cause = log.cause_row(row)
            if cause is not None:
                rows.append(cause)
            if kind == HANDLED and cause is not None:  # whose cause is the receive, whose is the publish
                publish = log.cause_row(cause)
                rows += [publish] if publish is not None else []
        flows = tuple(dict.fromkeys(flow for one in rows if (flow := self.flow(one)) is not None))
        return flows, message if flows or kind in _MESSAGES else "", family
