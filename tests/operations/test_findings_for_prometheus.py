"""`check --format prometheus`: what a judge of recordings found, for the collector of text files."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from debugger.report import Report, render
from debugger.report.model import Found, Input
from tests.support.commands import say


def test_findings_are_counted_by_rule_as_often_as_they_came() -> None:
    """Those that somebody accepted are left out; a rule of any name is a label."""
    hostile = 'a"b\\c'
    report = Report(
        inputs=(Input("a.jsonl", 12_345_678, 1, skipped_lines=2),),
        findings=(
            Found("lost-update", "violation", "error", "a.jsonl", "m", times=3),
            Found("lost-update", "violation", "error", "a.jsonl", "other", times=4),
            Found("lost-update", "violation", "error", "a.jsonl", "m", suppressed="known"),
            Found(hostile, "predicted", "warning", "a.jsonl", "m"),
        ),
    )
    told = {
        (one.name, one.labels.get("rule")): one.value
        for family in text_string_to_metric_families(render(report, "prometheus"))
        for one in family.samples
    }
    assert told["doubletalk_check_findings", "lost-update"] == 7
    assert told["doubletalk_check_findings", hostile] == 1
    assert told["doubletalk_check_events", None] == 12_345_678
    assert (told["doubletalk_check_failed", None], told["doubletalk_check_skipped_lines", None]) == (1, 2)


def test_the_command_prints_it() -> None:
    """For a recording without violations: nothing failed."""
    said = say("check", "sample_logs/barge_in.jsonl", "--format", "prometheus")
    assert (said.code, said.err) == (0, "")
    assert "doubletalk_check_failed 0\n" in said.out
