"""Panes look less often at a session in which nothing happens."""

from __future__ import annotations

from debugger.tui.stillness import STILL_SECONDS, STILL_TICKS, Stillness


def looks(stillness: Stillness, known: object, began: float, ticks: int) -> list[bool]:
    """At each of so many ticks, 0.1 s apart."""
    return [stillness.due(known, began + number / 10) for number in range(ticks)]


def test_at_first_they_look_at_every_tick() -> None:
    """Until nothing has happened for a while."""
    assert all(looks(Stillness(), "one", 100.0, round(STILL_SECONDS * 10)))


def test_then_they_look_at_some_of_the_ticks_and_go_on_to() -> None:
    """Something that nobody counts as a happening is shown too, a little late."""
    stillness = Stillness()
    looks(stillness, "one", 100.0, round(STILL_SECONDS * 10))
    later = looks(stillness, "one", 100.0 + STILL_SECONDS, STILL_TICKS * 20)
    assert later.count(True) == 20


def test_what_happens_is_looked_at_at_once() -> None:
    """The tick after it, and those that follow."""
    stillness = Stillness()
    looks(stillness, "one", 100.0, 100)
    assert all(looks(stillness, "two", 110.0, 10))
