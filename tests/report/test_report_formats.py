"""What each form of a report says, and to whom it does no harm."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from jsonschema import Draft7Validator
from msgspec.structs import replace

from debugger.report import FORMATS, Report, markdown, render
from tests.report.reports import CLEAN, GAP, HOSTILE, PREDICTED, REPORT, STALE, reports
from tests.report.schemas import sarif_schema
from tests.support.examples import tried

SARIF = Draft7Validator(sarif_schema())


def sarif_of(report: Report) -> dict[str, Any]:
    content = json.loads(render(report, "sarif"))
    SARIF.validate(content)
    run: dict[str, Any] = content["runs"][0]
    return run


# --- every form, whatever the text --------------------------------------------------------


@tried(60)
@given(reports())
def test_no_form_lets_text_act_on_a_terminal(report: Report) -> None:
    """No control characters but line ends, and no half of a surrogate pair."""
    for written in (*(render(report, form) for form in FORMATS), markdown(report)):
        written.encode()
        assert not [char for char in written if char != "\n" and not char.isprintable()]


@tried(60)
@given(reports())
def test_sarif_is_valid_whatever_is_in_it(report: Report) -> None:
    """Against the schema of 2.1.0."""
    assert len(sarif_of(report)["results"]) == len(report.findings)


@tried(60)
@given(reports())
def test_junit_is_xml_whose_counts_are_right(report: Report) -> None:
    """Of each suite and of all."""
    root = ET.fromstring(render(report, "junit"))  # noqa: S314 - our own
    failures = len(root.findall("./testsuite/testcase/failure"))
    assert int(root.get("failures", "-1")) == failures
    assert int(root.get("tests", "-1")) == len(root.findall("./testsuite/testcase"))
    assert bool(failures) == report.failing
    for suite in root.iter("testsuite"):
        assert int(suite.get("skipped", "-1")) == len(suite.findall("./testcase/skipped"))


@tried(60)
@given(reports())
def test_every_line_for_github_is_one_command_of_ours(report: Report) -> None:
    """No text of a log begins a command of its own, or adds a property."""
    lines = render(report, "github").splitlines()
    assert len(lines) == len(report.listed)
    for line in lines:
        command = re.fullmatch(r"::(error|warning|notice) ([^:]*)::([^\r\n]*)", line)
        assert command is not None
        names = [part.partition("=")[0] for part in command[2].split(",")]
        assert names in (["file", "title"], ["file", "title", "line"])


@tried(60)
@given(reports())
def test_gitlab_gets_what_is_to_be_looked_at_under_marks_of_their_own(report: Report) -> None:
    """It takes two of one fingerprint for one."""
    issues = json.loads(render(report, "gitlab"))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(report.listed)
    for issue in issues:
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1


# --- text ------------------------------------------------------------------------------------


def test_text_says_what_where_why_and_how_to_mend_the_worst_first() -> None:
    """And what was accepted last, with its reason."""
    written = render(REPORT, "text")
    assert written.startswith(
        "logs/bad.jsonl:120: error: stale-worker-chunk [violation]\n"
        "    audio of worker w1 was played after it had been replaced by w2 (session s1, turn 3)\n"
        "    why    nothing compared the worker of the chunk with the current one\n"
        "      t4  97 ──╮\n"
        "      t9 120 ──╯ nothing orders these\n"
        "    fix    drop chunks whose worker_id is not current_worker\n"
    )
    assert written.index("order-race [predicted] (12 times)") < written.index("accepted: handler-failed")
    assert "accepted because known until the next release" in written


def test_text_names_the_events_that_no_explanation_does() -> None:
    """By line and id, as far as they have them; four of them."""
    finding = replace(STALE, explanation=(), places=STALE.places * 3)
    written = render(Report(inputs=(), findings=(finding,)), "text")
    assert written.count("    event  ") == 4
    assert "    event  line 120 · a-120: TTS_AUDIO_CHUNK received by audio_output\n" in written
    assert "           and 2 more events\n" in written


def test_text_tells_what_is_alike_once_and_names_where_else_it_is() -> None:
    """The same in other sessions and recordings: what it is, why, how to mend it: told once."""
    one = replace(STALE, fingerprint="f")
    alike = [replace(one, path=f"logs/{number}.jsonl", turn=number) for number in range(6)]
    other = replace(one, fingerprint="g")
    written = render(Report(inputs=(), findings=(*alike, other)), "text")
    assert written.count("error: stale-worker-chunk") == 2
    assert (
        "    also   logs/1.jsonl:120 (session s1, turn 1)\n"
        "           logs/2.jsonl:120 (session s1, turn 2)\n"
        "           logs/3.jsonl:120 (session s1, turn 3)\n"
        "           and 2 more (in 2 sessions)\n"
    ) in written
    assert "7 errors" in written


def test_text_says_how_much_is_in_those_that_are_not_named() -> None:
    """How often, in how many sessions and turns."""
    one = replace(STALE, fingerprint="f", times=3)
    alike = [replace(one, session_id=f"s{number // 2}", turn=number) for number in range(10)]
    written = render(Report(inputs=(), findings=tuple(alike)), "text")
    assert "           and 6 more (18 times, in 3 sessions, 6 turns)\n" in written
    bare = [replace(one, session_id=None, turn=None, times=1)] * 9
    assert "           and 5 more\n" in render(Report(inputs=(), findings=tuple(bare)), "text")


def test_text_of_very_many_findings_can_be_read_and_counts_the_rest() -> None:
    """A hundred paragraphs; those about no event come after the others; no line is without end."""
    many = tuple(replace(STALE, fingerprint=str(number)) for number in range(1_000))
    none = replace(STALE, places=(), message="900 more findings")
    long = replace(STALE, fingerprint="l", message="x" * 100_000, why="y " * 100_000)
    written = render(Report(inputs=(), findings=(none, long, *many)), "text")
    assert written.count("error: stale-worker-chunk") == 100
    assert "902 findings more with --format json" in written
    assert "900 more findings" not in written
    assert len(written) < 100_000


def test_text_ends_with_what_was_judged_and_what_was_not() -> None:
    """Never a silent pass."""
    assert render(REPORT, "text").splitlines()[-3:] == [
        "1 error, 2 warnings, 1 accepted in 1,234 events of 2 recordings (0.3 s)",
        "1 recording without full causality, rebuilt as far as it goes: logs/good.jsonl",
        "not judged, because nobody can read them: 2 lines",
    ]
    assert render(CLEAN, "text") == "nothing found in 10 events of 1 recording (0.0 s)\n"


# --- JSON ----------------------------------------------------------------------------------


def test_json_is_the_contract_s() -> None:
    """Names and types of CONTRACT section 3; ids, or line numbers where there are none."""
    content = json.loads(render(REPORT, "json"))
    assert content["schema"] == "doubletalk.report/1"
    assert content["inputs"][1] == {
        "path": "logs/good.jsonl",
        "events": 34,
        "sessions": 1,
        "skipped_lines": 2,
        "causality": "rebuilt",
    }
    race, _, stale, accepted = content["findings"]
    assert race["events"] == [7, 9]
    assert stale["events"] == ["a-120", "a-97"]
    assert (stale["rule"], stale["session_id"], stale["turn"]) == ("stale-worker-chunk", "s1", 3)
    assert accepted["accepted"] == "known until the next release"
    assert content["summary"]["error"] == 1  # what is accepted is not counted
    assert content["summary"]["warning"] == 2
    assert content["summary"]["events"] == 1_234


# --- JUnit ----------------------------------------------------------------------------------


def test_junit_passes_what_was_judged_and_skips_what_was_not() -> None:
    """A case for each rule and recording; warnings are told without failing."""
    root = ET.fromstring(render(REPORT, "junit"))  # noqa: S314 - our own
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    stale = cases["logs/bad.jsonl", "stale-worker-chunk"].find("failure")
    assert stale is not None
    assert "fix    drop chunks" in (stale.text or "")
    assert len(cases["logs/bad.jsonl", "monotone"]) == 0
    assert cases["logs/good.jsonl", "gap"].find("skipped") is not None
    assert cases["logs/good.jsonl", "order-race"].find("failure") is None
    assert cases["logs/good.jsonl", "order-race"].find("system-out") is not None
    assert cases["logs/bad.jsonl", "handler-failed"].find("failure") is None  # accepted


def test_junit_fails_from_the_severity_asked_for_on() -> None:
    """As the exit code does."""
    root = ET.fromstring(render(replace(REPORT, fail_on="warning"), "junit"))  # noqa: S314 - our own
    assert root.get("failures") == "3"


# --- SARIF ----------------------------------------------------------------------------------


def test_a_code_flow_has_a_thread_for_each_task_in_the_order_they_ran() -> None:
    """The decisive event is the result's location, and essential in its thread."""
    stale = sarif_of(REPORT)["results"][2]
    assert stale["locations"][0]["physicalLocation"]["region"] == {"startLine": 120}
    threads = stale["codeFlows"][0]["threadFlows"]
    assert [
        (thread["id"], [step["executionOrder"] for step in thread["locations"]]) for thread in threads
    ] == [
        ("t4", [1]),
        ("t9", [2]),
    ]
    assert threads[1]["locations"][0]["importance"] == "essential"
    assert threads[1]["locations"][0]["executionTimeUtc"] == "2026-11-18T11:06:40.250Z"


def test_sarif_says_what_could_not_be_judged_and_what_was_accepted() -> None:
    """As notifications of the invocation, and as suppressions."""
    run = sarif_of(REPORT)
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"].split(" ")[0] for note in notes] == ["2", "the"]
    assert run["results"][3]["suppressions"][0]["justification"] == "known until the next release"


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        ("logs/a b.jsonl", "logs/a%20b.jsonl"),
        ("/tmp/ü.jsonl", "file:///tmp/%C3%BC.jsonl"),  # noqa: S108 - only a name
        ("a:b.jsonl", "a%3Ab.jsonl"),
        ("x\udcff", "x%FF"),
    ],
)
def test_a_path_is_a_uri_reference_that_leads_to_it(path: str, reference: str) -> None:
    """Whatever its name."""
    finding = replace(STALE, path=path)
    location = sarif_of(Report(inputs=(), findings=(finding,)))["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == reference


# --- GitHub ---------------------------------------------------------------------------------


def test_github_s_lines_are_escaped_as_its_runner_reads_them() -> None:
    """In data: %, CR, LF; in properties ``:`` and ``,`` too."""
    finding = replace(PREDICTED, path="a,b:c.jsonl", message="100%\nsure", why="", fix="")
    written = render(Report(inputs=(), findings=(finding,)), "github")
    assert written == ("::warning file=a%2Cb%3Ac.jsonl,title=order-race (predicted),line=7::100%25%0Asure\n")


def test_the_step_summary_is_a_table_that_no_text_breaks_out_of() -> None:
    """Cells stay cells; no link, no HTML, no mention."""
    finding = replace(STALE, message=HOSTILE, fix="@everyone [x](y)")
    rows = [line for line in markdown(Report(inputs=(), findings=(finding,))).splitlines() if "|" in line]
    assert len(rows) == 3
    assert len(re.findall(r"(?<!\\)\|", rows[2])) == 6
    assert not re.search(r"(?<!\\)[<@\[`]", rows[2])


def test_what_is_accepted_annotates_nothing() -> None:
    """Neither on GitHub nor in GitLab."""
    report = Report(inputs=(), findings=(replace(GAP, suppressed="yes"),))
    assert render(report, "github") == ""
    assert json.loads(render(report, "gitlab")) == []


def test_what_is_for_information_annotates_only_where_it_fails() -> None:
    """A review is no place for notes; the step summary says how many there are, and what would list them."""
    note = replace(PREDICTED, severity="info")
    report = Report(inputs=(), findings=(STALE, note, note))
    strict = replace(report, fail_on="info")
    assert render(report, "github").count("::") == 2
    assert [one["severity"] for one in json.loads(render(report, "gitlab"))] == ["critical"]
    assert "2 of them for information only, which `--fail-on info` would list" in markdown(report)
    assert render(strict, "github").count("::notice ") == 2
    assert [one["severity"] for one in json.loads(render(strict, "gitlab"))] == ["critical", "info", "info"]
    assert "for information only" not in markdown(strict)
