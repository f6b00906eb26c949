"""The log at its limits: memory that is bounded, indexes that age, readers beside the writer."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event
from debugger.log import GONE, NOT_IN_LOG, EventLog, compile_query
from debugger.log.compact import CompactInterner
from debugger.log.ids import IdIndex
from debugger.log.stores import BLOCK, BlockStore
from debugger.log.tally import BELIEVABLE
from tests.support.examples import tried
from tests.support.voicelog import voice_log


def lines_of(count: int, *, size: int = 20) -> list[bytes]:
    noise = random.Random(3)
    return [
        encode_event(
            Event(
                float(number),
                "state_change",
                "c",
                id=f"e{number}",
                cause=f"e{number - 1}",
                task=f"t{number // 3}",
                data={"text": noise.randbytes(size).hex()},
                component_state={"n": number},
            )
        )
        for number in range(count)
    ]


def test_the_oldest_payloads_go_and_their_rows_stay() -> None:
    """When the arena is full: counted, named, never found by text; headers and causes remain."""
    log = EventLog(arena_bytes=BLOCK)
    lines = lines_of(2000, size=300)
    log.append_many(lines, [decode_line(line) for line in lines])
    assert 0 < log.evicted < len(log)
    assert log.stats.evicted == log.evicted
    assert log.event(0) == {GONE: "evicted"}
    assert log.raw(0) == b""
    assert log.header(0).evicted
    assert log.header(1).component == "c"
    assert log.cause_row(1) == 0
    assert log.state_at("c", None, 0) == (0, {GONE: "evicted"})
    assert "evicted" in log.summary(0)
    last = len(log) - 1
    assert log.raw(last) == lines[last]
    found = compile_query('"state_change"').rows(log)
    assert found.tolist() == list(range(log.evicted, len(log)))


@tried(60)
@given(st.lists(st.binary(min_size=1, max_size=BLOCK // 2), max_size=12), st.data())
def test_text_in_blocks_reads_back_from_anywhere(texts: list[bytes], data: st.DataObject) -> None:
    """Across the borders of blocks too."""
    store = BlockStore()
    whole = b"".join(texts)
    offsets = [store.put(text) for text in texts]
    for offset, text in zip(offsets, texts, strict=True):
        assert store.read(offset, len(text)) == text
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole)))
    assert store.read(start, length) == whole[start : start + length]


@tried(40)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=300), st.integers(1, 40))
def test_an_id_is_found_however_old_it_is(hashes: list[int], recent: int) -> None:
    """In the dicts of recent ones or in the sorted runs, and nothing else is."""
    index = IdIndex(recent)
    half = len(hashes) // 2
    for row, one in enumerate(hashes[:half]):
        index.add([one], [row])
    assert index.find_all(hashes) == [*range(half), *[-1] * (len(hashes) - half)]


@tried(40)
@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=60), st.integers(1, 9))
def test_compact_names_are_numbered_like_others(texts: list[str | None], step: int) -> None:
    """Equal texts have one number, which gives the text back; None is 0; the unknown has none."""
    interner = CompactInterner()
    numbers: list[int] = []
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        numbers += interner.intern_all(part, len(part)).tolist()
    assert [interner.value(number) for number in numbers] == texts
    assert len(interner) == len({text for text in texts if text is not None}) + 1
    assert [interner.id_of(text) for text in texts] == numbers
    assert interner.id_of("never seen") is None
    assert interner.names_from(0)[0] is None


def test_a_cause_that_never_comes_is_told_from_no_cause() -> None:
    """And one that comes late takes its place in rows that are read already."""
    log = EventLog()
    line = b'{"timestamp":1,"event_type":"message_received","component":"b","message_type":"M","cause":"x"}'
    log.append(line, decode_line(line))
    causes = log.column("cause_row")
    assert causes.tolist() == [NOT_IN_LOG]
    assert log.cause_row(0) is None
    assert log.topology.edges == {}
    late = b'{"timestamp":1,"event_type":"message_published","component":"a","message_type":"M","id":"x"}'
    log.append(late, decode_line(late))
    assert causes.tolist() == [1]
    assert log.topology.edges == {("a", "M", "b"): 1}


def test_what_a_column_shows_cannot_be_changed() -> None:
    """A view for reading."""
    log = EventLog()
    log.append_gap("s", 1, 2, "lost")
    with pytest.raises(ValueError, match="read-only"):
        log.column("seq")[0] = 5


@pytest.mark.parametrize("row", [-1, 1, 10**9])
def test_a_row_that_is_not_there_is_refused(row: int) -> None:
    """By name, instead of another row's answer."""
    log = EventLog()
    log.append_gap(None, None, None, "lost")
    for question in (log.raw, log.event, log.header, log.summary, log.cause_row, log.effect_rows):
        with pytest.raises(IndexError, match=f"row {row}"):
            question(row)


def test_readers_beside_the_writer_see_whole_rows_only() -> None:
    """While one thread appends, another reads the newest rows, their causes and their states."""
    log = EventLog()
    lines = lines_of(20_000)
    events = [decode_line(line) for line in lines]
    done = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not done.is_set():
            row = len(log) - 1
            if row < 1:
                continue
            header, state = log.header(row), log.state_at("c", None, row)
            if (
                log.event(row).get("id") != f"e{row}"
                or header.cause_row != row - 1
                or header.task != f"t{row // 3}"
            ):
                wrong.append(header)
            if state is None or state != (row, {"n": row}):
                wrong.append(state)
            causes = np.arange(-1, row)
            causes[0] = NOT_IN_LOG
            if not np.array_equal(log.column("cause_row")[: row + 1], causes):
                wrong.append(row)

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, len(lines), 37):
        log.append_many(lines[start : start + 37], events[start : start + 37])
    done.set()
    reader.join()
    assert not wrong


def test_the_topology_knows_who_sent_what_to_whom() -> None:
    """Edges of a whole story are those that its causes tell; components come in the order of the hello."""
    events = voice_log(3)
    log = EventLog()
    log.append_many([encode_event(event) for event in events], events)
    by_id = {event.id: event for event in events}
    edges: dict[tuple[str, str, str], int] = {}
    for event in events:
        if event.event_type == "message_received":
            sender = by_id[event.cause].component
            edge = (sender, event.message_type or "", event.component)
            edges[edge] = edges.get(edge, 0) + 1
    assert log.topology.edges == edges
    assert log.topology.subscriptions["llm_orchestrator"] == ("PROCESS_USER_INPUT",)
    assert set(log.topology.components) == {event.component for event in events}
    assert log.stats.missing == {}


def test_a_jump_of_seq_is_counted_as_missing() -> None:
    """By source, however the events come."""
    log = EventLog()
    events = [Event(1.0, "x", "c", source="p", seq=seq) for seq in (4, 9, 5)]
    lines = [encode_event(event) for event in events]
    log.append_many(lines, [decode_line(line) for line in lines])
    assert log.stats.missing == {"p": 3}


def test_numbers_that_cannot_be_true_are_not_counted_but_told() -> None:
    """A source that jumps by more events than there can be; the holes of others stay what they are."""
    log = EventLog()
    events = [Event(1.0, "x", "c", source="liar", seq=seq) for seq in (1, 2**63 - 1)]
    events += [Event(1.0, "x", "c", source="p", seq=seq) for seq in (1, BELIEVABLE + 2)]
    lines = [encode_event(event) for event in events]
    log.append_many(lines, [decode_line(line) for line in lines])
    assert log.stats.missing == {"p": BELIEVABLE}
    assert log.stats.unbelieved == ("liar",)


@pytest.mark.parametrize(
    "told", [[], "x", {"components": 5, "subscriptions": [1]}, {"components": [None, "a"]}]
)
def test_a_foreign_hello_cannot_harm(told: object) -> None:
    """What is not as expected is passed over."""
    log = EventLog()
    data = {"topology": told}
    event = Event(1.0, "system", "tap", "RECORDING_STARTED", data=data)
    line = encode_event(event)
    log.append(line, decode_line(line))
    assert set(log.topology.components) <= {"tap", "a"}
