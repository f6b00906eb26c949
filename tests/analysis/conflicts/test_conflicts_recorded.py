"""Conflicts in what real programs record of themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from backend.events import decode_line, encode_event
from backend.tap import Probe, Tap, TappedLock, watch
from debugger.analysis.conflicts import Conflicts
from debugger.analysis.findings import Finding
from debugger.log import EventLog
from tests.analysis.conflicts.conflict_logs import found_in
from tests.support.voicelog import base_lines, voice_log
from tests.tap.kept import Kept

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "sample_logs").glob("*.jsonl"))


def log_of_lines(lines: list[bytes]) -> EventLog:
    """A log of JSONL."""
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


async def recorded(program: Callable[[Tap], Awaitable[None]]) -> EventLog:
    """What a program told while it ran under a tap."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        await program(tap)
    return log_of_lines([encode_event(event) for event in kept.events])


class Account:
    """Adds to a balance, slowly: it looks, waits, and writes what it saw and more."""

    def __init__(self, tap: Tap, lock: TappedLock | None = None) -> None:
        self.balance = 100
        self.probe = Probe(tap, "account", self.get_debug_state)
        self.lock = lock

    def get_debug_state(self) -> dict[str, Any]:
        return {"balance": self.balance}

    async def add(self, amount: int) -> None:
        if self.lock is None:
            await self._add(amount)
        else:
            async with self.lock:
                await self._add(amount)

    async def _add(self, amount: int) -> None:
        balance = self.balance
        self.probe.state_read("balance")
        await asyncio.sleep(0)
        self.balance = balance + amount
        self.probe.state_changed(str(balance), str(self.balance), "deposit")


def updates(log: EventLog) -> list[Finding]:
    return [finding for finding in found_in(log).findings() if finding.rule == "lost-update"]


async def test_a_lost_update_of_a_real_program_is_found() -> None:
    """Two tasks add to one balance; the record shows that one sum is gone, and who took it."""

    async def program(tap: Tap) -> None:
        account = Account(tap)
        await asyncio.gather(account.add(10), account.add(20))
        assert account.balance == 120

    (finding,) = updates(await recorded(program))
    assert (finding.verdict, finding.severity) == ("violation", "error")
    assert "account.balance" in finding.message
    assert finding.message.count("Account.add") == 1  # two activations of it


async def test_the_same_amount_twice_is_found_too() -> None:
    """The second write shows no other value: that is the loss."""

    async def program(tap: Tap) -> None:
        account = Account(tap)
        await asyncio.gather(account.add(10), account.add(10))
        assert account.balance == 110

    assert [finding.verdict for finding in updates(await recorded(program))] == ["violation"]


async def test_a_lock_of_the_tap_makes_it_right() -> None:
    """The same program, with a lock over the read and the write: nothing is told."""

    async def program(tap: Tap) -> None:
        account = Account(tap, TappedLock(tap, "account"))
        await asyncio.gather(account.add(10), account.add(20))
        assert account.balance == 130

    assert found_in(await recorded(program)).findings() == ()


async def test_tasks_that_wait_for_each_other_are_ordered() -> None:
    """One after the other by `await`: no race, and nothing that can be lost."""

    async def program(tap: Tap) -> None:
        account = Account(tap)
        await asyncio.create_task(account.add(10))
        await asyncio.create_task(account.add(20))
        assert account.balance == 130

    assert found_in(await recorded(program)).findings() == ()


async def test_watched_calls_tell_their_writes() -> None:
    """`watch` alone shows who wrote: two tasks that set a mode in an order that nothing guarantees."""

    async def program(tap: Tap) -> None:
        @watch(tap)
        class Player:
            mode = "idle"

            async def set(self, mode: str) -> None:
                await asyncio.sleep(0)
                self.mode = mode

            def get_debug_state(self) -> dict[str, str]:
                return {"mode": self.mode}

        player = Player()
        await asyncio.gather(player.set("slow"), player.set("fast"))

    (finding,) = found_in(await recorded(program)).findings()
    assert (finding.rule, finding.verdict, finding.severity) == ("order-race", "predicted", "warning")
    assert "player.mode" in finding.message


# What is unordered in the samples and is no matter of turns or of counting: the hand-off is handled while the
# next turn asks for the agent; after an error a new turn's stream and worker begin where nothing waits for
# the end of the old.
SAMPLED: dict[str, set[str]] = {
    "hand_off": {"agent_context"},
    "llm_error": {"tts_orchestrator", "llm_orchestrator"},
}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_have_no_violation_and_few_warnings(path: Path) -> None:
    """Nothing is lost in them, and what is predicted are the pairs that are known to be unordered."""
    conflicts = found_in(log_of_lines(path.read_bytes().splitlines()))
    found = conflicts.findings()
    assert {finding.verdict for finding in found} == {"predicted"}
    assert conflicts.updates == ()
    warned = [finding for finding in found if finding.severity == "warning"]
    assert {finding.components[0] for finding in warned} == SAMPLED.get(path.stem, set())
    assert len(warned) <= 4


def test_a_base_format_log_is_judged_as_far_as_it_goes() -> None:
    """Without ids and tasks: order is matched, snapshots tell the writes, and nothing is a violation."""
    lines = base_lines(voice_log(turns=2)).splitlines()
    found = found_in(log_of_lines(lines)).findings()
    assert {finding.verdict for finding in found} == {"predicted"}
    assert "overseer" in {finding.components[0] for finding in found}


@pytest.mark.parametrize(
    "fields",
    [
        {"component_state": {"a": {"b": [10**400]}}, "reads": ["", ".", "a.", ".b", "shared"]},
        {"component_state": {"": {"": 1}}, "writes": ["shared.", "shared..", "\u202e.x"]},
        {"event_type": "lock_acquired", "data": {"lock": 7}},
        {"event_type": "state_read", "data": {"keys": {"x": 1}}},
        {"event_type": "state_read", "data": {"keys": [1, None, "", "y"]}},
        {"component_state": {"d": {"d": {"d": {"d": {"d": {"d": {"d": {"d": {}}}}}}}}}},
        {"component_state": {f"k{number}": number for number in range(5_000)}},
    ],
    ids=range(7),
)
def test_foreign_lines_are_read_as_far_as_they_go(fields: dict[str, Any]) -> None:
    """Whatever the fields hold, what comes after them is judged."""

    def line(number: int, **more: Any) -> bytes:
        made = {"timestamp": 1.0 + number, "event_type": "state_change", "component": "shared", "task": "t"}
        return json.dumps(made | {"id": f"e{number}"} | more).encode()

    lines = [line(0, task="a", component_state={"x": 0})]
    lines += [line(number, **fields) for number in (1, 2)]
    lines += [line(number, task=f"b{number}", component_state={"x": f"v{number}"}) for number in (3, 4)]
    conflicts: Conflicts = found_in(log_of_lines(lines))
    assert any("x" in race.keys for race in conflicts.races)
    assert conflicts.findings()
