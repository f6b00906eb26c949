"""What is wrong with a run, and that it is called the same in each run in which it is the same."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from pathlib import Path

import pytest

from backend.errors import UserError
from backend.scenarios import BUGGY, FIXED, Play, Scenario
from backend.simulation import AtRandom
from debugger.analysis.judge import judge
from debugger.analysis.violations import violations
from debugger.explore.oracle import Oracle, broken_rules, judged, log_of, rules_of
from debugger.explore.search import EscapedError, explore
from debugger.explore.verdicts import Budget, Kind
from tests.explore import searched_programs as programs

ROOT = Path(__file__).parents[2]
RECORDINGS = sorted((ROOT / "docs" / "races").glob("*.jsonl"))
PASSING = sorted((ROOT / "docs" / "races").glob("*/*.jsonl.gz"))[::4]

ENDINGS: tuple[tuple[Scenario, Kind, str], ...] = (
    (programs.raises, "error", "KeyError: 'name' (at "),
    (programs.asserts, "assertion", "AssertionError: it is 17672256"),
    (programs.nobody_looks, "unhandled", "nobody handled LookupError: gone (at "),
    (programs.waits_for_ever, "deadlock", "main waits for an event to be set at "),
    (programs.leaves_a_task, "leak", "waits for its sleep to end"),
)


@pytest.mark.parametrize("path", [*RECORDINGS, *PASSING], ids=lambda path: path.stem)
def test_the_oracle_finds_what_check_calls_a_violation(path: Path) -> None:
    """The quick way of the inner loop and the whole analysis tell the same violations, word for word."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    log, rules = log_of(text), rules_of(Oracle())
    whole = [one for one in judge(log, rules.rules, dt.date.min).findings if one.verdict == "violation"]
    quick = list(violations(log, rules))
    assert sorted(map(_told, quick)) == sorted(map(_told, whole))
    assert bool(quick) == (path in RECORDINGS)
    counting = [one for one in quick if one.severity == "error"]
    assert list(map(_told, broken_rules(text, Oracle()))) == list(map(_told, counting))


def _told(finding: object) -> tuple[object, ...]:
    return tuple(getattr(finding, name) for name in ("rule", "message", "rows", "fingerprint"))


@pytest.mark.parametrize(("made", "kind", "says"), ENDINGS, ids=[kind for _, kind, _ in ENDINGS])
def test_each_bad_end_is_found_and_said(made: Scenario, kind: Kind, says: str) -> None:
    """By its kind; with where it was; and a replay finds the same, by the same signature."""
    play = Play(made, BUGGY)
    played = play.run()
    (found,) = judged(played, Oracle())
    assert (found.kind, found.rule) == (kind, kind)
    assert says in found.message
    assert judged(play.replay(played.run.tape), Oracle()) == (found,)
    assert not re.search(r"0x|17672256|\bTask-\d", " ".join(found.signature))


def test_a_signature_is_the_same_under_other_schedules() -> None:
    """Where the same rule is broken by the same components, it is the same failure."""
    play = Play(programs.two_deposits_recorded, BUGGY)
    result = explore(programs.two_deposits_recorded, BUGGY, Budget(schedules=20))
    assert result.found is not None
    assert result.tape is not None
    (found,) = judged(play.replay(result.tape), Oracle())
    assert found == result.found
    assert found.signature == ("rule", "lost-update", "account")


def test_what_leaves_the_simulation_is_refused_and_never_judged() -> None:
    """With the call, its line, and what to do instead."""
    with pytest.raises(EscapedError, match=r"sleeps-for-real.*time\.sleep at .*searched_programs\.py:\d+"):
        explore(programs.sleeps_for_real, BUGGY)


def test_rules_of_users_count() -> None:
    """A file of rules beside the built-in ones; one with a mistake is refused."""
    text = """
schema = "doubletalk.rules/1"
[events.owned]
where = "type:state_change component:account"
[[rules]]
id = "owned-once"
title = "the account changes hands but once"
why = "It was so in the specification."
fix = "Ask before it is done again."
cases = [{ pattern = "once", key = ["component"], event = ["owned"], message = "owned again" }]
"""
    result = explore(programs.either_order, FIXED, oracle=Oracle((("mine.toml", text),)))
    assert (result.verdict, result.rule, result.phase) == ("confirmed", "owned-once", "plain")
    with pytest.raises(UserError, match=r"mine\.toml:2"):
        explore(programs.either_order, FIXED, oracle=Oracle((("mine.toml", "\n[[rulez]]"),)))


def test_without_rules_a_run_is_judged_by_how_it_ends() -> None:
    """Nothing is read of the recording, and no pair predicted."""
    oracle = Oracle(recorded=False)
    result = explore(programs.two_deposits_recorded, BUGGY, Budget(schedules=30), oracle=oracle)
    assert (result.verdict, result.pairs) == ("clean", ())


def test_what_a_program_prints_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand runs would say it a thousand times, between lines that a program reads."""
    assert explore(programs.prints, FIXED, Budget(schedules=5)).verdict == "clean"
    assert capsys.readouterr() == ("", "")


def test_by_the_same_seed_it_is_the_same_walk() -> None:
    """A run's recording does not depend on who judged what before."""
    play = Play(programs.either_order, FIXED)
    one = [play.run(AtRandom(seed)).recording for seed in range(3)]
    judged(play.run(AtRandom(7)), Oracle())
    assert one == [play.run(AtRandom(seed)).recording for seed in range(3)]
