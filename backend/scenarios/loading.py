"""The scenarios of a user's file or module. What is wrong with it is one line with file and line."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from backend.errors import UserError
from backend.scenarios.scenario import MADE, NotAScenarioError, Scenario

_LONGEST = 300


def load_file(path: Path) -> tuple[Scenario, ...]:
    """Import a file once, as pytest does: its folder, or that above its package, is on the path.

    Raises:
        UserError: it has a mistake, or no scenario.
    """
    path = path.resolve()
    folder, names = path.parent, [path.stem]
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    _on_path(folder)
    name = ".".join(names)
    loaded = sys.modules.get(name)
    if loaded is None or _file_of(loaded) != path:
        with _told(path):
            loaded = importlib.import_module(name) if len(names) > 1 else _alone(path)
    return _scenarios_in(loaded, path)


def load_module(name: str) -> tuple[Scenario, ...]:
    """Import a module from the path, or from the folder in which we are.

    Raises:
        UserError: there is none, it has a mistake, or no scenario.
    """
    _on_path(Path.cwd())
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    except Exception as error:
        with _told(Path(name)):
            raise error from None
    if found is None:
        raise UserError(f"there is no module {name[:80]!r} on the path or in this folder")
    path = Path(found.origin or name)
    with _told(path):
        module = importlib.import_module(name)
    return _scenarios_in(module, path)


def _on_path(folder: Path) -> None:
    for one in (str(Path.cwd()), str(folder)):
        if one not in sys.path:
            sys.path.insert(0, one)


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None


def _alone(path: Path) -> ModuleType:
    """Import a file that is in no package: by its own name, unless another module has that."""
    name = path.stem
    if name in sys.stdlib_module_names or (name in sys.modules and not _ours(sys.modules[name])):
        name = f"{name}_scenarios"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    module.__dict__[_MARK] = True
    before = sys.modules.get(name)
    sys.modules[name] = module  # where dataclasses and msgspec look types up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    return module


_MARK = "__doubletalk_scenarios__"


def _ours(module: ModuleType) -> bool:
    return _MARK in module.__dict__


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What an import raises, as one line."""
    try:
        yield
    except SyntaxError as error:
        where = f"{_shown(error.filename or path)}:{error.lineno or 1}"
        raise UserError(f"{where}: {error.msg}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's module does
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame.lineno for frame in frames if Path(frame.filename) == path]
        where = f"{_shown(path)}:{inside[-1]}" if inside else _shown(path)
        told = str(error) if isinstance(error, NotAScenarioError) else f"{type(error).__name__}: {error}"
        raise UserError(f"{where}: {told[:_LONGEST]}") from None


def _scenarios_in(module: ModuleType, path: Path) -> tuple[Scenario, ...]:
    """Those that it has by a name of its own or in a list of such a name, in their order."""
    found = {one.name: one for one in _values(module.__dict__.values())}
    made: dict[str, Scenario] = {}
    for one in (*module.__dict__.get(MADE, ()), *_values(module.__dict__.values())):
        other = made.setdefault(one.name, one)
        if other is not one:
            where = f"{_shown(path)}:{_line(one)}"
            raise UserError(f"{where}: another scenario, of line {_line(other)}, is called {one.name}, too")
    if not found:
        raise UserError(f"{_shown(path)}: there is no scenario in it: mark an `async def` with @scenario")
    return tuple(found.values())


def _values(values: Iterable[object]) -> Iterator[Scenario]:
    for value in tuple(values):
        if isinstance(value, Scenario):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (one for one in value if isinstance(one, Scenario))


def _line(scenario: Scenario) -> int:
    code = getattr(scenario.act, "__code__", None)
    return code.co_firstlineno if code else 0


def _shown(path: Path | str) -> str:
    """As short as it can be said from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
