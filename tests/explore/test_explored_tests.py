"""``@doubletalk.explore`` on async tests, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import debugger.analysis.diff
import debugger.analysis.judge
import debugger.checking.reports
import debugger.explore.campaign
import debugger.sources.file
import debugger.testing.exploring  # noqa: F401 - all of these: pytester forgets what is first imported in it
from backend.simulation import Tape
from debugger.testing import explore
from tests.cli.command import ROOT

pytest_plugins = ["pytester"]

ORDERS = """
import asyncio
import pytest
from debugger import testing as doubletalk

async def race(numbers):
    came = []

    async def come(number):
        await asyncio.sleep(0.001)
        came.append(number)

    await asyncio.gather(*map(come, numbers))
    return came

@doubletalk.explore(schedules=25)
async def test_order():
    came = await race([1, 2])
    assert came == [1, 2], "the other way round"
"""

DEPOSITS = """
import asyncio
from backend.tap import watch
from debugger import testing as doubletalk

@doubletalk.explore(schedules=25)
async def test_deposits(tap):
    @watch(tap, track=["balance"])
    class Account:
        balance = 0

        async def deposit(self, delay):
            await asyncio.sleep(delay)
            before = self.balance
            await asyncio.sleep(0.001)
            self.balance = before + 1

    account = Account()
    await asyncio.gather(account.deposit(0.001), account.deposit(0.004))
"""


def found_in(run: pytest.Pytester) -> list[Path]:
    return sorted(run.path.rglob("found.tape"))


def test_a_test_fails_by_the_schedule_that_breaks_it(run: pytest.Pytester) -> None:
    """Its own assertion with its line, the schedule in words, the seed, and where all is saved."""
    run.makepyfile(ORDERS)
    result = run.runpytest_inprocess("--doubletalk-out=found")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       assert came == [[]1, 2[]], "the other way round"',
            "*order * 1 departure:",
            "*goes before*",
            "*see * doubletalk replay */good.jsonl */bad.jsonl --diff",
            "*again *pytest *::test_order",
            "*saved *test_order*",
            "*found * by the * search after * schedules, seed 0",
        ]
    )
    result.stdout.no_fnmatch_line("*backend/simulation*")
    (tape,) = found_in(run)
    assert tape.is_relative_to(run.path / "found")
    assert Tape.load(tape).deviations == 1
    assert {one.name for one in tape.parent.iterdir()} == {
        "found.tape",
        "bad.jsonl",
        "good.jsonl",
        "how.txt",
        "how.json",
    }


def test_with_a_tap_the_rules_judge_every_run(run: pytest.Pytester) -> None:
    """A test without an assertion fails, with the explanation of the rule and no traceback."""
    run.makepyfile(DEPOSITS)
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*lost-update*", "*what * an update of account.balance is lost*", "*missing *", "*fix *", "*saved *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_was_found_is_run_first_next_time(run: pytest.Pytester) -> None:
    """With or without a folder of one's own; and when it is mended, nothing is said."""
    run.makepyfile(ORDERS)
    for more in ((), ("--doubletalk-out=found",)):
        first = run.runpytest_inprocess(*more)
        first.stdout.no_fnmatch_line("*by the corpus*")
        run.runpytest_inprocess(*more).stdout.fnmatch_lines(
            ["*found * by the corpus search after 2 schedules*"]
        )
    run.makepyfile(ORDERS.replace("assert came ==", "assert sorted(came) =="))
    result = run.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*schedule*")


def test_it_works_with_parameters_fixtures_marks_and_classes(run: pytest.Pytester) -> None:
    """Beside pytest-asyncio, and each set of parameters is a program of its own."""
    run.makepyfile(
        ORDERS.partition("@doubletalk")[0]
        + """
@pytest.fixture
def numbers():
    return [1, 2, 3]

class TestOrders:
    expected = [1, 2]

    @pytest.mark.parametrize("numbers, right", [([1], True), ([1, 2], False)])
    @doubletalk.explore(schedules=20)
    async def test_of_a_class(self, numbers, right, scene):
        assert not scene.buggy
        assert await race(numbers) == self.expected[:len(numbers)]

    @doubletalk.explore
    async def test_without_parentheses(self, numbers):
        assert len(await race(numbers)) == 3

@pytest.mark.xfail(strict=True)
@doubletalk.explore(schedules=25)
async def test_expected(numbers):
    assert await race(numbers) == numbers

@doubletalk.explore(schedules=20)
@pytest.mark.skipif(True, reason="not now")
async def test_skipped():
    raise ValueError

@doubletalk.explore(schedules=20)
async def test_skips_itself():
    pytest.skip("not here")

@doubletalk.explore(schedules=20)
async def test_raises():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await asyncio.Event().wait()

async def test_of_pytest_asyncio():
    assert await race([1]) == [1]
"""
    )
    result = run.runpytest_inprocess("-rA", "--doubletalk-out=found")
    result.assert_outcomes(passed=4, failed=1, skipped=2, xfailed=1)
    result.stdout.fnmatch_lines(["FAILED *TestOrders::test_of_a_class[[]numbers1-False[]]*"])


def test_it_works_without_pytest_asyncio(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """An explored test is no coroutine function to pytest."""
    run.makeini("[pytest]\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p debugger.testing.plugin")
    run.makepyfile(ORDERS)
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*found * by the *"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("import time; time.sleep(1)", "*leaves the simulation: time.sleep at *"),
        ("await asyncio.Event().wait()", "*what * nothing can go on: main waits for an event*"),
        ("asyncio.create_task(asyncio.sleep(9), name='late')", "*what * left running: late waits*"),
        ("raise ValueError('as always')", "*ValueError: as always"),
        (
            "print('a word'); import threading; threading.Thread(target=print).start()",
            "*leaves the simulation*",
        ),
    ],
)
def test_what_is_wrong_with_any_run_is_told(run: pytest.Pytester, body: str, told: str) -> None:
    """Without the machinery's own frames."""
    run.makepyfile(
        "import asyncio\nfrom debugger import testing as doubletalk\n\n"
        f"@doubletalk.explore(schedules=5)\nasync def test_it():\n    {body}\n"
    )
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*backend/simulation/*")


def test_where_nothing_can_be_written_the_failure_is_told_all_the_same(run: pytest.Pytester) -> None:
    """And why it is not saved."""
    run.makepyfile(ORDERS)
    (run.path / "found").write_text("a file")
    result = run.runpytest_inprocess("--doubletalk-out=found")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the other way round*", "*found*cannot be written*"])


def test_what_makes_no_sense_is_refused_where_it_stands() -> None:
    """When the file is imported."""
    with pytest.raises(ValueError, match="schedules=0"):
        explore(schedules=0)
    with pytest.raises(ValueError, match="seconds=-1"):
        explore(seconds=-1)
    with pytest.raises(TypeError, match="async def"):
        explore(lambda: None)  # type: ignore[call-overload]


def test_exploring_needs_nothing_of_the_interface_and_nothing_of_the_assistant() -> None:
    """What the ``check`` extra installs will do; and a test that is not explored imports none of it."""
    program = """
        import sys
        import debugger.testing.plugin
        from debugger import testing
        assert not {"numpy", "backend.simulation", "debugger.explore.search"} & set(sys.modules)
        import debugger.explore.campaign
        heavy = {"textual", "rich", "typer", "websockets", "orjson", "pydantic", "loguru", "debugger.tui"}
        found = (heavy | {"backend.assistant", "backend.cli"}) & set(sys.modules)
        assert not found, found
    """
    subprocess.run([sys.executable, "-c", dedent(program)], check=True, cwd=ROOT)
