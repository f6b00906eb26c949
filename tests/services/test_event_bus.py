"""The event bus of a program: who emits never waits and never fails, who listens gets all, or is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from loguru import logger
from pydantic import ValidationError

from backend.compose import Backend
from backend.models import ScriptedModel
from backend.services import (
    CacheData,
    EventBus,
    PerformanceData,
    SubscriberDroppedError,
    SystemEvent,
    emit_cache_event,
    emit_cgrag_event,
    emit_error_event,
    emit_model_state_event,
    emit_performance_event,
    emit_query_route_event,
    get_event_bus,
    set_event_bus,
)
from backend.services.subscription import Subscription
from backend.settings import load_settings
from backend.tap import Tap, turn_scope, within
from backend.tap.hub import Hub


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the program's log was told."""
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line).strip()), format="{message}")
    yield lines
    logger.remove(handler)


@pytest.fixture
async def bus() -> AsyncIterator[EventBus]:
    async with EventBus("app") as made:
        yield made


async def take(events: Subscription, count: int) -> list[SystemEvent]:
    """The next events; the subscription is closed after them."""
    got: list[SystemEvent] = []
    async with asyncio.timeout(10):
        async for event in events:
            got.append(event)
            if len(got) == count:
                break
    return got


async def test_each_helper_tells_its_kind_of_event(bus: EventBus) -> None:
    """Type, severity, message and metadata, as a reader of the system dialect expects them."""
    events = bus.subscribe()
    assert emit_query_route_event("q1", 7.5, "fast", 120, "short question")
    assert emit_model_state_event("m1", "loading", "failed", "no memory", 8080)
    assert emit_cgrag_event("q1", 5, 0.7, 42.0, 900, cache_hit=False)
    assert emit_cache_event("get", "greeting", hit=True, latency_ms=0.3)
    assert emit_performance_event("queue_depth", 12, 10, "overseer", action_required=True)
    assert emit_error_event("TimeoutError", "no answer", "llm", recovery_action="retried")
    got = await take(events, 6)
    assert [(one.type, one.severity, one.message) for one in got] == [
        ("query_route", "info", "query q1 routed to fast: short question"),
        ("model_state", "error", "model m1 loading → failed: no memory"),
        ("cgrag", "info", "5 chunks retrieved for query q1 in 42 ms"),
        ("cache", "info", "cache get greeting: hit"),
        ("performance", "warning", "queue_depth is 12 (threshold 10)"),
        ("error", "error", "TimeoutError: no answer"),
    ]
    assert got[3].metadata.items() >= {
        "component": "cache", "operation": "get", "key": "greeting", "hit": True, "latency_ms": 0.3,
    }.items()  # fmt: skip
    assert [one.metadata["component"] for one in got] == [
        "query_router", "model_manager", "cgrag", "cache", "overseer", "llm",
    ]  # fmt: skip


async def test_what_a_kind_does_not_know_is_kept_and_the_caller_may_say_more(bus: EventBus) -> None:
    """Extra metadata, a message and a severity of one's own, whose session it is; awaited or not."""
    events = bus.subscribe(sessions=("s7",))
    sent = await emit_cache_event(
        "get", "k", hit=False, shard=3, tags=["a"], severity="debug", message="cold", session_id="s7"
    )
    (told,) = await take(events, 1)
    assert (told.severity, told.message) == ("debug", "cold")
    assert told.metadata.items() >= {"shard": 3, "tags": ["a"], "session_id": "s7", "id": sent.id}.items()


async def test_events_belong_to_the_turn_they_are_emitted_in(bus: EventBus) -> None:
    """Correlation comes from the running activation; of another session it would be wrong."""
    events = bus.subscribe()
    with within(turn_scope("s1", "u1", 3, "COMPLETE_TRANSCRIPT")):
        emit_cache_event("get", "k")
        emit_cache_event("get", "k", session_id="s2")
    mine, other = await take(events, 2)
    assert mine.metadata["correlation_id"] == "s1_3_COMPLETE_TRANSCRIPT"
    assert other.metadata["session_id"] == "s2"
    assert "correlation_id" not in other.metadata


async def test_what_is_not_possible_is_logged_once_and_never_raised(bus: EventBus, said: list[str]) -> None:
    """Missing, wrong and out of range: no event, one line in the log, and the program goes on."""
    for _ in range(3):
        assert not emit_cache_event()  # type: ignore[call-arg]  # what is tested
        assert not emit_cgrag_event("q", -1)
        assert not emit_performance_event("m", float("nan"))
        assert not emit_cache_event("get", "k", severity="loud")
        assert not emit_error_event("E", session_id=7)
    assert len(said) == 5
    assert "emit_cgrag_event: chunks_retrieved: Input should be greater than or equal to 0" in said[1]
    assert "severity is one of debug, info, warning, error, not 'loud'" in said[3]
    stats = bus.get_stats()
    assert (stats.emitted, stats.rejected) == (0, 15)


async def test_without_a_bus_nothing_happens_but_a_line_in_the_log(said: list[str]) -> None:
    """Before the bus and after it; a stopped bus says so itself."""
    assert get_event_bus() is None
    assert not emit_cache_event("get", "k")
    async with EventBus() as bus:
        assert get_event_bus() is bus
    assert get_event_bus() is None
    assert not bus.emit(CacheData(operation="get", key="k"))
    assert not bus.running
    assert [line.partition(": ")[2] for line in said] == [
        "emit_cache_event: no event bus is running: `async with EventBus(...)` comes first",
        "CacheData: the event bus is not running",
    ]


async def test_values_that_no_json_holds_are_recorded_as_such(bus: EventBus) -> None:
    """A payload of the program's own objects: the event comes, with a description of what it held."""
    events = bus.subscribe()
    assert emit_cache_event("get", "k", owner=object(), odd="\ud800")
    (told,) = await take(events, 1)
    assert told.metadata["owner"]["unencodable"] == "object"


async def test_threads_emit_as_well(bus: EventBus) -> None:
    """Eight threads at once: every event once, each thread's in its order."""
    events = bus.subscribe(types=("performance",))

    def work(number: int) -> None:
        for value in range(200):
            emit_performance_event(f"m{number}", value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    got = await take(events, 1600)
    for thread in threads:
        thread.join()
    for number in range(8):
        values = [one.metadata["current_value"] for one in got if one.metadata["metric_name"] == f"m{number}"]
        assert values == list(range(200))


async def test_a_subscriber_chooses_by_type_severity_and_component(bus: EventBus) -> None:
    """Each gets its own choice of the same events; severity is the least."""
    caches, bad = bus.subscribe(("cache",)), bus.subscribe(severity="warning")
    llm = bus.subscribe(components=("llm",))
    emit_cache_event("get", "k")
    emit_error_event("E", "x", "llm")
    emit_performance_event("m", 1, action_required=True)
    emit_cache_event("set", "k", severity="error")
    assert [one.message for one in await take(caches, 2)] == ["cache get k", "cache set k"]
    assert [one.type for one in await take(bad, 3)] == ["error", "performance", "cache"]
    assert [one.type for one in await take(llm, 1)] == ["error"]
    with pytest.raises(ValueError, match="severity is one of debug, info, warning, error, not 'loud'"):
        bus.subscribe(severity="loud")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(ValueError, match="counts from 0"):
        bus.subscribe(since_seq=-1)


async def test_a_late_subscriber_gets_the_history_that_it_asks_for(bus: EventBus) -> None:
    """From now on by default; from the first on with since_seq 0."""
    emit_cache_event("get", "early")
    late, all_of_it = bus.subscribe(), bus.subscribe(since_seq=0)
    emit_cache_event("get", "late")
    assert [one.metadata["key"] for one in await take(late, 1)] == ["late"]
    assert [one.metadata["key"] for one in await take(all_of_it, 2)] == ["early", "late"]


async def test_the_end_of_the_bus_ends_the_iteration_after_the_last_event() -> None:
    """Nothing that was emitted before stop is lost to a subscriber."""
    bus = EventBus()
    await bus.start()
    await bus.start()
    events = bus.subscribe()
    for number in range(50):
        emit_cache_event("get", str(number))
    await bus.stop()
    await bus.stop()
    async with asyncio.timeout(10):
        got = [one.metadata["key"] async for one in events]
    assert got == [str(number) for number in range(50)]
    assert bus.get_stats().active_subscribers == 0


async def test_who_takes_nothing_for_100_ms_with_a_full_queue_is_dropped() -> None:
    """The others get everything, who emits is not held up, and the one that is dropped is told."""
    async with EventBus(subscriber_queue=64) as bus:
        slow, quick = bus.subscribe(), bus.subscribe(("cache",))
        reader = aiter(slow)
        emit_cache_event("get", "0")
        assert (await anext(reader)).metadata["key"] == "0"
        got = [(await anext(aiter(quick))).metadata["key"]]
        quick = bus.subscribe(("cache",))
        async with asyncio.timeout(30):
            number = 0
            async for event in quick_of(bus, quick):
                number += 1
                got.append(event.metadata["key"])
                if bus.get_stats().dropped_subscribers:
                    break
        assert got == [str(one) for one in range(len(got))]
        assert slow.dropped
        with pytest.raises(SubscriberDroppedError, match="100 ms with a full queue"):
            async for _ in reader:
                pass
        assert bus.get_stats().active_subscribers <= 1


async def quick_of(bus: EventBus, events: Subscription) -> AsyncIterator[SystemEvent]:
    """A subscriber that takes each event before the next is emitted."""
    del bus
    number = 1
    emit_cache_event("get", str(number))
    async for event in events:
        yield event
        number += 1
        emit_cache_event("get", str(number))


async def test_who_is_slow_but_not_dead_is_told_what_it_missed() -> None:
    """More than its queue while it looks away: a gap event, then the latest."""
    async with EventBus(subscriber_queue=10, stall_seconds=60) as bus:
        events = bus.subscribe()
        for number in range(200):
            emit_cache_event("get", str(number))
            if number % 20 == 0:
                bus.tap.drain()
                await asyncio.sleep(0)
        bus.tap.drain()
        got: list[SystemEvent] = []
        async with asyncio.timeout(10):
            async for event in events:
                got.append(event)
                if event.metadata.get("key") == "199":
                    break
        gaps = [one for one in got if one.type == "gap"]
        lost = sum(one.metadata["to_seq"] - one.metadata["from_seq"] + 1 for one in gaps)
        assert gaps[0].severity == "warning"
        assert lost + len(got) - len(gaps) == 200
        assert (bus.get_stats().lost, bus.get_stats().dropped_subscribers) == (lost, 0)


async def test_a_bus_of_a_tap_is_an_edge_of_that_feed() -> None:
    """The program's own tap and hub: the same numbers, the same record; both go on when the bus stops."""
    hub = Hub()
    async with Tap("app", sinks=(hub,)) as tap:
        async with EventBus(tap=tap, hub=hub) as bus:
            emit_cache_event("get", "k")
            assert bus.get_stats().source == tap.source
        tap.emit("message_published", "c", "TEXT_CHUNK")
        tap.drain()
        assert hub.running
        async with EventBus(tap=tap) as other:
            emit_cache_event("get", "k")
            tap.drain()
            assert len(other.hub.ring) == 1
        assert not other.hub.running
    assert hub.ring.next_seq(tap.source) == 6


async def test_a_bus_whose_tap_is_closed_takes_nothing(said: list[str]) -> None:
    """By its owner, before the bus was stopped: no event has an id that is in no record."""
    tap, hub = Tap("app"), Hub()
    tap.start()
    async with EventBus(tap=tap, hub=hub):
        assert emit_cache_event("get", "k")
        tap.close()
        for _ in range(3):
            assert not emit_cache_event("get", "k")
    assert [line.partition(": ")[2] for line in said] == ["CacheData: the tap of the event bus is closed"]


async def test_the_numbers_of_the_bus(bus: EventBus) -> None:
    """Contract: active_subscribers, queue_size, history_size, running; and what came, by type."""
    async with bus.subscribe(), bus.subscribe():
        emit_cache_event("get", "k")
        emit_error_event("E", "x")
        stats = bus.get_stats()
        assert (stats.running, stats.active_subscribers, stats.queue_size) == (True, 2, 2)
        bus.tap.drain()
        stats = bus.get_stats()
        assert (stats.queue_size, stats.history_size, stats.by_type) == (0, 3, {"cache": 1, "error": 1})
        assert msgspec.json.decode(msgspec.json.encode(stats))["feed"]["source"] == bus.tap.source


async def test_an_explicit_bus_stays_the_one_of_the_helpers() -> None:
    """A second bus does not take over what is in place, and gives nothing away when it stops."""
    async with EventBus("one") as one:
        async with EventBus("two") as two:
            assert get_event_bus() is one
            set_event_bus(two)
            assert emit_cache_event("get", "k")
            assert two.get_stats().emitted == 1
        assert get_event_bus() is None


def test_models_refuse_what_makes_no_sense() -> None:
    """Who makes them by hand gets pydantic's errors; severity of the data is its own."""
    with pytest.raises(ValidationError):
        CacheData(operation="", key="k")
    with pytest.raises(ValidationError):
        PerformanceData(metric_name="m", current_value=float("inf"))
    assert CacheData.model_validate({"operation": "get", "key": "k", "extra": [1]}).payload() == {
        "operation": "get", "key": "k", "extra": [1],
    }  # fmt: skip


async def test_what_a_tool_of_the_assistant_tells_is_in_its_feed(tmp_path: Path) -> None:
    """`serve` has a bus: helpers work in whatever runs there, and their events belong to its record."""
    settings = load_settings(memory=tmp_path / "memory.sqlite3")
    async with Backend(settings, model=ScriptedModel([])) as backend:
        assert get_event_bus() is backend.events
        assert emit_cgrag_event("q1", 3)
        backend.tap.drain()
        stats = backend.hub.stats()
        assert stats.source == backend.tap.source
        assert backend.events.get_stats().by_type == {"cgrag": 1}
    assert get_event_bus() is None
