"""Which program a tape belongs to."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from msgspec import Struct

_DIGEST_BYTES = 6


class Program(Struct, frozen=True):
    """A program's name, and what its code comes to: other code, other choices.

    The code is that of the function and of what is defined in it, without line numbers and comments.
    What it calls is not in it: where that changed, the choices do not fit, and that is told.
    """

    name: str
    code: str


def program_of(function: Callable[..., Any]) -> Program:
    """The program that starts at `function`; a `functools.partial` is its function with its arguments.

    An object that has a `Program` as its ``program`` says itself what it is.
    """
    if isinstance(itself := getattr(function, "program", None), Program):
        return itself
    given: list[str] = []
    while isinstance(function, functools.partial):
        given += [_shown(value) for value in function.args]
        given += [f"{name}={_shown(value)}" for name, value in sorted(function.keywords.items())]
        function = function.func
    function = inspect.unwrap(function)
    if not hasattr(function, "__qualname__"):
        function = type(function).__call__
    name = f"{function.__module__}:{function.__qualname__}"
    if given:
        name += f"({', '.join(given)})"
    code = getattr(function, "__code__", None)
    return Program(name, _digest(code) if isinstance(code, CodeType) else "")


def _shown(value: object) -> str:
    """A plain value as it is; of anything else only the type, for its repr may hold an address."""
    if isinstance(value, str | bytes | int | float | bool | None):
        return repr(value)
    return getattr(value, "__qualname__", None) or type(value).__qualname__


@functools.lru_cache(maxsize=256)
def _digest(code: CodeType) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in _parts(code):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(code: CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif isinstance(constant, frozenset):  # walks in another order in each process
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode()
