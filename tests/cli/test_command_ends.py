"""However a command ends, it says so in one line and with its exit code; no traceback reaches a user."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import typer

from backend.errors import UserError
from debugger.cli import run
from tests.cli.command import CLI, ROOT, call_anew, told


def fails_with(error: BaseException) -> Callable[[], None]:
    def app() -> None:
        raise error

    return app


@pytest.mark.parametrize("through_typer", [False, True])
@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UserError("there is\nno such thing"), 2, "doubletalk: there is no such thing"),
        (ExceptionGroup("tasks", [UserError("just this")]), 2, "doubletalk: just this"),
        (ModuleNotFoundError("no", name="textual"), 2, 'pip install "doubletalk[all]"'),
        (RuntimeError("a\nbug"), 3, "internal error: RuntimeError: a bug; please report it"),
        (ModuleNotFoundError("no", name="backend.nowhere"), 3, "internal error"),
        (KeyboardInterrupt(), 130, ""),
        (EOFError("cut off"), 3, "internal error: EOFError: cut off"),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (BaseExceptionGroup("tasks", [KeyboardInterrupt()]), 130, ""),
        (SystemExit(7), 7, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_every_end_has_its_exit_code(
    error: BaseException,
    code: int,
    text: str,
    *,
    through_typer: bool,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Usage 2, internal 3, interrupted 130; the text is one line, whatever typer makes of the error."""
    monkeypatch.setattr(sys, "argv", ["doubletalk"])
    with open_files_kept():
        assert run(command_of(fails_with(error)) if through_typer else fails_with(error)) == code
    lines = [line for line in capfd.readouterr().err.splitlines() if line and line != "Aborted!"]
    assert len(lines) == bool(text)
    assert text in "".join(lines)


def command_of(function: Callable[[], None]) -> typer.Typer:
    """A command line as ours is made, of one command."""
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    made.command()(function)
    return made


@contextlib.contextmanager
def open_files_kept() -> Iterator[None]:
    """A broken pipe redirects stdout to nowhere and has typer wrap both streams: undo that."""
    streams, kept = (sys.stdout, sys.stderr), os.dup(1)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        os.dup2(kept, 1)
        os.close(kept)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("replay", "{samples}/barge_in.jsonl")])
def test_whoever_stops_reading_is_no_error(arguments: tuple[str, ...]) -> None:
    """``doubletalk … | head`` ends quietly with exit 0, as findings are exit 1."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [*CLI, *(argument.format(samples=ROOT / "sample_logs") for argument in arguments)]
        done = subprocess.run(
            command, check=False, stdout=writer, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_and_version_are_data() -> None:
    """On stdout, exit 0, nothing on stderr."""
    for argument, text in (("--help", "replay"), ("--version", "doubletalk 0.")):
        done = call_anew(argument)
        assert (done.returncode, done.stderr) == (0, "")
        assert text in done.stdout


@pytest.mark.parametrize("arguments", [("dance",), ("--dance",), ("serve", "--dance"), ("replay",), ()])
def test_a_wrong_call_is_usage(arguments: tuple[str, ...]) -> None:
    """Exit 2, nothing on stdout, and how it is called on stderr."""
    done = call_anew(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_but_the_tap_is_installed() -> None:
    """A missing package of somebody else's is named with what installs it, in one line."""
    code = "import sys; sys.modules['typer'] = None; from debugger.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert told(done) == (
        'doubletalk: this needs typer, which is not installed; get it with: pip install "doubletalk[all]"'
    )
