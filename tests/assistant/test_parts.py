"""The parts of the assistant that need no bus: filter, sentences, arithmetic, agents, logs, settings."""

from __future__ import annotations

import ast
import asyncio
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from backend import logs
from backend.assistant.agent_config import load_agents, render_prompt
from backend.assistant.sentences import SentenceChunker
from backend.assistant.speech_filter import StreamingLLMFilter
from backend.assistant.tools import ToolError, evaluate
from backend.errors import UserError
from backend.settings import load_settings
from backend.tap import turn_scope, within

MARKED_UP = st.lists(
    st.sampled_from(
        (
            "Hello there. ",
            "**bold** ",
            "<think>no, wait</think>",
            "```py\nprint(1)\n```",
            "[a link](http://x.y/z) ",
            "see https://example.org now ",
            "- item\n",
            "two < three ",
            "`code` ",
            "\U0001f600",
            "wide [brackets] stay ",
            "<|im_end|>",
        )
    ),
    max_size=12,
).map("".join)


def _filtered(chunks: list[str]) -> str:
    speech = StreamingLLMFilter()
    return "".join([*(speech.feed(chunk) for chunk in chunks), speech.finish()])


@given(MARKED_UP, st.data())
def test_how_a_stream_is_cut_does_not_change_what_is_spoken(text: str, data: st.DataObject) -> None:
    """Any chunk boundaries, also inside markup, give the same words."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    bounds = [0, *cuts, len(text)]
    chunks = [text[a:b] for a, b in itertools.pairwise(bounds)]
    assert _filtered(chunks).split() == _filtered([text]).split()


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("Assistant: Hi **Ada**!", "Hi Ada!"),
        ("<think>hm</think>Yes.", "Yes."),
        ("Run ```rm -rf /``` now.", "Run now."),
        ("See [the docs](http://a.b/c).", "See the docs."),
        ("See https://a.b/c for more.", "See for more."),
        ("<think>never closed", ""),
        ("1. One\n2. Two", "One Two"),
        ("It is 3.5 < 4.", "It is 3.5 < 4."),
    ],
)
def test_what_cannot_be_spoken_is_left_out(raw: str, spoken: str) -> None:
    """Markup, hidden thoughts, code, addresses and role names; the words around them stay."""
    assert " ".join(_filtered(list(raw)).split()) == spoken


@given(st.lists(st.text(alphabet="ab .!?,\n", max_size=20), max_size=20))
def test_sentences_lose_and_repeat_nothing(texts: list[str]) -> None:
    """All pieces together are the text, but for spaces."""
    chunker = SentenceChunker()
    pieces = [piece for text in texts for piece in chunker.feed(text)] + chunker.finish()
    assert "".join("".join(pieces).split()) == "".join("".join(texts).split())
    assert all(piece.strip() == piece and piece for piece in pieces)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. No has 3.14 apples. Yes.", ["Dr. No has 3.14 apples.", "Yes."]),
        ("Well, this is a rather long beginning, and it goes on.", None),
        ("word " * 100, None),
    ],
)
def test_pieces_end_where_a_speaker_would_breathe(text: str, pieces: list[str] | None) -> None:
    """At sentences; the first at a clause too; a text without an end at a space."""
    chunker = SentenceChunker()
    given_pieces = chunker.feed(text) + chunker.finish()
    if pieces is not None:
        assert given_pieces == pieces
    else:
        assert len(given_pieces) > 1
        assert all(len(piece) <= 220 for piece in given_pieces)


NUMBERS = st.integers(-1000, 1000).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_arithmetic_agrees_with_python(expression: str) -> None:
    """The same value as Python's own, which is only asked here."""
    if len(expression) <= 200:
        assert evaluate(expression) == eval(compile(ast.parse(expression, mode="eval"), "", "eval"))  # noqa: S307 - our own digits


@pytest.mark.parametrize(
    "hostile",
    [
        "2 ** 99999999",
        "open('x')",
        "(1).__class__",
        "[1]",
        "x",
        "",
        "1 +",
        "'a' * 9",
        "True",
        "9" * 300,
        "(" * 150,
    ],
)
def test_anything_but_arithmetic_is_refused(hostile: str) -> None:
    """No names, calls, attributes, powers or strings; nothing runs for long."""
    with pytest.raises(ToolError):
        evaluate(hostile)


def test_agents_speak_to_the_user_by_name(tmp_path: Path) -> None:
    """{{username}} is filled in; a name with backslashes or braces is only a name."""
    assert render_prompt("Hi {{username}} and {{ username }}.", r"A\1{{b}}") == r"Hi A\1{{b}} and A\1{{b}}."
    assert load_agents().default in load_agents().agents


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default = ", "no valid TOML"),
        ('default = "x"\n[agents.y]\nprompt = "p"', "default names the agent 'x'"),
        ('default = "y"\n[agents.y]\nprompt = ""', "agents.y.prompt"),
        ('default = "y"\n[agents.y]\nprompt = "p"\nvoise = 1', "agents.y.voise"),
        ('default = "y"\n[agents.y]\nprompt = "p"\n[users.u]\nagent = "z"', "users.u.agent"),
        ('default = "y"\n[agents.y]\nprompt = "p"\nvoice = {speed = 9}', "agents.y.voice.speed"),
    ],
)
def test_a_broken_agents_file_is_told_with_the_place(tmp_path: Path, text: str, told: str) -> None:
    """One line that names the file and where it is wrong."""
    path = tmp_path / "agents.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"agents\.toml") as refused:
        load_agents(path)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match="cannot read"):
        load_agents(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["port", "history", "log_format"])
def test_an_impossible_setting_is_named(name: str) -> None:
    """One line with the setting's name."""
    with pytest.raises(UserError, match=name):
        load_settings(**{name: -1})


async def test_each_log_line_carries_its_turns_correlation_id(tmp_path: Path) -> None:
    """Also from a task that the turn started; lines outside any turn say so."""
    file = tmp_path / "app.log"
    logs.configure(level="info", file=file, console="none")

    async def later() -> None:
        logger.info("in a task")

    try:
        logger.info("outside")
        with within(turn_scope("s1", "ada", 3, "COMPLETE_TRANSCRIPT")):
            logger.info("inside")
            await asyncio.create_task(later())
        await logger.complete()
    finally:
        logger.remove()
    records = [json.loads(line)["record"] for line in file.read_text().splitlines()]
    stamped = {record["message"]: record["extra"]["correlation_id"] for record in records}
    assert stamped == {
        "outside": "-",
        "inside": "s1_3_COMPLETE_TRANSCRIPT",
        "in a task": "s1_3_COMPLETE_TRANSCRIPT",
    }


def test_an_unknown_log_level_is_told_with_the_known_ones() -> None:
    """One line that lists them."""
    with pytest.raises(UserError, match="info, success, warning"):
        logs.configure(level="loud")
