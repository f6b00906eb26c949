"""An open event of any size: its beginning at once, the rest bit by bit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from backend.events import Event, decode_line, encode_event
from debugger.log import EventLog
from debugger.tui.events.detail import EventScreen, EventText
from debugger.tui.events.pretty import MAX_LINES, EventPage
from tests.tui.interface import app_with

MB = 1 << 20
LARGE: dict[str, dict[str, Any]] = {
    "a text": {"text": "x" * MB},
    "wide text": {"text": "漢字" * (MB // 6)},
    "what must be escaped": {"text": '\x1b[31m"\n\\' * (MB // 12)},
    "numbers": {"list": list(range(150_000))},
    "keys": {f"key {number}": number for number in range(60_000)},
    "texts": {"list": ["漢 word " * 1_000] * 100},
    "objects": {f"k{number}": {f"j{one}": "some text" for one in range(100)} for number in range(300)},
    "depth": {"text": "y", "a": msgspec.json.decode(b'{"a":' * 400 + b"1" + b"}" * 400)},
}
SMALL = {"index": 3, "text": "Good morning."}


def lines_of(*payloads: dict[str, Any]) -> list[bytes]:
    """Events with these payloads, each the cause of the next."""
    return [
        encode_event(
            Event(
                float(number),
                "system",
                "component",
                "KIND",
                data=data,
                id=f"e{number}",
                cause=f"e{number - 1}" if number else None,
            )
        )
        for number, data in enumerate(payloads)
    ]


def log_of(*payloads: dict[str, Any]) -> EventLog:
    log, lines = EventLog(), lines_of(*payloads)
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


def page_of(log: EventLog, row: int = 0, width: int = 100) -> EventPage:
    return EventPage(log, row, log.event(row), width)


def texts(page: EventPage) -> list[str]:
    return ["".join(segment.text for segment in line) for line in page.lines]


def ticking(step: int = 1) -> Iterator[int]:
    """A clock that moves on each time that it is looked at."""
    return count(0, step)


@pytest.mark.parametrize("payload", LARGE)
def test_a_page_made_bit_by_bit_is_the_one_made_at_once(payload: str) -> None:
    """Bounded, of lines that fit, whatever is in the event."""
    log = log_of(LARGE[payload])
    whole, parts = page_of(log), page_of(log)
    whole.extend(lambda: 0, 1)
    clock, looks = ticking(), 0
    while not parts.complete:
        before = len(parts.lines)
        parts.extend(clock.__next__, 50)
        assert len(parts.lines) - before <= 51
        looks += 1
    assert looks > 1
    assert texts(whole) == texts(parts)
    assert len(whole.lines) < MAX_LINES + 100
    assert max(map(cell_len, texts(whole))) <= 100


@pytest.mark.parametrize("payload", ["numbers", "keys", "texts"])
def test_a_page_says_how_much_more_there_is(payload: str) -> None:
    """Of lists, objects and texts that are too long for it."""
    page = page_of(log_of(LARGE[payload]))
    page.extend(lambda: 0, 1)
    told = texts(page)
    wanted = {"numbers": "… 149,000 more", "keys": "… 59,000 more", "texts": "… "}[payload]
    assert any(wanted in line for line in told)


def test_a_screenful_is_there_however_slow_the_machine() -> None:
    """Then no line more than there is time for."""
    page = page_of(log_of(LARGE["numbers"]))
    page.extend(ticking(1_000_000).__next__, 1, 40)
    assert len(page.lines) == 40
    assert not page.complete


def test_of_causes_and_effects_no_payload_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be megabytes too."""
    log = log_of(LARGE["keys"], SMALL, LARGE["keys"])
    monkeypatch.setattr(EventLog, "summary", lambda *_: pytest.fail("read"))
    page = page_of(log, 1)
    page.extend(lambda: 0, 1)
    assert "cause  #1" in texts(page)[0]
    assert "effect #3" in texts(page)[1]


async def opened(pilot: Pilot[None]) -> EventText:
    """The text of the event that is opened now."""
    await pilot.press("3", "enter")
    async with asyncio.timeout(10):
        while not isinstance(pilot.app.screen, EventScreen) or not pilot.app.screen.query(EventText):
            await pilot.pause()
    return pilot.app.screen.query_one(EventText)


async def until_complete(pilot: Pilot[None], text: EventText) -> None:
    async with asyncio.timeout(20):
        while not text.complete or not text.lines_there:
            await pilot.pause(0.01)


@pytest.mark.parametrize("payload", ["texts", "objects"])
async def test_the_end_key_goes_to_the_end_and_along_with_what_still_comes(payload: str) -> None:
    """And how large the event is stands below it."""
    async with app_with(lines_of(LARGE[payload])).run_test(size=(120, 36)) as pilot:
        text = await opened(pilot)
        await pilot.press("G")
        await until_complete(pilot, text)
        await pilot.pause()
        assert text.lines_there > 4_000
        assert text.scroll_offset.y == text.max_scroll_y > 4_000
        frame = pilot.app.screen.query_one("#event-frame")
        assert "M bytes" in str(frame.border_subtitle) or "k bytes" in str(frame.border_subtitle)
        await pilot.press("g")
        assert text.scroll_offset.y == 0


async def test_who_scrolls_while_lines_come_stays_where_they_are() -> None:
    """The end runs away from them, no more."""
    async with app_with(lines_of(LARGE["texts"])).run_test(size=(120, 36)) as pilot:
        text = await opened(pilot)
        await pilot.press("G", "g", "j", "j", "j")
        await until_complete(pilot, text)
        assert text.scroll_offset.y == 3


async def test_the_next_event_takes_the_place_of_one_that_is_still_coming() -> None:
    """And nothing of the former comes any more."""
    async with app_with(lines_of(LARGE["texts"], SMALL)).run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        text = await opened(pilot)
        await pilot.press("l")
        await until_complete(pilot, text)
        await pilot.pause()
        assert text.lines_there < 40
        assert text.scroll_offset.y == 0
