"""A test that is run under many schedules in virtual time: fails with the one that breaks it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pytest

if TYPE_CHECKING:
    from backend.simulation import Settings

FIXTURE = "doubletalk_explored"
SCHEDULES = 200

Test = Callable[..., Coroutine[Any, Any, None]]

_OURS = ("scene", "tap")


@overload
def explore(test: Test, /) -> Callable[..., None]: ...
@overload
def explore(
    *,
    schedules: int = SCHEDULES,
    seconds: float | None = None,
    seed: int = 0,
    rules: Iterable[str | Path] = (),
    settings: Settings | None = None,
) -> Callable[[Test], Callable[..., None]]: ...
def explore(
    test: Test | None = None,
    /,
    *,
    schedules: int = SCHEDULES,
    seconds: float | None = None,
    seed: int = 0,
    rules: Iterable[str | Path] = (),
    settings: Settings | None = None,
) -> Callable[..., None] | Callable[[Test], Callable[..., None]]:
    """Run an ``async def`` test under so many schedules; the first that fails fails it.

    A parameter ``scene`` or ``tap`` is filled in with a tap that records the run: then the rules judge the
    recording, too. All others are fixtures; those are made once, and all runs get the same.

    ::

        @doubletalk.explore(schedules=500)
        async def test_deposits(tap): ...
    """
    if schedules < 1:
        raise ValueError(f"explore(schedules={schedules}): nothing would be run")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"explore(seconds={seconds}): nothing would be run")
    how = How(schedules, seconds, seed, tuple(map(Path, rules)), settings)

    def made(test: Test) -> Callable[..., None]:
        if not inspect.iscoroutinefunction(test):
            raise TypeError(f"explore() is for an `async def`; {getattr(test, '__qualname__', test)} is none")
        given = inspect.signature(test).parameters
        ours = [name for name in _OURS if name in given]

        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            from debugger.testing.exploring import Explored  # noqa: PLC0415 - tests that are not explored do without

            place: Place = kwargs.pop(FIXTURE)
            Explored(test, ours, args, kwargs, how, place).run()

        asked = [one for name, one in given.items() if name not in ours]
        own = inspect.Parameter(FIXTURE, inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature([*asked, own])  # type: ignore[attr-defined]  # what pytest reads
        return run

    return made if test is None else made(test)


@dataclass(frozen=True, slots=True)
class How:
    """What the decorator was given."""

    schedules: int
    seconds: float | None
    seed: int
    rules: tuple[Path, ...]
    settings: Settings | None


@dataclass(frozen=True, slots=True)
class Place:
    """Which test it is, and where what it finds is put: the fixture.

    ``corpus`` are the tapes of before, None where pytest keeps nothing.
    """

    node: str
    name: str
    out: Path
    corpus: Path | None
    rules: tuple[Path, ...]


def place_of(request: pytest.FixtureRequest, tmp: pytest.TempPathFactory, rules: Sequence[Path]) -> Place:
    """Of a test that runs now."""
    node = request.node
    name = re.sub(r"[^\w.\[\]-]+", "_", node.name)[:80]
    given = request.config.getoption("--doubletalk-out")
    if given:
        out = request.config.invocation_params.dir / given
        return Place(node.nodeid, name, out, out, tuple(rules))
    cache = getattr(request.config, "cache", None)
    corpus = cache.mkdir("doubletalk") if cache is not None else None
    return Place(node.nodeid, name, tmp.mktemp("explored"), corpus, tuple(rules))
