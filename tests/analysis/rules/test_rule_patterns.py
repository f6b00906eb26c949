"""Each pattern, on random logs, against what it means; and however the log is cut."""

from __future__ import annotations

from collections.abc import Callable

import naive_rules as naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_rules import Happened
from rule_logs import VOICE, Told, append, event, log_of, recorded, rules_of

from debugger.analysis.findings import Finding
from debugger.analysis.order import Order
from debugger.analysis.rules import Rules, RuleSet, load_rules
from debugger.log import EventLog
from tests.support.examples import tried
from tests.support.voicelog import voice_lines, voice_log

HEAD = (
    "".join(f'[events.{name}]\nwhere = "type:{name}"\n' for name in "abcde")
    + """
[fields]
k = "data.k"
v = "data.v"
"""
)

CASES = {
    "precedence": 'first = ["a"]\nthen = ["b"]',
    "absence": 'after = ["a", "c"]\nnever = ["b"]\nunless = ["d"]',
    "once": 'event = ["a"]\nat_most = 2',
    "monotone": 'event = ["a"]\nvalue = "v"\nstep = "one"',
    "live": 'begin = ["a"]\nend = ["b"]\nitem = "v"',
    "response": 'request = ["a"]\nanswer = ["b"]\nexcuse = ["c"]\n'
    'until = [{ event = "d", key = ["session"] }]',
    "transitions": 'event = ["a"]\nexcuse = ["c"]\nto = "state"\nrest = "S0"\n'
    'edges = { S0 = ["S1"], S1 = ["S2"], S2 = ["S0"] }',
    "freshness": 'set = [{ event = "a", key = ["session"] }]\nbegin = ["c"]\nuse = ["b"]\nfields = ["v"]',
}
MEANS: dict[str, Callable[[naive.Log], naive.Bad]] = {name: getattr(naive, name) for name in CASES}


def rule_of(pattern: str) -> RuleSet:
    key = '["session"]' if pattern == "live" else '["session", "k"]'
    per = '["session", "v"]' if pattern == "live" else '["session", "k"]'
    text = (
        f'{HEAD}state = "data.s"\n[[rules]]\nid = "r"\ntitle = "t"\nwhy = "w"\nfix = "f"\nper = {per}\n'
        f'[[rules.cases]]\npattern = "{pattern}"\nkey = {key}\n'
        f'message = "{{session}}/{{{per[13]}}}"\n{CASES[pattern]}\n'
    )
    return load_rules([("r.toml", text)], builtin=False)


RULES = {pattern: rule_of(pattern) for pattern in CASES}


@st.composite
def logs(draw: st.DrawFn) -> naive.Log:
    kinds = st.tuples(
        st.sampled_from("aaabbccde"), st.sampled_from(["s1", "s2"]), st.sampled_from("xyz"), st.integers(0, 2)
    )
    return [Happened(row, *one) for row, one in enumerate(draw(st.lists(kinds, max_size=24)))]


def told_of(log: naive.Log) -> list[Told]:
    sessions = sorted({one.session for one in log})
    return [
        *(event("subscribed", "c", "X", session_id=session, turn=None) for session in sessions),
        *(
            event(one.kind, "c", session_id=one.session, k=one.key, v=one.value, s=f"S{one.value}")
            for one in log
        ),
        *(event("unsubscribed", "c", "X", session_id=session, turn=None) for session in sessions),
    ]


@pytest.mark.parametrize("pattern", CASES)
@given(log=logs())
@tried(50)
def test_a_pattern_finds_what_it_means(pattern: str, log: naive.Log) -> None:
    """Neither more nor less than its meaning, by session and key."""
    rules = rules_of(log_of(told_of(log)), RULES[pattern], order=False)
    found = {tuple(one.message.split(";")[0].split("/")) for one in rules.all() if one.verdict == "violation"}
    assert found == MEANS[pattern](log)


# --- pieces --------------------------------------------------------------------------------------


def in_pieces(lines: list[bytes], sizes: list[int]) -> tuple[Finding, ...]:
    """The findings of a log that grows by some rows at a time, judged after each."""
    from backend.events import decode_line

    log = EventLog()
    order = Order(log)
    rules = Rules(log, VOICE, order=order)
    at = 0
    while at < len(lines):
        size = sizes[at % len(sizes)]
        log.append_many(lines[at : at + size], [decode_line(line) for line in lines[at : at + size]])
        at += size
        order.take(len(log))
        while not rules.complete:
            rules.advance(lambda: 0, 0)
    rules.finish()
    return rules.all()


@given(st.lists(st.integers(1, 700), min_size=1, max_size=5), st.integers(0, 3))
@tried(4)
def test_findings_do_not_depend_on_the_pieces_that_a_log_comes_in(sizes: list[int], seed: int) -> None:
    """Those of a log with something wrong in it: a tenth of its events is missing."""
    lines = [line for at, line in enumerate(voice_lines(seed, turns=2).splitlines()) if at % 10]
    whole = in_pieces(lines, [len(lines)])
    assert whole
    assert in_pieces(lines, sizes) == whole


def test_a_log_that_forgets_is_judged_as_it_was_seen() -> None:
    """What was found stays found, with its words, when the rows are gone; what is known stays bounded."""
    twice = [
        event(
            "message_published",
            "tts_orchestrator",
            "TTS_WORKER_COMPLETED",
            session_id=f"s{number}",
            worker_id="w",
            status="ok",
        )
        for number in range(300)
        for _ in range(2)
    ]
    whole, bounded = log_of(twice), EventLog(max_rows=100)
    rules = Rules(bounded, VOICE, live=True)
    for start in range(0, len(twice), 50):
        append(bounded, twice[start : start + 50])
        rules.advance(lambda: 0, 10**9)
    assert bounded.first_row > 0
    assert rules.all() == at_once(whole)


def at_once(log: EventLog) -> tuple[Finding, ...]:
    rules = Rules(log, VOICE, live=True)
    rules.advance(lambda: 0, 10**12)
    return rules.all()


def test_rows_that_were_forgotten_unseen_are_a_hole() -> None:
    """A worker whose readiness may have been among them is not accused."""
    log = EventLog(max_rows=64)
    quiet = [event("x", "c", session_id="s1") for _ in range(300)]
    append(log, quiet)
    rules = Rules(log, VOICE, live=True)
    ready = event("message_published", "t", "TTS_SESSION_READY", worker_id="w0")
    text = event("message_received", "t", "CHUNK_RESPONSE", worker_id="w1", task="h")
    append(log, [ready, text, event("message_handled", "t", "CHUNK_RESPONSE", task="h", outcome="ok")])
    rules.advance(lambda: 0, 10**12)
    assert [one.verdict for one in rules.all() if one.rule == "text-before-ready"] == ["integrity"]


def test_a_million_findings_are_capped_with_their_number() -> None:
    """The first thousand of a rule are told, the others counted."""
    rules = RULES["once"]
    events = [event("a", "c", session_id="s", k=f"k{number}") for number in range(1200) for _ in range(3)]
    found = rules_of(log_of(recorded(*events)), rules, order=False).all()
    assert len(found) == 1001
    assert "200 more findings of r" in [one.message for one in found]


def test_the_seed_of_the_model_matters() -> None:
    """So that the logs above are not all the same."""
    assert len({len(voice_log(seed, turns=2)) for seed in range(4)}) > 1
