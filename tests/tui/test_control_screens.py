"""What is held, as it looks: at each size, without colours, with hostile names."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from backend.wire.control import BreakState, ControlOffer, ControlState
from debugger.tui import pictures
from tests.support.hostile import harm_in
from tests.tui.controlled import BOTH, PAUSED, controlled, delivery, opened, text_of
from tests.tui.test_interface_screens import _universal_time as universal_time
from tests.tui.test_interface_screens import settled

__all__ = ["universal_time"]

EVIL = "\x1b[2J[@click=app.quit]x[/nope]\u202e\u0007\ud800"


def test_a_bus_that_is_paused(snap_compare: Any) -> None:
    """Its pane with all kinds of lines, two of them chosen; who paused it on the status line."""
    app, backend = controlled()

    async def hold(pilot: Any) -> None:
        backend.greet(BOTH)
        backend.tell(PAUSED, ours=False)
        await pilot.press("7", "z", "j", "space", "g", "space")
        app.session.notice = None
        await settled(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=hold)


async def test_hostile_names_reach_no_terminal_at_any_size() -> None:
    """Of messages, components, sessions, breaks, delays, timeouts, and of who holds it."""
    held = (
        delivery(3, EVIL, EVIL, EVIL, session_id=EVIL, delivery=EVIL, publish=EVIL),
        delivery(4, "A" * 400, "界" * 99, "", turn=None, session_id=None),
    )
    state = ControlState(
        EVIL,
        "paused",
        EVIL,
        0,
        held,
        10**9,
        (BreakState(EVIL, EVIL, "hold", 10**12, EVIL), BreakState("", "", "pause")),
        {EVIL: 1e300, "": -1.0},
        1e-9,
        (EVIL, "界" * 99),
    )
    for size in ((20, 5), (80, 24), (150, 42)):
        async with opened(ControlOffer(offered=True), size=size) as (pilot, backend):
            await pilot.press("7")
            backend.tell(state, ours=False)
            for key in ("space", "j", "space", "G", "k", "r", "d"):
                await pilot.press(key)
                await pilot.pause()
            assert harm_in(pictures.text(backend.app)) == []


async def test_nothing_is_said_by_colour_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colours the same words and signs are there, in ASCII letters too."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(BOTH, size=(80, 24)) as (pilot, backend):
        assert backend.app.no_color
        await pilot.press("7")
        backend.tell(PAUSED, ours=False)
        shown = text_of(backend)
        assert "■ PAUSED by grace@lab (77)" in shown
        assert "runs on meanwhile: answer of the model, TTS worker" in shown
        assert "▸○ Q CHUNK_RESPONSE" in shown
        assert "▣ Q CHUNK_RESPONSE" in shown
        assert "✗   data.index > 3" in shown
        backend.app.session.notice = None  # it has said that a break is disarmed
        backend.app.main_screen.sync()
        assert "BUS PAUSED by grace@lab (77)" in pictures.text(backend.app)
        backend.tell(structs.replace(PAUSED, mode="running", held=()), ours=False)
        assert "running, held by grace@lab (77)" in text_of(backend)


async def test_a_refusal_is_read_on_a_small_screen_beside_who_paused() -> None:
    """What finds no room is cut, not left out: it says what to do."""
    async with opened(ControlOffer(offered=True), size=(80, 24)) as (pilot, backend):
        backend.tell(PAUSED, ours=False)
        await pilot.press("P")
        status = pictures.text(backend.app).splitlines()[-2]
        assert "BUS PAUSED" in status
        assert "you may only watch: attach --control" in status
