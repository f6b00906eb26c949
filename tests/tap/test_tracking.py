"""Attributes that report who reads and who writes them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.events import Event
from backend.tap import Tap, watch
from tests.tap.kept import Kept


def told(kept: Kept) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Reads and writes, by whom, and the snapshot right after."""
    found = [one for one in kept.events if one.event_type in {"state_read", "state_change"}]
    return [(one.event_type, one.task, one.state()) for one in found]


def of_task(events: list[Event], task: str | None) -> list[str]:
    return [one.event_type for one in events if one.task == task]


async def test_two_deposits_tell_who_read_and_who_wrote() -> None:
    """An update that is lost is in the record: both read 0, both write 1, the second by what it had read."""
    kept = Kept()
    async with Tap("bank", sinks=(kept,)) as tap:

        @watch(tap, track=["balance"])
        class Account:
            def __init__(self) -> None:
                self.balance = 0

            async def deposit(self, amount: int) -> None:
                before = self.balance
                await asyncio.sleep(0)
                self.balance = before + amount

        account = Account()
        await asyncio.gather(account.deposit(1), account.deposit(1))
        assert account.balance == 1
    kinds = [(kind, state) for kind, _, state in told(kept)]
    assert kinds[:5] == [
        ("state_change", {"balance": 0}),
        ("state_read", {"balance": 0}),
        ("state_read", {"balance": 0}),
        ("state_change", {"balance": 1}),
        ("state_change", {"balance": 1}),
    ]
    readers = [task for kind, task, _ in told(kept)[1:5] if kind == "state_read"]
    writers = [task for kind, task, _ in told(kept)[1:5] if kind == "state_change"]
    assert readers == writers
    assert len(set(readers)) == 2
    assert kept.of("state_read")[0].reads == ("account.balance",)
    assert kept.of("state_change")[1].writes == ("account.balance",)


async def test_what_was_seen_already_is_not_told_again() -> None:
    """Once for each activation and value: a loop that looks a million times is one read."""
    kept = Kept()
    async with Tap("bank", sinks=(kept,)) as tap:

        @watch(tap, "jar", track="coins")
        class Jar:
            coins = 3

            def look(self) -> int:
                return sum(self.coins for _ in range(100))

            def put(self) -> int:
                self.coins += 1
                return self.coins

        jar = Jar()
        assert jar.look() == 300
        assert jar.put() == 4
        assert Jar.coins == 3
    kinds = [kind for kind, _, _ in told(kept)]
    assert kinds == ["state_read", "state_read", "state_change"]


async def test_a_snapshot_that_looks_reports_nothing() -> None:
    """``get_debug_state`` is the snapshot, and no read of anybody."""
    kept = Kept()
    async with Tap("bank", sinks=(kept,)) as tap:

        @watch(tap, "jar", track=["coins"])
        class Jar:
            def __init__(self) -> None:
                self.coins = 1

            def get_debug_state(self) -> dict[str, Any]:
                return {"coins": self.coins, "twice": self.coins * 2}

            def empty(self) -> None:
                del self.coins
                self.coins = 0

        Jar().empty()
    assert "state_read" not in {one.event_type for one in kept.events}
    assert kept.events[-2].state() == {"coins": 0, "twice": 0}


async def test_attributes_behave_as_they_did() -> None:
    """Missing ones are missing, of class and object, and values are those of the object."""
    async with Tap("bank") as tap:

        @watch(tap, track=["later"])
        class Slow:
            pass

        slow: Any = Slow()
        with pytest.raises(AttributeError, match="later"):
            _ = slow.later
        with pytest.raises(AttributeError, match="later"):
            _ = Slow.later  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="later"):
            del slow.later
        slow.later = [1]
        assert slow.later is slow.later
        assert not hasattr(Slow(), "later")


async def test_what_cannot_be_tracked_is_refused() -> None:
    """Methods, properties, slots, functions: in words that say why."""
    async with Tap("bank") as tap:
        with pytest.raises(TypeError, match="only slots"):

            @watch(tap, track=["x"])
            class Slots:
                __slots__ = ("x",)

        with pytest.raises(TypeError, match=r"Methods\.run is no data attribute"):

            @watch(tap, track=["run"])
            class Methods:
                def run(self) -> None: ...

        with pytest.raises(TypeError, match="of a class"):

            @watch(tap, track=["x"])
            def function() -> None: ...
