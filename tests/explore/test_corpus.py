"""A folder of tapes that is run first next time."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from backend.errors import UserError
from backend.scenarios import BUGGY, FIXED, Play
from backend.simulation import AtRandom, Program, Tape
from debugger.explore.corpus import Corpus
from tests.explore.explored_programs import three_in_a_row, two_deposits


def tape_of(seed: int) -> Tape:
    return Play(two_deposits, BUGGY).run(AtRandom(seed)).run.tape


BUGGY_ONE = two_deposits.program(BUGGY)


def test_what_is_kept_is_there_next_time(tmp_path: Path) -> None:
    """For its program and variant only."""
    corpus = Corpus(tmp_path / "new" / "corpus")
    path = corpus.keep(two_deposits, BUGGY, "assertion", tape_of(1))
    assert path is not None
    assert path.name.startswith("two-deposits-buggy-assertion-")
    again = Corpus(corpus.folder)
    fit, notices = again.of(BUGGY_ONE)
    assert [kept.tape.cut() for kept in fit] == [tape_of(1).cut()]
    assert (notices, again.notices, len(again)) == ((), [], 1)
    for other in (two_deposits.program(FIXED), three_in_a_row.program(BUGGY)):
        assert again.of(other) == ((), ())


def test_a_tape_is_kept_once_whoever_found_it(tmp_path: Path) -> None:
    """Else each run would add what it replayed."""
    corpus = Corpus(tmp_path)
    tape = tape_of(1)
    assert corpus.keep(two_deposits, BUGGY, "assertion", tape) is not None
    for same in (tape, replace(tape, strategy="replay"), tape.cut()):
        assert corpus.keep(two_deposits, BUGGY, "assertion", same) is None
        assert Corpus(tmp_path).keep(two_deposits, BUGGY, "assertion", same) is None
    assert corpus.keep(two_deposits, BUGGY, "assertion", tape_of(2)) is not None
    assert len(list(tmp_path.iterdir())) == 2


def test_stale_tapes_are_left_out_in_one_line(tmp_path: Path) -> None:
    """However many there are of a version."""
    for seed in range(5):
        tape = tape_of(seed)
        replace(tape, program=Program(tape.program.name, "older")).save(tmp_path / f"{seed}.tape")
    replace(tape_of(9), python="3.9").save(tmp_path / "old-python.tape")
    tape_of(10).save(tmp_path / "fits.tape")
    fit, notices = Corpus(tmp_path).of(BUGGY_ONE)
    assert [kept.path.name for kept in fit] == ["fits.tape"]
    version, python = notices
    assert version.startswith("left out 0.tape, 1.tape, 2.tape and 2 more: the tape is of another version of")
    assert "was recorded on Python 3.9" in python


def test_a_new_tape_takes_the_place_of_outdated_ones_for_the_same(tmp_path: Path) -> None:
    """But not of those of another Python, whose next run wants them, nor of what others wrote."""
    corpus = Corpus(tmp_path)
    outdated, elsewhere = (
        replace(tape_of(1), program=Program(BUGGY_ONE.name, "older"), python=python)
        for python in (tape_of(1).python, "3.9")
    )
    for tape in (outdated, elsewhere):
        corpus.keep(two_deposits, BUGGY, "assertion", tape)
    replace(outdated, seed=7).save(tmp_path / "mine.tape")
    assert len(list(tmp_path.iterdir())) == 3
    kept = Corpus(tmp_path).keep(two_deposits, BUGGY, "assertion", tape_of(2))
    left = {Tape.load(path).python: path for path in tmp_path.iterdir() if path != kept}
    assert set(left) == {"3.9", tape_of(1).python}
    assert left[tape_of(1).python].name == "mine.tape"


def test_what_is_no_tape_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """Damaged, empty, something else; at any depth."""
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    tape_of(1).save(tmp_path / "deep" / "deeper" / "good.tape")
    data = tape_of(2).encode()
    for name, content in (
        ("cut", data[:-5]),
        ("empty", b""),
        ("text", b"hello\n"),
        ("flipped", data[:-1] + b"!"),
    ):
        (tmp_path / f"{name}.tape").write_bytes(content)
    (tmp_path / "folder.tape").mkdir()
    (tmp_path / "readme.txt").write_text("not looked at")
    corpus = Corpus(tmp_path)
    assert len(corpus) == 1
    assert len(corpus.notices) == 5
    assert all(one.startswith(f"left out: {tmp_path}") or "cannot read" in one for one in corpus.notices)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """Before anything is searched."""
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below"):
        with pytest.raises(UserError, match="corpus"):
            Corpus(folder)
