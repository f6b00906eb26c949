"""Which doubletalk this is, so that a driver and its workers are the same."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from msgspec import Struct

import backend
import debugger
from backend.errors import UserError

_JUDGING: Final = (
    *("backend/events", "backend/store", "backend/errors.py"),
    *(f"debugger/{part}" for part in ("analysis", "checking", "fleet", "log", "report", "sources")),
)
"""What a verdict comes from."""


class Build(Struct, frozen=True):
    """A version, and what its sources are: between releases the version alone says little."""

    version: str
    sources: str

    def __str__(self) -> str:
        return f"{self.version} ({self.sources})"


def this_build() -> Build:
    """Of the program that is asked. Reads its sources the first time, which takes some 20 ms."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - reads what is installed

    try:
        number = version("doubletalk")
    except PackageNotFoundError:
        number = "not installed"
    return Build(number, _digest())


@lru_cache(maxsize=1)
def _digest() -> str:
    homes = {package.__name__: Path(package.__path__[0]) for package in (backend, debugger)}
    told = blake2b(digest_size=6)
    for part in _JUDGING:
        package, _, inside = part.partition("/")
        there = homes[package] / inside
        files = [there] if there.is_file() else sorted([*there.rglob("*.py"), *there.rglob("*.toml")])
        for file in files:
            told.update(f"{package}/{file.relative_to(homes[package]).as_posix()}\0".encode())
            told.update(file.read_bytes())
    return told.hexdigest()


def refuse_skew(mine: Build, theirs: Build, who: str) -> None:
    """Two programs that are not the same may not judge one fleet.

    Raises:
        UserError: they are not.
    """
    if mine != theirs:
        raise UserError(f"{who} has doubletalk {theirs}, this is {mine}: install the same on both")
