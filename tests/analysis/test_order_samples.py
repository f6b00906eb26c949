"""The order of recordings of the real assistant."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from debugger.analysis.order import Order, Rule, order_of
from debugger.log import ABSENT, EventLog
from debugger.sources.file import open_recordings

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "sample_logs").glob("*.jsonl"))


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda path: path.stem)
def sample(request: pytest.FixtureRequest) -> tuple[EventLog, Order]:
    log = EventLog()
    for _ in open_recordings([str(request.param)]).load(log):
        pass
    return log, order_of(log)


def rows_of(log: EventLog, event_type: str, message: str) -> dict[tuple[str, str], list[int]]:
    """By worker and component, in the order of the log."""
    wanted = (log.id_of("event_type", event_type), log.id_of("message_type", message))
    chosen = (log.column("event_type") == wanted[0]) & (log.column("message_type") == wanted[1])
    found: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(chosen & (log.column("worker") != ABSENT)).tolist():
        worker, component = (log.name(name, int(log.column(name)[row])) for name in ("worker", "component"))
        found.setdefault((worker, component), []).append(row)
    return found


def test_all_of_it_is_recorded(sample: tuple[EventLog, Order]) -> None:
    """No hole, nothing guessed, no mailbox that was not declared."""
    _, order = sample
    counts = order.counts
    assert counts.causality == "full"
    assert (counts.matched, counts.unattributed, counts.mailboxes_assumed, counts.undecided) == (0, 0, 0, 0)
    assert order.holes == ()
    assert not order.disproved
    assert {Rule.PUBLISH, Rule.MAILBOX, Rule.SPAWN, Rule.ITEM} <= {
        rule for rule, count in counts.edges.items() if count
    }


def test_the_order_agrees_with_the_log(sample: tuple[EventLog, Order]) -> None:
    """What names a cause comes after it, and nothing comes before what is above it."""
    log, order = sample
    for row in range(len(log)):
        cause = log.cause_row(row)
        if cause is not None:
            assert order.ordered(cause, row)
    chance = random.Random(3)
    for _ in range(300):
        one, other = chance.randrange(len(log)), chance.randrange(len(log))
        assert not (order.ordered(max(one, other), min(one, other)))


def test_chunks_of_one_worker_come_one_after_the_other(sample: tuple[EventLog, Order]) -> None:
    """Text as it is handed out, and audio as it is made and as each component gets it."""
    log, order = sample
    seen = 0
    for event_type, message in (
        ("message_published", "CHUNK_RESPONSE"),
        ("message_published", "TTS_AUDIO_CHUNK"),
        ("message_received", "TTS_AUDIO_CHUNK"),
    ):
        for rows in rows_of(log, event_type, message).values():
            seen += len(rows)
            assert all(order.ordered(one, other) for one, other in pairwise(rows))
    assert seen > 10


def test_what_two_sessions_do_is_concurrent() -> None:
    """The same assistant speaks to two people: what it says to one is not ordered with the other."""
    log = EventLog()
    (path,) = (path for path in SAMPLES if path.stem == "two_sessions")
    for _ in open_recordings([str(path)]).load(log):
        pass
    order = order_of(log)
    chunks = rows_of(log, "message_published", "TTS_AUDIO_CHUNK")
    sessions = {worker.split("-", 1)[0] for worker, _ in chunks}
    assert len(sessions) == 2
    first, second = (
        [row for (worker, _), rows in chunks.items() if worker.startswith(f"{session}-") for row in rows]
        for session in sorted(sessions)
    )
    both = [(one, other) for one in first[::5] for other in second[::5]]
    apart = sum(order.concurrent(one, other) for one, other in both)
    assert apart > 0.9 * len(both)


def test_explanations_join_and_hold(sample: tuple[EventLog, Order]) -> None:
    """Every edge of a way is order, the way leads from one to the other; histories part at a common event."""
    log, order = sample
    chance = random.Random(4)
    for _ in range(60):
        before, after = sorted((chance.randrange(len(log)), chance.randrange(len(log))))
        way = order.why(before, after)
        assert bool(way) == order.ordered(before, after)
        parting = order.parting(before, after)
        for path, end in ((way, after), (parting.left, before), (parting.right, after)):
            assert all(one.after == other.before for one, other in pairwise(path))
            assert all(order.ordered(edge.before, edge.after) for edge in path)
            assert not path or path[-1].after == end
        if way:
            assert parting.common == before
