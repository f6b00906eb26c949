"""What a writer leaves behind, and what it makes of what another one left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.events import encode_event, encode_lines
from backend.store import StoreError
from backend.store.layout import FORMAT, catalogue
from backend.store.names import inside
from backend.store.retention import Limits, retain
from backend.store.seen import Ranges
from backend.store.sql import Tables, run
from backend.store.writer import Policy, Writer
from tests.store.stored import START_NS, event, stored


def lines(*seqs: int) -> bytes:
    return encode_lines([event(seq) for seq in seqs])


def asked(folder: Path, sql: str = "SELECT seq FROM events ORDER BY ts") -> list[Any]:
    """What SQL finds in a store: a column."""
    tables = Tables()
    tables.add_store(folder)
    return [row[0] for row in run(tables, sql).fetchall()]


def segments(folder: Path, count: int = 6, *, last: int | None = None) -> None:
    """A store of so many segments, of ten events each."""
    with Writer(folder, Policy(segment_bytes=1)) as writer:
        for number in range(count):
            writer.write(lines(*range(number * 10 + 1, number * 10 + 11)))
            writer.tick()


# --- once ----------------------------------------------------------------------------------


def test_an_event_is_there_once_however_often_it_is_sent(tmp_path: Path) -> None:
    """Known by source and seq, else by id; what has neither is not known."""
    nameless = event(None, source=None, id=None)
    named = event(None, source=None, id="one")
    for _ in range(2):
        with Writer(tmp_path / "s") as writer:
            writer.write(lines(1, 2, 3))
            taken = writer.write(encode_lines([event(2), event(4), named, named, nameless]))
    assert (taken.stored, taken.repeated) == (1, 4)
    assert [one.seq for one in stored(tmp_path / "s")] == [1, 2, 3, 4, None, None, None]
    assert [one.id for one in stored(tmp_path / "s")][4:] == ["one", None, None]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8)), max_size=20))
def test_ranges_know_what_was_added(added: list[tuple[int, int]]) -> None:
    """Never touching, in order, whatever the order in which they came."""
    ranges, known = Ranges(), set()
    for start, more in added:
        ranges.add(start, start + more)
        known |= set(range(start, start + more + 1))
    assert {number for number in range(60) if number in ranges} == known
    flat = [end for pair in ranges for end in pair]
    assert flat == sorted(flat)
    assert all(start > end + 1 for (_, end), (start, _) in zip(list(ranges), list(ranges)[1:], strict=False))


# --- torn, damaged, removed ---------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(cut=st.integers(1, 2_000), indexed=st.booleans())
def test_a_file_that_ends_anywhere_is_taken_up_from_its_last_whole_line(
    cut: int, indexed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is sent again then is stored; nothing is there twice."""
    folder = tmp_path_factory.mktemp("torn") / "s"
    writer = Writer(folder)
    writer.write(lines(*range(1, 11)))
    writer.close(index=indexed)
    path = folder / "events" / "000001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: max(len(whole) - cut, 0)])
    told: list[str] = []
    with Writer(folder, tell=told.append) as writer:
        writer.write(lines(*range(1, 11)))
    assert sorted(one.seq or 0 for one in stored(folder)) == list(range(1, 11))
    assert sorted(asked(folder)) == list(range(1, 11))
    left = whole[: max(len(whole) - cut, 0)]
    torn = len(left) - (left.rfind(b"\n") + 1)
    assert [text for text in told if "torn" in text] == (
        [f"{path}: {torn} bytes of a torn last line cut off"] if torn else []
    )


def test_the_index_can_be_removed_damaged_and_made_anew(tmp_path: Path) -> None:
    """Whoever asks meanwhile finds the same, read from the events themselves."""
    segments(tmp_path / "s")
    everything = list(range(1, 61))
    parts = sorted((tmp_path / "s").rglob("*.parquet"))
    parts[0].write_bytes(b"PAR1 this is none")
    parts[1].unlink()
    parts[2].with_name(parts[2].name + ".tmp").write_bytes(b"begun, and killed")
    assert sorted(asked(tmp_path / "s")) == everything
    told: list[str] = []
    Writer(tmp_path / "s", tell=told.append).close()
    assert told == [f"{parts[0]}: damaged, made anew from the events"]
    assert sorted((tmp_path / "s").rglob("*.parquet*")) == parts
    assert sorted(asked(tmp_path / "s")) == everything
    Writer(tmp_path / "s", rebuild=True).close()
    assert sorted((tmp_path / "s").rglob("*.parquet")) == parts


def test_a_day_in_the_index_has_no_other_days_events(tmp_path: Path) -> None:
    """So that whoever reads a folder of it finds that day; what goes across is `mixed`."""
    day = 86_400 * 10**9
    for number, shift in enumerate([0, day, 0]):
        made = [
            event(number * 10 + seq, timestamp_ns=START_NS + shift + (number == 2) * seq * day)
            for seq in (1, 2)
        ]
        with Writer(tmp_path / "s") as writer:
            writer.write(encode_lines(made))
    days = {path.parent.name: pq.read_table(path).num_rows for path in (tmp_path / "s").rglob("*.parquet")}
    assert sorted(days.values()) == [2, 2, 2]
    assert len(days) == 3
    assert "day=mixed" in days


def test_what_no_column_can_hold_is_kept_in_the_line(tmp_path: Path) -> None:
    """Numbers beyond 64 bits, times beyond the calendar, halves of pairs: null, or replaced, in SQL."""
    odd = [
        encode_event(event(1, turn=2**70, mono_ns=-(2**80))),
        encode_event(event(2, timestamp_ns=10**30)),
        encode_event(event(3)).replace(b'"overseer"', b'"a\\ud83d\\ude00\\u0000"'),
        encode_event(event(4)).replace(b"{", b'{"unknown":[1,2],', 1),
    ]
    with Writer(tmp_path / "s") as writer:
        assert writer.write(b"\n".join(odd) + b"\n").stored == 4
    assert (tmp_path / "s" / "events" / "000001.jsonl").read_bytes() == b"\n".join(odd) + b"\n"
    assert asked(tmp_path / "s", "SELECT turn IS NULL AND mono_ns IS NULL FROM events WHERE seq = 1") == [
        True
    ]
    assert asked(tmp_path / "s", "SELECT ts IS NULL FROM events WHERE seq = 2") == [True]
    assert asked(tmp_path / "s", "SELECT component FROM events WHERE seq = 3") == ["a\U0001f600\0"]


def test_the_index_may_lag_behind(tmp_path: Path) -> None:
    """Where there is no time for it: whoever asks finds everything, and it is made when there is time."""
    with Writer(tmp_path / "s", Policy(segment_bytes=8_000)) as writer:
        for number in range(40):
            writer.write(lines(number * 2 + 1, number * 2 + 2), index=number % 7 == 0)
            writer.tick()
            assert sorted(asked(tmp_path / "s")) == list(range(1, number * 2 + 3))
        assert writer.behind
        steps = 0
        while writer.behind:
            writer.tick(idle=True)
            steps += 1
        assert steps > 5
        assert sorted(asked(tmp_path / "s")) == list(range(1, 81))
    assert catalogue(tmp_path / "s").holes == ()
    assert sorted(asked(tmp_path / "s")) == list(range(1, 81))


# --- less --------------------------------------------------------------------------------------


def test_compaction_makes_few_files_of_many_that_say_the_same(tmp_path: Path) -> None:
    """Segments that follow upon each other become one, compressed; across a missing one they do not."""
    segments(tmp_path / "s", 9)
    (tmp_path / "s" / "events" / "000005.jsonl").unlink()
    everything = [seq for seq in range(1, 91) if not 41 <= seq <= 50]
    for _ in range(2):  # the second time there is nothing to do
        with Writer(tmp_path / "s", Policy(segment_bytes=100_000)) as writer:
            writer.compact()
        there = catalogue(tmp_path / "s")
        assert [(one.first, one.last, one.packed) for one in there.segments[:2]] == [
            (1, 4, True),
            (6, 9, True),
        ]
        assert there.holes == ()
        assert len(there.parts) == 2
        assert [one.seq for one in stored(tmp_path / "s")] == everything
        assert sorted(asked(tmp_path / "s")) == everything
    with Writer(tmp_path / "s") as writer:
        assert writer.write(lines(*range(1, 101))).repeated == 80


def test_compaction_may_be_killed_at_any_step(tmp_path: Path) -> None:
    """Whatever it was about to rename or to remove: each event is there once, before and after."""
    for step in range(40):
        folder = tmp_path / str(step)
        segments(folder, 5)
        steps = iter(range(step))

        def failing(real: Any, steps: Any = steps) -> Any:
            def call(*words: Any, **more: Any) -> Any:
                if next(steps, None) is None:
                    raise KeyboardInterrupt
                return real(*words, **more)

            return call

        writer = Writer(folder, Policy(segment_bytes=100_000))
        with (
            mock.patch.object(Path, "rename", failing(Path.rename)),
            mock.patch.object(Path, "unlink", failing(Path.unlink)),
        ):
            try:
                writer.compact()
                done = True
            except KeyboardInterrupt:
                done = False
        writer.close(index=False)
        assert [one.seq for one in stored(folder)] == list(range(1, 51))
        assert sorted(asked(folder)) == list(range(1, 51))
        Writer(folder).close()
        assert sorted(asked(folder)) == list(range(1, 51))
        if done:
            break
    assert done
    assert step >= 8  # two renamings, and the removal of five segments and their index


def test_the_oldest_go_when_it_is_too_much_or_too_old(tmp_path: Path) -> None:
    """Whole segments, with their index; the one that is written to stays."""
    segments(tmp_path / "s", 4)
    newest_of_second = (START_NS + 20 * 1_000_000) / 1e9
    gone = retain(tmp_path / "s", Limits(seconds=60), now=newest_of_second + 60.0005)
    assert [one.first for one in gone] == [1, 2]
    assert sorted(asked(tmp_path / "s")) == list(range(21, 41))
    with Writer(tmp_path / "s", Policy(limits=Limits(size=1))) as writer:
        writer.retain()
    assert stored(tmp_path / "s") == []
    assert len(catalogue(tmp_path / "s").segments) == 1
    assert list((tmp_path / "s").rglob("*.parquet")) == []


# --- who may not ------------------------------------------------------------------------------------


def test_the_second_writer_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    """Until that one ends."""
    with (
        Writer(tmp_path / "s"),
        pytest.raises(StoreError, match=rf"being written by another process \(pid {os.getpid()}\)"),
    ):
        Writer(tmp_path / "s")
    Writer(tmp_path / "s").close()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "Read-only file system; the file system is read-only: name another folder"),
        (errno.EACCES, "Permission denied; give yourself the right, or name another folder"),
    ],
)
def test_a_folder_that_may_not_be_written_is_told(number: int, said: str, tmp_path: Path) -> None:
    """In one line; the superuser, as whom tests may run, is let into any."""
    Writer(tmp_path / "s").close()
    opened = os.open

    def refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number), path)
        return opened(path, flags, *more, **named)

    with mock.patch.object(os, "open", refuse), pytest.raises(StoreError) as refused:
        Writer(tmp_path / "s")
    assert str(refused.value) == f"cannot write {tmp_path}/s/writer.lock: {said}"


def test_a_store_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """And so is what is no store."""
    (tmp_path / "store.json").write_text('{"format": "doubletalk.store/2"}')
    with pytest.raises(StoreError, match=rf"another version \('doubletalk.store/2', this reads '{FORMAT}'\)"):
        Writer(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["store.json"]


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What could not be written is not there at all, and the next writer goes on."""
    writer = Writer(tmp_path / "s")
    writer.write(lines(1, 2))
    real = os.write
    room = iter([30])

    def full(fd: int, content: Any) -> int:
        left = next(room, 0)
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, content[:left])

    with (
        mock.patch.object(os, "write", full),
        pytest.raises(StoreError, match="No space left on device; make room"),
    ):
        writer.write(lines(3, 4))
    writer.close(index=False)
    with Writer(tmp_path / "s") as writer:
        assert writer.write(lines(1, 2, 3, 4)).stored == 2
    assert [one.seq for one in stored(tmp_path / "s")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "a\0b", ".hidden", "x" * 300, "é", "link"]
)
def test_a_name_that_leads_out_of_the_folder_is_none(name: str, tmp_path: Path) -> None:
    """Nor is one that could, on some system, or by a link."""
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(StoreError, match="is no name of a recording"):
        inside(tmp_path, name)
    assert inside(tmp_path, "s1_2.jsonl.gz") == tmp_path / "s1_2.jsonl.gz"
