"""The timeline at every size, and of logs that no program should write."""

from __future__ import annotations

import json

import pytest

from backend.events import decode_line
from debugger.tui.timeline.widget import Timeline
from tests.tui.interface import START_NS
from tests.tui.pressing import press
from tests.tui.timelines import LINES, opened, text_of


@pytest.mark.parametrize("size", [(1, 1), (8, 2), (20, 5), (38, 6), (78, 12), (120, 16), (200, 56)])
@pytest.mark.parametrize("keys", [(), ("a",), ("p",), ("p", "plus", "plus", "b", "b", "b", "b")])
async def test_every_size_has_a_picture(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    """The lane of the cursor is in it, and each line is as wide as the pane."""
    async with opened(LINES, size=size) as (pilot, timeline, _):
        await press(pilot, *keys)
        assert all(timeline.render_line(y).cell_length == size[0] for y in range(size[1]))
        scene = timeline.model.scene
        assert scene is not None
        assert timeline.model.cursor_key in scene.shown.keys


ODD: dict[str, list[bytes]] = {
    "empty": [],
    "one": LINES[:1],
    "base": [
        json.dumps({key: value for key, value in json.loads(line).items()
                    if key in {"timestamp", "event_type", "component", "message_type"}}).encode()
        for line in LINES
    ],
    "backwards": [
        json.dumps(json.loads(line) | {"timestamp_ns": START_NS - number * 10**8}).encode()
        for number, line in enumerate(LINES)
    ],
    "far away": [
        json.dumps(json.loads(line) | {"timestamp_ns": at}).encode()
        for line, at in zip(LINES, (0, 2**62, -(2**62), 5, START_NS), strict=False)
    ],
    "same time": [
        json.dumps(json.loads(line) | {"timestamp_ns": START_NS}).encode() for line in LINES
    ],
    "hostile": [
        json.dumps({
            "timestamp": 1.0, "event_type": "\x1b[2J", "component": f"[red]\u202e漢字{number}[/x]",
            "task": "[@click=app.quit]", "component_state": {"state": "\x1b]0;漢\x07"},
            "session_id": "\u200f", "turn": -3,
        }).encode()
        for number in range(30)
    ],
    "ten thousand components": [
        json.dumps({"timestamp": number / 1e3, "event_type": "system", "component": f"c{number}"}).encode()
        for number in range(10_000)
    ],
}  # fmt: skip
WALK: tuple[str, ...] = (
    "j", "k", "l", "h", "plus", "minus", "a", "L", "H", "0", "p", "plus", "L", "0", "minus",
    "b", "b", "b", "b", "p", "l", "a", "b", "escape",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
async def test_odd_logs_are_drawn_and_walked_through(name: str) -> None:
    """With every key; nothing escapes to the terminal, no line is too long."""
    lines = ODD[name]
    async with opened(lines, row=len(lines) // 2, size=(80, 12)) as (pilot, timeline, session):
        for key in WALK:
            await pilot.press(key)
            text = text_of(timeline)
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert all(timeline.render_line(y).cell_length == 80 for y in range(12))
        await pilot.click(Timeline, offset=(60, 4))
        assert pilot.app.is_running
        title, subtitle = timeline.titles
        assert title.startswith("2 Timeline")
        if name == "ten thousand components":
            assert "quiet" in subtitle or "more lanes" in subtitle
        assert session.cursor == -1 if not lines else session.cursor >= 0


async def test_an_empty_log_says_so_and_comes_to_life() -> None:
    """As soon as there is an event."""
    async with opened([], size=(60, 8)) as (_, timeline, session):
        assert "no events yet" in text_of(timeline)
        session.log.append_many(LINES, [decode_line(line) for line in LINES])
        timeline.sync()
        assert "no events yet" not in text_of(timeline)
        assert "tap" in text_of(timeline)
