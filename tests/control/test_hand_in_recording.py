"""What a hand did to the order of a mailbox is told in the recording, and is no finding about the program."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from backend.events import encode_lines
from backend.wire.control import Hold, Pause, Release, Resume, Step
from debugger.checking.one import Asked, judge_one
from tests.control.hands import Program, played, settled
from tests.tap.kept import Kept


def found(path: Path, lines: bytes) -> set[str]:
    path.write_bytes(lines)
    judged = judge_one(Asked((str(path),), dt.date(2026, 1, 1)))
    assert not judged.error
    return {one.rule for one in judged.findings}


async def let_go_before_its_time(made: Program) -> None:
    """The third of five goes first."""
    (third,) = made.named("a:2")
    made.do(Step(delivery=third))
    await settled()
    made.do(Resume())


async def hold_while_others_pass(made: Program) -> None:
    """The second comes after the fourth."""
    (second,) = made.named("a:1")
    made.do(Hold((second,)))
    made.do(Resume())
    await settled()
    made.do(Release((second,)))


@pytest.mark.parametrize("by_hand", [let_go_before_its_time, hold_while_others_pass])
def test_a_mailbox_that_a_hand_has_reordered_is_no_race_of_the_program(
    by_hand: object, tmp_path: Path
) -> None:
    """Its handlers write one key, in an order that the mailbox guarantees.

    Without the hand's word for it the same recording would show a mailbox that keeps no order.
    """

    async def program(made: Program) -> Kept:
        made.listen("a")
        made.do(Pause())
        made.publish(*range(5))
        await settled()
        await by_hand(made)
        await settled()
        made.publish(5, 6)
        await settled()
        assert len(made.told("overtake")) == 1
        return made.kept

    whole = bytes(encode_lines(played(program).events))
    assert found(tmp_path / "whole.jsonl", whole) == set()
    silent = b"".join(line for line in whole.splitlines(keepends=True) if b'"do":"overtake"' not in line)
    assert "order-race" in found(tmp_path / "silent.jsonl", silent)


def test_a_message_that_a_hand_kept_waiting_was_no_slow_mailbox(tmp_path: Path) -> None:
    """It waited ten seconds because somebody looked at it; one that no hand held is slow."""

    async def program(made: Program) -> Kept:
        made.listen("a")
        made.do(Pause())
        made.publish(1)
        await asyncio.sleep(10)
        made.do(Resume())
        await settled()
        return made.kept

    whole = bytes(encode_lines(played(program).events))
    assert found(tmp_path / "whole.jsonl", whole) == set()
    silent = b"".join(line for line in whole.splitlines(keepends=True) if b'"CONTROL"' not in line)
    assert "slow-mailbox" in found(tmp_path / "silent.jsonl", silent)
