"""The graph at the cursor, as a frozen value."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from backend.events import Family
from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED
from debugger.log import FAMILIES, SYNTHETIC, EventLog
from debugger.tui.graph.counts import Counts, failures
from debugger.tui.session import Session
from debugger.tui.text import safe_text

BUS: Final = "message_bus"
VOICE: Final = (
    "user_session",
    "overseer",
    "agent_context",
    "database_memory",
    "llm_orchestrator",
    "audio_output",
    "tts_orchestrator",
    "text_queue_manager",
)
"""The components of a voice assistant, which have natural places. Those of them that are there come first."""

MAX_NODES: Final = 64
"""More are only counted."""

_RECENT_NS: Final = 5_000_000_000
_RECENT_ROWS: Final = 4_096  # looked back through for an error
_EFFECTS: Final = 24
_WORD: Final = 24
_ASIDE: Final = 12
_SESSIONS: Final = 16  # the latest ones, where the cursor's session knows nothing of a component


class Flow(NamedTuple):
    """A message on its way between a component and the bus: ``out`` of it, or in."""

    component: str
    out: bool
    family: Family


class Node(NamedTuple):
    """A component at the cursor. ``name`` is raw, for looking things up; ``label`` is safe to paint."""

    name: str
    label: str
    state: str
    sent: int
    received: int
    failed: int
    failing: bool
    at_cursor: bool
    selected: bool


class GraphView(NamedTuple):
    """Everything that stands still in the graph. ``flows`` are the ways that the cursor's message takes.

    ``aside`` are components that have nothing to do with the bus, ``more`` how many were left out.
    """

    nodes: tuple[Node, ...] = ()
    aside: tuple[str, ...] = ()
    more: int = 0
    bus: str = BUS
    sent: int = 0
    message: str = ""
    family: Family = Family.SYSTEM
    flows: tuple[Flow, ...] = ()


def graph_view(session: Session, counts: Counts) -> GraphView:
    """The graph at the session's cursor; `counts` is moved there."""
    log, row = session.log, session.cursor
    counts.move(row)
    bus = log.topology.bus or BUS
    everybody = tuple(name for name in log.topology.components if name not in {bus, BUS, SYNTHETIC})
    involved = _involved(log)
    names = order(tuple(name for name in everybody if name in involved) or everybody)
    aside = tuple(safe_text(name, _WORD) for name in everybody if name not in names)
    failing = _failing(log, row)
    current = log.name("component", int(log.column("component")[row])) if row >= 0 else ""
    nodes = tuple(
        Node(
            name,
            safe_text(name, _WORD + 8),
            _state_word(log, name, row),
            *counts.of(name),
            failing=name in failing,
            at_cursor=name == current,
            selected=name == session.component,
        )
        for name in names[:MAX_NODES]
    )
    flows, message, family = _flows(log, row)
    return GraphView(
        nodes=nodes,
        aside=aside[:_ASIDE],
        more=max(len(names) - MAX_NODES, 0) + max(len(aside) - _ASIDE, 0),
        bus=safe_text(bus, _WORD),
        sent=counts.sent,
        message=message,
        family=family,
        flows=flows,
    )


def _involved(log: EventLog) -> set[str]:
    """Who has to do with the bus, or tells a state; not a tap or a main task that only frames the record."""
    topology = log.topology
    named = {name for publisher, _, receiver in topology.edges for name in (publisher, receiver)}
    known = named | set(topology.subscriptions) | set(VOICE)
    # Asking for the sessions of a state goes through all of them: only for the few that are left.
    return known | {name for name in topology.components if name not in known and log.state_sessions(name)}


def order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those with natural places first, the others as they came."""
    known = tuple(name for name in VOICE if name in names)
    return known + tuple(name for name in names if name not in VOICE)


def _state_word(log: EventLog, component: str, row: int) -> str:
    """``state`` of the component's snapshot in the cursor's session, else in its latest."""
    if row < 0:
        return ""
    own = log.interner("session").value(int(log.column("session")[row]))
    found = log.state_at(component, own, row)
    if found is None:
        others = (
            log.state_at(component, session, row) for session in log.state_sessions(component)[-_SESSIONS:]
        )
        found = max((one for one in others if one is not None), key=lambda one: one.row, default=None)
    word = found.state.get("state") if found is not None else None
    return safe_text(word, _WORD) if isinstance(word, str | int) else ""


def _failing(log: EventLog, row: int) -> set[str]:
    """Components with an error in the last seconds before the cursor."""
    if row < 0:
        return set()
    start = max(0, row + 1 - _RECENT_ROWS)
    part = slice(start, row + 1)
    times = log.column("timestamp_ns")[part]
    failed = failures(log, part) & (times > int(times[-1]) - _RECENT_NS)
    numbers = np.unique(log.column("component")[part][failed])
    return {log.name("component", number) for number in numbers.tolist()}


def flow_of(log: EventLog, row: int) -> Flow | None:
    """The way that the event in `row` takes, if it is a publish or a receive."""
    kind = log.name("event_type", int(log.column("event_type")[row]))
    if kind not in {PUBLISHED, RECEIVED}:
        return None
    component = log.name("component", int(log.column("component")[row]))
    return Flow(component, kind == PUBLISHED, FAMILIES[log.column("family")[row]])


def _flows(log: EventLog, row: int) -> tuple[tuple[Flow, ...], str, Family]:
    """The whole way of the cursor's message: from its publisher to all that received it."""
    if row < 0:
        return (), "", Family.SYSTEM
    kind = log.name("event_type", int(log.column("event_type")[row]))
    message = safe_text(log.name("message_type", int(log.column("message_type")[row])), _WORD + 8)
    family = FAMILIES[log.column("family")[row]]
    if kind == PUBLISHED:
        ways = [flow_of(log, row), *(flow_of(log, one) for one in log.effect_rows(row, _EFFECTS))]
    elif kind in {RECEIVED, HANDLED}:
        cause = log.cause_row(row)
        ways = [flow_of(log, row), flow_of(log, cause) if cause is not None else None]
    else:
        return (), "", family
    return tuple(dict.fromkeys(way for way in ways if way is not None)), message, family
