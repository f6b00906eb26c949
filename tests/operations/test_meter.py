"""What is counted of a tap's events, and that nobody's names make it grow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from backend.events import Event, encode_lines
from backend.models import Scripted
from backend.operations.health import Report
from backend.operations.meter import MOST_COMPONENTS, MOST_KINDS, Meter
from backend.operations.metrics import Metrics, Watched
from backend.operations.operations import Operations
from backend.tap import Batch, Scope, Tap
from backend.tap.hub import Hub
from tests.operations.backends import Voice, talking

NOTHING = Report("ok", ready=True, services={}, dependencies={})


def batch(*events: Event) -> Batch:
    return Batch.encoded(encode_lines(list(events)), 1, len(events))


def event(event_type: str, message_type: str | None = None, **more: Any) -> Event:
    return Event(1.0, event_type, more.pop("component", "overseer"), message_type, **more)


def turn(message_type: str, at: float, number: int = 1, **data: Any) -> Event:
    """A message of a turn, `at` seconds."""
    return event(
        "message_published",
        message_type,
        session_id="s1",
        turn=number,
        mono_ns=round(at * 1e9),
        data=data,
    )


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """All that is told, by name and values of labels."""
    body, _ = metrics.scraped("", NOTHING)
    return {
        (one.name, tuple(one.labels.values())): one.value
        for family in text_string_to_metric_families(body.decode())
        for one in family.samples
    }


async def test_a_talk_is_counted_as_it_went(tmp_path: Path) -> None:
    """Three turns, of which one fails at the model and one at the voice; all events, errors and handlers."""
    answers = [
        Scripted((), error="the weights are gone"),
        Scripted(("Then it breaks.",)),
        Scripted(("Yes.",)),
    ]
    async with talking(
        tmp_path, ("hello", "and now?", "at last?"), answers, voice=Voice(fail_on="breaks")
    ) as backend:
        backend.tap.drain()
        found = samples(backend.operations.metrics)
        emitted = backend.hub.published
    events = {label: value for (name, label), value in found.items() if name == "doubletalk_events_total"}
    assert sum(events.values()) == emitted
    assert events["error",] == 3
    assert found["doubletalk_errors_total", ("tts_orchestrator",)] == 2
    assert found["doubletalk_sessions", ()] == 1
    handled = {
        labels: v for (name, labels), v in found.items() if name == "doubletalk_handled_messages_total"
    }
    assert sum(handled.values()) == events["message_handled",]
    runs = {labels: v for (name, labels), v in found.items() if name == "doubletalk_handler_seconds_count"}
    assert sum(runs.values()) == events["message_handled",]
    assert found["doubletalk_turn_answer_seconds_count", ()] >= 1
    assert sum(v for (name, _), v in found.items() if name == "doubletalk_turns_total") == 3
    assert found["doubletalk_turns_total", ("failed",)] >= 1
    assert found["doubletalk_bus_messages_total", ()] == events["message_published",]
    assert found["doubletalk_ready", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_turns_are_timed_from_the_words_to_the_first_sound() -> None:
    """Once a turn; one that never speaks is not timed, one that was not seen beginning is not counted."""
    meter = Meter()
    meter.write(
        batch(
            turn("COMPLETE_TRANSCRIPT", 10.0),
            turn("TTS_BOT_STARTED_SPEAKING", 10.6),
            turn("TTS_BOT_STARTED_SPEAKING", 19.0),
            turn("AUDIO_OUTPUT_COMPLETE", 12.0),
            turn("COMPLETE_TRANSCRIPT", 20.0, 2),
            turn("AUDIO_OUTPUT_COMPLETE", 21.0, 2, interrupted=True),
            turn("COMPLETE_TRANSCRIPT", 30.0, 3),
            turn("SYSTEM_MESSAGE", 31.0, 3, level="error"),
            turn("AUDIO_OUTPUT_COMPLETE", 32.0, 3),
            turn("AUDIO_OUTPUT_COMPLETE", 33.0, 9),
        )
    )
    assert meter.turns == {"answered": 1, "interrupted": 1, "failed": 1}
    assert meter.answers.total == pytest.approx(0.6)
    assert dict(meter.answers.buckets())["0.75"] == 1
    assert dict(meter.answers.buckets())["0.5"] == 0


def test_growth_findings_and_full_mailboxes_are_counted() -> None:
    """Whoever tells them."""
    meter = Meter()
    meter.write(
        batch(
            event("system", "NODE_ADD"),
            event("system", "NODE_ADD"),
            event("system", "TASK_COMPLETE"),
            event("system", "FINDING", data={"rule": "lost-update"}),
            event("system", "FINDING", data={"rule": ["no", "name"]}),
            event("error", "TEXT_CHUNK", data={"error_type": "MailboxFull"}),
        )
    )
    assert meter.growth == {"node.add": 2, "task.complete": 1}
    assert meter.findings == {"lost-update": 1, "other": 1}
    assert meter.undelivered == 1


def test_hostile_names_make_no_more_series_than_there_is_room_for() -> None:
    """Thousands of components, long and with control characters: few labels, and each event is counted."""
    operations = Operations(Hub(), Tap("app"))
    meter = operations.meter
    for start in range(0, 6_000, 500):
        meter.write(
            batch(
                *(
                    event(
                        f"type {number}" if number % 2 else "message_handled",
                        f"M{number}",
                        component=f'"\\\n\x1b[31m{number}' + "x" * 300,
                        data={"outcome": f"odd {number}", "duration_us": 10},
                    )
                    for number in range(start, start + 500)
                )
            )
        )
    body, kind = operations.metrics.scraped("", NOTHING)
    assert kind.startswith("text/plain")
    text = body.decode()
    assert "\x1b" not in text
    assert len(text) < 300_000
    found = samples(operations.metrics)
    runs = {label: v for (name, label), v in found.items() if name == "doubletalk_handler_seconds_count"}
    assert len(runs) == MOST_COMPONENTS + 1
    assert sum(runs.values()) == 3_000
    assert found["doubletalk_events_total", ("other",)] == 3_000
    assert found["doubletalk_events_total", ("message_handled",)] == 3_000
    assert found["doubletalk_folded_names_total", ()] > 0
    assert len(meter._kinds) == MOST_KINDS


def test_payloads_of_any_shape_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A string for a duration, a list for an outcome, no object at all: counted as far as they go."""
    meter = Meter()
    for data in (
        {"duration_us": "soon", "outcome": ["ok"]},
        {"duration_us": -5},
        {"duration_us": 1e30, "outcome": "ok"},
        {"duration_us": None, "outcome": "ok", "dropped": True},
    ):
        meter.write(batch(event("message_handled", data=data)))
    broken = b'{"event_type":"error","component":"a"}\n{"event_type":7,"component":"a"}\nnot json\n'
    meter.write(Batch.encoded(broken, 1, 3))
    odd = b'{"event_type":"message_handled","component":"a","data":[1]}\n'
    meter.write(Batch.encoded(odd, 4, 1))
    assert meter.handled == {
        ("overseer", "other"): 2,
        ("overseer", "ok"): 1,
        ("overseer", "dropped"): 1,
        ("a", "other"): 1,
    }
    assert meter.handlers == {}
    assert (meter.unread, meter.errors) == (2, {"a": 1})
    assert capsys.readouterr().err == ""


def test_names_that_are_none_do_not_end_the_counting() -> None:
    """A list, a number, a session that is one: as they come from a program, before they are encoded."""
    meter, odd = Meter(), cast("Any", None)
    with Tap("app", sinks=(meter,)) as tap:
        tap.emit("message_handled", cast("Any", ["a", "list"]), "X", {"outcome": "ok"})
        tap.emit("message_handled", cast("Any", 7), cast("Any", 8), {"outcome": "ok", "duration_us": 1})
        tap.emit("error", "a", odd, {"component": 5, "error_type": []}, severity="error")
        tap.emit(
            "message_published", "a", "COMPLETE_TRANSCRIPT", {}, scope=Scope(cast("Any", 5), None, odd, None)
        )
        tap.emit("message_published", "a", "AFTER")
        tap.drain()
        assert tap.sink_errors == ()
    assert meter.unread == 1 + 1  # the list, and the turn of a session that is a number
    assert meter.handled == {("7", "ok"): 1}
    assert meter.events["message_published"] == 2


def test_what_is_at_hand_counts_as_what_is_decoded() -> None:
    """The same numbers, whether a batch brings its events or only their lines."""

    class Both:
        def __init__(self) -> None:
            self.whole, self.lines = Meter(), Meter()

        def write(self, batch: Batch) -> None:
            assert batch.at_hand
            self.whole.write(batch)
            self.lines.write(Batch.encoded(batch.jsonl, batch.first_seq, len(batch)))

        def close(self) -> None:
            pass

    both = Both()
    with Tap("app", sinks=(both,)) as tap:
        for number in range(50):
            scope = Scope("s1", "ada", number)
            tap.emit("message_published", "user_session", "COMPLETE_TRANSCRIPT", {}, scope=scope)
            tap.emit("message_handled", "overseer", "X", {"outcome": "ok", "duration_us": number})
            tap.emit("message_published", "audio_output", "TTS_BOT_STARTED_SPEAKING", {}, scope=scope)
            ended = {"interrupted": number % 2 == 0}
            tap.emit("message_published", "audio_output", "AUDIO_OUTPUT_COMPLETE", ended, scope=scope)
    whole, lines = both.whole, both.lines
    assert whole.events == lines.events
    assert whole.turns == lines.turns == {"answered": 25, "interrupted": 25, "failed": 0}
    assert whole.handled == lines.handled
    assert whole.answers.buckets() == lines.answers.buckets()
    assert whole.handlers["overseer"].buckets() == lines.handlers["overseer"].buckets()


def test_openmetrics_where_that_is_asked_for() -> None:
    """As Prometheus itself does."""
    body, kind = Metrics(Watched(Hub())).scraped("application/openmetrics-text; version=1.0.0", NOTHING)
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_counting_costs_little_of_a_core() -> None:
    """Under 8 µs an event even on a machine that does other things; docs/operations.md has the figure."""
    lines = (Path(__file__).parents[2] / "sample_logs" / "three_turns.jsonl").read_bytes()
    count = lines.count(b"\n")
    meter = Meter()
    began = time.process_time_ns()
    for _ in range(5):
        meter.write(Batch.encoded(lines, 1, count))
    assert (time.process_time_ns() - began) / (5 * count) < 8_000
