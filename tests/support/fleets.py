"""What workers do in tests of fleets: functions that are importable where they are; some kill them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from debugger.fleet.checking import Checked, CheckOptions, check_partition
from debugger.fleet.driver import Progress, run_fleet
from debugger.fleet.engines import engine_named
from debugger.fleet.tasks import Group, Job


class Seen(Struct, frozen=True):
    """Names of recordings that were looked at; those of which nobody could have ``!`` before."""

    names: tuple[str, ...] = ()

    def __add__(self, other: Seen) -> Seen:
        return Seen((*self.names, *other.names))


def look(groups: Sequence[Group], options: Any) -> Seen:
    """What a file says happens: its worker is killed, always, once or the next time, or a mistake is made."""
    del options
    for (path,) in groups:
        file = Path(path)
        said = file.read_text()
        if said == "once":
            file.write_text("")
        if said == "next":
            file.write_text("once")
        if said in {"kill", "once"}:
            os.kill(os.getpid(), signal.SIGKILL)
        if said == "mistake":
            raise ZeroDivisionError(path)
    return Seen(tuple(Path(path).name for (path,) in groups))


def not_seen(groups: Sequence[Group], why: str) -> Seen:
    """As a job says it."""
    return Seen(tuple(f"!{Path(path).name} {why}" for (path,) in groups))


LOOK: Final = Job(look, not_seen)


def check_or_die(groups: Sequence[Group], options: CheckOptions) -> Checked:
    """As `check_partition`; who is given a recording called ``deadly.jsonl`` is killed."""
    if any(path.endswith("deadly.jsonl") for group in groups for path in group):
        os.kill(os.getpid(), signal.SIGKILL)
    return check_partition(groups, options)


def looked(engine: str, paths: Sequence[str], jobs: int = 2) -> tuple[list[str], list[str], list[int]]:
    """Have recordings looked at by an engine: their names as they come, what was told, and the progress."""
    names: list[str] = []
    told: list[str] = []
    done: list[int] = []
    run_fleet(
        LOOK,
        [(path,) for path in paths],
        None,
        engine_named(engine),
        jobs,
        Progress(done.append, told.append),
        lambda one: names.extend(one.part.names),
    )
    return names, told, done
