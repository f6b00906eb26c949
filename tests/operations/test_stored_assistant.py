"""`serve --store`: what the assistant tells is in the store, and what ails the store is in the feed."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
from pathlib import Path

import pytest

from backend.models import Scripted
from backend.operations.outlets import Outlet, OutletStats, OutletWatch
from backend.store import StoreError
from backend.store.layout import LOCK, catalogue
from backend.tap import Probe, Tap
from tests.operations.backends import Voice, backend_of, talking, until
from tests.store.stored import stored
from tests.support.assistant import Record
from tests.support.commands import say

LAST_HOUR = (
    "SELECT type, count(*) AS n FROM events WHERE ts > now() - INTERVAL 1 HOUR GROUP BY type ORDER BY type"
)
GROWTH = (
    "SELECT date_trunc('hour', ts) AS hour, type, count(*) AS n FROM events "
    "WHERE type IN ('node.add', 'task.complete') GROUP BY hour, type ORDER BY hour, type"
)
ERRORS = (
    "SELECT agent, count(*) AS errors FROM events WHERE type = 'error' "
    "GROUP BY agent ORDER BY errors DESC, agent"
)


def rows(store: Path, sql: str) -> list[list[str]]:
    """What a query answers, as a user asks it."""
    said = say("query", str(store), sql, "--format", "csv")
    assert (said.code, said.err) == (0, "")
    return [line.split(",") for line in said.out.splitlines()[1:]]


async def test_the_three_queries_of_an_operator_on_a_store_that_the_assistant_filled(tmp_path: Path) -> None:
    """Three turns, of which two fail; what the program itself learns and does is told by the same tap."""
    store = tmp_path / "store"
    answers = [
        Scripted((), error="the weights are gone"),
        Scripted(("Then it breaks.",)),
        Scripted(("Yes.",)),
    ]
    async with talking(
        tmp_path, ("hello", "and now?", "at last?"), answers, store=store, voice=Voice(fail_on="breaks")
    ) as backend:
        graph, planner = Probe(backend.tap, "knowledge_graph"), Probe(backend.tap, "planner")
        for name in ("ada", "hamlet"):
            graph.system("NODE_ADD", {"node": name})
        planner.system("TASK_COMPLETE", {"task": "answer"})
    events = stored(store)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))

    counts = {kind: int(count) for kind, count in rows(store, LAST_HOUR)}
    assert sum(counts.values()) == len(events)
    assert (counts["node.add"], counts["task.complete"], counts["error"]) == (2, 1, 3)
    assert counts["message_published"] == sum(one.event_type == "message_published" for one in events)
    growth = rows(store, GROWTH)
    assert {(kind, int(count)) for _, kind, count in growth} == {("node.add", 2), ("task.complete", 1)}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:00:00", hour) for hour, _, _ in growth)
    assert rows(store, ERRORS) == [["tts_orchestrator", "2"], ["llm_orchestrator", "1"]]


async def test_a_store_whose_process_is_killed_says_so_in_the_feed_and_has_everything(tmp_path: Path) -> None:
    """It is begun again; the event about it is in the store as well."""
    store, record = tmp_path / "store", Record()
    async with talking(tmp_path, ("hello",), (Scripted(("Hi.",)),), store=store) as backend:
        backend.tap.add_sink(record)
        os.kill(int((store / LOCK).read_text()), signal.SIGKILL)
        await until(lambda: record.of("system", "STORE_STATE"))
        backend.tap.system("AFTER")
    told = record.of("system", "STORE_STATE")
    assert {event.component for event in told} == {"event_store"}
    assert {event.payload()["state"] for event in told} <= {"failing", "restarted", "ok"}
    events = stored(store)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {"STORE_STATE", "AFTER"} <= {event.message_type for event in events}


async def test_a_store_that_has_no_room_says_why_in_the_feed_and_goes_on_later(tmp_path: Path) -> None:
    """No event is lost: they wait, as health says, until there is room."""
    store, record = tmp_path / "store", Record()
    async with talking(tmp_path, (), (), store=store) as backend:
        backend.tap.add_sink(record)
        pid = int((store / LOCK).read_text())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
        for number in range(100):
            backend.tap.system("FILLS", {"number": number, "text": "x" * 500})
        await until(lambda: "ok" in [one.payload()["state"] for one in record.of("system", "STORE_STATE")])
    failing = record.of("system", "STORE_STATE")[0]
    assert (failing.severity, failing.payload()["state"]) == ("error", "failing")
    assert "the limit of a file's size is reached" in failing.payload()["problem"]
    events = stored(store)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def stats(**more: object) -> OutletStats:
    fields: dict[str, object] = {
        "sent": 0,
        "waiting": 0,
        "dropped": 0,
        "restarts": 0,
        "lag": 0.0,
        "problem": "",
    }
    return OutletStats(**(fields | more))  # type: ignore[arg-type] # whatever the test says


def test_each_trouble_of_an_outlet_is_told_once_and_so_is_its_end() -> None:
    """A full disk, what is dropped meanwhile, and that it goes on; what is as it was is not told again."""
    now = [stats()]
    record = Record()
    with Tap("app", sinks=(record,)) as tap:
        watch = OutletWatch(tap, [Outlet("store", lambda: now[0])])
        for one in (
            stats(problem="No space left on device", waiting=7),
            stats(problem="No space left on device", waiting=9),
            stats(problem="No space left on device", dropped=5),
            stats(dropped=5),
            stats(dropped=5, restarts=1),
        ):
            now[0] = one
            watch.look()
    told = [(event.payload()["state"], event.severity) for event in record.of("system", "STORE_STATE")]
    assert told == [("failing", "error"), ("dropping", "error"), ("ok", "info"), ("restarted", "warning")]
    first = record.of("system", "STORE_STATE")[0].payload()
    assert first == {
        "state": "failing",
        "waiting": 7,
        "dropped": 0,
        "restarts": 0,
        "problem": "No space left on device",
    }


@pytest.mark.parametrize("kind", ["a file", "somebody else's folder", "another writer's"])
async def test_where_nothing_can_be_stored_the_backend_does_not_start(kind: str, tmp_path: Path) -> None:
    """One line says where and why; the recording is not begun."""
    folder, recording = tmp_path / "there", tmp_path / "r.jsonl"
    async with contextlib.AsyncExitStack() as stack:
        if kind == "a file":
            folder.write_text("")
        elif kind == "somebody else's folder":
            folder.mkdir()
            (folder / "thesis.tex").write_text("")
        else:
            await stack.enter_async_context(backend_of(tmp_path, store=folder))
        with pytest.raises(StoreError, match=re.escape(str(folder))) as refused:
            await backend_of(tmp_path, store=folder, record=recording).__aenter__()
    assert "\n" not in str(refused.value)
    assert not recording.exists()


async def test_a_recording_that_is_refused_leaves_the_store_to_the_next(tmp_path: Path) -> None:
    """The store was opened before it: nobody holds it any more."""
    (tmp_path / "r.jsonl").write_text("")
    with pytest.raises(Exception, match=r"r\.jsonl exists"):
        await backend_of(tmp_path, store=tmp_path / "s", record=tmp_path / "r.jsonl").__aenter__()
    async with backend_of(tmp_path, store=tmp_path / "s"):
        pass
    assert len(catalogue(tmp_path / "s").segments) >= 1


def test_the_command_refuses_it_in_one_line(tmp_path: Path) -> None:
    """`serve --store FILE`, and limits that are none: exit code 2."""
    (tmp_path / "file").write_text("")
    said = say("serve", "--port", "0", "--memory", str(tmp_path / "m"), "--store", str(tmp_path / "file"))
    assert said.code == 2
    (line,) = [line for line in said.err.splitlines() if line.startswith("doubletalk: ")]
    assert line == f"doubletalk: cannot make a store in {tmp_path / 'file'}: File exists"
    assert "Traceback" not in said.err
    assert say("serve", "--store-keep-days", "0").code == 2
