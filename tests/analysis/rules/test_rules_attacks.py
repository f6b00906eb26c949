"""Rules files that mean harm: refused at once, in one line that says where."""

from __future__ import annotations

import time

import pytest

from debugger.analysis.rules import RulesError, load_rules

EVENT = '[events.e]\nwhere = "message:X"\n'
RULE = '[[rules]]\nid = "x"\ntitle = "t"\nwhy = "w"\nfix = "f"\n'
CASE = '[[rules.cases]]\npattern = "once"\nkey = ["session"]\nevent = ["e"]\n'
WHOLE = EVENT + RULE + CASE
SECONDS = 5  # of CPU time; what is quadratic takes a hundred

ATTACKS = {
    "a number of five thousand digits": ("schema = " + "9" * 5_000, "1:10: too large a number"),
    "a number that no count is": (WHOLE + "at_most = " + "9" * 40, "12:11: Expected `int` <= 1000000"),
    "a count below nothing": (WHOLE + "at_most = -1", "12:11: Expected `int` >= 0"),
    "a number that is none": (WHOLE + "at_most = nan", "12:11: Expected `int`, got `float`"),
    "arrays in arrays": ("schema = " + "[" * 100_000, "1:1: nested too deeply"),
    "tables in tables": ("x = " + "{a=" * 5_000 + "1" + "}" * 5_000, "1:1: nested too deeply"),
    "a key of many parts": (".".join("a" * 50_000) + " = 1", "1:1: a key of more than 32 parts"),
    "a header of many parts": ("[" + ".".join("a" * 50_000) + "]", "1:2: a key of more than 32 parts"),
    "parts that are quoted": ('"a".' * 9_999 + "a = 1", "1:1: a key of more than 32 parts"),
    "a query of brackets": (
        '[events.e]\nwhere = "' + "(" * 50_000 + '"',
        "2:10010: a query has 10,000 characters at most",
    ),
    "an expression that repeats too much": (
        '[events.e]\nwhere = "data.x ~ /' + "a{1000}" * 60 + '/"\n',
        "2:20: the repetitions make the regular expression too large",
    ),
    "an id for a terminal": (
        WHOLE.replace('id = "x"', 'id = "\\u001b[31mx"'),
        "4:6: a rule's id is letters, digits, '.', '_' and '-', 64 characters at most",
    ),
    "a span of more than a day": (
        '[override.slow-handler]\nwithin = "999999999999999999h"\n',
        "2:10: '999999999999999999h' is no span of time, such as 200ms, up to 24h",
    ),
    "a span for what has none": (
        '[override.duplicate-completion]\nwithin = "1s"\n',
        "2:1: the rule 'duplicate-completion' has no span of time",
    ),
    "a key that is nearly one": (
        '[override.slow-handler]\nwithn = "1s"\n',
        "2:1: unknown key 'withn'; did you mean 'within'?",
    ),
    "two megabytes": ("#" + "x" * 2_000_000, "1:1: more than 1,048,576 characters"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_in_one_line_that_says_where(name: str) -> None:
    """Within seconds, whatever its size."""
    text, message = ATTACKS[name]
    began = time.process_time()
    with pytest.raises(RulesError) as refused:
        load_rules([("rules.toml", text)])
    assert str(refused.value) == f"rules.toml:{message}"
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('x = "' + "a." * 500_000 + '"', id="a string of dots"),
        pytest.param('x = "' + "a" * 1_000_000 + '"', id="one long word"),
        pytest.param("#" + "\"'" * 500_000, id="quotes in quotes"),
        pytest.param("#" + "a . " * 250_000 + "=", id="a comment like a key"),
    ],
)
def test_a_large_file_takes_a_time_that_grows_with_its_length(text: str) -> None:
    """Whether it is refused or not."""
    began = time.process_time()
    try:
        load_rules([("rules.toml", text)])
    except RulesError as refused:
        assert len(str(refused).splitlines()) == 1  # noqa: PT017 - some are fine
    assert time.process_time() - began < SECONDS


def test_a_byte_order_mark_and_windows_lines_are_nothing() -> None:
    """As in recordings."""
    assert len(load_rules([("rules.toml", "\ufeff" + WHOLE.replace("\n", "\r\n"))]).rules) == 19
