"""`doubletalk doctor` says what is missing and what to do; whatever it is asked about."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from backend.gateway import Gateway
from backend.store.writer import Writer
from backend.tap.hub import Hub
from backend.wire.frames import Hello
from backend.wire.guard import TokenPolicy
from debugger.cli.doctor import installed, machine, servers
from debugger.cli.doctor.diagnosis import Diagnosis, Verdict
from debugger.cli.doctor.recordings import recording, store
from tests.cli.command import ROOT, home
from tests.gateway.feeds import batch
from tests.mux.valkey import Valkey
from tests.operations.backends import backend_of
from tests.store.stored import batches
from tests.support.commands import Said, say

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test
BARGE_IN = ROOT / "sample_logs" / "barge_in.jsonl"


def verdicts(found: list[Diagnosis]) -> dict[str, str]:
    """The worst of each thing."""
    worst: dict[str, Verdict] = {}
    for one in found:
        worst[one.about] = max(worst.get(one.about, Verdict.OK), one.verdict, key=list(Verdict).index)
    return {about: str(verdict) for about, verdict in worst.items()}


async def asked(*words: str) -> tuple[Said, dict[str, dict[str, Any]]]:
    """In a thread, as the server that is asked runs here; and what it says of the only subject."""
    said = await asyncio.to_thread(say, "doctor", *words, "--format", "json")
    (found,) = json.loads(said.out)["subjects"].values()
    return said, {one["about"]: one for one in found}


def test_of_a_machine_it_says_everything_soon_and_loads_nothing_heavy(tmp_path: Path) -> None:
    """Python, extras, models, terminal, port, folders, sound; without importing what it looks for."""
    program = (
        "import sys; from debugger.cli import run; from debugger.cli.app import app\n"
        "sys.argv = ['doubletalk', 'doctor', '--format', 'json']; code = run(app)\n"
        "heavy = {'textual', 'numpy', 'duckdb', 'pyarrow', 'fastapi', 'faster_whisper'} & set(sys.modules)\n"
        "sys.stderr.write(f'{code} {sorted(heavy)}')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=home(tmp_path) | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
    )
    assert run.stderr == "0 []"
    told = json.loads(run.stdout)
    assert (told["schema"], told["sound"]) == ("doubletalk.doctor/1", True)
    found = {one["about"]: one for one in told["subjects"]["this machine"]}
    wanted = {
        "python",
        "extra debugger",
        "extra backend",
        "the voice",
        "terminal",
        "port",
        "settings",
        "data",
    }
    assert wanted <= set(found)
    assert not (tmp_path / "config").exists()  # it looks, and makes nothing


def test_what_is_missing_or_too_old_has_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing is a choice, too old is wrong."""
    lines = ['numpy>=999; extra == "debugger"', 'no-such-thing>=1; extra == "mux"', "msgspec>=0.19"]
    monkeypatch.setattr(installed, "requires", lambda _: lines)
    old, missing = installed.extras()
    assert (old.about, old.verdict) == ("extra debugger", Verdict.PROBLEM)
    assert "which should be 999 or newer" in old.told
    assert (missing.verdict, missing.fix) == (Verdict.NOTE, 'pip install "doubletalk[mux]"')
    assert missing.told == "for events of many machines: no-such-thing is not installed"


def test_tokens_that_others_can_read_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the file that is given, of the variable, and of the files that servers left."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    given = tmp_path / "token"
    given.write_text(TOKEN)
    given.chmod(0o644)
    (wrong,) = machine.tokens(given, {})
    assert (wrong.verdict, wrong.fix) == (Verdict.PROBLEM, f"chmod 600 {given}")
    given.chmod(0o600)
    assert [one.verdict for one in machine.tokens(given, {"DOUBLETALK_TOKEN": TOKEN})] == [Verdict.OK] * 2
    (short,) = machine.tokens(None, {"DOUBLETALK_TOKEN": "short"})
    assert short.verdict is Verdict.PROBLEM
    assert "short" not in short.told.replace("DOUBLETALK_TOKEN", "")
    (gone,) = machine.tokens(tmp_path / "nothing", {})
    assert gone.verdict is Verdict.PROBLEM
    folder = tmp_path / "doubletalk"
    folder.mkdir(mode=0o700)
    (folder / "token-1").write_text(TOKEN)
    (folder / "token-1").chmod(0o640)
    (left,) = machine.tokens(None, {})
    assert left.told == f"others may read {folder / 'token-1'}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says which."""
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    data = [one for one in machine.folders() if one.about == "data"]
    assert data[0].told == f"{tmp_path} cannot be written"


def test_a_folder_beneath_a_file_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a port that is none is."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    data = [one for one in machine.folders() if one.about == "data"]
    assert (data[0].verdict, data[0].told) == (Verdict.PROBLEM, f"{tmp_path / 'file'} is no folder")
    for port in ("x", "70000", "-1", "²"):
        (told,) = machine.ports({"DOUBLETALK_PORT": port})
        assert told.verdict is Verdict.PROBLEM


async def test_of_a_feed_it_says_who_is_let_in_and_what_ails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that is starting, then a degraded one; without the token and with it."""
    monkeypatch.delenv("DOUBLETALK_TOKEN", raising=False)
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN)
    backend = backend_of(tmp_path)
    policy = TokenPolicy(TOKEN, required=True)
    async with Gateway(backend.hub, port=0, policy=policy, operations=backend.operations) as gateway, backend:
        said, found = await asked(gateway.url)
        assert said.code == 1
        assert "a token is needed" in found["feed"]["told"]
        await backend.load()
        words = (gateway.url, "--token-file", str(token_file))
        said, found = await asked(*words)
        assert (said.code, said.err) == (0, "")
        assert {about: one["verdict"] for about, one in found.items()} == dict.fromkeys(
            ("feed", "protocol", "events", "control", "clock", "health"), "ok"
        )
        backend.hub.close()
        said, found = await asked(*words)
        assert said.code == 1


async def test_a_hostile_feed_says_nothing_to_the_terminal() -> None:
    """Whatever it calls itself."""
    hub = Hub()
    hub.write(batch(1, 3, source="\x1b[31mred\x1b[0m"))
    async with Gateway(hub, port=0) as gateway:
        said = await asyncio.to_thread(say, "doctor", str(gateway.port))
    assert said.code == 0
    assert "\x1b" not in said.out


def test_another_protocol_and_another_clock_are_told() -> None:
    """What is within a second or two is the way and the rounding."""
    hello = Hello("doubletalk.feed/9", "s", 1, 4, 4)
    assert verdicts(servers._greeted("ws://x", hello))["protocol"] == "problem"
    now = time.time()
    for ahead, told in ((0, "as ours"), (1, "as ours"), (60, "ahead of ours"), (-60, "behind ours")):
        (clock,) = servers._clock(formatdate(now + ahead, usegmt=True), now, now + 0.2)
        assert told in clock.told
    assert list(servers._clock("yesterday", now, now)) == []


async def test_of_a_stream_server_it_says_what_is_on_it(tmp_path: Path) -> None:
    """An empty one, one with an assistant's events, and none."""
    with Valkey() as server:
        said, found = await asked(server.url)
        assert (said.code, found["server"]["verdict"], found["stream"]["verdict"]) == (0, "ok", "note")
        async with backend_of(tmp_path, bus=server.url):
            pass
        said, found = await asked(server.url)
        assert (said.code, found["stream"]["verdict"]) == (0, "ok")
    said, found = await asked(server.url)
    assert said.code == 1
    assert "nothing listens there" in found["server"]["told"]


def test_of_a_store_it_says_what_is_damaged(tmp_path: Path) -> None:
    """Sound, being written to, without part of its index, torn, and of another version."""
    folder = tmp_path / "store"
    with Writer(folder) as writer:
        writer.write(next(batches(1, 100)).jsonl)
        assert "writes to it" in next(one.told for one in store(folder) if one.about == "writer")
    assert set(verdicts(list(store(folder))).values()) == {"ok"}
    (part,) = folder.rglob("*.parquet")
    content = part.read_bytes()
    part.write_bytes(content[:-4] + b"oops")
    assert verdicts(list(store(folder)))["index"] == "problem"
    part.unlink()
    assert verdicts(list(store(folder)))["index"] == "note"
    (segment,) = (folder / "events").iterdir()
    segment.write_bytes(segment.read_bytes()[:-5])
    assert verdicts(list(store(folder)))["segments"] == "note"
    (folder / "store.json").write_text('{"format": "doubletalk.store/9"}')
    (told,) = store(folder)
    assert (told.about, told.verdict) == ("store", Verdict.PROBLEM)


def test_of_a_recording_it_says_what_is_missing(tmp_path: Path) -> None:
    """Nothing; its end; a line and some events; all of it."""
    assert verdicts(list(recording(str(BARGE_IN)))) == {"recording": "ok", "events": "ok", "end": "ok"}
    lines = BARGE_IN.read_bytes().splitlines(keepends=True)
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(b"".join(lines[:10]) + b"nonsense\n" + b"".join(lines[12:20]))
    found = verdicts(list(recording(str(torn))))
    assert found == {"recording": "ok", "lines": "problem", "events": "problem", "end": "note"}
    torn.write_bytes(b"nonsense\n")
    assert verdicts(list(recording(str(torn)))) == {"recording": "problem"}
    torn.write_bytes(b"")
    assert verdicts(list(recording(str(torn)))) == {"recording": "note"}


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("nothing-here", 2),
        ("http://user:pw@x/", 2),
        ("ftp://x", 2),
        ("\x00", 2),
        ("carrier://x", 2),
        (".", 1),
    ],
)
def test_what_is_none_of_these_is_told_in_a_line(subject: str, code: int) -> None:
    """And exits as wrong usage, or as wrong."""
    said = say("doctor", subject)
    assert said.code == code
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) == (1 if code == 2 else 0)


def test_the_page_shows_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/operations.md, to the letter."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    shown = re.findall(r"^\$ doubletalk ([^\n]*)\n((?:(?!\$)[^\n]*\n)*)", block, re.MULTILINE)
    assert len(shown) == 2
    for command, wanted in shown:
        assert say(*command.split()).out == wanted
