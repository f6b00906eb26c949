"""Live, ready, degraded: what health says, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.compose import Backend
from backend.gateway import Gateway
from backend.models import ModelUnavailableError, ScriptedModel
from backend.operations.health import SERVICES, Condition, Dependency, Health, Status, degraded, down
from backend.operations.outlets import Outlet, OutletStats
from backend.wire.guard import OPEN, TokenPolicy
from tests.operations.backends import backend_of, until

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test


@asynccontextmanager
async def asked(backend: Backend, policy: TokenPolicy = OPEN) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the backend's gateway."""
    async with (
        Gateway(backend.hub, port=0, policy=policy, operations=backend.operations) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http,
    ):
        yield http


class Missing(ScriptedModel):
    """A model that is not there."""

    async def start(self) -> None:
        raise ModelUnavailableError("nobody answers", "start it")


async def codes(http: httpx.AsyncClient) -> tuple[int, int, int]:
    """Of live, ready and all of it."""
    paths = ("/health/live", "/health/ready", "/health")
    live, ready, overall = [(await http.get(path)).status_code for path in paths]
    return live, ready, overall


async def test_a_backend_is_live_then_ready_then_stopping(tmp_path: Path) -> None:
    """Not ready before its voice and ears are loaded, nor from the moment on in which its end begins."""
    backend = backend_of(tmp_path)
    async with asked(backend) as http:
        assert await codes(http) == (200, 503, 503)
        async with backend:
            assert (await http.get("/health")).json()["status"] == "starting"
            await backend.load()
            assert await codes(http) == (200, 200, 200)
            told = (await http.get("/health")).json()
            assert (told["status"], told["live"], told["ready"]) == ("ok", True, True)
            assert list(told["services"]) == list(SERVICES)
            states = {name: one["status"] for name, one in told["services"].items()}
            assert states == {"assistant": "ok", "models": "ok", "feed": "ok", "store": "off", "mux": "off"}
            assert {"llm", "tts", "stt", "bus", "memory", "feed", "recording"} <= set(told["dependencies"])
            backend.operations.health.stopping = True
            assert await codes(http) == (200, 503, 503)
            assert (await http.get("/health/ready")).json() == {"status": "stopping"}


async def test_without_its_model_it_is_degraded_and_takes_work(tmp_path: Path) -> None:
    """The next turn tries again, as the log says."""
    backend = backend_of(tmp_path, model=Missing([]))
    async with asked(backend) as http, backend:
        await backend.load()
        told = (await http.get("/health")).json()
    assert (told["status"], told["ready"]) == ("degraded", True)
    assert told["services"]["models"]["status"] == "down"
    assert told["dependencies"]["llm"] == {
        "status": "down",
        "told": "nobody answers; start it",
        "needed": False,
    }


async def test_what_is_told_of_each_trouble(tmp_path: Path) -> None:
    """A store that fails is named, and so is a sink that the tap had to remove."""
    backend = backend_of(tmp_path)
    failing = OutletStats(sent=1, waiting=1_234, dropped=0, restarts=3, lag=9.0, problem="No space left")
    async with asked(backend) as http, backend:
        await backend.load()
        backend.operations.add_outlet(Outlet("store", lambda: failing))
        backend.tap.add_sink(Broken())
        backend.tap.system("ANY")
        await until(lambda: backend.tap.sink_errors)
        told = (await http.get("/health")).json()
        assert told["status"] == "degraded"
        assert told["dependencies"]["store"]["told"] == "No space left; 1,234 events wait"
        assert told["dependencies"]["recording"]["told"].startswith("Broken stopped: OSError: gone")


class Broken:
    """A sink on a disk that went away."""

    def write(self, batch: object) -> None:
        raise OSError("gone")

    def close(self) -> None:
        pass


async def test_who_has_no_token_is_told_a_word(tmp_path: Path) -> None:
    """Where one is needed; a wrong one is no better than none, and never refused here."""
    backend = backend_of(tmp_path)
    async with asked(backend, TokenPolicy(TOKEN, required=True)) as http:
        for headers in ({}, {"Authorization": "Bearer wrong-token-of-some-length"}):
            answer = await http.get("/health", headers=headers)
            assert (answer.status_code, answer.json()) == (503, {"status": "starting"})
        told = (await http.get("/health", headers={"Authorization": f"Bearer {TOKEN}"})).json()
        assert "dependencies" in told
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/health/live", headers={"Host": "evil.example"})).status_code == 403


async def test_checks_are_bounded_in_time_and_asked_once_a_second() -> None:
    """One that hangs is degraded after its time, and is asked once however many want to know."""
    calls = 0

    async def hangs() -> Condition:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()
        raise AssertionError

    health = Health(check_seconds=0.05)
    health.add(Dependency("memory", "assistant", hangs, needed=True))
    reports = await asyncio.gather(*(health.report() for _ in range(50)))
    assert calls == 1
    assert {one.dependencies["memory"].told for one in reports} == {"no answer within 0.05 s"}
    assert all(one.status == "degraded" and one.ready for one in reports)


@pytest.mark.parametrize(
    ("conditions", "status", "ready"),
    [
        ({}, "ok", True),
        ({"llm": degraded("slow")}, "degraded", True),
        ({"llm": down("gone")}, "degraded", True),
        ({"bus": degraded("full")}, "degraded", True),
        ({"bus": down("gone")}, "down", False),
        ({"bus": Condition(Status.STARTING)}, "starting", False),
        ({"bus": down("gone"), "stt": Condition(Status.STARTING)}, "down", False),
    ],
)
async def test_only_what_is_needed_makes_it_unready(
    conditions: dict[str, Condition], status: str, ready: bool
) -> None:
    """The rest degrades."""
    health = Health()
    for name, needed in (("bus", True), ("stt", True), ("llm", False)):
        told = conditions.get(name, Condition(Status.OK))
        health.add(Dependency(name, "assistant", lambda told=told: told, needed))  # type: ignore[misc]
    report = await health.report()
    assert (report.status, report.ready) == (status, ready)


async def test_a_check_that_raises_is_an_answer() -> None:
    """Of one line, whatever it says."""

    def raises() -> Any:
        raise ValueError("two\nlines")

    health = Health()
    health.add(Dependency("feed", "feed", raises))
    assert (await health.report()).dependencies["feed"].told == "ValueError: two lines"
    with pytest.raises(ValueError, match="none of the services"):
        health.add(Dependency("x", "coffee", raises))


async def test_metrics_are_scraped_in_either_form(tmp_path: Path) -> None:
    """As Prometheus asks for them, by the token of viewers."""
    backend = backend_of(tmp_path)
    async with asked(backend, TokenPolicy(TOKEN, required=True)) as http, backend:
        await backend.load()
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        plain = await http.get("/metrics")
        assert (plain.status_code, plain.headers["content-type"].partition(";")[0]) == (200, "text/plain")
        assert 'doubletalk_dependency_health{dependency="memory"} 1.0\n' in plain.text
        assert "doubletalk_ready 1.0\n" in plain.text
        openmetrics = await http.get(
            "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
        )
        assert openmetrics.text.endswith("# EOF\n")
