"""A tap's sink that publishes: never waits, loses nothing that it does not name, whatever the server does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from backend.errors import UserError
from backend.events import Event, decode_line
from backend.mux import transport_of
from backend.mux.envelope import opened
from backend.mux.protocol import START, Limits, MuxError
from backend.mux.sink import BusSink
from backend.mux.streams import ALL, EVENTS, GRAPH, PLANNER, TASKS, limits_of, stream_of
from backend.tap import Batch, Tap
from tests.mux.conformance import tailed
from tests.mux.streaming import batch, until
from tests.mux.valkey import Valkey
from tests.support.commands import say


async def streamed(url: str, stream: str = EVENTS) -> list[Event]:
    """All events that the stream has, as they stand there."""
    bus = transport_of(url)
    length = (await bus.info(stream)).length
    entries = await tailed(bus, stream, length, START) if length else []
    await bus.close()
    return [decode_line(line) for entry in entries for line in opened(entry.payload).lines]


def seqs(events: list[Event], source: str = "app-1") -> list[int | None]:
    return [event.seq for event in events if event.source == source]


async def test_a_tap_publishes_what_it_emits(url: str) -> None:
    """All of it, byte for byte and in order, in entries of many events that say who made them."""
    lines: list[bytes] = []

    class Keep:
        def write(self, batch: Batch) -> None:
            lines.extend(batch.lines)

        def close(self) -> None:
            pass

    async with Tap("assistant", sinks=(Keep(), BusSink(url, environment="test"))) as tap:
        for number in range(1000):
            tap.emit("system", "overseer", "CACHE", {"number": number})
    bus = transport_of(url)
    entries = await tailed(bus, EVENTS, (await bus.info(EVENTS)).length)
    await bus.close()
    envelopes = [opened(entry.payload) for entry in entries]
    there = [line for envelope in envelopes for line in envelope.lines]
    assert [line for line in there if b'"source":"bus-' not in line] == lines
    abouts = [envelope.about for envelope in envelopes]
    assert {(one.service, one.environment, bool(one.host)) for one in abouts if one} == {
        ("assistant", "test", True)
    }
    assert [one.number for one in abouts if one] == list(range(1, len(entries) + 1))
    assert len(entries) < 40


async def test_what_waits_together_goes_together(url: str, valkey: Valkey) -> None:
    """Many small batches, while a round trip takes long: entries of about 128 events each."""
    sink = BusSink(url)
    sink.write(batch(1, 1))
    until(lambda: sink.stats.published == 2)
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        for seq in range(2, 1002):
            sink.write(batch(seq, 1))
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    sink.close()
    assert seqs(await streamed(url)) == list(range(1, 1002))
    assert sink.stats.entries < 20


async def test_a_stream_beside_that_is_refused_keeps_nobody_waiting(
    url: str, valkey: Valkey, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody has a key of its name: all events are in the stream of all events nevertheless."""
    with valkey.client() as other:
        other.set(TASKS, "a string")
    with Tap("app", sinks=(BusSink(url),)) as tap:
        tap.emit("system", "c", "TASK_COMPLETE")
        tap.emit("system", "c", "NODE_ADD")
    there = [event.message_type for event in await streamed(url)]
    assert {"TASK_COMPLETE", "NODE_ADD"} <= set(there)
    assert len(await streamed(url, GRAPH)) == 1
    assert "something else by the stream's name" in capsys.readouterr().err


async def test_the_streams_beginning_and_end_say_who_published(url: str) -> None:
    """Events of the sink's own frame what it publishes; host, service and environment are in the first."""
    sink = BusSink(url, environment="staging")
    sink.write(batch(1, 3))
    sink.close()
    first, *_, last = await streamed(url)
    about = first.payload()
    assert (first.message_type, about["service"], about["producer"]) == ("RECORDING_STARTED", "app", "app-1")
    assert (about["environment"], bool(about["host"])) == ("staging", True)
    assert (last.message_type, last.payload()["count"], last.seq) == ("RECORDING_ENDED", 2, 2)


async def test_events_go_into_the_streams_of_their_kind_too(url: str) -> None:
    """By message type, in capitals or dotted; an activation's task is none of these."""
    with Tap("app", sinks=(BusSink(url),)) as tap:
        for name in ("NODE_ADD", "edge.add", "TASK_COMPLETE", "PLANNER_STEP", "CACHE", "TASKS", "NODEMAP_X"):
            tap.emit("system", "planner", name)
        tap.emit("task_spawned", "planner", None)
        tap.emit("system", "planner", "CACHE", {"message_type": "NODE_ADD"})
    found = {stream: [event.message_type for event in await streamed(url, stream)] for stream in ALL}
    assert found.pop(EVENTS)[1:-2].count("NODE_ADD") == 1
    assert found == {GRAPH: ["NODE_ADD", "edge.add"], TASKS: ["TASK_COMPLETE"], PLANNER: ["PLANNER_STEP"]}
    assert stream_of(b'{"event_type": "node.add"}') == GRAPH
    assert stream_of(b"no event") is None


async def test_a_server_that_comes_later_gets_all(capsys: pytest.CaptureFixture[str]) -> None:
    """The program starts without it, and is told once, in a line."""
    with Valkey() as server:
        server.kill()
        sink = BusSink(server.url, first_delay=0.01, last_delay=0.05)
        sink.write(batch(1, 300))
        until(lambda: sink.stats.problem)
        assert (sink.stats.published, sink.stats.waiting) == (0, 301)
        server.start()
        sink.write(batch(301, 10))
        sink.close()
        assert seqs(await streamed(server.url)) == list(range(1, 311))
        assert (sink.stats.waiting, sink.stats.dropped, sink.stats.reconnects) == (0, 0, 1)
    told = capsys.readouterr().err
    assert told.count("cannot reach") == 1
    assert told.endswith("what is to be published waits\n")


async def test_what_finds_the_queue_full_is_named(url: str, valkey: Valkey) -> None:
    """While the server stands still: `write` returns at once, and a gap in the stream names the rest."""
    sink = BusSink(url, queue_bytes=100_000)
    sink.write(batch(1, 10))
    until(lambda: sink.stats.published == 11)
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        first = 11
        while not sink.stats.dropped:
            sink.write(batch(first, 100))
            first += 100
        sink.write(batch(first, 100))
        lost_from, lost_to = first - 100, first + 99
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    until(lambda: not sink.stats.waiting)
    sink.write(batch(lost_to + 1, 5))
    sink.close()
    events = await streamed(url)
    assert sorted(seq for seq in seqs(events) if seq) == [
        *range(1, lost_from),
        *range(lost_to + 1, lost_to + 6),
    ]
    (gap,) = [event.payload() for event in events if event.message_type == "GAP"]
    assert (gap["source"], gap["from_seq"], gap["to_seq"]) == ("app-1", lost_from, lost_to)
    assert sink.stats.dropped == lost_to - lost_from + 1


def test_closing_ends_within_its_bound_and_says_what_nobody_gets() -> None:
    """The server never comes."""
    with Valkey() as server:
        server.kill()
        sink = BusSink(server.url, close_seconds=0.1)
        sink.write(batch(1, 7))
        with pytest.raises(MuxError, match="8 events are not on the stream: cannot reach"):
            sink.close()
        sink.close()  # again: nothing happens


async def test_large_events_go_in_entries_of_their_own(url: str) -> None:
    """An entry has 128 events at most and 512 KiB, unless one event is larger."""
    sink = BusSink(url)
    sink.write(batch(1, 20, "y" * 100_000))
    sink.write(batch(21, 1, "z" * 700_000))
    sink.close()
    assert seqs(await streamed(url)) == list(range(1, 22))
    bus = transport_of(url)
    sizes = [
        (len(entry.payload), opened(entry.payload).about)
        for entry in await tailed(bus, EVENTS, (await bus.info(EVENTS)).length)
    ]
    await bus.close()
    assert all(size < 530_000 or (about and about.events == 1) for size, about in sizes)


@pytest.mark.parametrize("url", ["redis:/x", "http://x", "redis://h:p"])
def test_a_url_of_no_server_is_refused_at_once(url: str) -> None:
    """Before anything is started."""
    with pytest.raises(UserError):
        BusSink(url)


def test_the_table_of_what_is_kept_can_be_changed() -> None:
    """Stream by stream; what is no such change says what is."""
    assert limits_of(["tasks/v1=5"])[TASKS] == Limits(5)
    assert limits_of(None)[EVENTS] == Limits(16_384)
    for wrong in ("tasks/v1", "tasks=5", "tasks/v1=0", "tasks/v1=x"):
        with pytest.raises(UserError, match="STREAM=ENTRIES"):
            limits_of([wrong])


def test_the_assistants_options_of_the_stream_are_checked(tmp_path: Path) -> None:
    """Before anything is loaded: which streams there are."""
    words = ["--memory", str(tmp_path / "m"), "--bus", "memory://options", "--bus-keep", "event/v1=5"]
    said = say("serve", "--port", "0", *words)
    assert (said.code, said.out) == (2, "")
    assert "events/v1, graph_stream/v1, tasks/v1, planner_log/v1" in said.err
