"""What a log cannot show is told rule by rule: to find nothing there says nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from rule_logs import ROOT, event, log_of, opened, recorded, rules_of, sent

from backend.events import decode_line
from debugger.analysis.judge import judge
from debugger.analysis.rules import load_rules
from debugger.log import EventLog
from tests.support.voicelog import BASE

RECORDED = opened(ROOT / "sample_logs" / "barge_in.jsonl")


def some_of(*kinds: str, base: bool = True, **changes: Any) -> EventLog:
    """The recorded conversation, as a producer would tell it that knows only some event types."""
    lines = []
    for row in range(len(RECORDED)):
        told = RECORDED.event(row) | changes
        if not kinds or told["event_type"] in kinds:
            kept = {name: told[name] for name in BASE if name in told} if base else told
            lines.append(json.dumps(kept).encode())
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


def reasons(log: EventLog) -> dict[str, str]:
    return dict(rules_of(log, order=False).unjudged())


def test_a_log_with_all_there_is_can_show_all() -> None:
    """Nothing is left unsaid, so nothing is said; an empty log has nothing to be judged."""
    assert reasons(RECORDED) == {}
    assert reasons(EventLog()) == {}


def test_a_log_of_receives_alone_shows_no_rule_that_needs_publishes() -> None:
    """Nor what handlers do, nor how long; and what its missing publishes would excuse is not told."""
    log = some_of("message_received")
    told = reasons(log)
    for rule in ("overlapping-llm-streams", "duplicate-completion", "lost-sentinel", "audio-after-complete"):
        assert told[rule] == "the log cannot show it: it has no message_published"
    assert told["worker-overlap"].startswith("2 of its 3 cases the log cannot show: it has no message_publ")
    assert "it names no causes" in told["slow-mailbox"]
    assert "no message_handled" in told["stalled-handler"]
    assert "no event has a task" in told["lost-update"]
    assert rules_of(log, order=False).all() == ()


def test_a_log_of_publishes_alone_has_its_publishes_for_deliveries() -> None:
    """What needs the end of a handler is not judged."""
    told = reasons(some_of("message_published"))
    assert told["barge-in-ignored"] == "the log cannot show it: it has no message_received"
    assert "stale-worker-chunk" not in told


def test_the_base_format_shows_what_happened_but_predicts_nothing() -> None:
    """For it records neither causes nor tasks."""
    told = reasons(some_of())
    assert told["text-before-ready"].startswith("nothing is predicted")
    assert "stale-worker-chunk" not in told


def test_a_log_without_payload_says_what_its_messages_lack() -> None:
    """By rule, with how often."""
    found = rules_of(some_of(data={}, component_state={}), order=False).all()
    told = {one.rule: one.message for one in found}
    assert "2 times TTS_WORKER_COMPLETED has no worker" in told["duplicate-completion"]
    assert {one.verdict for one in found} == {"integrity"}


def test_a_few_rows_prove_nothing_about_what_their_producer_records() -> None:
    """A handler that failed in a log of three events is told, though there is no publish in it."""
    raised = event("message_handled", "overseer", "X", outcome="error", error_type="E", task="h")
    log = log_of(recorded(event("message_received", "overseer", "X", task="h"), raised))
    assert [one.rule for one in rules_of(log, order=False).all()] == ["handler-failed"]


def test_a_verdict_carries_it() -> None:
    """So do reports."""
    log = some_of("message_received")
    verdict = judge(log, load_rules(), dt.date(2026, 1, 1))
    assert set(verdict.unjudged) == set(rules_of(log, order=False).unjudged())
    assert judge(log_of(recorded(sent("overseer", "X"))), load_rules(), dt.date(2026, 1, 1)).unjudged
