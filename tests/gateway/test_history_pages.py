"""The history over HTTP: in pages, filtered, and never a loss that is not named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_lines
from backend.gateway import Gateway
from backend.tap.batch import Batch
from backend.tap.hub import Hub
from backend.wire.frames import Subscribe
from backend.wire.history import HistoryReader
from backend.wire.ring import Ring
from backend.wire.sse import Cursor
from tests.gateway.feeds import batch

PATH = "/api/events/history"


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def get(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with Gateway(hub, port=0) as server, httpx.AsyncClient(base_url=server.url) as client:
        yield client


def told(seq: int, component: str, severity: str, session: str | None) -> Batch:
    """One event."""
    event = Event(
        float(seq), "system", component, "CACHE", session, severity=severity, source="s", seq=seq
    )  # fmt: skip
    return Batch((event,), encode_lines([event]), seq)


def seqs(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [event["seq"] for event in answer.json()["events"]]


async def test_pages_go_from_the_oldest_to_the_newest_by_their_links(
    hub: Hub, get: httpx.AsyncClient
) -> None:
    """Every event once; the last page has no next, but a cursor to come back with."""
    for first in range(1, 251, 50):
        hub.write(batch(first, 50))
    got: list[int] = []
    url: str | None = f"{PATH}?limit=33"
    while url is not None:
        answer = await get.get(url)
        got += seqs(answer)
        about = answer.json()
        assert about["count"] == len(about["events"]) <= 33
        url = about["next_url"]
    assert got == list(range(1, 251))
    assert (about["next"], about["cursor"], about["oldest"], about["newest"]) == (
        None, "s:250", "s:1", "s:250",
    )  # fmt: skip
    hub.write(batch(251, 2))
    assert seqs(await get.get(PATH, params={"cursor": about["cursor"]})) == [251, 252]


async def test_pages_go_back_from_the_newest(hub: Hub, get: httpx.AsyncClient) -> None:
    """What came last stands first; what comes meanwhile shifts nothing."""
    hub.write(batch(1, 10))
    first = await get.get(PATH, params={"order": "newest", "limit": 4})
    assert seqs(first) == [10, 9, 8, 7]
    hub.write(batch(11, 5))
    second = await get.get(first.json()["next_url"])
    assert seqs(second) == [6, 5, 4, 3]
    third = await get.get(second.json()["next_url"])
    assert (seqs(third), third.json()["next"]) == ([2, 1], None)


async def test_events_are_in_the_page_as_they_were_recorded(hub: Hub, get: httpx.AsyncClient) -> None:
    """Byte for byte, key order and numbers included."""
    one = batch(1, 3)
    hub.write(one)
    body = (await get.get(PATH)).content
    assert body.startswith(b'{"events":[' + b",".join(one.lines) + b'],"count":3,')


async def test_a_page_is_filtered_by_everything_that_the_feed_is(hub: Hub, get: httpx.AsyncClient) -> None:
    """Type, severity (at least), component, session, time, dialect; lists as one parameter or several."""
    hub.write(told(1, "a", "info", "s1"))
    hub.write(told(2, "b", "warning", "s1"))
    hub.write(told(3, "a", "error", "s2"))
    hub.write(batch(4, 4))  # TEXT_CHUNK, CACHE of overseer at 5.0 to 8.0
    for query, expected in {
        "type=CACHE": [1, 2, 3, 5, 7],
        "type=message_published": [4, 6],
        "type=TEXT_CHUNK,CACHE&component=overseer": [4, 5, 6, 7],
        "type=TEXT_CHUNK&type=nothing": [4, 6],
        "severity=warning": [2, 3],
        "component=a&component=b": [1, 2, 3],
        "session=s1": [1, 2],
        "session=s1&session=s2&severity=error": [3],
        "from=3&to=7": [3, 4, 5],
        "from=1970-01-01T00:00:02Z&to=1970-01-01T00:00:05": [2, 3],
        "to=0": [],
    }.items():
        assert seqs(await get.get(f"{PATH}?{query}")) == expected, query
    shaped = (await get.get(f"{PATH}?dialect=system&severity=error&type=cache")).json()["events"]
    assert [one["severity"] for one in shaped] == ["error"]
    assert list(shaped[0]) == ["timestamp", "type", "message", "severity", "metadata"]


async def test_a_filter_that_little_matches_still_gets_on(hub: Hub, get: httpx.AsyncClient) -> None:
    """The cursor is how far was looked, not the last match: the next question begins there."""
    hub.write(batch(1, 3000))
    hub.write(told(3001, "rare", "info", None))
    answer = await get.get(PATH, params={"component": "rare", "limit": 1})
    assert (seqs(answer), answer.json()["cursor"]) == ([3001], "s:3001")
    again = await get.get(PATH, params={"component": "none"})
    assert (seqs(again), again.json()["cursor"], again.json()["next"]) == ([], "s:3001", None)


async def test_what_is_gone_behind_a_cursor_is_named(hub: Hub, get: httpx.AsyncClient) -> None:
    """Of the cursor's own source exactly; of others as far as anybody knows."""
    hub.ring.max_events = 10
    hub.write(batch(1, 5, "a"))
    cursor = (await get.get(PATH)).json()["cursor"]
    for first in range(1, 21, 5):
        hub.write(batch(first, 5, "b"))
        hub.write(batch(first + 5, 5, "a"))
    answer = (await get.get(PATH, params={"cursor": cursor})).json()
    assert answer["gaps"] == [
        {"source": "a", "from_seq": 6, "to_seq": 20},
        {"source": "b", "from_seq": None, "to_seq": 15},
    ]
    assert len(answer["events"]) == 10
    assert (await get.get(PATH, params={"cursor": answer["oldest"]})).json()["gaps"] == []


async def test_an_empty_history_is_a_page_with_nothing(get: httpx.AsyncClient) -> None:
    """No events yet: no error either."""
    assert (await get.get(PATH)).json() == {
        "events": [], "count": 0, "order": "oldest", "next": None, "next_url": None, "cursor": None,
        "oldest": None, "newest": None, "gaps": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit: Input should be greater than or equal to 1, not '0'"),
        ("limit=1001", "limit: Input should be less than or equal to 1000, not '1001'"),
        ("limit=ten", "limit: Input should be a valid integer"),
        ("severity=loud", "severity: Input should be 'debug', 'info', 'warning' or 'error', not 'loud'"),
        ("dialect=klingon", "dialect: Input should be 'native', 'system' or 'web', not 'klingon'"),
        ("order=random", "order: Input should be 'oldest' or 'newest', not 'random'"),
        ("from=yesterday", "from: seconds since the epoch, or ISO 8601 such as"),
        ("to=nan", "to: seconds since the epoch, or ISO 8601 such as"),
        ("cursor=s", "cursor: SOURCE:SEQ, as the page before gave it, not 's'"),
        ("cursor=s:-1", "cursor: SOURCE:SEQ"),
        ("types=CACHE", "there is no parameter 'types'"),
        ("%1b[31m=%0a", "there is no parameter '[31m'"),
        ("limit=%1b%0a" + "x" * 5000, "limit: Input should be a valid integer"),
    ],
)
async def test_what_makes_no_sense_is_one_clear_line(get: httpx.AsyncClient, query: str, says: str) -> None:
    """422, the parameter, what it is to be, and what it was; bounded, and nothing for a terminal."""
    answer = await get.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    (line,) = answer.json().values()
    assert line.startswith(says)
    assert len(line) < 400
    assert line.isprintable()


async def test_a_cursor_of_another_run_is_not_found(hub: Hub, get: httpx.AsyncClient) -> None:
    """The program was started again: the page would not go on where the last one ended."""
    hub.write(batch(1, 3))
    for cursor in ("old:5", "s:4"):
        answer = await get.get(PATH, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["detail"]) == (
            404, f"the history has nothing of {cursor}: it was counted in another run of the program",
        )  # fmt: skip


async def test_the_loop_goes_on_while_a_hundred_thousand_events_are_searched(
    hub: Hub, get: httpx.AsyncClient
) -> None:
    """A filter that nothing matches: others get their turn two hundred times in between."""
    for first in range(1, 100_001, 2_000):
        hub.write(batch(first, 2_000))
    asked = asyncio.create_task(get.get(PATH, params={"component": "none"}))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    assert seqs(asked.result()) == []
    assert turns >= 100_000 // 512


_batches = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), max_size=25)


@given(_batches, st.integers(1, 60), st.integers(1, 12), st.booleans())
def test_pages_are_the_history_whatever_their_size(
    batches: list[tuple[str, int]], history: int, limit: int, newest_first: bool
) -> None:
    """Two sources in any order: all pages together are what is held, each once, in order."""
    ring, counts = Ring(history, 1 << 30), {"a": 0, "b": 0}
    for source, count in batches:
        ring.append(batch(counts[source] + 1, count, source))
        counts[source] += count
    held = []
    position = ring.oldest
    while position < ring.end:
        segment = ring.find(position)
        held += [f"{segment.source}-{segment.first_seq + index}" for index in range(segment.count)]
        position += segment.count
    got: list[Any] = []
    cursor: Cursor | None = None
    for _ in range(len(held) + 2):
        reader = HistoryReader(
            ring, Subscribe(batch=True), limit=limit, cursor=cursor, newest_first=newest_first
        )
        while (taken := reader.take()) is not None:
            reader.look(*taken)
        page = reader.page
        got += [json.loads(event)["id"] for event in page.events]
        assert page.gaps == ()
        cursor = page.cursor
        if not page.more:
            break
    assert got == (held[::-1] if newest_first else held)


@given(st.text(max_size=30), st.integers(0, 10**18 - 1))
def test_a_cursor_is_read_as_it_was_written(source: str, seq: int) -> None:
    """Any name of a source, in a header and in an URL."""
    try:
        text = str(Cursor(source, seq))
    except UnicodeEncodeError:
        return  # a lone surrogate is in no JSON
    assert Cursor.read(text) == (source, seq)
    assert text.isascii()
    assert text.isprintable()
