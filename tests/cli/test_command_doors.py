"""What a user hands in that cannot be used: told in one line, with exit code 2, and nothing left behind."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.speech import Pcm, write_wav
from tests.cli.command import call, home, told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--port", "70000"), "port"),
        (("serve", "--host", "0.0.0.0"), "without a token"),  # noqa: S104 - is refused
        (("serve", "--host", "0.0.0.0", "--token-file", "{tmp}/none"), "token file"),  # noqa: S104 - as above
        (("serve", "--host", "192.0.2.1", "--token-file", "{tmp}/token"), "cannot listen on 192.0.2.1"),
        (("serve", "--agents", "{tmp}/none.toml"), "none.toml"),
        (("serve", "--agents", "{tmp}/broken.toml"), "no valid TOML"),
        (("serve", "--wav", "{tmp}/text.wav"), "text.wav"),
        (("serve", "--wav", "{tmp}/empty.wav"), "no audio"),
        (("serve", "--wav", "{tmp}"), "is a directory"),
        (("serve", "--model", "nonsense"), "'nonsense' names no model"),
        (("serve", "--log-level", "loud"), "no log level"),
        (("serve", "--record", "{tmp}/there.jsonl"), "exists"),
        (("serve", "--record", "{tmp}/no/such.jsonl"), "no/such.jsonl"),
        (("serve", "--memory", "{tmp}/text.wav"), "memory"),
        (("serve", "--memory", "{tmp}/text.wav/x.sqlite3"), "memory"),
        (("serve", "--log-file", "{tmp}"), "log file"),
        (("serve", "--microphone", "--wav", "x.wav"), "choose one"),
        (("demo", "--headless", "--conversation", "nonsense"), "there is no conversation 'nonsense'"),
        (("demo", "--headless", "--conversation", "{tmp}/broken.toml"), "no valid TOML"),
        (("demo", "--headless", "--out", "{tmp}/text.wav/x"), "choose another"),
        (("demo", "--headless", "--out", "{tmp}/o", "--model", "nonsense"), "names no model"),
        (("demo", "--headless", "--out", "{tmp}/o", "--agents", "{tmp}/broken.toml"), "no valid TOML"),
        (("demo", "--headless", "--out", "{tmp}/o", "--log-level", "loud"), "no log level"),
        (("demo", "--headless", "--out", "{tmp}/taken"), "cannot replace"),
        (("replay", "{tmp}/none.jsonl"), "none.jsonl"),
        (("replay", "{tmp}"), "directory"),
        (("record", "-o", "{tmp}/there.jsonl"), "exists"),
        (("record", "-o", "{tmp}/no/such.jsonl"), "no/such.jsonl"),
        (("record", "-o", "{tmp}/new.jsonl", "nonsense://x"), "is no feed"),
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
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "taken" / "recording.jsonl").mkdir(parents=True)
    write_wav(tmp_path / "empty.wav", Pcm(np.zeros(0, np.float32), 16_000))
    done = call(*(argument.format(tmp=tmp_path) for argument in arguments), env=home(tmp_path))
    assert done.returncode == 2, done.stderr
    assert words in told(done)
    assert done.stdout == ""


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = call("serve", "--port", str(port), env=home(tmp_path))
    assert done.returncode == 2
    assert str(port) in told(done)
    assert "--port" in told(done)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_start_that_fails_leaves_the_way_free_for_the_next(command: str, tmp_path: Path) -> None:
    """`serve` makes no recording that it would refuse to replace; `demo` keeps the last run's."""
    recording = tmp_path / "recording.jsonl"
    arguments = {
        "serve": ("serve", "--record", str(recording)),
        "demo": ("demo", "--headless", "--out", str(tmp_path)),
    }[command]
    if command == "demo":
        recording.write_text("the last run's")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        done = call(*arguments, "--port", port, env=home(tmp_path))
    assert done.returncode == 2
    assert port in told(done)
    assert recording.exists() == (command == "demo")
    assert not recording.exists() or recording.read_text() == "the last run's"


def test_a_device_that_cannot_be_used_is_told_before_anything_loads(tmp_path: Path) -> None:
    """Without sounddevice or PortAudio: what is missing and what to do, and no feed is opened."""
    if importlib.util.find_spec("sounddevice") is not None:
        with contextlib.suppress(OSError):
            importlib.import_module("sounddevice")
            pytest.skip("this machine has PortAudio")
    for option, device in (("--microphone", "microphone"), ("--loudspeaker", "loudspeaker")):
        done = call("serve", option, env=home(tmp_path))
        assert done.returncode == 2
        assert f"no {device}: " in told(done)
        assert "feed at" not in done.stderr


def test_a_closed_standard_input_is_no_terminal_and_no_pipe(tmp_path: Path) -> None:
    """As some starters of daemons leave it: only ``--stdin`` minds, in one line."""
    command = f"{sys.executable} -m debugger.cli serve --stdin <&-"
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        env=home(tmp_path),
    )
    assert done.returncode == 2
    assert told(done) == "doubletalk: --stdin: standard input is closed"


@pytest.mark.parametrize(
    ("content", "events", "broken", "words"),
    [
        (b"", 0, 0, "no events in it"),
        (b'{"timestamp":1,"event_type":"system","component":"a"}\n{"timest', 1, 1, "damaged.jsonl:2: "),
    ],
    ids=["empty", "torn"],
)
def test_a_damaged_recording_is_counted_and_its_lines_are_named(
    content: bytes, events: int, broken: int, words: str, tmp_path: Path
) -> None:
    """What can be read is; the rest is told with its line number, without sending it to the terminal."""
    path = tmp_path / "damaged.jsonl"
    path.write_bytes(content)
    done = call("replay", str(path))
    assert done.returncode == 0
    counts = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert (int(counts["events"]), int(counts["broken lines"])) == (events, broken)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"What a nice day.\n\x1b[2Jnot JSON\n", "foreign.jsonl:1: "),
        (b'[1]\n{"timestamp":"then"}\n', "foreign.jsonl:2: "),
    ],
    ids=["foreign", "wrong types"],
)
def test_a_file_without_a_single_event_is_no_recording(content: bytes, words: str, tmp_path: Path) -> None:
    """Its lines are named, and the exit code says that there was nothing to read."""
    path = tmp_path / "foreign.jsonl"
    path.write_bytes(content)
    for command in ("replay", "stats", "turns"):
        done = call(command, str(path))
        assert done.returncode == 2
        assert words in done.stderr
        assert "none of the lines is an event" in done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
