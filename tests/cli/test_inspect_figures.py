"""What stats, turns, query and show print of the sample logs, counted again from plain JSON."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT
from tests.support.commands import say

SAMPLES = sorted((ROOT / "sample_logs").glob("*.jsonl"))
BARGE_IN = ROOT / "sample_logs" / "barge_in.jsonl"

every_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


@cache
def events_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def asked(command: str, path: Path | str, *more: str) -> Any:
    said = say(command, str(path), "--json", *more)
    assert said.code == 0, said.err
    return json.loads(said.out)


def of(path: Path, **wanted: Any) -> list[dict[str, Any]]:
    return [one for one in events_of(path) if all(one.get(name) == value for name, value in wanted.items())]


# --- stats -----------------------------------------------------------------------------


@every_sample
def test_stats_count_what_is_in_the_file(path: Path) -> None:
    """Events, time, sources, sessions, kinds, publishes; nothing is missing from a sample."""
    found = asked("stats", path)
    assert found["schema"] == "doubletalk.stats/1"
    (one,) = found["recordings"]
    events = events_of(path)
    times = [event["timestamp_ns"] for event in events]
    assert one["path"] == str(path)
    assert one["events"] == len(events)
    assert (one["first_timestamp_ns"], one["last_timestamp_ns"]) == (min(times), max(times))
    assert one["seconds"] == pytest.approx((max(times) - min(times)) / 1e9)
    assert set(one["sources"]) == {event["source"] for event in events}
    assert set(one["sessions"]) == {event["session_id"] for event in events} - {None}
    assert one["event_types"] == Counter(event["event_type"] for event in events)
    assert one["messages"] == Counter(
        event["message_type"] for event in of(path, event_type="message_published")
    )
    assert (one["broken_lines"], one["gaps"], one["missing_events"]) == (0, 0, 0)


@every_sample
def test_stats_count_each_component(path: Path) -> None:
    """All its events, what it sent, what it was handed, what it failed at."""
    (one,) = asked("stats", path)["recordings"]
    for told in one["components"]:
        own = of(path, component=told["component"])
        kinds = Counter(event["event_type"] for event in own)
        bad = [event for event in own if event["severity"] == "error" or event["event_type"] == "error"]
        assert told["events"] == len(own)
        assert told["sent"] == kinds["message_published"]
        assert told["received"] == kinds["message_received"]
        assert told["failed"] == len(bad)
    assert {told["component"] for told in one["components"]} == {
        event["component"] for event in events_of(path)
    }


@every_sample
def test_stats_time_the_handlers(path: Path) -> None:
    """Each receive to the end of its handling, by the source's own clock: how many, and the longest."""
    began = {event["id"]: event for event in of(path, event_type="message_received")}
    took: dict[tuple[str, str], list[int]] = {}
    for ended in of(path, event_type="message_handled"):
        begin = began[ended["cause"]]
        key = ended["component"], ended["message_type"]
        took.setdefault(key, []).append(ended["mono_ns"] - begin["mono_ns"])
    (one,) = asked("stats", path)["recordings"]
    told = {(each["component"], each["message"]): each for each in one["handlers"]}
    assert {key: each["count"] for key, each in told.items()} == {
        key: len(all_) for key, all_ in took.items()
    }
    for key, durations in took.items():
        assert told[key]["max_ns"] == max(durations)
        assert told[key]["p50_ns"] <= told[key]["p95_ns"] <= told[key]["max_ns"] * 1.04


def test_the_summary_has_the_figures_of_the_json() -> None:
    """For people, in a table."""
    said = say("stats", str(BARGE_IN))
    lines = said.out.splitlines()
    assert lines[0].split() == ["events", str(len(events_of(BARGE_IN)))]
    audio = of(BARGE_IN, event_type="message_published", message_type="TTS_AUDIO_CHUNK")
    assert ["TTS_AUDIO_CHUNK", str(len(audio))] in [line.split() for line in lines]
    assert said.err == ""


# --- turns -----------------------------------------------------------------------------


@every_sample
def test_turns_are_those_of_the_events(path: Path) -> None:
    """Each with its events, from the first to the last of them; rows count from 1."""
    found = asked("turns", path)
    assert found["schema"] == "doubletalk.turns/1"
    (one,) = found["recordings"]
    rows: dict[tuple[str, int], list[int]] = {}
    for row, event in enumerate(events_of(path), 1):
        if event["turn"] is not None:
            rows.setdefault((event["session_id"], event["turn"]), []).append(row)
    told = {(turn["session"], turn["number"]): turn for turn in one["turns"]}
    assert set(told) == set(rows)
    for key, own in rows.items():
        turn = told[key]
        assert (turn["first_row"], turn["last_row"], turn["events"]) == (own[0], own[-1], len(own))


@every_sample
def test_turns_say_what_was_said_and_how_long_it_took(path: Path) -> None:
    """The transcript; first audio to end of speech, by the times of the events that show them."""
    (one,) = asked("turns", path)["recordings"]
    events = events_of(path)
    for turn in one["turns"]:
        own = {"session_id": turn["session"], "turn": turn["number"], "event_type": "message_published"}
        transcripts = of(path, message_type="COMPLETE_TRANSCRIPT", **own)
        assert turn["said"] == " ".join(event["data"]["text"] for event in transcripts)
        for reached in turn["milestones"].values():
            assert events[reached["row"] - 1]["message_type"] == reached["message"]
            assert reached["timestamp_ns"] <= events[reached["row"] - 1]["timestamp_ns"]
        if turn["total_ns"] is not None:
            heard = turn["milestones"]["first_audio"]["timestamp_ns"]
            assert turn["total_ns"] == heard - turn["milestones"][turn["total_since"]]["timestamp_ns"]
        for before, after in pairwise(turn["stages"]):
            assert before["until"] == after["since"]


@every_sample
def test_only_turns_that_ended_well_count_in_percentiles(path: Path) -> None:
    """What is left out is counted by its kind; percentiles are durations that did occur."""
    (one,) = asked("turns", path)["recordings"]
    latency, well = one["latency"], [turn for turn in one["turns"] if turn["status"] == "ok"]
    totals = sorted(turn["total_ns"] for turn in well if turn["total_ns"] is not None)
    assert latency["turns"] == len(one["turns"])
    assert latency["counted"] == len(totals)
    assert latency["counted"] + sum(latency["excluded"].values()) == latency["turns"]
    assert latency["total"]["p50_ns"] == (totals[(len(totals) - 1) // 2] if totals else None)
    assert latency["total"]["max_ns"] == (totals[-1] if totals else None)


def test_the_interrupted_turn_is_told_as_such() -> None:
    """On a line of its own, and under the table."""
    said = say("turns", str(BARGE_IN))
    first, second = said.out.splitlines()[1:3]
    assert first.split()[:2] == ["s1·1", "interrupted"]
    assert second.split()[:2] == ["s1·2", "ok"]
    assert "1 of 2 turns counted; left out: 1 interrupted" in said.out


# --- query -----------------------------------------------------------------------------


@every_sample
def test_a_query_prints_the_events_as_they_were_recorded(path: Path) -> None:
    """Each in a line, whole, in order."""
    said = say("query", str(path), "component:overseer and type:state_change", "--json")
    assert [json.loads(line) for line in said.out.splitlines()] == of(
        path, component="overseer", event_type="state_change"
    )


@every_sample
def test_a_count_is_of_the_same_events(path: Path) -> None:
    """A number, in a line of its own."""
    said = say("query", str(path), "turn = 1 and data.chunk_index > 2", "--count")
    expected = [event for event in of(path, turn=1) if event["data"].get("chunk_index", 0) > 2]
    assert said.out == f"{len(expected)}\n"


def test_a_limit_holds_over_all_recordings() -> None:
    """The first so many, of all files together."""
    said = say("query", *map(str, SAMPLES), "type:state_change", "--json", "--limit", "20")
    every = [event for path in SAMPLES for event in of(path, event_type="state_change")]
    assert [json.loads(line) for line in said.out.splitlines()] == every[:20]


def test_lines_for_people_name_the_event() -> None:
    """Its number, who, what, the turn, the payload."""
    said = say("query", str(BARGE_IN), "message:AUDIO_OUTPUT_COMPLETE and type:message_published")
    expected = of(BARGE_IN, message_type="AUDIO_OUTPUT_COMPLETE", event_type="message_published")
    lines = said.out.splitlines()
    assert len(lines) == len(expected)
    for line, event in zip(lines, expected, strict=True):
        assert line.startswith(f"#{event['seq']} ")
        assert " audio_output " in line
        assert f" s1·{event['turn']} " in line
        assert f"played={event['data']['played']}" in line


# --- show ------------------------------------------------------------------------------


@every_sample
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_moment_is_the_world_of_all_events_up_to_it(path: Path, share: float) -> None:
    """The event, its causes, its effects, each component's last snapshot in its session, its counts."""
    events = events_of(path)
    row = round(len(events) * share)
    found = asked("show", f"{path}#row={row}")
    event, so_far = events[row - 1], events[:row]
    assert (found["schema"], found["row"], found["rows"]) == ("doubletalk.moment/1", row, len(events))
    assert found["event"] == event
    assert [one["id"] for one in found["effects"]] == [
        one["id"] for one in events if one["cause"] == event["id"]
    ][:100]
    by_id = {one["id"]: one for one in events}
    causes, cause = [], event["cause"]
    while cause is not None:
        causes.append(cause)
        cause = by_id[cause]["cause"]
    assert [one["id"] for one in found["causes"]] == causes
    for told in found["components"]:
        own = [one for one in so_far if one["component"] == told["component"]]
        kinds = Counter(one["event_type"] for one in own)
        assert (told["sent"], told["received"]) == (kinds["message_published"], kinds["message_received"])
        if told["snapshot"] is not None:
            shown = events[told["snapshot"]["row"] - 1]
            assert told["state"] == shown["component_state"]
            later = [
                one for one in events[told["snapshot"]["row"] : row] if one["component"] == told["component"]
            ]
            assert not [
                one
                for one in later
                if one["component_state"]
                and one["event_type"] != "state_read"
                and one["session_id"] == told["session_id"]
            ]
    if event["turn"] is not None:
        assert (found["turn"]["session"], found["turn"]["number"]) == (event["session_id"], event["turn"])
        assert events[found["turn"]["first_row"] - 1]["turn"] == event["turn"]


def test_who_last_changed_a_field_is_named() -> None:
    """With the event that caused the change; the value before it was another one."""
    events = events_of(BARGE_IN)
    found = asked("show", f"{BARGE_IN}#turn=2", "--component", "overseer")
    (one,) = found["components"]
    fields = {field["field"]: field for field in one["fields"]}
    by = fields["state"]["by"]["row"]
    before = [
        event["component_state"]["state"]
        for event in events[: by - 1]
        if event["component"] == "overseer" and "state" in event["component_state"]
    ]
    assert events[by - 1]["component_state"]["state"] == one["state"]["state"]
    assert before[-1] != one["state"]["state"]


@pytest.mark.parametrize("way", ["seq={seq}", "row={seq}", "id={id}", "turn=2"])
def test_a_moment_may_be_named_in_many_ways(way: str) -> None:
    """In the link, or as an option, which counts more."""
    began = of(BARGE_IN, turn=2)[0]
    moment, row = way.format(**began), began["seq"]
    assert asked("show", f"{BARGE_IN}#{moment}")["row"] == row
    assert asked("show", f"{BARGE_IN}#seq=3", "--at", moment)["row"] == row


def test_without_a_moment_it_is_the_end() -> None:
    """The last event."""
    assert asked("show", BARGE_IN)["row"] == len(events_of(BARGE_IN))
