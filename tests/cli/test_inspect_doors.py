"""Ways in and out of stats, turns, query and show: folders, pipes, what cannot be read or asked."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import zstandard
from rich.cells import cell_len

from tests.cli.command import CLI, ROOT, call_anew, told
from tests.support.commands import say
from tests.support.hostile import harm_in
from tests.support.samples import events_of
from tests.support.voicelog import voice_lines

SAMPLE = ROOT / "sample_logs" / "barge_in.jsonl"
COMMANDS = {
    "stats": ("stats", "{}"),
    "turns": ("turns", "{}"),
    "query": ("query", "{}", "severity>=debug"),
    "show": ("show", "{}"),
    "replay": ("replay", "{}"),
}

every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def with_path(command: tuple[str, ...], path: Path | str) -> list[str]:
    return [word.format(path) for word in command]


def only_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


# --- what cannot be read -----------------------------------------------------------------


@every_command
def test_a_recording_that_is_not_there_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    """In one line, exit 2."""
    said = say(*with_path(command, tmp_path / "none.jsonl"))
    assert (said.code, said.out) == (2, "")
    assert only_line(said.err) == f"doubletalk: {tmp_path}/none.jsonl: no such file"


@every_command
def test_a_recording_that_may_not_be_read_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    """As the system says it."""
    path = str(tmp_path / "secret.jsonl")
    opened = os.open

    def refuse(name: str, *more: Any, **named: Any) -> int:
        if name == path:  # the superuser, as whom tests may run, would be let in
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return opened(name, *more, **named)

    with mock.patch.object(os, "open", refuse):
        said = say(*with_path(command, path))
    assert (said.code, said.out) == (2, "")
    assert only_line(said.err) == f"doubletalk: {path}: cannot be opened: Permission denied"


@every_command
def test_what_is_no_recording_ends_with_2(command: tuple[str, ...], tmp_path: Path) -> None:
    """Lines, but none is an event: each is named, and what is wrong as a whole."""
    path = tmp_path / "foreign.txt"
    path.write_bytes(b"Dear diary,\n\x1b[2J\x9b\nI have no events.\n")
    said = say(*with_path(command, path))
    assert (said.code, said.out) == (2, "")
    assert f"{path}:2: " in said.err
    assert said.err.splitlines()[-1] == "doubletalk: none of the lines is an event; is this a recording?"


@every_command
def test_an_empty_recording_is_no_error(command: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing happened in it, which is said; but there is no moment of it to show."""
    path = tmp_path / "empty.jsonl"
    path.touch()
    said = say(*with_path(command, path))
    assert said.code == (2 if command[0] == "show" else 0)
    assert "no events in it" in said.err
    assert "Traceback" not in said.err


@every_command
@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_a_packed_recording_that_was_cut_gives_what_it_has(
    command: tuple[str, ...], packed: str, tmp_path: Path
) -> None:
    """Its beginning, and a line that says that it is damaged; exit 0."""
    content = voice_lines(3, turns=6)
    whole = gzip.compress(content) if packed == "gz" else zstandard.compress(content)
    path = tmp_path / f"cut.jsonl.{packed}"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    said = say(*with_path(command, path))
    if not said.out:  # the first block of it is not whole: nothing could be unpacked
        assert packed == "zst"
    else:
        assert said.code == 0
    assert re.search(r"cut\.jsonl\.\w+: .*(damaged|cut|ends|end)", said.err), said.err


@every_command
def test_dev_null_is_an_empty_recording(command: tuple[str, ...]) -> None:
    """Not a directory, no hang."""
    said = say(*with_path(command, "/dev/null"))
    assert said.code == (2 if command[0] == "show" else 0)


@every_command
def test_a_named_pipe_is_read_to_its_end(command: tuple[str, ...], tmp_path: Path) -> None:
    """As standard input is."""
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    writer = subprocess.Popen(["bash", "-c", f"cat {SAMPLE} > {path}"])
    try:
        said = say(*with_path(command, path))
    finally:
        writer.kill()
        writer.wait()
    assert said.code == 0
    assert said.err == ""
    assert said.out == say(*with_path(command, SAMPLE)).out


# --- folders, several, standard input --------------------------------------------------


def test_a_folder_means_the_recordings_in_it_and_below(tmp_path: Path) -> None:
    """By name, packed ones too; other files are left alone."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.jsonl").write_bytes(voice_lines(1))
    (tmp_path / "deep" / "a.jsonl.gz").write_bytes(gzip.compress(voice_lines(2)))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.compress(voice_lines(3)))
    (tmp_path / "b.jsonl.notes.json").write_text("{}")
    names = ["b.jsonl", "c.jsonl.zst", "deep/a.jsonl.gz"]
    for command in ("stats", "turns"):
        said = say(command, str(tmp_path), "--json")
        assert [one["path"] for one in json.loads(said.out)["recordings"]] == [
            str(tmp_path / n) for n in names
        ]
        assert [line for line in say(command, str(tmp_path)).out.splitlines() if line.startswith("/")] == [
            str(tmp_path / name) for name in names
        ]
    counted = [
        say("query", str(tmp_path / name), "type:error or not type:error", "--count") for name in names
    ]
    together = say("query", str(tmp_path), "type:error or not type:error", "--count")
    assert int(together.out) == sum(int(one.out) for one in counted)


@pytest.mark.parametrize("command", ["stats", "turns", "query"])
def test_a_folder_without_recordings_is_named(command: str, tmp_path: Path) -> None:
    """With the endings that were looked for."""
    said = say(*with_path(COMMANDS[command], tmp_path))
    assert said.code == 2
    assert only_line(said.err) == (
        f"doubletalk: {tmp_path}: no recordings in this folder (.jsonl, .jsonl.gz, .jsonl.zst)"
    )


@pytest.mark.parametrize("name", ["stats", "query"])
def test_a_dash_is_standard_input(name: str) -> None:
    """The same comes out."""
    command = COMMANDS[name]
    done = subprocess.run(
        [*CLI, *with_path(command, "-")], input=SAMPLE.read_bytes(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == say(*with_path(command, SAMPLE)).out


def test_a_standard_input_that_is_closed_is_said() -> None:
    """And no more."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m debugger.cli stats - <&-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert told(done) == "doubletalk: standard input: closed"


# --- pipes and terminals -----------------------------------------------------------------


@pytest.mark.parametrize("words", ["stats {}", "query {} 'severity>=debug' --json", "show {} --json"])
def test_a_reader_that_has_seen_enough_ends_a_command_quietly(words: str) -> None:
    """As ``| head -1`` is: exit 0, no word on stderr."""
    command = f"{sys.executable} -m debugger.cli {words.format(SAMPLE)}"
    script = f"{command} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "environ", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {"TERM": "dumb"}, {"LC_ALL": "C"}]
)
def test_no_command_writes_colours(environ: dict[str, str]) -> None:
    """What is printed is data; where there is no Unicode, it is not an error either."""
    done = call_anew("turns", str(SAMPLE), env={**os.environ, **environ})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "interrupted" in done.stdout


# --- what cannot be asked ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stats",), "Missing argument 'PATH...'"),
        (("stats", "{}", "--jsom"), "No such option: --jsom"),
        (("turns", "--limit", "3", "{}"), "No such option: --limit"),
        (("query", "{}", "turn=1", "--limit", "0"), "Invalid value for '--limit'"),
        (("query", "{}", "turn=1", "--limit", "many"), "Invalid value for '--limit'"),
        (("show",), "Missing argument 'FILE[#MOMENT]'"),
        (("show", "{}", "{}"), "unexpected extra argument"),
        (("shew", "{}"), "No such command 'shew'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_option_is_told_with_the_usage(words: tuple[str, ...], said: str) -> None:
    """Exit 2, nothing on stdout."""
    done = say(*(word.format(SAMPLE) for word in words))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Usage: " in done.err


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        ("turn = 2 and", "and", ""),
        ("component:overseer and (turn = 1", "(", "did you mean '(turn = 1)'?"),
        ("trun = 2", "trun", "did you mean 'turn'?"),
        ("turn = 1 or data.x >", "", "needs a value"),
        ("turn ~ /(/", "/(", ""),
        ("component:a\tand nope = 1", "nope", ""),
        ("component:\u5bbd\u5bbd or nope = 1", "nope", ""),
        ("component:\x1b[31m\u202e\x9b or nope = 1", "nope", ""),
    ],
)
def test_a_mistake_in_a_query_is_shown_at_its_place(query: str, place: str, said: str) -> None:
    """What is wrong, the query, and a caret under where, also behind wide glyphs; exit 2."""
    done = say("query", str(SAMPLE), query)
    assert (done.code, done.out) == (2, "")
    first, shown, caret = done.err.splitlines()
    assert first.startswith("doubletalk: ")
    assert said in first
    assert re.fullmatch(" +\\^", caret)
    assert cell_len(shown[: shown.rindex(place)]) == len(caret) - 1
    assert not harm_in(done.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("query", "turn=1"), "a query is missing: doubletalk query FILE 'severity>=error'"),
        (("query", "{}", "{}"), "is a file; the query comes last: doubletalk query FILE 'severity>=error'"),
        (("query", "{}", "select typ from events"), 'SQL line 1, column 8: Referenced column "typ" '),
        (("show", "{}#seq=99999"), "no event has seq 99999"),
        (("show", "{}", "--at", "row=0"), f"there are rows 1 to {len(events_of('barge_in')):,}, not 0"),
        (("show", "{}", "--at", "yesterday"), "'yesterday' is no moment; write 812 or seq=812"),
        (("show", "{}", "--at", "id=nobody"), "no event has the id 'nobody'"),
        (("show", "{}", "--at", "turn=9"), "no event is of turn 9"),
        (("show", "{}#seq="), "'seq=' is no moment; write 812 or seq=812"),
        (("show", "{}#seq=x"), "seq is a number, not 'x'"),
        (("show", "{}", "--component", "oversear"), "did you mean overseer?; there are tap, main, "),
        (("show", "{}", "--component", "\x1b[2J\u202e"), "; there are tap, main, "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_not_there_is_told_in_one_line(words: tuple[str, ...], said: str) -> None:
    """What, and what to write instead; exit 2."""
    done = say(*(word.replace("{}", str(SAMPLE)) for word in words))
    assert (done.code, done.out) == (2, "")
    line = only_line(done.err)
    assert line.startswith("doubletalk: ")
    assert said in line
    assert line.isprintable()


def test_a_query_that_finds_nothing_says_so() -> None:
    """On stderr, exit 0: nothing is what there is."""
    said = say("query", str(SAMPLE), "turn = 77")
    assert said == (0, "", "no event matches\n")
    assert say("query", str(SAMPLE), "turn = 77", "--count") == (0, "0\n", "")


def test_names_of_files_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    """Whoever unpacks an archive has not chosen them."""
    folder = tmp_path / "bad\x1b[5;7;35m\u202e\nname"
    folder.mkdir()
    good, half = folder / "a\x9b2J.jsonl", os.fsencode(folder / "b") + b"\xff\xfe.jsonl"
    good.write_bytes(voice_lines(1)[:-40])
    with open(half, "wb") as file:  # noqa: PTH123 - no path has bytes that are no text
        file.write(voice_lines(2))
    for words in (("stats",), ("turns",), ("stats", "--json"), ("turns", "--json")):
        said = say(words[0], str(folder), *words[1:])
        assert said.code == 0
        assert not harm_in(said.out + said.err)
        if words[1:]:
            assert len(json.loads(said.out)["recordings"]) == 2
    said = say("show", str(folder / "none.jsonl"))
    assert said.code == 2
    assert only_line(said.err).isprintable()


@pytest.mark.parametrize("command", ["stats", "turns", "show"])
def test_json_names_its_schema(command: str) -> None:
    """First of all."""
    said = say(command, str(SAMPLE), "--json")
    name, schema = next(iter(json.loads(said.out).items()))
    assert name == "schema"
    assert (
        schema
        == {
            "stats": "doubletalk.stats/1",
            "turns": "doubletalk.turns/1",
            "show": "doubletalk.moment/1",
        }[command]
    )


def test_findings_are_told_on_stderr_and_with_their_rows_in_json(tmp_path: Path) -> None:
    """Rows count from 1 in both; those that are nowhere have none."""
    lines: list[Any] = voice_lines(1).splitlines()
    path = tmp_path / "holes.jsonl"
    error = json.loads(lines[40]) | {"event_type": "error", "severity": "error", "id": "e", "seq": 1_000}
    path.write_bytes(b"\n".join([*lines[:20], json.dumps(error).encode(), *lines[21:]]))
    said = say("stats", str(path))
    (finding,) = [
        one
        for one in json.loads(say("stats", str(path), "--json").out)["recordings"][0]["findings"]
        if one["rule"] == "error"
    ]
    assert (finding["row"], finding["rows"]) == (21, [21])
    assert f"reported: {finding['message']} (row 21)" in said.err.splitlines()
    missing = [line for line in said.err.splitlines() if line.startswith("integrity: ")]
    assert missing
