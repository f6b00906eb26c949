"""Rules of users in the debugger: the commands that judge take them in the same way, and find the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.errors import UserError
from debugger.analysis.judge import judge
from debugger.analysis.rules import load_rules
from debugger.checking.one import rule_files
from debugger.judging import Asked, Elsewhere
from tests.cli.command import ROOT, call, told
from tests.judging.judgings import TODAY, file_log, finished

LOG = ROOT / "docs" / "races" / "lost-update.jsonl"
RULES = """
schema = "doubletalk.rules/1"

[events.transcript]
where = "message:COMPLETE_TRANSCRIPT type:message_published"

[events.asked]
where = "message:PROCESS_USER_INPUT type:message_received"

[events.weather]
where = "message:NO_SUCH_MESSAGE"

[[rules]]
id = "no-weather-report"
title = "a transcript without a weather report"
why = "Nobody goes out without one."
fix = "Report the weather."
severity = "error"

[[rules.cases]]
pattern = "response"
key = ["session"]
request = ["transcript"]
needs = ["asked"]
answer = ["weather"]
within = "1ms"
message = "no weather report"
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "weather.toml"
    path.write_text(RULES)
    return path


@pytest.mark.parametrize("command", [("attach",), ("replay", str(LOG)), ("show", "--findings", str(LOG))])
def test_a_mistake_is_told_where_it_is_whoever_is_given_the_file(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """As `check` tells it: line, column, what was perhaps meant, and exit code 2."""
    path = tmp_path / "wrong.toml"
    path.write_text(RULES.replace("severity", "severty"))
    run = call(*command, "--rules", str(path))
    assert (run.returncode, run.stdout) == (2, "")
    with pytest.raises(UserError) as refused:  # what `check` says
        rule_files([path])
    assert told(run) == f"doubletalk: {refused.value}"
    assert f"{path}:18:1: unknown key 'severty'; did you mean 'severity'?" in told(run)


def test_what_they_find_is_listed(rules: Path) -> None:
    """By `show --findings`; of anything else that `show` tells they are no part."""
    run = call("show", "--findings", "--json", "--rules", str(rules), str(LOG))
    found = [one["rule"] for one in json.loads(run.stdout)["findings"]]
    assert "no-weather-report" in found
    run = call("show", "--rules", str(rules), str(LOG))
    assert (run.returncode, told(run)) == (2, "doubletalk: --rules is of --findings: give both")


def test_the_findings_pane_shows_them(rules: Path, tmp_path: Path) -> None:
    """With the built-in ones."""
    picture = tmp_path / "pane.svg"
    run = call("replay", str(LOG), "--rules", str(rules), "--pane", "findings", "--screenshot", str(picture))
    assert run.returncode == 0, run.stderr
    drawn = picture.read_text().replace("&#160;", " ")
    assert "no-weather-report" in drawn
    assert "lost-update" in drawn


def test_the_process_that_judges_goes_by_them(rules: Path) -> None:
    """And knows what they say; so it does when the text is longer than what a pipe holds at once."""
    rules.write_text(RULES + "# \n" * 40_000)
    log, source = file_log(LOG)
    judging = Elsewhere(log, Asked(TODAY, rules=rule_files([rules])))
    try:
        found = [one[0] for one in finished(judging, log)]
        assert "no-weather-report" in found
        assert "Nobody goes out without one." in judging.found.texts["no-weather-report"]
    finally:
        judging.stop()
        source.close()


def test_what_never_came_is_not_put_down_to_the_order_of_what_did(rules: Path) -> None:
    """Whatever the rule is called: it is of a pattern that waits."""
    log, source = file_log(LOG)
    verdict = judge(log, load_rules(rule_files([rules])), TODAY)
    source.close()
    found = [one for one in verdict.findings if one.rule == "no-weather-report"]
    assert found
    assert all(len(one.rows) > 1 and one.overdue and not one.explanation for one in found)
    others = [one for one in verdict.findings if one.rule == "lost-update"]
    assert others
    assert all(one.explanation and not one.overdue for one in others)
