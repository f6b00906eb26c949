"""Rules files: what they may say, and where they say it wrong."""

from __future__ import annotations

import textwrap
import time
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_logs import event, got, log_of, recorded, said, sent

from debugger.analysis.rules import RulesError, load_rules
from debugger.analysis.rules.load import builtin_text
from debugger.analysis.rules.locate import Path, Places

GOOD = """\
schema = "doubletalk.rules/1"

[fields]
order = "data.order_id"

[events.paid]
where = "message:PAID type:message_published"

[events.shipped]
where = "message:SHIPPED type:message_published"

[[rules]]
id = "pay-first"
title = "shipped before it was paid"
why = "Goods are sent for nothing."
fix = "Await the payment."
per = ["session", "order"]

[[rules.cases]]
pattern = "precedence"
key = ["session", "order"]
first = ["paid"]
then = ["shipped"]
message = "order {order} is shipped before it was {missing}"
"""


def refused(text: str) -> RulesError:
    with pytest.raises(RulesError) as caught:
        load_rules([("mine.toml", text)])
    return caught.value


def test_a_file_adds_rules_that_are_judged_like_the_built_in_ones() -> None:
    """With its own events and fields."""
    rules = load_rules([("mine.toml", GOOD)])
    wrong = recorded(sent("a", "SHIPPED", order_id=7), sent("b", "PAID", order_id=7))
    right = recorded(sent("b", "PAID", order_id=7), sent("a", "SHIPPED", order_id=7))
    assert said(log_of(wrong), rules) == [("pay-first", "violation")]
    assert said(log_of(right), rules) == []


CHANGES = [
    ("[[rules]]", "[[rules]", 12, 8, None),
    ('schema = "doubletalk.rules/1"', 'schema = "doubletalk.rules/9"', 1, 10, None),
    ("[events.paid]\nwhere", "[events.paid]\nwere", 7, 1, "where"),
    ('why = "Goods', 'wy = "Goods', 15, 1, "why"),
    ('pattern = "precedence"', 'pattern = "presedence"', 20, 11, "precedence"),
    ('first = ["paid"]', 'first = ["payed"]', 22, 10, "paid"),
    ('first = ["paid"]', 'frist = ["paid"]', 22, 1, "first"),
    ('then = ["shipped"]', 'then = [\n  # what\n  "shiped",\n]', 25, 3, "shipped"),
    ('key = ["session", "order"]', 'key = ["session", "ordre"]', 21, 19, "order"),
    ("shipped before it was {missing}", "shipped before it was {mising}", 24, 51, "missing"),
    ("type:message_published", "typ:message_published", 7, 23, "type"),
    ('message:PAID type:message_published"', 'message ~ /(a+/"', 7, None, None),
    ('order = "data.order_id"', 'order = "date.order_id"', 4, 9, None),
    ('id = "pay-first"', 'id = "lost-sentinel"', 13, 6, None),
    ('id = "pay-first"', "id = 3", 13, 6, None),
    ('title = "shipped before it was paid"\n', "", 12, 1, None),
    ("", "\n[override.lost-sentinal]\ndisabled = true\n", 26, 1, "lost-sentinel"),
    ("", "\n[overide.x]\n", 26, 1, "override"),
    ("", '\n[[suppress]]\nrule = "x"\nreason = "y"\nuntil = 2030-01-01\n', 27, 8, None),
    ("", '\n[[suppress]]\nrule = "pay-first"\nreason = " "\nuntil = 2030-01-01\n', 28, 10, None),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "suggestion"), CHANGES)
def test_a_mistake_is_refused_with_its_place_and_what_was_meant(
    old: str, new: str, line: int, column: int | None, suggestion: str | None
) -> None:
    """Each of one mistake in a file that is right otherwise."""
    text = GOOD.replace(old, new, 1) if old else GOOD + new
    error = refused(text)
    assert (error.line, error.suggestion) == (line, suggestion), str(error)
    assert column is None or error.column == column, str(error)
    assert str(error).startswith(f"mine.toml:{error.line}:{error.column}: ")
    assert suggestion is None or str(error).endswith(f"did you mean {suggestion!r}?")


def test_a_query_in_a_rules_file_takes_linear_time() -> None:
    """A pattern that explodes elsewhere does not here; what cannot be linear is refused."""
    text = GOOD.replace('message:PAID type:message_published"', 'data.x ~ /^(a+)+$/"')
    rules = load_rules([("mine.toml", text)])
    log = log_of([event("system", "a", x="a" * 20_000 + "!")])
    began = time.process_time()
    said(log, rules)
    assert time.process_time() - began < 5
    assert "back reference" in refused(text.replace("^(a+)+$", r"(a)\\1")).message


@pytest.mark.parametrize("text", ["[" * 3000, "x = " + "[" * 30_000, "a" * 2_000_000, "\0", "x = 1\nx = 2"])
def test_hostile_files_are_refused(text: str) -> None:
    """They are an error with a place, never a crash."""
    assert refused(text).line >= 1


def test_severity_and_rules_are_changed_by_overrides() -> None:
    """Also those of the built-in rules."""
    text = '[override.duplicate-completion]\nseverity = "info"\n[override.lost-sentinel]\ndisabled = true\n'
    rules = load_rules([("mine.toml", text)])
    assert {rule.id for rule in rules.disabled} == {"lost-sentinel"}
    assert next(rule for rule in rules.rules if rule.id == "duplicate-completion").severity == "info"


def test_other_names_of_a_producer_are_mapped() -> None:
    """Messages, components and keys; the contract's own still hold."""
    names = textwrap.dedent("""
        [names.message]
        TTS_WORKER_COMPLETED = "VOICE_GONE"
        CHUNK_RESPONSE = ["SAY"]
        [names.data]
        worker_id = ["voice.id", "vid"]
        [names.component]
        tts_orchestrator = "speaker"
    """)
    rules = load_rules([("names.toml", names)])
    twice = [sent("speaker", "VOICE_GONE", voice={"id": "w1"}), sent("speaker", "VOICE_GONE", vid="w1")]
    assert said(log_of(recorded(*twice)), rules) == [("duplicate-completion", "violation")]
    gone: list[Any] = [
        sent("speaker", "VOICE_GONE", vid="w1", status="cancelled"),
        got("speaker", "SAY", vid="w1"),
    ]
    assert said(log_of(recorded(*gone)), rules)[0] == ("stale-worker-chunk", "violation")


def test_events_may_be_looked_at_between_two_others_only() -> None:
    """What comes outside of the scope is not judged, and what is open at its end is."""
    text = GOOD.replace(
        "[[rules.cases]]",
        '[events.open]\nwhere = "type:open"\n[events.close]\nwhere = "type:close"\n[[rules.cases]]',
    )
    text = text.replace("key = [", 'between = ["open", "close"]\nkey = [')
    rules = load_rules([("mine.toml", text)])
    ship, pay = sent("a", "SHIPPED", order_id=7), sent("b", "PAID", order_id=7)
    assert said(log_of(recorded(ship, pay)), rules) == []
    opened, closed = event("open", "a"), event("close", "a")
    assert said(log_of(recorded(opened, ship, pay, closed)), rules) == [("pay-first", "violation")]
    assert said(log_of(recorded(opened, pay, closed, opened, ship, closed)), rules) == [
        ("pay-first", "violation")
    ]


# --- places ------------------------------------------------------------------------------------


def test_each_place_in_the_built_in_file_is_where_its_key_is() -> None:
    """For all keys and values of all tables."""
    text = builtin_text()
    places, lines = Places(text), text.splitlines()
    count = 0
    for path, value in leaves(tomllib.loads(text), ()):
        key = next(name for name in reversed(path) if isinstance(name, str))
        line, column = places.key(path[: path.index(key) + 1] if path.count(key) == 1 else path)
        assert line >= 1
        line, column = places.value(path)
        rest = lines[line - 1][column - 1 :]
        if isinstance(value, str) and "\n" not in value and "\\" not in value:
            assert rest[1:].startswith(value) or rest.startswith('"""'), (path, rest)
            count += 1
    assert count > 200


def leaves(value: Any, path: Path) -> list[tuple[Path, Any]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, one in enumerate(value) for leaf in leaves(one, (*path, at))]
    return [(path, value)]


WORDS = st.text(st.sampled_from("ab\"'\\\n,]}#=[ é"), max_size=6)


@given(st.lists(st.tuples(st.sampled_from("xyz"), WORDS, st.booleans()), max_size=6))
def test_places_of_strings_are_right_whatever_is_in_them(
    values: list[tuple[str, str, bool]],
) -> None:
    """Quotes, brackets, comments and newlines in strings end nothing."""
    import json

    lines = []
    for number, (name, text, literal) in enumerate(values):
        plain = literal and not set(text) & set("'\n")
        quoted = f"'{text}'" if plain else json.dumps(text)
        lines.append(f"{name}{number} = [ {quoted}, {{ k = {quoted} }} ]  # {name}")
    source = "\n".join(lines)
    assert len(tomllib.loads(source)) == len(values)
    places = Places(source)
    for number, (name, _, _) in enumerate(values):
        assert places.key((f"{name}{number}",)) == (number + 1, 1)
        assert places.value((f"{name}{number}", 0)) == (number + 1, len(f"{name}{number} = [ ") + 1)
        second = places.value((f"{name}{number}", 1, "k"))
        assert lines[number][: second.column - 1].endswith("{ k = ")
