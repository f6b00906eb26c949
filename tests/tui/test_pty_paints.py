"""The program as it is run: on a terminal of its own, painting what its keys ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.pty_screen import Screen
from tests.bench.pty_terminal import Terminal
from tests.support.samples import SAMPLES, events_of, place_of

ROOT = Path(__file__).parents[2]


def shows(*texts: str) -> Callable[[Screen], bool]:
    return lambda screen: all(text in "\n".join(screen.lines) for text in texts)


@pytest.mark.timeout(90)
def test_a_moment_that_is_typed_is_painted(tmp_path: Path) -> None:
    """Keys in, a screen out: the status line shows the event, the panes its moment, and `q` ends it."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color"}
    environ |= {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "debugger.cli", "replay", str(SAMPLES / "barge_in.jsonl")]
    size = f"{len(events_of('barge_in')):,}"
    row = place_of("barge_in", message_type="AUDIO_OUTPUT_COMPLETE", turn=1)
    with Terminal(command, environ, (160, 48)) as terminal:
        terminal.until(shows(" REPLAY ", f"{size} events"), 60)
        terminal.press(b":")
        terminal.until(shows("go to"), 10)
        terminal.press(f"{row}\r".encode())
        terminal.until(shows(f"#{row} ", f"{row:,} of {size}"), 10)
        terminal.press(b"j")
        terminal.until(shows(f"#{row + 1} ", f"{row + 1:,} of {size}"), 10)
        terminal.press(b"q")
        with pytest.raises(EOFError):
            terminal.until(lambda _: False, 10)
        assert terminal.program.wait() == 0


@pytest.mark.parametrize("cut", [1, 3, 7, 1_000])
def test_a_screen_is_what_was_written_wherever_it_was_cut(cut: int) -> None:
    """Sequences and letters that come in pieces; wide letters; erasing; what is no text."""
    written = "\x1b[?1049h\x1b[2J\x1b[2;3H\x1b[1;31mab\x1b[0m宽c\x1b]0;ti\x1b\\"
    written += "\x1b[1;1Hé→\r\nxyz\x1b[2K\x1b[3;6H!\x1b[D?"
    screen = Screen(8, 3)
    content = written.encode()
    for start in range(0, len(content), cut):
        screen.feed(content[start : start + cut])
    assert [line.rstrip() for line in screen.lines] == ["é→", "", "     ?"]
