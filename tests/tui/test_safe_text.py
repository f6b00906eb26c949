"""Whatever an event says, what reaches the terminal is printable, in one line, and of known width."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from debugger.tui.text import fit, safe_text, shorten, value_text

ANY_TEXT = st.text(st.characters(), max_size=200)  # surrogates and controls too
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(ANY_TEXT)
def test_no_control_or_bidi_character_passes(text: str) -> None:
    """Neither C0, DEL, C1, bidi controls, lone surrogates nor line breaks."""
    safe = safe_text(text)
    assert not set(safe) & set(BIDI)
    assert not [char for char in safe if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    safe.encode()
    assert len(safe) <= 2_000


@given(ANY_TEXT, st.integers(0, 60))
def test_fitted_text_takes_exactly_its_width(text: str, width: int) -> None:
    """Columns stay columns, with wide and combining glyphs too."""
    assert cell_len(fit(safe_text(text), width)) == width
    assert cell_len(shorten(safe_text(text), width)) <= width


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("[red]x[/nope]", "[red]x[/nope]"),
        ("[@click=app.quit]go[/]", "[@click=app.quit]go[/]"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x9b31m", "␦31m"),
        ("a\tb", "a   b"),
        ("two\nlines\r", "two␊lines␍"),
        ("\u202eevil", "⇄evil".replace("⇄", "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}")),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("in\u200bvisible", "in·visible"),
    ],
)
def test_hostile_text_is_shown_as_what_it_is(hostile: str, shown: str) -> None:
    """Markup stays text; what would be acted upon becomes visible."""
    assert safe_text(hostile) == shown


def test_a_megabyte_is_cut() -> None:
    """It ends in an ellipsis, and nothing of it but the beginning is looked at."""
    assert safe_text("x" * 1_000_000, 10) == "xxxxxxxxx…"


def test_values_that_json_cannot_write_are_still_shown() -> None:
    """Lone surrogates, integers beyond 64 bits, deep nesting."""
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    assert value_text({"a": "\ud800"})
    assert "1" * 40 in value_text([int("1" * 40)])
    assert value_text(deep)
