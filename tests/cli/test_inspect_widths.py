"""Tables on a terminal: no line is longer than it is wide. A pipe gets everything."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.cli.inspect.printing import fitted
from debugger.tui.text import width_of
from tests.cli.command import CLI, ROOT, call
from tests.support.samples import place_of

BARGE_IN = str(ROOT / "sample_logs" / "barge_in.jsonl")
STOPPED = f"{BARGE_IN}#seq={place_of('barge_in', message_type='AUDIO_OUTPUT_COMPLETE', turn=1)}"
COMMANDS = {
    "stats": ("stats", BARGE_IN),
    "turns": ("turns", BARGE_IN),
    "query": ("query", BARGE_IN, "turn = 2 component:audio_output"),
    "show": ("show", STOPPED, "--component", "audio_output"),
    "show all": ("show", STOPPED),
}


def on_terminal(arguments: tuple[str, ...], columns: int) -> list[str]:
    """What a command writes to a terminal of so many columns."""
    reader, writer = os.openpty()
    command = [*CLI, *arguments]
    environ = {**os.environ, "COLUMNS": str(columns), "LINES": "24"}
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL, env=environ) as program:
        os.close(writer)
        pieces = []
        while True:
            try:
                piece = os.read(reader, 65_536)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            pieces.append(piece)
        assert program.wait(60) == 0
    os.close(reader)
    return b"".join(pieces).decode().splitlines()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_line_on_a_terminal_is_longer_than_that_is_wide(command: tuple[str, ...]) -> None:
    """And through a pipe nothing is cut or left out."""
    lines = on_terminal(command, 80)
    assert len(lines) > 2
    assert max(map(width_of, lines)) <= 80
    piped = call(*command).stdout.splitlines()
    first = {line.split()[0] for line in piped if line}
    assert first <= {line.split()[0] for line in lines if line}  # what a line is about is not cut


def test_columns_that_find_no_room_are_told() -> None:
    """On stderr, with where they are."""
    reader, writer = os.openpty()
    done = subprocess.run(
        [*CLI, *COMMANDS["turns"]],
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", "LINES": "24"},
        timeout=60,
    )
    os.close(writer)
    os.close(reader)
    assert b"no room for" in done.stderr
    assert b"--json" in done.stderr
    assert call(*COMMANDS["turns"]).stderr == ""


@given(
    st.lists(st.integers(1, 72), min_size=1, max_size=9),
    st.integers(10, 200),
    st.sets(st.integers(0, 8)),
    st.lists(st.integers(0, 8), unique=True),
)
def test_columns_fit_if_they_can(wanted: list[int], room: int, fixed: set[int], spare: list[int]) -> None:
    """Numbers are never cut, only what may be is left out, and nothing without need."""
    count = len(wanted)
    spare = [one for one in spare if one < count][: count - 1]
    widths = fitted(wanted, room, [one for one in fixed if one < count], spare)
    assert set(range(count)) - set(spare) <= set(widths)
    taken = sum(widths.values()) + 2 * (len(widths) - 1)
    whole = sum(wanted) + 2 * (count - 1)
    assert all(widths[one] == wanted[one] for one in widths if one in fixed)
    assert all(width <= wanted[one] for one, width in widths.items())
    if whole <= room:
        assert widths == dict(enumerate(wanted))
    elif taken > room:
        assert not set(spare) & set(widths)
        assert all(widths[one] <= 12 for one in widths if one not in fixed)
