"""How long things take, and what keeps others waiting: what is told of it, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_logs import Told, append, event, found, log_of, recorded, rules_of, sent

from debugger.analysis.rules import Rules, RuleSet, load_rules
from debugger.log import EventLog
from tests.support.examples import tried

TIMING = {"slow-first-audio", "slow-mailbox", "slow-handler", "stalled-handler", "blocked-loop"}
STRICT = load_rules([("strict.toml", '[override.slow-first-audio]\nwithin = "1500ms"\n')])


def at(seconds: float, one: Told, **more: Any) -> Told:
    """An event at a time, by both clocks."""
    ns = round(seconds * 1e9)
    return {"timestamp": seconds, "timestamp_ns": ns, "mono_ns": ns} | one | more


def received(component: str, message: str, name: str, cause: str | None, **more: Any) -> Told:
    return event("message_received", component, message, id=name, cause=cause, task=f"t-{name}", **more)


def handled(component: str, message: str, name: str, **more: Any) -> Told:
    return event("message_handled", component, message, cause=name, task=f"t-{name}", outcome="ok", **more)


def published(component: str, message: str, name: str, **more: Any) -> Told:
    return sent(component, message, id=name, **more)


def told_of(events: list[Told], rules: RuleSet | None = None, **more: Any) -> list[tuple[str, str, str]]:
    log = log_of(recorded(*events, **more))
    some = found(log, order=False) if rules is None else found(log, rules, order=False)
    return [(one.rule, one.verdict, one.message) for one in some if one.rule in TIMING]


# --- budgets -------------------------------------------------------------------------------------


def first_audio(after: float) -> list[Told]:
    return [
        at(1, sent("overseer", "COMPLETE_TRANSCRIPT")),
        at(1 + after, sent("audio_output", "TTS_BOT_STARTED_SPEAKING")),
    ]


def test_the_first_audio_of_a_turn_has_a_budget_that_a_file_sets() -> None:
    """Two seconds are within the built-in one; a stricter one is exceeded, and says by how much."""
    assert told_of(first_audio(2)) == []
    message = "turn 1 is not heard 2,000 ms after the user has spoken"
    assert told_of(first_audio(2), STRICT) == [("slow-first-audio", "violation", message)]
    assert told_of(first_audio(1.4), STRICT) == []


def test_a_turn_that_was_interrupted_before_it_was_late_was_not_late() -> None:
    """Nor one that is over with its session; an answer that never came is late by the time it took."""
    asked = first_audio(9)[:1]
    assert told_of([*asked, at(2, sent("overseer", "STT_USER_STARTED_SPEAKING"))], STRICT) == []
    assert told_of(asked, STRICT) == []
    late = [*asked, at(4, sent("overseer", "STT_USER_STARTED_SPEAKING"))]
    assert [one[:2] for one in told_of(late, STRICT)] == [("slow-first-audio", "violation")]


def delivery(wait: float, run: float, **more: Any) -> list[Told]:
    return [
        at(1, published("overseer", "TEXT_CHUNK", "p1")),
        at(1 + wait, received("text_queue_manager", "TEXT_CHUNK", "r1", "p1")),
        at(1 + wait + run, handled("text_queue_manager", "TEXT_CHUNK", "r1"), **more),
    ]


def test_a_wait_in_the_mailbox_and_a_run_of_a_handler_have_budgets() -> None:
    """Each is told with its message, its component, and how long it took."""
    assert told_of(delivery(0.5, 1)) == []
    wait = "TEXT_CHUNK waited 6,000 ms in the mailbox of text_queue_manager"
    assert told_of(delivery(6, 1)) == [("slow-mailbox", "violation", wait)]
    run = "the handler of TEXT_CHUNK in text_queue_manager ran for 11,000 ms"
    assert told_of(delivery(0.5, 11)) == [("slow-handler", "violation", run)]


def test_a_clock_that_was_set_forward_makes_nothing_slow() -> None:
    """What the source's own clock says is so."""
    events = delivery(0.5, 1)
    events[2]["timestamp"] += 3600
    events[2]["timestamp_ns"] += 3600 * 10**9
    assert told_of(events) == []


# --- stalled handlers ----------------------------------------------------------------------------


def stalled(others_until: float, ends: float | None = None) -> list[Told]:
    """A handler begins at 1 s. Another task of the process goes on, once a second; some handlers end."""
    events = [
        at(0.9, published("overseer", "TEXT_CHUNK", "p0")),
        at(0.95, received("llm_orchestrator", "TEXT_CHUNK", "r0", "p0")),
        at(0.96, handled("llm_orchestrator", "TEXT_CHUNK", "r0")),
        at(1, received("llm_orchestrator", "TEXT_CHUNK", "r1", "p0")),
    ]
    second = 2.0
    while second <= others_until:
        events.append(at(second, event("state_read", "overseer", task="other")))
        second += 1
    if ends is not None:
        events.append(at(ends, handled("llm_orchestrator", "TEXT_CHUNK", "r1")))
    return events


def test_a_handler_that_does_not_end_while_others_go_on_is_stalled() -> None:
    """It is told at the event that began, with the first that shows that its process did go on."""
    ((rule, verdict, message),) = told_of(stalled(40))
    assert (rule, verdict) == ("stalled-handler", "violation")
    assert message == "the handler of TEXT_CHUNK in llm_orchestrator is not over after 30,000 ms"


def test_a_handler_is_not_stalled_for_all_that_is_known() -> None:
    """Within its time; or as long as nothing else went on either, for then the process stood still."""
    assert told_of(stalled(20)) == []
    assert told_of([*stalled(20), at(60, event("state_read", "llm_orchestrator", task="t-r1"))]) == []


def test_one_that_ends_late_was_stalled_and_slow() -> None:
    """So a live view takes nothing back."""
    assert {one[0] for one in told_of(stalled(40, 41))} == {"stalled-handler", "slow-handler"}


def test_at_the_end_of_a_log_what_is_within_its_time_is_pending() -> None:
    """Unless the recording says that it has ended: then the handler ended with its process."""
    rule = next(one for one in load_rules().rules if one.id == "stalled-handler")
    for ended, pending in ((False, 1), (True, 0)):
        log = log_of(recorded(*stalled(20), ended=ended, session_ended=False))
        assert rules_of(log, order=False).outcome(rule.id).pending == pending


def test_a_component_that_never_says_that_a_handler_ends_is_not_judged() -> None:
    """It is told that it is not."""
    events = [one for one in stalled(40) if one["event_type"] != "message_handled"]
    more = [*events, at(41, handled("overseer", "X", "r9"))]
    assert told_of(more) == [
        (
            "stalled-handler",
            "integrity",
            "stalled-handler was not judged everywhere: the log has no message_handled of llm_orchestrator",
        )
    ]


# --- a blocked loop ------------------------------------------------------------------------------


def blocked(silence: float, *, same: bool = True, due_before: bool = True, busy: bool = False) -> list[Told]:
    """A task is silent between two of its events, and a message is received after that."""
    tasks = ("t-r0", "t-r0" if same else "t-else")
    message = at(1.01, published("overseer", "TEXT_CHUNK", "p1", task=tasks[0]))
    end = 1.02 + silence
    events = [
        at(1, published("overseer", "LLM_EVENT", "p0")),
        at(1.001, received("llm_orchestrator", "LLM_EVENT", "r0", "p0")),
        *([at(1.002, received("text_queue_manager", "LLM_EVENT", "rb", "p0"))] if busy else []),
        *([message] if due_before else []),
        at(1.02, event("state_read", "llm_orchestrator", task=tasks[0])),
        at(end, event("state_read", "llm_orchestrator", task=tasks[1])),
        *([] if due_before else [message | at(end, {})]),
        at(end + 0.001, received("text_queue_manager", "TEXT_CHUNK", "r1", "p1")),
        at(end + 0.002, handled("text_queue_manager", "TEXT_CHUNK", "r1")),
        at(end + 0.003, handled("llm_orchestrator", "LLM_EVENT", "r0")),
    ]
    return [*events, at(end + 0.004, handled("text_queue_manager", "LLM_EVENT", "rb"))] if busy else events


def test_a_task_that_keeps_the_loop_while_a_message_waits_is_told() -> None:
    """With what it kept waiting, and for how long."""
    message = "llm_orchestrator kept the event loop for 400 ms: TEXT_CHUNK to text_queue_manager had to wait"
    assert told_of(blocked(0.4)) == [("blocked-loop", "violation", message)]


@pytest.mark.parametrize(
    "innocent",
    [
        pytest.param(blocked(0.2), id="short"),
        pytest.param(blocked(0.4, same=False), id="another task goes on after it"),
        pytest.param(blocked(0.4, due_before=False), id="nothing was due"),
        pytest.param(blocked(0.4, busy=True), id="the receiver had a handler running"),
    ],
)
def test_a_silence_that_may_be_an_await_is_none(innocent: list[Told]) -> None:
    """What could be a task that waits, and a process with nothing to do, is not suspected."""
    assert told_of(innocent) == []


def test_a_silence_in_which_events_are_lost_is_inconclusive() -> None:
    """Others may have run there."""
    events = recorded(*blocked(0.4))
    for number, one in enumerate(events, 1):
        one["seq"] = number + (5 if number > 6 else 0)
    some = [one for one in found(log_of(events), order=False) if one.rule == "blocked-loop"]
    assert [one.verdict for one in some] == ["integrity"]


# --- pieces --------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
@tried(10)
def test_timing_does_not_depend_on_the_pieces_that_a_log_comes_in(sizes: list[int]) -> None:
    """The same findings, however many rows come at a time."""
    events = recorded(*delivery(6, 11), *stalled(40), *blocked(0.4), session_ended=False, ended=False)
    whole = rules_of(log_of(events), order=False).all()
    assert {one.rule for one in whole} >= {"slow-mailbox", "slow-handler", "stalled-handler", "blocked-loop"}
    log = EventLog()
    rules = Rules(log, load_rules())
    at_row = 0
    while at_row < len(events):
        size = sizes[at_row % len(sizes)]
        append(log, events[at_row : at_row + size])
        at_row += size
        while not rules.complete:
            rules.advance(lambda: 0, 0)
        rules.all()
    rules.finish()
    assert rules.all() == whole
