"""However a command ends, it says so in one line and with its exit code; no traceback reaches a user."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.errors import UserError
from backend.speech import Pcm, write_wav
from debugger.cli import run

CLI = [sys.executable, "-m", "debugger.cli"]


def call(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*CLI, *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        **more,
    )


def told(run: subprocess.CompletedProcess[str]) -> str:
    """The only line of ours on stderr."""
    assert "Traceback" not in run.stderr
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("doubletalk: ")]
    return line


def fails_with(error: BaseException) -> Callable[[], None]:
    def app() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UserError("there is\nno such thing"), 2, "doubletalk: there is no such thing"),
        (ExceptionGroup("tasks", [UserError("just this")]), 2, "doubletalk: just this"),
        (ModuleNotFoundError("no", name="textual"), 2, 'pip install "doubletalk[all]"'),
        (RuntimeError("a\nbug"), 3, "internal error: RuntimeError: a bug; please report it"),
        (ModuleNotFoundError("no", name="backend.nowhere"), 3, "internal error"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(7), 7, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_every_end_has_its_exit_code(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usage 2, internal 3, interrupted 130; the text is one line."""
    assert run(fails_with(error)) == code
    printed = capsys.readouterr().err
    assert text in printed
    assert printed.count("\n") <= 1


def test_whoever_stops_reading_is_no_error() -> None:
    """``doubletalk … | head`` ends quietly."""
    command = f"{sys.executable} -m debugger.cli --help | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr


def test_help_and_version_are_data() -> None:
    """On stdout, exit 0; an unknown command is usage, exit 2."""
    assert "replay" in call("--help").stdout
    assert call("--version").stdout.startswith("doubletalk 0.")
    assert call("dance").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--port", "70000"), "port"),
        (("serve", "--host", "0.0.0.0"), "without a token"),  # noqa: S104 - is refused
        (("serve", "--agents", "{tmp}/none.toml"), "none.toml"),
        (("serve", "--wav", "{tmp}/text.wav"), "text.wav"),
        (("serve", "--wav", "{tmp}/empty.wav"), "no audio"),
        (("serve", "--wav", "{tmp}"), "is a directory"),
        (("serve", "--model", "nonsense"), "'nonsense' names no model"),
        (("serve", "--log-level", "loud"), "no log level"),
        (("serve", "--record", "{tmp}/there.jsonl"), "exists"),
        (("serve", "--record", "{tmp}/no/such.jsonl"), "no/such.jsonl"),
        (("serve", "--microphone", "--wav", "x.wav"), "choose one"),
        (("demo", "--headless", "--conversation", "nonsense"), "there is no conversation 'nonsense'"),
        (("demo", "--headless", "--conversation", "{tmp}/broken.toml"), "no valid TOML"),
        (("demo", "--headless", "--out", "{tmp}/text.wav/x"), "choose another"),
        (("replay", "{tmp}/none.jsonl"), "none.jsonl"),
        (("replay", "{tmp}"), "directory"),
        (("record", "-o", "{tmp}/there.jsonl"), "exists"),
        (("attach",), "needs a terminal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_used_is_told_in_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """What, where, and exit 2."""
    (tmp_path / "text.wav").write_text("not a wav")
    (tmp_path / "there.jsonl").touch()
    (tmp_path / "broken.toml").write_text("about = ")
    write_wav(tmp_path / "empty.wav", Pcm(np.zeros(0, np.float32), 16_000))
    done = call(
        *(argument.format(tmp=tmp_path) for argument in arguments), env={**os.environ, **home(tmp_path)}
    )
    assert done.returncode == 2, done.stderr
    assert words in told(done)


def home(tmp_path: Path) -> dict[str, str]:
    """Nothing of a test goes into the user's own folders."""
    return {"XDG_DATA_HOME": str(tmp_path / "data"), "DOUBLETALK_PORT": "0"}


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = call("serve", "--port", str(port), env={**os.environ, **home(tmp_path)})
    assert done.returncode == 2
    assert str(port) in told(done)
    assert "--port" in told(done)


@pytest.mark.models
@pytest.mark.timeout(60)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_served_assistant_stays_usable_without_its_model(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Typed turns end with a word to the user; the feed answers; a signal ends it with a whole recording."""
    recording = tmp_path / "served.jsonl"
    arguments = ["serve", "--stdin", "--fast", "--port", "0", "--record", str(recording)]
    arguments += ["--model", "http://127.0.0.1:9/v1#nobody", "--memory", str(tmp_path / "m.sqlite3")]
    server = subprocess.Popen(
        [*CLI, *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert server.stdin is not None
    assert server.stderr is not None
    address = ""
    try:
        said = []
        server.stdin.write("hello\n")
        for line in server.stderr:
            said.append(line)
            if "feed at " in line:
                address = line.partition("feed at ")[2].partition(";")[0]
            answers = sum("told the user" in each for each in said)
            if "told the user" in line and answers == 1:
                server.stdin.write("/agent nobody\nare you there?\n")
            if answers == 2:
                break
        with urllib.request.urlopen(f"{address}/api/events/stats", timeout=10) as answer:  # noqa: S310 - ours
            assert json.load(answer)["published"] > 0
        server.send_signal(number)
        assert server.wait(20) == code
    finally:
        server.kill()
        rest = server.stderr.read()
    assert "Traceback" not in "".join(said) + rest
    assert any("no agent 'nobody'" in line for line in said)
    events = [json.loads(line) for line in recording.read_bytes().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["message_type"] == "RECORDING_ENDED"
    ends = [event for event in events if event["message_type"] == "SYSTEM_MESSAGE"]
    assert ends
