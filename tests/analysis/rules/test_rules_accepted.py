"""Findings that are accepted: for a while and with a reason, or because they were there before."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from rule_logs import VOICE, found, log_of, recorded, sent

from debugger.analysis.findings import Finding
from debugger.analysis.rules import Baseline, BaselineError, explain, load_rules, rule_ids, suppressed

DAY = dt.date(2031, 5, 17)


def twice(worker: str, session: str = "s1", turn: int = 1) -> list[Finding]:
    end = sent("tts", "TTS_WORKER_COMPLETED", worker_id=worker, status="ok", session_id=session, turn=turn)
    return found(log_of(recorded(end, end)))


def suppression(**more: str) -> str:
    told = {"rule": "duplicate-completion", "reason": "known, #12"} | more
    lines = [f'{name} = "{value}"' for name, value in told.items()]
    return "\n".join(["[[suppress]]", *lines, f"until = {DAY}"])


@pytest.mark.parametrize(
    ("days", "more", "accepted"),
    [(-1, {}, True), (0, {}, True), (1, {}, False), (0, {"component": "tts"}, True),
     (0, {"component": "llm"}, False), (0, {"message": "W1 completes"}, True), (0, {"message": "w2"}, False)],
)  # fmt: skip
def test_a_suppression_holds_up_to_its_day(days: int, more: dict[str, str], accepted: bool) -> None:
    """For the findings that it is about, with its reason."""
    rules = load_rules([("mine.toml", suppression(**more))])
    told = suppressed(twice("w1"), rules.suppress, DAY + dt.timedelta(days))
    assert told[0].suppressed == ("known, #12" if accepted else "")


def test_a_suppression_that_ran_out_is_told() -> None:
    """Beside the finding, which is reported again."""
    rules = load_rules([("mine.toml", suppression())])
    told = suppressed(twice("w1"), rules.suppress, DAY + dt.timedelta(1))
    assert [one.verdict for one in told] == ["violation", "integrity"]
    assert told[1].message == f"duplicate-completion: 1 finding was suppressed up to {DAY}: known, #12"


def test_a_fingerprint_is_the_same_in_another_run() -> None:
    """Other ids, turns and sessions, the same thing; another component, another thing."""
    one, other = twice("s1-w1")[0], twice("s99-w7", "s99", 12)[0]
    assert one.fingerprint
    assert one.fingerprint == other.fingerprint
    end = sent("speaker", "TTS_WORKER_COMPLETED", worker_id="s1-w1", status="ok")
    assert found(log_of(recorded(end, end)))[0].fingerprint != one.fingerprint


def test_a_baseline_knows_what_was_there_and_tells_what_is_new() -> None:
    """As often as it was there; and what is gone."""
    old = [*twice("s1-w1"), *twice("s1-w2")]
    baseline = Baseline.load(Baseline.of(old).dump())
    assert len(baseline) == 1
    again = baseline.split([*twice("s3-w1"), *twice("s3-w2"), *twice("s3-w3")])
    assert (len(again.known), len(again.new), again.gone) == (2, 1, ())
    assert [one.rule for one in baseline.split([]).gone] == ["duplicate-completion"]
    assert Baseline.of(old).dump() == Baseline.of(old[::-1]).dump()


@pytest.mark.parametrize("text", [b"", b"[]", b'{"schema": "x", "findings": []}', b'{"schema": 1}', b"\xff"])
def test_a_file_that_is_no_baseline_is_refused(text: bytes) -> None:
    """With a word about it."""
    with pytest.raises(BaselineError):
        Baseline.load(text)


def test_integrity_is_never_accepted() -> None:
    """What could not be judged is told whatever a suppression or a baseline say."""
    hole = Finding("duplicate-completion", "integrity", "warning", "not judged")
    rules = load_rules([("mine.toml", suppression())])
    assert suppressed([hole], rules.suppress, DAY) == (hole,)
    assert Baseline.of([hole]).split([hole]).new == (hole,)


def test_each_rule_is_explained() -> None:
    """Why, what to do, and what it looks at."""
    ids = rule_ids()
    assert len(ids) == 20
    for rule_id in ids:
        text = explain(rule_id)
        assert text.startswith(f"{rule_id}: ")
        assert "\nwhy " in text
        assert "\nfix " in text
        assert all(len(line) <= 100 for line in text.splitlines())
    assert "TTS_SESSION_READY" in explain("text-before-ready")
    with pytest.raises(KeyError, match="did you mean 'lost-update'"):
        explain("lost-updates")


def test_the_built_in_rules_are_those_of_the_contract_and_of_timing() -> None:
    """Each has all that a finding is to say. Timing informs and warns, and fails no check by itself."""
    timing = {"slow-first-audio", "slow-mailbox", "slow-handler", "stalled-handler", "blocked-loop"}
    assert timing < {rule.id for rule in VOICE.rules}
    for rule in VOICE.rules:
        assert (rule.severity == "error") == (rule.id not in timing)
        assert all((rule.title, rule.why, rule.fix))
        assert all(case.message for case in rule.cases)
    assert json.dumps(rule_ids())
