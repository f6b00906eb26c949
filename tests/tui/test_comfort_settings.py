"""What is remembered between two starts, and what happens when its files are not as they should be."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.tui import settings
from debugger.tui.settings import Settings, change, load, save

ALL = Settings(
    theme="high-contrast",
    layout={"pane": "events", "shares": {"upper": 40}},
    columns=("time", "component"),
    queries={"late": "data.duration_us > 20ms"},
    seen_hint=True,
)


def test_what_was_chosen_is_there_at_the_next_start(tmp_path: Path) -> None:
    """All fields, in a file that only its owner reads; the folder is made."""
    folder = tmp_path / "new" / "folder"
    assert load(folder) == (Settings(), [])
    assert save(ALL, folder) == []
    assert load(folder) == (ALL, [])
    assert stat.S_IMODE((folder / "settings.json").stat().st_mode) == 0o600


def test_the_folder_is_the_users_or_the_one_of_the_environment(tmp_path: Path) -> None:
    """An empty variable says nothing."""
    assert settings.folder({"DOUBLETALK_CONFIG": str(tmp_path)}) == tmp_path
    assert settings.folder({"DOUBLETALK_CONFIG": ""}).name == "doubletalk"


def test_changing_one_field_leaves_the_others_as_they_are_by_now(tmp_path: Path) -> None:
    """Of this version, and of a newer one."""
    (tmp_path / "settings.json").write_text('{"theme": "doubletalk-light", "of_a_newer_version": [1, 2]}')
    assert change(tmp_path, seen_hint=True) == []
    assert change(tmp_path, columns=("time",)) == []
    found = json.loads((tmp_path / "settings.json").read_text())
    assert found == {
        "theme": "doubletalk-light",
        "of_a_newer_version": [1, 2],
        "seen_hint": True,
        "columns": ["time"],
    }


def test_two_programs_that_write_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    """Each changes its own field, again and again."""
    script = (
        "import sys; from pathlib import Path; from debugger.tui.settings import change\n"
        "name, folder = sys.argv[1], Path(sys.argv[2])\n"
        "for n in range(60):\n"
        "    assert not change(folder, **{name: {str(n): str(n)}})\n"
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", script, name, str(tmp_path)])
        for name in ("layout", "queries")
    ]
    assert [program.wait(60) for program in programs] == [0, 0]
    found, problems = load(tmp_path)
    assert (found.layout, found.queries, problems) == ({"59": "59"}, {"59": "59"}, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".settings.json.lock", "settings.json"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{torn", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"[" * 5_000 + b"]" * 5_000, "not JSON"),
        (b" " * (1 << 20) + b"{}", "over 1 MiB"),
    ],
    ids=["torn", "binary", "a list", "deep", "large"],
)
def test_a_file_that_is_no_settings_file_is_told_in_one_line_and_kept(
    tmp_path: Path, content: bytes, why: str
) -> None:
    """The program has what it comes with; the next choice is written, and the broken file is beside it."""
    file = tmp_path / "settings.json"
    file.write_bytes(content)
    found, problems = load(tmp_path)
    assert found == Settings()
    assert len(problems) == 1
    assert problems[0].startswith(f"{file}: ")
    assert why in problems[0]
    assert "\n" not in problems[0]
    assert file.read_bytes() == content
    assert change(tmp_path, theme="high-contrast") == []
    assert load(tmp_path) == (Settings(theme="high-contrast"), [])
    assert (tmp_path / "settings.json.bak").read_bytes() == content


def test_a_second_broken_file_does_not_replace_the_first_one_that_was_kept(tmp_path: Path) -> None:
    """Both are there."""
    for content in (b"{one", b"{two"):
        (tmp_path / "settings.json").write_bytes(content)
        assert change(tmp_path, seen_hint=True) == []
    assert (tmp_path / "settings.json.bak").read_bytes() == b"{one"
    assert (tmp_path / "settings.json.bak2").read_bytes() == b"{two"


def test_one_field_of_the_wrong_type_costs_only_itself(tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "settings.json").write_text('{"theme": 5, "seen_hint": true, "columns": "time"}')
    found, problems = load(tmp_path)
    assert found == Settings(seen_hint=True)
    assert [problem.split(": ")[1].split()[0] for problem in problems] == ["theme", "columns"]


def test_what_cannot_be_read_or_written_is_a_line_and_no_crash(tmp_path: Path) -> None:
    """A folder in its place, a pipe in its place, a file where the folder should be."""
    (tmp_path / "settings.json").mkdir()
    assert len(load(tmp_path)[1]) == 1
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "settings.json")
    assert "not a file" in load(tmp_path / "pipe")[1][0]
    (tmp_path / "file").touch()
    assert len(load(tmp_path / "file")[1]) == 2
    told = change(tmp_path / "file" / "below", theme="x")
    assert len(told) == 1
    assert "cannot be written" in told[0]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Homes are kept in repositories."""
    (tmp_path / "kept").mkdir()
    real = tmp_path / "kept" / "mine.json"
    real.write_text("{}")
    (tmp_path / "settings.json").symlink_to(real)
    assert change(tmp_path, theme="high-contrast") == []
    assert (tmp_path / "settings.json").is_symlink()
    assert json.loads(real.read_text()) == {"theme": "high-contrast"}


def test_keys_are_read_from_a_file_that_is_never_written(tmp_path: Path) -> None:
    """With dots or as tables; and what is no TOML is told."""
    file = tmp_path / "keys.toml"
    file.write_text('# mine\n[keys]\ntime.play = "p"\n"move.cause" = ["e", "ctrl+e"]\n')
    found, problems = load(tmp_path)
    assert (found.keys, problems) == ({"time.play": "p", "move.cause": ["e", "ctrl+e"]}, [])
    assert save(found, tmp_path) == []
    assert file.read_text().startswith("# mine")
    for content in (b"keys = 5", b"[keys\n", b"\xff"):
        file.write_bytes(content)
        found, problems = load(tmp_path)
        assert found.keys == {}
        assert len(problems) == 1
        assert "keys.toml" in problems[0]
    with pytest.raises(TypeError):
        change(tmp_path, keys={})


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_content_of_the_files_is_too_strange(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Loading and changing go on; each problem is one line."""
    folder = tmp_path_factory.mktemp("strange")
    for name in ("settings.json", "keys.toml"):
        (folder / name).write_bytes(content)
    _, problems = load(folder)
    assert all(problem.isprintable() for problem in problems)
    assert change(folder, seen_hint=True) == []
    assert load(folder)[0].seen_hint
