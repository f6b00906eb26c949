"""Which scenarios there are: the built-in ones by name, a user's own by file or module, as tests are found.

A scenario is named by

- the name of a built-in one;
- ``path/to/file.py``, or a folder: all that are in it, or in its files ``scenario_*.py``, ``*_scenarios.py``;
- ``path/to/file.py::name`` and ``package.module:name``: one of those.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from backend.errors import UserError
from backend.scenarios.loading import load_file, load_module
from backend.scenarios.scenario import Scenario
from backend.simulation import Program

_PATTERNS = ("scenario_*.py", "*_scenarios.py")
_SHOWN = 80
_LISTED = 8


class Found(NamedTuple):
    """A scenario, and a name by which `find` finds just this one again, in another process, too."""

    name: str
    scenario: Scenario


@cache
def built_in() -> tuple[Scenario, ...]:
    """Those of the assistant, in the order in which they are told."""
    from backend.scenarios.assistant import SCENARIOS  # noqa: PLC0415 - loads the assistant

    return SCENARIOS


def find(name: str) -> tuple[Found, ...]:
    """What a name means: one scenario or, for a file or folder, all that are in it.

    Raises:
        UserError: nothing, or a file that has a mistake: one line that says where.
    """
    path, two_colons, wanted = name.partition("::")
    if two_colons or path.endswith(".py") or "/" in path or "\\" in path:
        found = _in_path(Path(path))
        return (_one(found, wanted, path),) if two_colons else found
    module, colon, wanted = name.partition(":")
    if colon:
        return (_one(_named(f"{module}:", load_module(module)), wanted, module),)
    for scenario in built_in():
        if scenario.name == name:
            return (Found(name, scenario),)
    if Path(name).is_dir():
        return _in_path(Path(name))
    raise UserError(
        f"there is no scenario {_short(name)}; "
        + _meant(name, [scenario.name for scenario in built_in()], "`doubletalk simulate --list` names them")
    )


def named(names: Iterable[str]) -> tuple[Found, ...]:
    """What several names mean; each scenario once.

    Raises:
        UserError: see `find`.
    """
    return tuple({found.name: found for name in names for found in find(name)}.values())


def find_one(name: str) -> Found:
    """The only scenario of a name.

    Raises:
        UserError: see `find`; also where there are several.
    """
    found = find(name)
    if len(found) > 1:
        raise UserError(f"{_short(name)} has {len(found)} scenarios: name one, such as {found[0].name}")
    return found[0]


def of_program(program: Program, among: Sequence[Scenario] | None = None) -> tuple[Scenario, str]:
    """The scenario and the variant whose tapes are of this program: a built-in one, if not `among` others.

    Raises:
        UserError: there is none.
    """
    for scenario in built_in() if among is None else among:
        for variant in scenario.variants:
            if scenario.program(variant).name == program.name:
                return scenario, variant
    told = "no built-in scenario: name the file, too" if among is None else "none of these scenarios"
    raise UserError(f"the tape is of {_short(program.name)}, which is {told}")


def _in_path(path: Path) -> tuple[Found, ...]:
    if path.is_dir():
        files = sorted({file for pattern in _PATTERNS for file in path.rglob(pattern) if file.is_file()})
        if not files:
            raise UserError(f"{path}: no files of scenarios in it; they are named {' or '.join(_PATTERNS)}")
        return tuple(found for file in files for found in _named(f"{file}::", load_file(file)))
    if not path.exists():
        raise UserError(f"{path}: there is no such file")
    if path.suffix != ".py":
        raise UserError(f"{path}: no file of scenarios, which ends with .py")
    return _named(f"{path}::", load_file(path))


def _named(where: str, scenarios: Sequence[Scenario]) -> tuple[Found, ...]:
    return tuple(Found(f"{where}{scenario.name}", scenario) for scenario in scenarios)


def _one(found: Sequence[Found], wanted: str, where: str) -> Found:
    for one in found:
        if wanted in {one.scenario.name, one.scenario.act.__name__}:
            return one
    names = [one.scenario.name for one in found]
    raise UserError(f"{where}: there is no scenario {_short(wanted)} in it; {_meant(wanted, names)}")


def _meant(name: str, names: Sequence[str], otherwise: str = "") -> str:
    near = difflib.get_close_matches(name[:_SHOWN], names, 1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    more = ", …" if len(names) > _LISTED else ""
    return otherwise or f"there is {', '.join(names[:_LISTED])}{more}"


def _short(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
