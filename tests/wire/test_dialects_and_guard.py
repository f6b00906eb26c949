"""What other dashboards get, and who gets in."""

from __future__ import annotations

import pytest

from backend.events import Event, encode_event
from backend.wire.dialects import project, project_line, to_system, to_web
from backend.wire.guard import Guard, TokenPolicy, guard_for

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test


def event(
    event_type: str, message_type: str | None, data: dict[str, object], severity: str = "info"
) -> Event:
    return Event(
        1_700_000_000.25, event_type, "router", message_type, session_id="s1", data=data, severity=severity
    )


def test_system_dialect_has_its_five_fields_and_six_types() -> None:
    """The typed system events and errors map; a bus message does not."""
    route = to_system(event("system", "QUERY_ROUTE", {"message": "to fast", "route": "fast"}))
    assert route == {
        "timestamp": 1_700_000_000.25,
        "type": "query_route",
        "message": "to fast",
        "severity": "info",
        "metadata": {"component": "router", "session_id": "s1", "route": "fast"},
    }
    told = to_system(event("error", None, {"error_type": "ValueError", "error_message": "no"}, "error"))
    assert told is not None
    assert (told["type"], told["message"], told["severity"]) == ("error", "ValueError: no", "error")
    for name in ("MODEL_STATE", "CGRAG", "CACHE", "PERFORMANCE"):
        mapped = to_system(event("system", name, {"hit": True}))
        assert mapped is not None
        assert mapped["type"] == name.lower()
        assert mapped["message"] == f"{name.lower()}: hit=True"
    assert to_system(event("message_published", "TEXT_CHUNK", {})) is None
    assert to_system(event("system", "RECORDING_STARTED", {})) is None


def test_web_dialect_has_iso_time_and_the_query_events() -> None:
    """query_start … documents_retrieved; what `system` carries stays there."""
    told = to_web(event("system", "DOCUMENTS_RETRIEVED", {"count": 3}))
    assert told == {
        "type": "documents_retrieved",
        "timestamp": "2023-11-14T22:13:20.250000+00:00",
        "data": {"component": "router", "session_id": "s1", "count": 3},
    }
    assert to_web(event("system", "QUERY_START", {})) is not None
    assert to_web(event("system", "QUERY_ROUTE", {})) is None
    assert to_web(event("message_published", "QUERY_START", {})) is None
    odd = event("system", "QUERY_START", {})
    odd.timestamp = 1e300
    assert to_web(odd) is not None


def test_an_error_is_told_as_far_as_it_says_anything() -> None:
    """Its type, its message, or both."""
    known: list[dict[str, object]] = [
        {"error_type": "ValueError"}, {"error_message": "no"}, {"message": "no"}, {},
    ]  # fmt: skip
    told = [to_system(event("error", None, data)) for data in known]
    assert [one and one["message"] for one in told] == ["ValueError", "no", "no", "error"]


def test_each_dialect_is_its_own_form_of_the_same_event() -> None:
    """Native is the event; an event without a form in a dialect is not in it."""
    cache, query = event("system", "CACHE", {"hit": True}), event("system", "QUERY_START", {"text": "x"})
    assert project(cache, "system") == to_system(cache)
    assert project(query, "web") == to_web(query)
    assert (project(query, "system"), project(cache, "web")) == (None, None)
    native = project(cache, "native")
    assert native is not None
    assert (native["event_type"], native["message_type"]) == ("system", "CACHE")


@pytest.mark.parametrize(
    ("types", "passes"),
    [
        (None, True),
        ({"cache"}, True),
        ({"CACHE"}, True),
        ({"system"}, True),
        ({"error", "QUERY_START"}, False),
        (set(), False),
    ],
)
def test_a_line_of_a_dialect_is_chosen_by_its_type_here_or_there(
    types: set[str] | None, passes: bool
) -> None:
    """As the dialect names it, or as the event format does; what is no event has no form."""
    line = encode_event(event("system", "CACHE", {"hit": True}))
    wanted = None if types is None else frozenset(types)
    assert (project_line(line, "system", wanted) is not None) is passes
    assert project_line(b"{torn", "system", wanted) is None


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8765", None, None),
        ("localhost", "http://localhost:3000", None),
        ("[::1]:8765", "https://[::1]", None),
        ("app.localhost:1", None, None),
        ("evil.example", None, 403),
        ("127.0.0.1.evil.example", None, 403),
        ("evil.example:8765", "http://127.0.0.1", 403),
        ("user@127.0.0.1", None, 403),
        ("127.0.0.1:port", None, 403),
        ("", None, 403),
        (None, None, 403),
        ("10.0.0.7:8765", None, 403),
        ("127.0.0.1", "https://evil.example", 403),
        ("127.0.0.1", "null", 403),
        ("127.0.0.1", "file://", 403),
        ("127.0.0.1", "https://127.0.0.1.evil.example", 403),
        ("127.0.0.1", "http://[bad", 403),
    ],
)
def test_host_and_origin_are_checked_on_loopback_too(
    host: str | None, origin: str | None, status: int | None
) -> None:
    """Loopback names pass; rebound names and pages of other sites do not."""
    refusal = guard_for("127.0.0.1", TokenPolicy()).check(host=host, origin=origin)
    assert (refusal and refusal.status) == status


def test_elsewhere_a_token_is_needed_and_addresses_are_names_enough() -> None:
    """Bound to a network: no token, no server; then header or subprotocol, and IP addresses as Host."""
    with pytest.raises(ValueError, match=r"refusing to listen on 0\.0\.0\.0 without a token"):
        guard_for("0.0.0.0", TokenPolicy())  # noqa: S104 - what is refused here
    guard = guard_for("0.0.0.0", TokenPolicy(TOKEN), hosts=["Debug.Example"])  # noqa: S104 - as above
    host = "192.0.2.7:8765"

    def status(**more: object) -> int | None:
        refusal = guard.check(host=host, **more)  # type: ignore[arg-type]  # keywords of the table below
        return None if refusal is None else refusal.status

    assert status() == 401
    assert status(authorization=f"Bearer {TOKEN}") is None
    assert status(authorization=f"bearer  {TOKEN}") is None
    assert status(authorization="Bearer wrong-horse-battery") == 401
    assert status(authorization=f"Basic {TOKEN}") == 401
    assert status(authorization="Bearer \udcff") == 401
    assert status(subprotocols=["doubletalk.feed.1", f"doubletalk.token.{TOKEN}"]) is None
    assert status(subprotocols=["doubletalk.feed.1", "doubletalk.token.x"]) == 401
    assert guard.check(host="debug.example", authorization=f"Bearer {TOKEN}") is None
    refused = guard.check(host="evil.example", authorization=f"Bearer {TOKEN}")
    assert refused is not None
    assert refused.status == 403


def test_a_wrong_token_is_refused_even_where_none_is_needed() -> None:
    """On loopback watching is free, but a client that believes in a wrong token should learn so."""
    guard = Guard(TokenPolicy(TOKEN))
    assert guard.check(host="localhost") is None
    assert guard.check(host="localhost", authorization="Bearer not-the-right-one") is not None


@pytest.mark.parametrize("token", ["short", "with space inside it", "x" * 300, 'quo"ted-token-long', ""])
def test_what_cannot_travel_in_a_header_is_no_token(token: str) -> None:
    """Found at the start, not by the first client."""
    with pytest.raises(ValueError, match="token"):
        TokenPolicy(token, required=True)
