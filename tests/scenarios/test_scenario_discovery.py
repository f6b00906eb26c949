"""Scenarios are found as tests are; what is wrong with a user's file is one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import UserError
from backend.scenarios import Play
from backend.scenarios.discovery import built_in, find, find_one, named

ONE = """
from backend.scenarios import scenario

@scenario
async def one_thing(scene):
    "One."
"""
TWO = ONE + "\n@scenario(rule='lost-update')\nasync def another(scene): ...\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def names(found: object) -> list[str]:
    return [one.scenario.name for one in found]  # type: ignore[attr-defined]


def test_a_built_in_one_is_found_by_its_name() -> None:
    """And once only."""
    assert [found.scenario for found in named(["lost-update", "three-turns", "lost-update"])] == [
        scenario for scenario in built_in() if scenario.name in {"lost-update", "three-turns"}
    ]


def test_those_of_a_file_are_found_by_its_path(tmp_path: Path) -> None:
    """All in their order, or the one behind ``::``, by its name or its function's."""
    path = write(tmp_path / "any_name.py", TWO)
    assert names(find(str(path))) == ["one-thing", "another"]
    for name in ("one-thing", "one_thing"):
        found = find_one(f"{path}::{name}")
        assert found.name == f"{path}::one-thing"
        assert found.scenario.variants == ("fixed",)
        assert find_one(found.name) == found


def test_those_of_a_folder_are_in_files_that_are_named_for_it(tmp_path: Path) -> None:
    """``scenario_*.py`` and ``*_scenarios.py``, at any depth; files of the same name are two."""
    write(tmp_path / "scenario_a.py", ONE)
    write(tmp_path / "deep" / "er" / "scenario_a.py", TWO)
    write(tmp_path / "chat_scenarios.py", ONE)
    write(tmp_path / "other.py", "raise ValueError")
    assert names(find(str(tmp_path))) == ["one-thing", "one-thing", "another", "one-thing"]
    assert len({found.name for found in find(str(tmp_path))}) == 4


def test_a_file_imports_what_lies_beside_it_and_in_its_package(tmp_path: Path) -> None:
    """As under pytest: a lone file its neighbours, a file in a package its siblings."""
    write(tmp_path / "beside_it.py", "NAME = 'from-beside'")
    lone = write(
        tmp_path / "lone_scenarios.py",
        "from beside_it import NAME\nfrom backend.scenarios import scenario\n"
        "@scenario(name=NAME)\nasync def one(scene): ...\n",
    )
    write(tmp_path / "a_package" / "__init__.py", "")
    write(tmp_path / "a_package" / "sibling.py", "NAME = 'from-sibling'")
    inside = write(
        tmp_path / "a_package" / "scenario_in.py",
        "from .sibling import NAME\nfrom backend.scenarios import scenario\n"
        "@scenario(name=NAME)\nasync def one(scene): ...\n",
    )
    assert names([*find(str(lone)), *find(str(inside))]) == ["from-beside", "from-sibling"]


def test_one_is_found_in_a_module_of_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``package.module:name``."""
    write(tmp_path / "a_project" / "__init__.py", "")
    write(tmp_path / "a_project" / "races.py", TWO)
    monkeypatch.chdir(tmp_path)
    assert names(find("a_project.races:another")) == ["another"]
    with pytest.raises(
        UserError, match=r"a_project\.races: there is no scenario 'anther' in it; did you mean"
    ):
        find("a_project.races:anther")
    with pytest.raises(UserError, match=r"there is no module 'a_project\.none'"):
        find("a_project.none:another")


def test_a_file_called_as_a_module_of_python_harms_nobody(tmp_path: Path) -> None:
    """It is loaded by another name."""
    assert names(find(str(write(tmp_path / "queue.py", ONE)))) == ["one-thing"]
    import queue

    assert queue.Queue


def test_scenarios_in_a_list_are_found_and_one_by_two_names_is_one(tmp_path: Path) -> None:
    """For those that are made in a loop."""
    path = write(
        tmp_path / "made_scenarios.py",
        "from backend.scenarios import scenario\nasync def act(scene): ...\n"
        "ALL = [scenario(name=f'number-{n}')(act) for n in range(3)]\nFIRST = ALL[0]\n",
    )
    assert names(find(str(path))) == ["number-0", "number-1", "number-2"]


def test_a_scenario_of_a_dataclass_and_its_types_runs(tmp_path: Path) -> None:
    """Types of the file are looked up in its module."""
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Kept:\n    number: int = 1\n" + ONE
    )
    (found,) = find(str(write(tmp_path / "typed_scenarios.py", text)))
    assert Play(found.scenario, "fixed").run().run.clean


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "import nothing_of_this_name",
            "FILE:1: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        ),
        ("\n\ndef f(:", "FILE:3: invalid syntax"),
        ("\nraise ValueError('no')", "FILE:2: ValueError: no"),
        ("\nimport sys\nsys.exit(3)", "FILE:3: SystemExit: 3"),
        ("x = 1", "FILE: there is no scenario in it: mark an `async def` with @scenario"),
        (
            ONE.replace("async ", ""),
            "FILE:4: a scenario is an `async def` that takes a Scene; one_thing is none",
        ),
        (
            ONE.replace('"One."', "yield"),
            "FILE:4: a scenario is an `async def` that takes a Scene; one_thing is none",
        ),
        (ONE.replace("scene", ""), "FILE:4: a scenario takes one argument, the Scene; one_thing takes ()"),
        (ONE + ONE.replace("One.", "Two."), "FILE:10: another scenario, of line 4, is called one-thing, too"),
        (ONE.replace("@scenario", "@scenario(name='a b')"), "FILE:4: 'a b' is no name of a scenario"),
        (
            ONE.replace("@scenario", "@scenario(variants=['ugly'])"),
            "has the variants fixed and buggy, not 'ugly'",
        ),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    """One line, whatever happens in it."""
    path = write(tmp_path / "wrong_scenarios.py", text)
    with pytest.raises(UserError) as caught:
        find(str(path))
    assert told in str(caught.value).replace(str(path), "FILE")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("barge-in-stom", "there is no scenario 'barge-in-stom'; did you mean barge-in-storm?"),
        ("zzz", "`doubletalk simulate --list` names them"),
        ("TMP/none.py", "TMP/none.py: there is no such file"),
        ("TMP/none.py::x", "TMP/none.py: there is no such file"),
        ("TMP/two.py::anoter", "TMP/two.py: there is no scenario 'anoter' in it; did you mean another?"),
        ("TMP/two.py::", "TMP/two.py: there is no scenario '' in it; there is one-thing, another"),
        ("TMP/notes.txt", "TMP/notes.txt: no file of scenarios, which ends with .py"),
        (
            "TMP/empty",
            "TMP/empty: no files of scenarios in it; they are named scenario_*.py or *_scenarios.py",
        ),
        ("..:x", "there is no module '..'"),
    ],
)
def test_a_name_of_nothing_is_told_with_what_may_be_meant(name: str, told: str, tmp_path: Path) -> None:
    """A mistype of a name, a file that is not there, a folder without scenarios."""
    write(tmp_path / "two.py", TWO)
    write(tmp_path / "notes.txt", "")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as caught:
        find(name.replace("TMP", str(tmp_path)))
    assert told in str(caught.value).replace(str(tmp_path), "TMP")


def test_several_where_one_is_wanted_are_told(tmp_path: Path) -> None:
    """With the name of the first."""
    path = write(tmp_path / "two.py", TWO)
    with pytest.raises(UserError, match=r"has 2 scenarios: name one, such as .*two\.py::one-thing"):
        find_one(str(path))
