"""Each built-in rule on short logs: broken, kept, and where it cannot be told yet."""

from __future__ import annotations

from typing import Any

import pytest
from rule_logs import Told, event, found, got, log_of, recorded, rules_of, said, sent

TTS, QUEUE, OUT, LLM, BOSS = (
    "tts_orchestrator",
    "text_queue_manager",
    "audio_output",
    "llm_orchestrator",
    "overseer",
)
Steps = list[Told | list[Told]]


def ready(worker: str = "w1", **more: Any) -> list[Told]:
    return [
        sent(TTS, "TTS_CONNECTION_READY", worker_id=worker, **more),
        sent(TTS, "TTS_SESSION_READY", worker_id=worker, **more),
    ]


def text(index: int = 0, worker: str = "w1", **more: Any) -> list[Told]:
    return got(TTS, "CHUNK_RESPONSE", worker_id=worker, chunk_index=index, text="a", is_final=False, **more)


def audio(index: int = 0, worker: str = "w1", **more: Any) -> list[Told]:
    return got(OUT, "TTS_AUDIO_CHUNK", worker_id=worker, audio_index=index, **more)


def done(status: str = "ok", worker: str = "w1", **more: Any) -> Told:
    return sent(TTS, "TTS_WORKER_COMPLETED", worker_id=worker, status=status, **more)


def begun(turn: int = 1) -> Told:
    return sent(BOSS, "BEGIN_AI_TURN", turn=turn)


def complete(turn: int = 1, **more: Any) -> Told:
    return sent(OUT, "AUDIO_OUTPUT_COMPLETE", turn=turn, **more)


def stream(what: str, name: str = "t1", **more: Any) -> Told:
    return sent(LLM, "LLM_EVENT", stream_id=name, event=what, **more)


def step(old: str | None, new: str, who: str = BOSS, **more: Any) -> Told:
    told = {"from": old} if old else {}
    return event("state_change", who, component_state={"state": new}, **told, to=new, **more)


def asked(name: str = "r0", index: int = 0, worker: str = "w1") -> list[Told]:
    told: dict[str, Any] = {"worker_id": worker, "request_id": name, "next_index": index}
    return [sent(TTS, "REQUEST_NEXT_CHUNK", **told), *got(QUEUE, "REQUEST_NEXT_CHUNK", **told)]


def there(index: int = 0) -> Told:
    return sent(QUEUE, "CHUNK_AVAILABLE", chunk_index=index, queued=1)


def answered(name: str = "r0", index: int = 0, worker: str = "w1", *, final: bool = False) -> Told:
    told = {"worker_id": worker, "request_id": name, "chunk_index": index, "is_final": final}
    return sent(QUEUE, "CHUNK_RESPONSE", **told)


def heard(turn: int = 2) -> Steps:
    return [
        got(BOSS, "STT_USER_STARTED_SPEAKING", turn=turn),
        got(OUT, "STT_USER_STARTED_SPEAKING", turn=turn),
    ]


def used(version: int, turn: int = 1, message: str = "PROCESS_USER_INPUT") -> Told:
    return sent(BOSS, message, turn=turn, config_version=version, agent_id=f"agent {version}", worker_id="w1")


def changed(version: int, turn: int = 1) -> list[Told]:
    return got(
        "agent_context", "AGENT_CHANGED", turn=turn, config_version=version, to_agent=f"agent {version}"
    )


def raised(**more: Any) -> list[Told]:
    task = more.setdefault("task", "bad")
    start = event("message_received", LLM, "PROCESS_USER_INPUT", task=task, text="hello")
    return [
        start,
        event("message_handled", LLM, "PROCESS_USER_INPUT", task=task, outcome="error", error="no"),
    ]


BROKEN: dict[str, list[Steps]] = {
    "text-before-ready": [[text(), *ready()], [ready()[0], text(), ready()[1]]],
    "stale-worker-chunk": [
        [ready(), done("cancelled"), audio()],
        [ready(), done("replaced"), text()],
        [done("failed"), audio(1), audio(0, "w2"), audio(2)],
        [begun(1), audio(), begun(2), audio(1)],
        [done("cancelled"), event("x", OUT, component_state={"playing": {"worker_id": "w1", "turn": 1}})],
    ],
    "worker-overlap": [
        [ready(), ready("w2"), done()],
        [ready(), sent(TTS, "TTS_SESSION_COMPLETE", worker_id="w1"), ready("w2"), done()],
        [step("IDLE", "ACTIVE", TTS, worker_id="w1"), step("IDLE", "ACTIVE", TTS, worker_id="w2")],
        [
            ready(),
            event("x", TTS, component_state={"current_worker": "w1"}),
            event("x", TTS, component_state={"current_worker": None}),
            event("x", TTS, timestamp=9.0),
        ],
        [*(event("x", TTS, component_state={"current_worker": one}) for one in ("w1", "w2")), done()],
        [*(event("task_spawned", TTS) | {"data": {"worker_id": one}} for one in ("w1", "w2")), done()],
        [
            ready(),
            *(event("x", TTS, component_state={"current_worker": one}) for one in ("w1", None)),
            asked(),
            done(),
        ],
    ],
    "overlapping-llm-streams": [
        [stream("stream_started"), stream("stream_started", "t2", turn=2)],
        [sent(LLM, "LLM_RAW_CHUNK", stream_id="t1"), sent(LLM, "LLM_RAW_CHUNK", stream_id="t2")],
    ],
    "stale-agent-config": [
        [begun(), used(1), used(2, message="TTS_SESSION_READY")],
        [changed(2), begun(2), used(1, turn=2)],
    ],
    "illegal-transition": [
        [step("IDLE", "THINKING")],
        [step(None, "HUMAN_SPEAKING"), step(None, "BOT_SPEAKING")],
        [step("HUMAN_SPEAKING", "IDLE", reason="the answer was spoken")],
        [step("IDLE", "STOPPING", TTS, worker_id="w1")],
        [event("x", BOSS, component_state={"state": one}) for one in ("IDLE", "BOT_SPEAKING")],
    ],
    "audio-after-complete": [[complete(), audio()]],
    "barge-in-ignored": [
        [begun(1), *heard(), audio()],
        [
            audio(),
            *heard(turn=1),
            event("x", OUT, component_state={"playing": {"worker_id": "w1", "turn": 1, "audio_index": 1}}),
        ],
    ],
    "lost-sentinel": [
        [stream("stream_started"), asked(), stream("stream_finished", finish_reason="stop")],
        [ready(), stream("llm_stream_complete")],
    ],
    "unanswered-request": [
        [there(), asked()],
        [asked(), there(), done()],
        [asked("r0"), asked("r1", 1), there(), answered("r1"), done()],
    ],
    "duplicate-completion": [[done(), done()], [complete(), complete(interrupted=True)]],
    "out-of-order-chunks": [
        [sent(TTS, "TTS_AUDIO_CHUNK", worker_id="w1", audio_index=index) for index in (4, 5, 7)],
        [sent(QUEUE, "CHUNK_RESPONSE", worker_id="w1", chunk_index=index) for index in (1, 0)],
        [audio(0), audio(2)],
    ],
    "handler-failed": [[raised()], [raised(), step("THINKING", "IDLE", reason="over")]],
}

KEPT: dict[str, list[Steps]] = {
    "text-before-ready": [
        [*ready(), text()],
        [asked(), *ready(), text()],
        [text(dropped=True), *ready(), text()],
        [got(TTS, "CHUNK_RESPONSE", worker_id="w1", is_final=True), *ready()],
    ],
    "stale-worker-chunk": [
        [done("cancelled"), audio(dropped=True)],
        [done("ok"), audio()],
        [done("failed"), audio(1), audio(2), audio(0, "w2")],
        [begun(1), audio(), done(), begun(2), audio(1)],
    ],
    "worker-overlap": [
        [ready(), done(), ready("w2"), done(worker="w2")],
        [ready(), sent(TTS, "TTS_SESSION_COMPLETE", worker_id="w1"), ready("w2")],
        [ready(), ready("w2", session_id="s2")],
        [ready(), done(), step("STOPPING", "IDLE", TTS, worker_id="w1"), ready("w2")],
    ],
    "overlapping-llm-streams": [
        [stream("stream_started"), stream(end), stream("stream_started", "t2")]
        for end in ("stream_finished", "stream_cancelled", "stream_error", "llm_stream_error")
    ],
    "stale-agent-config": [
        [begun(), used(1), changed(2), used(1, message="TTS_SESSION_READY"), begun(2), used(2, turn=2)],
    ],
    "illegal-transition": [
        [step("IDLE", "HUMAN_SPEAKING"), step("HUMAN_SPEAKING", "IDLE", reason="cancelled: no words")],
        [step("IDLE", "HUMAN_SPEAKING"), event("error", LLM), step("HUMAN_SPEAKING", "IDLE")],
        [step(None, "BOT_SPEAKING"), step(None, "HUMAN_SPEAKING")],
        [step("IDLE", "ACTIVE", TTS, worker_id="w1"), step("IDLE", "ACTIVE", TTS, worker_id="w2")],
    ],
    "audio-after-complete": [[complete(), audio(dropped=True)], [complete(), audio(turn=2)]],
    "barge-in-ignored": [
        [begun(1), *heard(), audio(dropped=True)],
        [begun(1), audio(), *heard(), begun(2), audio(turn=2)],
        [begun(1), got(BOSS, "STT_USER_STARTED_SPEAKING", turn=2), audio()],
    ],
    "lost-sentinel": [
        [asked(), stream("stream_finished"), answered(final=True)],
        [asked(), stream("stream_finished", finish_reason="tool_calls")],
        [asked(), stream("stream_finished"), done("cancelled")],
        [asked(), answered(final=True), stream("stream_finished"), done()],
    ],
    "unanswered-request": [
        [asked(), there(), answered()],
        [asked(), there(), done("cancelled")],
        [asked(), there(), answered(), asked("r1", 1)],
    ],
    "duplicate-completion": [
        [done(), done(worker="w2")],
        [complete(worker_id="w1"), done("replaced"), complete(worker_id="w2")],
    ],
    "out-of-order-chunks": [
        [sent(TTS, "TTS_AUDIO_CHUNK", worker_id="w1", audio_index=index) for index in (4, 5, 6)],
        [audio(0), audio(5, dropped=True), audio(1)],
    ],
    "handler-failed": [
        [raised(), event("error", "bus")],
        [raised(), sent(BOSS, "SYSTEM_MESSAGE", text="sorry")],
        [raised(), got(LLM, "PROCESS_USER_INPUT", text="hello")],
        [event("error", LLM, task="bad"), raised()],
    ],
}


def cases(told: dict[str, list[Steps]]) -> list[Any]:
    return [
        pytest.param(rule, one, id=f"{rule}-{at}")
        for rule, all_ in told.items()
        for at, one in enumerate(all_)
    ]


@pytest.mark.parametrize(("rule", "steps"), cases(BROKEN))
def test_a_broken_rule_is_a_violation(rule: str, steps: Steps) -> None:
    """Told once, with rows, and with every word of its message filled in."""
    told = [one for one in found(log_of(recorded(*steps))) if one.rule == rule and one.verdict == "violation"]
    assert len(told) == 1
    assert "?" not in told[0].message
    assert told[0].rows


@pytest.mark.parametrize(("rule", "steps"), cases(KEPT))
def test_a_rule_that_is_kept_is_not_told(rule: str, steps: Steps) -> None:
    """What was thrown away, cancelled or answered is correct; so is what another has done."""
    assert (rule, "violation") not in said(log_of(recorded(*steps)))


# Whose state it is, the base format does not say.
SEEN_IN_BASE = [one for one in cases(BROKEN) if one.id != "worker-overlap-2"]


@pytest.mark.parametrize(("rule", "steps"), SEEN_IN_BASE)
def test_the_base_format_is_judged_as_well(rule: str, steps: Steps) -> None:
    """Turns are read from correlations, workers from payloads; where a rule lacks something it says so."""
    told = said(log_of(recorded(*steps), base=True))
    assert {(rule, "violation"), (rule, "integrity")} & set(told)


@pytest.mark.parametrize("rule", ["lost-sentinel", "unanswered-request", "handler-failed"])
def test_what_waits_at_the_end_is_pending_unless_the_session_has_ended(rule: str) -> None:
    """Without an end of the recording, and with one in the middle of a turn."""
    steps = BROKEN[rule][0]
    for ended in (False, True):
        log = log_of(recorded(*steps, ended=ended, session_ended=False))
        of_rule = [one for one in found(log) if one.rule == rule]
        assert [(one.verdict, one.severity) for one in of_rule] == [("integrity", "info")]
        assert rules_of(log).outcome(rule).pending == 1
    log = log_of(recorded(*steps, session_ended=True, ended=False))
    assert rules_of(log).outcome(rule).violated == 1


def test_a_failed_handler_is_told_when_its_turn_is_over() -> None:
    """By the end of the recording the session went on, the turn did not."""
    steps: Steps = [raised(), step("THINKING", "IDLE", reason="over")]
    assert ("handler-failed", "violation") in said(log_of(recorded(*steps, session_ended=False)))


def test_a_rule_that_lacks_what_it_needs_says_so() -> None:
    """Once, with what is missing."""
    bare = [sent(TTS, "TTS_WORKER_COMPLETED", status="ok") for _ in range(3)]
    told = [one for one in found(log_of(recorded(*bare))) if one.rule == "duplicate-completion"]
    assert [one.verdict for one in told] == ["integrity"]
    assert "3 times TTS_WORKER_COMPLETED has no worker" in told[0].message
    never = [one for one in found(log_of(recorded(text()))) if one.rule == "text-before-ready"]
    assert [one.verdict for one in never] == ["integrity"]
    assert "the log has no connection-ready" in never[0].message


def test_what_overlaps_a_hole_is_inconclusive() -> None:
    """The ready that is missing may have been lost; what was seen twice was seen twice."""
    other = ready("w0", session_id="s2")
    several: list[Steps] = [
        [*other, event("system", "debugger", "GAP", from_seq=9, to_seq=12), text()],
        [*other, event("x", TTS, seq=90), text(seq=91)[0]],
    ]
    for events in several:
        told = found(log_of(recorded(*events, session_ended=False)))
        assert [one.verdict for one in told if one.rule == "text-before-ready"] == ["integrity"]
    gap = event("system", "debugger", "GAP", from_seq=9, to_seq=12)
    assert ("duplicate-completion", "violation") in said(log_of(recorded(done(), gap, done())))


def test_a_wait_that_is_too_long_is_told_without_a_further_word() -> None:
    """By the time of the log; but not if what was waited for may be lost."""
    put_away = [event("x", TTS, component_state={"current_worker": one}) for one in ("w1", None)]
    late = event("x", TTS, timestamp=9.0)
    gap = event("system", "debugger", "GAP", from_seq=9, to_seq=12)
    for lost, verdict in (([], "violation"), ([gap], "integrity")):
        log = log_of(recorded(*ready(), *put_away, *lost, late, ended=False, session_ended=False))
        assert ("worker-overlap", verdict) in said(log)


def test_a_dropped_message_that_did_something_was_not_dropped() -> None:
    """Its activation published: it is judged like any other."""
    start, end = audio(dropped=True)
    inside = sent(OUT, "TTS_BOT_STARTED_SPEAKING", task=start["task"])
    assert ("stale-worker-chunk", "violation") in said(
        log_of(recorded(done("cancelled"), start, inside, end))
    )


def test_a_log_of_publishes_alone_is_judged_by_them() -> None:
    """Where no receive is recorded, what is sent counts as delivered."""
    steps = [sent(QUEUE, "CHUNK_RESPONSE", worker_id="w1", chunk_index=0), *ready()]
    assert ("text-before-ready", "violation") in said(log_of(recorded(*steps)))
    assert ("text-before-ready", "violation") in said(log_of(recorded(*steps, ended=False)))


def test_repeats_are_one_finding() -> None:
    """With how often, and rows of some."""
    pieces = [audio(index) for index in range(100)]
    told = [one for one in found(log_of(recorded(complete(), *pieces))) if one.rule == "audio-after-complete"]
    assert len(told) == 1
    assert told[0].times == 100
    assert len(told[0].rows) == 64
