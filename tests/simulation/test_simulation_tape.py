"""Tapes: small, exact, and refused with the reason when they are of something else."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.simulation import (
    AtRandom,
    Kind,
    Program,
    Settings,
    Tape,
    TapeError,
    TapeMismatchError,
    program_of,
    replay,
    simulate,
)
from tests.support.examples import tried

_CHOICES = st.lists(
    st.tuples(
        st.sampled_from([int(kind) for kind in Kind]), st.integers(2, 5000), st.integers(0, 10_000)
    ).map(lambda drawn: (drawn[0], drawn[1], drawn[2] % drawn[1])),
    max_size=60,
)


def tape_of(choices: list[tuple[int, int, int]], **more: object) -> Tape:
    fields = {"program": Program("app:main", "c0de"), "seed": 7, "strategy": "random", "settings": Settings()}
    return Tape(**{**fields, "choices": tuple(choices), **more})  # type: ignore[arg-type]  # by name


async def racy() -> list[int]:
    """Four tasks that come in any order."""
    order: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0.001)
        order.append(number)

    await asyncio.gather(*(work(number) for number in range(4)))
    return order


async def other() -> None:
    await asyncio.sleep(0)


def repeated(times: int) -> Callable[[], Coroutine[Any, Any, None]]:
    return functools.partial(count, times)


async def count(times: int) -> None:
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(times)))


@given(_CHOICES)
def test_what_is_written_is_read(choices: list[tuple[int, int, int]]) -> None:
    """Any choices, and all that they belong to."""
    tape = tape_of(choices, seed=-(2**70), settings=Settings(lateness=0.25, job_seconds=(0.5,)))
    again = Tape.decode(tape.encode())
    assert again == tape
    assert again.encode() == tape.encode()
    assert [choice.taken for choice in again] == [taken for _, _, taken in choices]


@given(_CHOICES, st.integers(0), st.integers(1, 255))
@tried(200)
def test_a_damaged_tape_is_refused(choices: list[tuple[int, int, int]], at: int, change: int) -> None:
    """One byte of its choices other than it was: refused."""
    whole = bytearray(tape_of(choices).encode())
    body = whole.index(b"\n") + 1
    whole[body + at % (len(whole) - body)] ^= change
    with pytest.raises(TapeError, match="damaged"):
        Tape.decode(bytes(whole))


@given(st.binary(max_size=200))
def test_what_is_no_tape_is_refused(data: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(TapeError, match="no tape"):
        Tape.decode(data)


def test_a_header_that_lies_is_refused() -> None:
    """Another version, a missing field, another count: each by its name."""
    line, _, body = tape_of([(0, 2, 1)]).encode().partition(b"\n")
    for old, new, told in (
        (b"tape/1", b"tape/2", "this version plays doubletalk.tape/1"),
        (b'"choices":1', b'"choices":2', "1 choices where 2 should be"),
        (b'"seed":7', b'"seed":"x"', "damaged"),
    ):
        assert old in line
        with pytest.raises(TapeError, match=told):
            Tape.decode(line.replace(old, new) + b"\n" + body)


def test_a_tape_is_small() -> None:
    """Ten thousand choices of a random run take less than a byte each."""
    choices = [(0, 2 + number % 3, number * number % 2) for number in range(10_000)]
    assert len(tape_of(choices).encode()) < 10_000


def test_a_tape_is_of_its_program() -> None:
    """Another function, other arguments, other code, another Python: refused, and it says which."""
    tape = simulate(racy, AtRandom(3)).tape
    with pytest.raises(TapeError, match=r"is of .*:racy, not of .*:other"):
        replay(other, tape)
    edited = msgspec.structs.replace(tape, program=Program(tape.program.name, "0dd"))
    with pytest.raises(TapeError, match=r"another version of .*:racy"):
        replay(racy, edited)
    with pytest.raises(TapeError, match=r"recorded on Python 3\.9"):
        replay(racy, msgspec.structs.replace(tape, python="3.9"))
    with pytest.raises(TapeError, match=r"count\(2\), not of .*count\(3\)"):
        replay(repeated(3), simulate(repeated(2)).tape)


def test_a_tape_that_does_not_fit_is_refused() -> None:
    """The program asks for another choice, or for fewer: it is not the one that was recorded."""
    tape = simulate(racy, AtRandom(3)).tape
    kind, alternatives, taken = tape.choices[2]
    bent = (*tape.choices[:2], (kind, alternatives + 1, taken), *tape.choices[3:])
    with pytest.raises(TapeMismatchError, match=f"choice 3 of the tape is READY of {alternatives + 1}"):
        replay(racy, msgspec.structs.replace(tape, choices=bent))
    longer = msgspec.structs.replace(tape, choices=(*tape.choices, (0, 2, 1)))
    with pytest.raises(TapeMismatchError, match="the program ended after"):
        replay(racy, longer)
    replay(racy, longer, strict=False)


def test_beyond_its_end_a_tape_is_plain() -> None:
    """Cut of its plain tail it plays alike; empty, it is the plain schedule."""
    run = simulate(racy, AtRandom(5))
    cut = run.tape.cut()
    assert len(cut) <= len(run.tape)
    assert cut.deviations == run.tape.deviations > 0
    assert replay(racy, cut).value == run.value
    assert (
        replay(racy, msgspec.structs.replace(cut, choices=())).value == simulate(racy).value == [0, 1, 2, 3]
    )


def test_a_file_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """Missing, a folder, not a tape: with its name."""
    with pytest.raises(TapeError, match=r"cannot read the tape .*none\.tape: No such file"):
        Tape.load(tmp_path / "none.tape")
    with pytest.raises(TapeError, match="cannot write the tape"):
        tape_of([]).save(tmp_path)
    (tmp_path / "x.tape").write_bytes(b"{}")
    with pytest.raises(TapeError, match=r"x\.tape: this is no tape"):
        Tape.load(tmp_path / "x.tape")
    tape_of([(0, 2, 1)]).save(tmp_path / "y.tape")
    assert Tape.load(tmp_path / "y.tape").choices == ((0, 2, 1),)


def test_a_programs_code_is_what_it_does() -> None:
    """Line numbers, comments and the order of a set are not in it; constants and inner functions are."""
    first = "async def main():\n    return 1 in {'a', 'b', 'c'}\n"
    moved = "\n\n# moved\nasync def main():\n    # told\n    return 1 in {'c', 'b', 'a'}\n"
    changed = first.replace("1", "2")
    inner = "async def main():\n    def f():\n        return {}\n    return f()\n"

    def code_of(source: str) -> str:
        names: dict[str, object] = {"__name__": "app"}
        exec(source, names)  # noqa: S102 - a program to be told from another
        return program_of(names["main"]).code  # type: ignore[arg-type]  # it is one

    assert code_of(first) == code_of(moved)
    assert code_of(first) != code_of(changed)
    assert code_of(inner.format(1)) != code_of(inner.format(2))
