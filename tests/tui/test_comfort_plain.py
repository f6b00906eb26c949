"""Terminals that cannot show Unicode: what is painted is ASCII, of the same width."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from debugger.tui import pictures
from debugger.tui.plain import to_ascii, wanted
from debugger.tui.text import safe_text
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


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, command: list[str], environ: dict[str, str], size: tuple[int, int]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.program = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.written = b""

    def until(self, holds: Callable[[bytes], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not holds(self.written):
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if ready:
                try:
                    self.written += os.read(self.master, 65_536)
                except OSError:  # it has ended
                    break
            assert time.monotonic() < end, self.written[-2_000:]

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        if self.program.poll() is None:
            os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait()
        os.close(self.master)


@pytest.mark.parametrize("size", [(80, 24), (20, 5)], ids=["80x24", "20x5"])
def test_in_the_c_locale_no_byte_beyond_ascii_reaches_the_terminal(size: tuple[int, int]) -> None:
    """From the first to the last one, with help and palette open in between."""
    root = Path(__file__).resolve().parents[2]
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "TERM": "xterm-256color", "LANG": "C"}
    environ |= {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    terminal = Terminal([sys.executable, "-m", "tests.tui.comfort"], environ, size)
    try:
        terminal.until(lambda written: b"REPLAY" in written)
        terminal.press(b"?")
        terminal.until(lambda written: b"In the findings" in written)
        terminal.press(b"q\x10")
        terminal.until(lambda written: b"a few" in written)
        terminal.press("é→".encode())
        terminal.until(lambda written: b"nothing" in written)
        before = len(terminal.written)
        terminal.press(b"\x07")
        terminal.until(lambda written: b"help" in written[before:])
        terminal.press(b"q")
        terminal.until(lambda _: terminal.program.poll() is not None)
    finally:
        terminal.close()
    beyond = [byte for byte in terminal.written if byte > 127]
    assert beyond == []
    assert terminal.program.returncode == 0
