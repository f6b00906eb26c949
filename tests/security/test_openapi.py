"""The gateway does what its OpenAPI document says, whatever is asked of it: Schemathesis finds nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings

from backend.gateway import build_app
from backend.tap import Probe, Tap
from backend.tap.hub import Hub
from backend.wire.guard import Guard, TokenPolicy
from backend.wire.limits import Limits
from tests.gateway.feeds import TOKEN

HERE = {"Host": "localhost"}
ASKED = ("/api/events/history", "/events")
PLAIN = ("/api/events/stats", "/api/assistant", "/health/live", "/health/ready", "/health", "/metrics")
"""Routes without a parameter."""


def app_of(*, running: bool) -> FastAPI:
    """A gateway with events of all kinds. Where its feed has ended, a stream of it does, too."""
    hub = Hub(limits=Limits(requests=1e6))
    tap = Tap("app", sinks=(hub,))
    tap.start()
    probe = Probe(tap, "router", lambda: {"state": "IDLE"})
    for number in range(20):
        probe.system("CACHE", {"hit": True})
        probe.system("QUERY_START", {"query": number})
        probe.error(ValueError("no"))
    tap.drain()
    if not running:
        tap.close()
    return build_app(hub, assistant_info=lambda: {"model": "scripted"})


@pytest.fixture(scope="module")
def schema() -> Any:
    """The document of a gateway whose feed has ended."""
    import schemathesis  # it loads for a second

    return schemathesis.openapi.from_asgi("/api/openapi.json", app_of(running=False), headers=HERE)


def test_all_of_the_document_is_tried(schema: Any) -> None:
    """A new route is to be added above."""
    paths = [operation.ok().path for operation in schema.get_all_operations()]
    assert sorted(paths) == sorted((*ASKED, *PLAIN))


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_schemathesis_finds_nothing(schema: Any, path: str, mode: str) -> None:
    """What is right is taken and what is wrong refused, each as documented; never with an error of ours."""
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import negative_data_rejection

    # In a URL a number is a text, and a list of none is nothing: what it takes for wrong may be right there.
    left_out = [negative_data_rejection]
    few = max(8, settings.default.max_examples // 8)  # type: ignore[union-attr] # there is one

    @given(case=schema[path]["GET"].as_strategy(generation_mode=GenerationMode(mode)))
    @settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=few)
    def check(case: Any) -> None:
        case.call_and_validate(headers=HERE, excluded_checks=left_out)

    check()


@pytest.mark.parametrize(
    "wrong",
    ["limit=0", "limit=x", "limit=", "order=up", "severity=fatal", "dialect=klingon", "from=yesterday",
     "to=nan", "cursor=x", "cursor=s:-1", "cursor=s:99999999999999999999", "unknown=1", "limit=1&limit=x"],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_in_one_line(wrong: str) -> None:
    """Never read as something else, nor as nothing."""
    transport = httpx.ASGITransport(app_of(running=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get(f"/api/events/history?{wrong}")
        assert answer.status_code == 422
        assert "\n" not in answer.json()["detail"]


async def test_what_has_no_parameters_answers_as_documented() -> None:
    """Running and ended: status, type and body; other methods are refused, and other paths."""
    import schemathesis

    for running in (True, False):
        app = app_of(running=running)
        documented = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HERE)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            for path in PLAIN:
                answer = await http.get(path)
                assert answer.status_code == (
                    503 if path in {"/health", "/health/ready"} and not running else 200
                )
                documented[path]["GET"].validate_response(schemathesis.Response.from_any(answer))
                for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "NONSENSE"):
                    refused = await http.request(method, path)
                    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
            for path in ("/", "/docs", "/redoc", "/openapi.json", "/api", "/api/../etc/passwd", "/static/x"):
                assert (await http.get(path)).status_code == 404


async def test_refusals_are_documented_too() -> None:
    """401, 403 and 429 as text, of every route; the document itself needs the token, too."""
    hub = Hub(limits=Limits(requests=2.0))
    app = build_app(hub, guard=Guard(TokenPolicy(TOKEN, required=True)))
    document = app.openapi()
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answers = [
            await http.get("/api/openapi.json"),
            await http.get("/api/assistant", headers={"Host": "evil.example"}),
            *[await http.get("/metrics") for _ in range(40)],
        ]
    assert [answer.status_code for answer in answers[:2]] == [401, 403]
    assert answers[-1].status_code == 429
    for answer in (*answers[:2], answers[-1]):
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.count("\n") == 1
    for operations in document["paths"].values():
        assert {"200", "401", "403", "429"} <= set(operations["get"]["responses"])
        assert operations["get"]["description"]
