"""The fixture and the marker, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

import debugger.analysis.judge
import debugger.checking.reports
import debugger.report.text
import debugger.sources.file
import debugger.testing.recorded  # noqa: F401 - all of these: pytester forgets what is first imported in it
from tests.cli.command import ROOT

pytest_plugins = ["pytester"]

RACY = """
import asyncio

async def test_deposits(doubletalk):
    @doubletalk.watch(track=["balance"])
    class Account:
        balance = 0

        async def deposit(self, amount):
            before = self.balance
            await asyncio.sleep(0)
            self.balance = before + amount

    account = Account()
    await asyncio.gather(account.deposit(1), account.deposit(1))
"""
MENDED = RACY.replace("            before = self.balance\n", "").replace(
    "before + amount", "self.balance + amount"
)


def test_fifteen_lines_with_a_lost_update_fail_with_an_explanation(run: pytest.Pytester) -> None:
    """Which reads and writes, in which order, what each believed, and how to mend it; no traceback."""
    run.makepyfile(test_bank=RACY)
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*error: lost-update [[]violation]*",
            "*an update of account.balance is lost: two activations of*",
            "*account reads account.balance*",
            "*balance: 0 * 1*",
            "*believed account.balance = 0 *, but by then it was 1*",
            "*hold one lock*",
            "see it: doubletalk replay *test_deposits.jsonl",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_mended_it_passes(run: pytest.Pytester) -> None:
    """Read and write in one step."""
    assert MENDED != RACY
    run.makepyfile(test_bank=MENDED)
    run.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_marker_says_how_strictly(run: pytest.Pytester) -> None:
    """Never, or from warnings on; another word is a mistake of usage."""
    for mark, outcome in (("fail_on='never'", "passed"), ("fail_on='info'", "failed")):
        marked = f"import pytest\npytestmark = pytest.mark.doubletalk({mark})\n{RACY}"
        run.makepyfile(test_bank=marked)
        run.runpytest_inprocess().assert_outcomes(**{outcome: 1})
    run.makepyfile(test_bank=f"import pytest\npytestmark = pytest.mark.doubletalk(strict=1)\n{RACY}")
    result = run.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the marker doubletalk takes fail_on and rules, by name*"])


def test_a_program_with_a_tap_of_its_own_gives_it_the_fixture_s_sink(run: pytest.Pytester) -> None:
    """And the test can ask for the verdict itself."""
    program = RACY.replace(
        "async def test_deposits(doubletalk):\n",
        "from backend.tap import Tap, watch\nimport pytest\n"
        "from debugger.testing import RacesFoundError\n\n"
        "async def test_deposits(doubletalk):\n"
        "  async with Tap('bank', sinks=(doubletalk.sink,)) as tap:\n    await deposits(tap)\n"
        "  with pytest.raises(RacesFoundError, match='lost-update'):\n    doubletalk.check()\n\n"
        "async def deposits(tap):\n",
    ).replace("@doubletalk.watch(", "@watch(tap, ")
    run.makepyfile(test_bank=program)
    run.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_test_that_fails_by_itself_says_its_own_reason(run: pytest.Pytester) -> None:
    """The verdict does not hide it."""
    run.makepyfile(test_bank=RACY + "    assert account.balance == 2\n")
    result = run.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])
    result.stdout.no_fnmatch_line("*lost-update*")


def test_a_test_that_never_uses_the_tap_has_nothing_to_judge(run: pytest.Pytester) -> None:
    """No recording is made."""
    run.makepyfile(test_bank="def test_it(doubletalk):\n    assert not doubletalk.path.exists()\n")
    run.runpytest_inprocess().assert_outcomes(passed=1)


def test_judging_needs_nothing_of_the_interface() -> None:
    """Neither terminal nor sockets nor the command line is imported."""
    program = """
        import datetime, sys
        from debugger.checking import Asked, judge_one
        import debugger.testing.plugin
        judged = judge_one(Asked((sys.argv[1],), datetime.date(2026, 1, 1)))
        assert judged.input.events
        heavy = {"textual", "rich", "typer", "websockets", "orjson", "pydantic", "fastapi", "debugger.tui"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    recording = str(ROOT / "sample_logs" / "llm_error.jsonl")
    subprocess.run([sys.executable, "-c", dedent(program), recording], check=True, cwd=ROOT)
