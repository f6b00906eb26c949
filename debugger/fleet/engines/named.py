"""Engines by the words of ``--engine``."""

from __future__ import annotations

import os
import re
from typing import Final, Literal, NamedTuple

from backend.errors import UserError
from debugger.fleet.engines.engine import Engine

Kind = Literal["pool", "dask", "ray"]

_NAMED: Final = re.compile(
    r"(?P<kind>dask|ray)://(?:local|(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>\d{1,5}))",
    re.ASCII,
)
_MOST: Final = 65_535


class Named(NamedTuple):
    """An engine; without an address one of this machine, which is begun for it."""

    kind: Kind
    address: str = ""

    @property
    def elsewhere(self) -> bool:
        """Whether its workers are not processes of ours, with our files and our standard input."""
        return self.kind != "pool"


POOL: Final = Named("pool")


def engine_named(text: str | None) -> Named:
    """What is meant.

    Raises:
        UserError: nothing.
    """
    if text is None or text == "pool":
        return POOL
    found = _NAMED.fullmatch(text)
    if found is None or int(found["port"] or 1) not in range(1, _MOST + 1):
        raise UserError(
            f"no engine {text!r}; there are pool, dask://local, dask://HOST:PORT, ray://local and ray://HOST:PORT"
        )
    address = f"{found['host']}:{found['port']}" if found["host"] else ""
    return Named("dask" if found["kind"] == "dask" else "ray", address)


def opened(named: Named, processes: int) -> Engine:
    """The engine, ready for tasks; ``processes`` are those of one that is of this machine.

    Raises:
        UserError: it is not installed, nobody answers, or it has no worker of this build.
    """
    try:
        if named.kind == "dask":
            from debugger.fleet.engines.dask import Dask  # noqa: PLC0415 - half a second, and an extra

            return Dask(named.address, processes)
        if named.kind == "ray":
            if (
                not named.address
            ):  # on loopback, where Ray by itself listens on all addresses; it reads this once
                os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
            from debugger.fleet.engines.ray import Ray  # noqa: PLC0415 - as above

            return Ray(named.address, processes)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("backend", "debugger"):
            raise
        raise UserError(
            f'--engine {named.kind}:// needs {error.name}: pip install "doubletalk[fleet]"'
        ) from None
    if processes > 1:
        from debugger.fleet.engines.pool import Pool  # noqa: PLC0415 - what one process does without

        return Pool(processes)
    from debugger.fleet.engines.here import Here  # noqa: PLC0415 - as above

    return Here()
