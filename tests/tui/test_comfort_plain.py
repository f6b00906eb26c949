"""Terminals that cannot show Unicode: what is painted is ASCII, of the same width."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from debugger.tui import pictures
from debugger.tui.plain import to_ascii, wanted
from debugger.tui.text import safe_text
from tests.bench.pty_terminal import Terminal
from tests.tui.comfort import UNUSUAL, SmallApp


@given(st.text(max_size=40) | st.text(alphabet=st.characters(min_codepoint=0x2000, max_codepoint=0x2BFF)))
def test_any_safe_text_becomes_ascii_of_the_same_width(text: str) -> None:
    """Wide glyphs, joined emoji, accents: each takes its cells."""
    safe = safe_text(text)
    plain = to_ascii(safe)
    assert plain.isascii()
    assert plain.isprintable()
    assert len(plain) == cell_len(safe)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("┌─┬─┐", "+-+-+"),
        ("│ ║ ╲", "| | \\"),
        ("╭═╮ ━ ╴╵", "+=+ - -|"),
        ("→ ← ↑ ↓", "> < ^ v"),
        ("✓ ✗ ● ○", "v x # o"),
        ("▶ ■ ▸ ▾ ▌", "> # > v >"),
        ("▁▄█ ░▓", "_-# .%"),
        ("⠀⠁⣿", " .#"),
        ("2× 3µs … ·", "2x 3us . ."),  # noqa: RUF001 - as it is painted
        ("café naïve Å", "cafe naive A"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "cafe"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}宽", "A ??"),
        ("Ж", "?"),
        ("🧑‍🚀!", "??!"),
        ("plain", "plain"),
    ],
)
def test_glyphs_become_what_is_most_like_them(text: str, plain: str) -> None:
    """Boxes stay boxes."""
    assert to_ascii(text) == plain


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        ({}, "utf-8", False),
        ({"LANG": "en_GB.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE@euro"}, "utf-8", False),
        ({"LANG": "C.utf8"}, "utf-8", False),
        ({"LANG": "C"}, "utf-8", True),  # Python says utf-8 for itself
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-1"}, "iso-8859-1", True),
        ({"LANG": "de_DE.no-such-code"}, "utf-8", True),
        ({}, "ascii", True),
        ({"LANG": "C", "LC_CTYPE": "en_GB.UTF-8"}, "utf-8", False),
        ({"LANG": "C", "DOUBLETALK_ASCII": "0"}, "utf-8", False),
        ({"LANG": "en_GB.UTF-8", "DOUBLETALK_ASCII": "1"}, "utf-8", True),
    ],
)
def test_the_environment_tells_what_the_terminal_shows(
    environ: dict[str, str], encoding: str, expected: bool
) -> None:
    """Our own variable first, then the locale, then the encoding of the output."""
    assert wanted(environ, encoding, started_with=environ) is expected


def test_what_python_sets_for_itself_is_not_what_the_user_set() -> None:
    """LANG=C makes it LC_CTYPE=C.UTF-8."""
    coerced = {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    assert wanted(coerced, "utf-8", started_with={"LANG": "C"})
    assert not wanted(coerced, "utf-8", started_with=coerced)
    script = "from debugger.tui.plain import wanted; print(wanted())"
    for more, expected in (({"LANG": "C"}, "True"), ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "False")):
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | more
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environ,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert done.stdout.strip() == expected


async def test_all_that_an_application_paints_passes_the_filter() -> None:
    """Widgets, borders, scrollbars, what one types; widths are kept."""
    pictured = []
    for ascii_only in (False, True):
        app = SmallApp(ascii_only=ascii_only)
        async with app.run_test(size=(80, 20)) as pilot:
            await pilot.pause()
            assert UNUSUAL.split()[0] in pictures.text(app) or ascii_only
            await pilot.press("question_mark")
            await pilot.pause()
            pictured.append(pictures.text(app))
            await pilot.press("slash", "é", "→")
            await pilot.pause()
            assert pictures.text(app).isascii() is ascii_only
    unicode, plain = (picture.splitlines() for picture in pictured)
    assert not "".join(unicode).isascii()
    assert "".join(plain).isascii()
    assert "".join(plain).count("-") > 60  # the frame
    assert "Down" in "".join(plain)  # words, not arrows, on the keys


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [(80, 24), (20, 5)], ids=["80x24", "20x5"])
def test_in_the_c_locale_no_byte_beyond_ascii_reaches_the_terminal(size: tuple[int, int]) -> None:
    """From the first to the last one, with help and palette open in between."""
    root = Path(__file__).resolve().parents[2]
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "TERM": "xterm-256color", "LANG": "C"}
    environ |= {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    with Terminal([sys.executable, "-m", "tests.tui.comfort"], environ, size) as terminal:

        def until_written(text: bytes, since: int = 0) -> None:
            terminal.until(lambda _: text in terminal.written[since:], 60)

        until_written(b"REPLAY")
        terminal.press(b"?")
        until_written(b"In the findings")
        terminal.press(b"q\x10")
        until_written(b"a few")
        terminal.press("é→".encode())
        until_written(b"nothing")
        before = len(terminal.written)
        terminal.press(b"\x07")
        until_written(b"help", before)
        terminal.press(b"q")
        with pytest.raises(EOFError):
            terminal.until(lambda _: False, 60)
        assert terminal.program.wait(60) == 0
    assert [byte for byte in terminal.written if byte > 127] == []
