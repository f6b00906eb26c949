"""A finding shows both of its events: what is wrong, and what it came before, after or out of."""

from __future__ import annotations

from typing import Any

import naive_rules as naive
import pytest
from hypothesis import given
from naive_rules import Happened
from rule_logs import VOICE, Told, append, event, found, log_of, recorded, rules_of, sent
from test_rule_patterns import RULES, logs, told_of

from debugger.analysis.explain import explain
from debugger.analysis.findings import Finding
from debugger.analysis.order import order_of
from debugger.analysis.rules import Rules
from debugger.log import EventLog
from tests.support.examples import tried

TTS = "tts_orchestrator"


def text(worker: str = "w1", task: str = "h") -> list[Told]:
    more = {"worker_id": worker, "task": task}
    return [
        event("message_received", TTS, "CHUNK_RESPONSE", **more),
        event("message_handled", TTS, "CHUNK_RESPONSE", outcome="ok", **more),
    ]


def ready(what: str, worker: str = "w1") -> Told:
    return sent(TTS, f"TTS_{what}_READY", worker_id=worker, task=f"t-{worker}")


def step(came_from: str, to: str, component: str = TTS, **more: Any) -> Told:
    more |= {"from": came_from, "to": to, "component_state": {"state": to}}
    return event("state_change", component, **more)


def only(rule: str, log: EventLog) -> Finding:
    (one,) = (one for one in found(log) if one.rule == rule)
    return one


# --- what came too late -----------------------------------------------------------------------


def test_text_that_came_too_early_is_shown_with_what_it_came_before() -> None:
    """The first of each kind that is the worker's own; what is wrong is still where to look."""
    ends = [ready("CONNECTION", "w2"), ready("CONNECTION"), ready("CONNECTION"), ready("SESSION")]
    one = only("text-before-ready", log_of(recorded(text(), *ends)))
    assert (one.row, one.rows) == (2, (2, 5, 7))
    assert one.message == "worker w1 is handed text before its connection-ready"


def test_that_what_was_missing_never_came_is_said() -> None:
    """That of another worker is none, nor one of another session."""
    others = [ready("CONNECTION", "w2"), ready("CONNECTION") | {"session_id": "s2"}, ready("SESSION")]
    one = only("text-before-ready", log_of(recorded(text(), *others)))
    assert one.rows == (2, 6)  # its session came, its connection did not
    assert one.message.endswith("before its connection-ready; no connection-ready came later")


def test_what_comes_too_late_makes_it_no_other_finding() -> None:
    """A baseline that has it knows it, whether the recording ends before or after."""
    one, other = (
        only(
            "text-before-ready",
            log_of(recorded(text(), ready("CONNECTION", worker), ready("SESSION", worker))),
        )
        for worker in ("w1", "w2")
    )
    assert (len(one.rows), len(other.rows)) == (3, 1)
    assert (one.fingerprint, one.components) == (other.fingerprint, other.components)


def test_a_live_finding_gets_its_second_event_when_it_comes() -> None:
    """It is told at once, and told anew."""
    log = EventLog()
    rules = Rules(log, VOICE, live=True)

    def told(*events: Told) -> tuple[int, ...]:
        append(log, events)
        rules.advance(lambda: 0, 10**12)
        (one,) = (each for each in rules.all() if each.rule == "text-before-ready")
        return one.rows

    assert told(ready("CONNECTION", "w0"), *text()) == (1,)
    assert told(ready("CONNECTION")) == (1, 3)


@given(log=logs())
@tried(50)
def test_the_second_event_is_the_first_of_its_key_that_came_later(log: naive.Log) -> None:
    """On any log, also where it is not known yet whether there is such an event at all."""
    told = log_of(told_of(log))
    begin = len({one.session for one in log})
    for one in rules_of(told, RULES["precedence"], order=False).all():
        if one.verdict != "violation":
            continue
        wrong = next(each for each in log if each.row + begin == one.row)
        later: list[Happened] = [
            each for each in naive.of_key(log, wrong) if each.kind == "a" and each.row > wrong.row
        ]
        assert one.rows[:2] == (one.row, *(each.row + begin for each in later[:1]), *one.rows[1:])[:2]
        assert one.message.endswith("; no a came later") == (not later)


def test_the_edge_that_is_missing_leads_to_what_did_not_wait() -> None:
    """From what is ready to the text, though the text came first."""
    spawns = [event("task_spawned", TTS, child=f"t-{one}", name="run", task="main") for one in ("w1",)]
    log = log_of(recorded(*spawns, text(), ready("CONNECTION"), ready("SESSION")))
    told = explain(log, order_of(log), only("text-before-ready", log))
    assert told is not None
    assert (told.first, told.second, told.missing_rows) == (3, 5, (5, 3))
    assert told.missing == "B (event 6) → A (event 4)"
    assert told.remedies[0].startswith("wait for B before A goes on")


# --- what was there before ------------------------------------------------------------------


def test_an_edge_outside_the_table_is_shown_with_what_set_the_state_before() -> None:
    """The change that led to where the machine was."""
    one = only(
        "illegal-transition",
        log_of(recorded(step("IDLE", "ACTIVE", worker_id="w1"), [], step("ACTIVE", "IDLE", worker_id="w1"))),
    )
    assert (one.row, one.rows) == (3, (2, 3))


@pytest.mark.parametrize(
    ("begins", "wrong", "rows"),
    [
        (
            event("x", TTS, component_state={"current_worker": "w1"}),
            step("IDLE", "STOPPING", worker_id="w1"),
            (2, 4),
        ),
        (event("x", "c"), step("IDLE", "THINKING", "overseer"), (1, 4)),
    ],
    ids=["a worker is made", "the overseer listens"],
)
def test_a_state_that_nothing_has_set_is_that_of_the_beginning(
    begins: Told, wrong: Told, rows: tuple[int, ...]
) -> None:
    """It is shown, and makes the finding no other one: logs need not have it."""
    one = only("illegal-transition", log_of(recorded(begins, event("x", "c"), wrong)))
    bare = only("illegal-transition", log_of([wrong]))
    assert (one.rows, bare.rows) == (rows, (0,))
    assert one.fingerprint == bare.fingerprint


def test_a_handler_that_raised_is_shown_with_what_it_was_given() -> None:
    """The receive that it began with, by its cause or as the last one of its kind."""
    ends = {"outcome": "error", "error_message": "locked", "task": "h"}
    for named in ({"cause": "p-3"}, {}):
        log = log_of(
            recorded(
                event("message_received", "memory", "SAVE", task="h"),
                event("message_handled", "memory", "SAVE", **ends, **named),
                event("message_published", "overseer", "BEGIN_AI_TURN", turn=2, task="o"),
            )
        )
        one = only("handler-failed", log)
        assert (one.row, one.rows) == (3, (2, 3))
