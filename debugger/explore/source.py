"""A scenario by its place: how another process comes by it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from msgspec import Struct

from backend.scenarios import Scenario
from backend.scenarios.loading import load_file
from backend.scenarios.scenario import MADE


class Source(Struct, frozen=True):
    """The module that has it, its file, and the function's name there."""

    module: str
    file: str
    name: str

    def scenario(self) -> Scenario:
        """The scenario, imported.

        Raises:
            LookupError: it is not there.
            UserError: its file has a mistake.
        """
        module = _imported(self.module)
        among = load_file(Path(self.file)) if module is None else _in_module(module)
        for one in among:
            if one.act.__qualname__ == self.name:
                return one
        raise LookupError(f"{self.name} is not in {self.file}")


def source_of(scenario: Scenario) -> Source | None:
    """Where a scenario is; None if it is nowhere to be imported from: made by a function, or typed in."""
    act = scenario.act
    module = sys.modules.get(act.__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or act.__module__ == "__main__" or scenario not in _in_module(module):
        return None
    return Source(act.__module__, file, act.__qualname__)


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None
    except (ImportError, ValueError):
        return None


def _in_module(module: ModuleType) -> Iterator[Scenario]:
    for name, value in tuple(vars(module).items()):
        if name == MADE:  # those of functions, too, which are made when these are called
            continue
        if isinstance(value, Scenario):
            yield value
        elif isinstance(value, list | tuple):
            yield from (one for one in value if isinstance(one, Scenario))
