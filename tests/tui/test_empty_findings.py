"""What the findings say when there are none."""

from __future__ import annotations

import pytest

from debugger.tui import pictures
from tests.tui.interface import Script, app_with
from tests.tui.pressing import focus, press


def faultless() -> list[bytes]:
    script = Script()
    script.event("system", "tap", "RECORDING_STARTED", session_id=None)
    script.send("user_session", "COMPLETE_TRANSCRIPT", ["overseer"])
    script.event("system", "tap", "RECORDING_ENDED", session_id=None, data={"count": 4})
    return script.lines


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_an_empty_list_says_what_would_be_in_it_and_how(size: tuple[int, int]) -> None:
    """The keys for it work there; what was made with them takes the place of the words."""
    app = app_with(faultless())
    async with app.run_test(size=size) as pilot:
        await press(pilot, "6")
        assert focus("findings")(app)
        text = pictures.text(app)
        assert "nothing found; nothing is missing" in text
        assert " w watches: " in text
        assert " m bookmarks" in text
        await press(pilot, "m")
        assert "nothing found" not in pictures.text(app)
        assert "bookmark" in pictures.text(app)
