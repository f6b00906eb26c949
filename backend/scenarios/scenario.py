"""What a scenario is: a named program with a known bug that can be switched on, and how to tell."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, overload

from backend.errors import UserError
from backend.simulation import Program, Settings, program_of
from backend.tap import Tap

FIXED: Final = "fixed"
BUGGY: Final = "buggy"
BOTH: Final = (FIXED, BUGGY)
MADE: Final = "__doubletalk_made__"
"""Where a module has all the scenarios that were made of its functions."""

REALISTIC: Final = Settings(step_seconds=17e-6)
"""Where nothing else is said: steps take as long as those of a real program, and a recording shows it."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a scenario is given: which variant to play, and a tap that records it.

    The tap is started; tasks report themselves. A program that emits nothing is recorded by its tasks only.
    """

    variant: str
    tap: Tap

    @property
    def buggy(self) -> bool:
        """Whether the bug is to be switched on."""
        return self.variant == BUGGY


class NotAScenarioError(TypeError):
    """What was marked with `scenario` is none; the text says why."""


Act = Callable[[Scene], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A small asyncio program with an oracle: it passes when it returns.

    ``rule`` is the one that the buggy variant breaks, None where there is no bug to switch on; then
    ``variants`` is ``("fixed",)``. ``settings`` are those of its runs. Besides what it asserts itself, a run
    fails by a rule's violation, an error that nobody handled, a deadlock, or a task that is left running.
    """

    name: str
    about: str
    act: Act
    rule: str | None = None
    variants: tuple[str, ...] = (FIXED,)
    settings: Settings = field(default_factory=Settings)

    def program(self, variant: str) -> Program:
        """What its tapes belong to: the function's name, its code, and the variant.

        Raises:
            UserError: there is no such variant.
        """
        if variant not in self.variants:
            had = " or ".join(self.variants)
            raise UserError(f"the scenario {self.name} has no variant {variant[:40]!r}; it has {had}")
        program = program_of(self.act)
        return Program(f"{program.name}({variant!r})", program.code)


@overload
def scenario(act: Act, /) -> Scenario: ...
@overload
def scenario(
    *,
    rule: str | None = None,
    variants: Sequence[str] | None = None,
    name: str | None = None,
    about: str | None = None,
    settings: Settings | None = None,
) -> Callable[[Act], Scenario]: ...
def scenario(
    act: Act | None = None,
    /,
    *,
    rule: str | None = None,
    variants: Sequence[str] | None = None,
    name: str | None = None,
    about: str | None = None,
    settings: Settings | None = None,
) -> Scenario | Callable[[Act], Scenario]:
    """Make a scenario of an ``async def act(scene)``.

    ::

        @scenario(rule="lost-update")
        async def two_deposits(scene: Scene) -> None: ...

    Its name is the function's with dashes, ``about`` the first line of its docstring, and the variants are
    ``fixed`` and ``buggy`` where a rule is given.

    Raises:
        NotAScenarioError: it is no coroutine function of a scene, or has an impossible name or variant.
    """

    def made(act: Act) -> Scenario:
        _check(act)
        one = Scenario(
            _checked(name or act.__name__.strip("_").replace("_", "-")),
            about if about is not None else (inspect.getdoc(act) or "").partition("\n")[0],
            act,
            rule,
            _of_both(variants or (BOTH if rule else (FIXED,))),
            settings or REALISTIC,
        )
        act.__globals__.setdefault(MADE, []).append(one)  # the one before of the same name would be forgotten
        return one

    return made if act is None else made(act)


def _check(act: object) -> None:
    told = getattr(act, "__qualname__", type(act).__name__)
    if not inspect.iscoroutinefunction(act):
        raise NotAScenarioError(f"a scenario is an `async def` that takes a Scene; {told} is none")
    try:
        inspect.signature(act).bind(None)
    except TypeError:
        takes = inspect.signature(act)
        raise NotAScenarioError(f"a scenario takes one argument, the Scene; {told} takes {takes}") from None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise NotAScenarioError(f"{name[:80]!r} is no name of a scenario: letters, digits, -, _ and . only")
    return name


def _of_both(variants: Sequence[str]) -> tuple[str, ...]:
    if unknown := [variant for variant in variants if variant not in BOTH]:
        raise NotAScenarioError(f"a scenario has the variants fixed and buggy, not {unknown[0]!r}")
    return tuple(dict.fromkeys(variants))
