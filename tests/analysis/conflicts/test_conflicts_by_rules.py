"""What a rules file says of conflicts: what must not change places, and what a rule judges by itself."""

from __future__ import annotations

import datetime as dt

import pytest

from debugger.analysis.findings import Finding
from debugger.analysis.judge import judge
from debugger.analysis.rules import RulesError, RuleSet, load_rules
from tests.analysis.conflicts.conflict_logs import Story
from tests.analysis.order_programs import log_of

RULE = """
[events.opened]
where = "message:OPEN"

[[rules]]
id = "opened-once"
title = "it is opened once"
why = "why"
fix = "fix"
{more}

[[rules.cases]]
pattern = "once"
key = ["session"]
event = ["opened"]
"""


def rules(*texts: str) -> RuleSet:
    return load_rules([(f"{number}.toml", text) for number, text in enumerate(texts)])


def told(story: Story, with_rules: RuleSet) -> list[Finding]:
    """What is predicted of it, generic as it is."""
    verdict = judge(log_of(story.events), with_rules, dt.date(2026, 1, 1))
    return [one for one in verdict.findings if one.rule == "order-race"]


def two_messages() -> Story:
    """Two tasks publish to one component, which declares that its handlers run side by side."""
    story = Story()
    for kind in ("OPEN", "TEXT"):
        data = {"message_type": kind, "mode": "concurrent"}
        story.tell("subscribed", None, "shop", message_type=kind, data=data)
    sent = [
        story.tell("message_published", f"p/{kind}", "user", message_type=kind) for kind in ("OPEN", "TEXT")
    ]
    for number, (kind, cause) in enumerate(zip(("OPEN", "TEXT"), sent, strict=True)):
        story.tell("message_received", f"p/h{number}", "shop", message_type=kind, cause=cause)
        story.tell("state_change", f"p/h{number}", "shop", writes=["shop.door.state"])
        story.tell("message_handled", f"p/h{number}", "shop", message_type=kind)
    return story


def test_messages_that_a_rules_file_pairs_must_not_change_places() -> None:
    """By the names that it has for them; of another component it says nothing."""
    story = two_messages()
    for made in story.events:
        made.pop("writes", None)
    assert told(story, rules()) == []
    found = told(story, rules('[[pairs]]\nmessages = ["OPEN", "TEXT"]'))
    assert [one.severity for one in found] == ["warning"]
    assert found[0].message == "OPEN and TEXT reach shop in an order that nothing guarantees"
    mapped = '[names.message]\nBEGIN = "OPEN"\n\n[[pairs]]\nmessages = ["TEXT", "BEGIN"]\ncomponent = "shop"'
    assert len(told(story, rules(mapped))) == 1
    elsewhere = '[[pairs]]\nmessages = ["OPEN", "TEXT"]\ncomponent = "till"'
    assert told(story, rules(elsewhere)) == []


@pytest.mark.parametrize(
    ("covers", "severity"),
    [
        ("", "warning"),
        ('covers = [{ component = "shop" }]', "info"),
        ('covers = [{ component = "shop", keys = ["door"] }]', "info"),
        ('covers = [{ component = "shop", keys = ["doo"] }]', "warning"),
        ('covers = [{ component = "shop", messages = ["TEXT", "OPEN", "SHUT"] }]', "info"),
        ('covers = [{ component = "shop", messages = ["TEXT", "SHUT"] }]', "warning"),
        ('covers = [{ component = "till" }]', "warning"),
        ('covers = [{ component = "shop" }]\ndisabled = true', "warning"),
    ],
)
def test_what_a_rule_judges_by_itself_is_a_note(covers: str, severity: str) -> None:
    """As far as it says, and while it is not turned off."""
    (found,) = told(two_messages(), rules(RULE.format(more=covers)))
    assert found.severity == severity
    assert ("a rule looks at this order by itself" in found.why) == (severity == "info")


def test_a_pair_of_one_message_is_refused_with_its_place() -> None:
    """It takes two."""
    with pytest.raises(RulesError, match=r"0\.toml:2:\d+: .*length >= 2"):
        rules('[[pairs]]\nmessages = ["OPEN"]')
