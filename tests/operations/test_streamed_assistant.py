"""`serve --bus`: what the assistant tells is on the stream; what ails the stream is in feed and health."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from backend.errors import UserError
from backend.models import Scripted
from backend.operations.health import Status
from tests.cli.command import CLI, home
from tests.cli.test_serve import Lines
from tests.mux.valkey import Valkey
from tests.operations.backends import backend_of, talking, until
from tests.support.assistant import FakeSink, Record
from tests.support.commands import say


async def test_a_stream_server_that_goes_away_degrades_and_comes_back(tmp_path: Path) -> None:
    """All events are on it at last; while it was gone they waited, as feed, health and numbers say."""
    record = Record()
    with Valkey() as server:
        async with talking(
            tmp_path, ("hello",), (Scripted(("Hi.",)),), bus=server.url, store=tmp_path / "store"
        ) as backend:
            backend.tap.add_sink(record)
            (_, mux) = backend.operations.outlets
            await until(lambda: mux.stats().sent > 20 and not mux.stats().waiting)
            assert (await backend.operations.health.report()).services["mux"].status is Status.OK
            server.kill()
            backend.tap.system("WAITS")
            await until(lambda: record.of("system", "MUX_STATE"))
            report = await backend.operations.health.report()
            assert (report.status, report.ready) == ("degraded", True)
            assert "events wait" in report.dependencies["mux"].told
            assert mux.stats().lag > 0
            server.start()
            await until(lambda: not mux.stats().problem)
            await until(lambda: "ok" in [one.payload()["state"] for one in record.of("system", "MUX_STATE")])
        assert mux.stats().waiting == mux.stats().dropped == 0
    assert record.of("system", "MUX_STATE")[0].component == "event_mux"


async def test_a_url_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    """Before anything is begun."""
    with pytest.raises(UserError, match="no stream server"):
        await backend_of(tmp_path, bus="carrier-pigeon://loft").__aenter__()


def test_the_command_says_so_too(tmp_path: Path) -> None:
    """With the exit code of wrong usage."""
    said = say("serve", "--port", "0", "--memory", str(tmp_path / "m"), "--bus", "redis://:bad")
    assert said.code == 2
    assert "Traceback" not in said.err


def test_a_gateway_of_a_stream_has_health_and_metrics_and_a_name(tmp_path: Path) -> None:
    """As behind a service's name; ready without its server, which is told as degraded; stopped in order."""
    command = [*CLI, "bus", "gateway"]
    with Valkey() as server:
        command += [server.url, "--port", "0", "--known-as", "gateway-1"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=home(tmp_path)) as process:
            try:
                assert process.stderr is not None
                log = Lines(process.stderr)
                url = log.wait_for("feed at ").partition("feed at ")[2].partition(";")[0]
                with httpx.Client(base_url=url, headers={"Host": "gateway-1"}, trust_env=False) as http:
                    assert http.get("/health").json()["services"]["mux"] == {"status": "ok"}
                    assert "doubletalk_ready 1.0\n" in http.get("/metrics").text
                    assert http.get("/metrics", headers={"Host": "gateway-2"}).status_code == 403
                    server.kill()
                    end = time.monotonic() + 20
                    while (told := http.get("/health").json())["status"] != "degraded":
                        assert time.monotonic() < end
                    assert told["ready"] is True
                    assert told["dependencies"]["mux"]["told"].startswith(f"cannot reach {server.url}: ")
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            finally:
                process.kill()


async def test_two_assistants_on_one_stream_are_two_stories(tmp_path: Path) -> None:
    """Sessions of one name would be one: each worker would seem to overlap the other program's."""
    recordings = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    answers = [Scripted(("Hi, ", "and ", "hello ", "to ", "you."), delay=0.02) for _ in range(2)]
    with Valkey() as server:
        backends = [
            backend_of(tmp_path, answers[at : at + 1], bus=server.url, record=path)
            for at, path in enumerate(recordings)
        ]
        async with backends[0], backends[1]:
            for backend in backends:
                await backend.load()
            users = [backend.open_session("ada", FakeSink(), pace=0.0).user for backend in backends]
            turns = [user.say("hello") for user in users]
            async with asyncio.timeout(20):
                await asyncio.gather(
                    *(user.turn_ended(turn) for user, turn in zip(users, turns, strict=True))
                )
    said = say("check", "--together", *map(str, recordings))
    assert (said.code, said.err) == (0, "")


async def test_sessions_of_runs_that_share_a_store_have_names_of_their_own(tmp_path: Path) -> None:
    """Grouped by session they are two."""
    store = tmp_path / "store"
    for _ in range(2):
        async with talking(tmp_path, ("hello",), (Scripted(("Hi.",)),), store=store):
            pass
    said = say("query", str(store), "SELECT count(DISTINCT session_id) AS n FROM events", "--json")
    assert json.loads(said.out) == [{"n": 2}]
