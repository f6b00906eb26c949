"""`doubletalk store`: import, export, info, rebuild, compact, retain."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from backend.events import encode_lines
from backend.store.layout import catalogue
from tests.cli.command import ROOT
from tests.store.stored import event, stored
from tests.support.commands import say

SAMPLES = ROOT / "sample_logs"
SAMPLE = SAMPLES / "barge_in.jsonl"


def test_what_is_imported_is_exported_byte_for_byte(tmp_path: Path) -> None:
    """Through JSONL, packed, and a time range; imported twice, it is there once."""
    store = str(tmp_path / "s")
    assert say("store", "import", store, str(SAMPLE)).out == "1,408 events stored\n"
    again = say("store", "import", store, str(SAMPLES))
    assert again.out == "7,597 events stored, 1,408 were there already\n"
    assert say("store", "export", store, "-o", str(tmp_path / "all.jsonl.gz")).code == 0
    exported = gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()).splitlines()
    assert exported[:1_408] == SAMPLE.read_bytes().splitlines()
    assert len(exported) == 9_005
    first = json.loads(exported[100])["timestamp_ns"]
    words = ("--from", "2026-11-21T15:48:50+00:00", "--to", "2026-11-21T15:48:51+00:00")
    assert say("store", "export", store, "-o", str(tmp_path / "second.jsonl"), *words).code == 0
    times = [json.loads(line)["timestamp"] for line in (tmp_path / "second.jsonl").read_bytes().splitlines()]
    assert 0 < len(times) < 1_408
    assert max(times) - min(times) <= 1
    assert first < max(times) * 1e9


def test_parquet_goes_out_and_in(tmp_path: Path) -> None:
    """As the contract's fields; what is no Parquet of events is told."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(SAMPLE.read_bytes())
    say("store", "import", str(tmp_path / "s"), str(path))
    assert say("store", "export", str(tmp_path / "s"), "-o", str(tmp_path / "x.parquet")).code == 0
    assert (
        say("store", "import", str(tmp_path / "t"), str(tmp_path / "x.parquet")).out
        == "1,408 events stored\n"
    )
    pairs = zip(stored(tmp_path / "s"), stored(tmp_path / "t"), strict=True)
    assert all(
        (one.payload(), one.state(), one.id, one.reads) == (two.payload(), two.state(), two.id, two.reads)
        for one, two in pairs
    )
    say("query", str(path), f"COPY (SELECT 1 AS a) TO '{tmp_path}/other.parquet'", "--write")
    said = say("store", "import", str(tmp_path / "t"), str(tmp_path / "other.parquet"))
    assert (said.code, said.out) == (2, "")
    assert "not of events: it has no column timestamp" in said.err


def test_what_is_missing_is_told_by_source(tmp_path: Path) -> None:
    """And what is left out of a file."""
    (tmp_path / "a.jsonl").write_bytes(encode_lines([event(1), event(2), event(9)]) + b"no event\n")
    said = say("store", "import", str(tmp_path / "s"), str(tmp_path / "a.jsonl"))
    assert said.out == "3 events stored\n"
    assert "a.jsonl:4: " in said.err
    (source,) = json.loads(say("store", "info", str(tmp_path / "s"), "--json").out)["sources"]
    assert (source["first"], source["last"], source["events"], source["missing"]) == (1, 9, 3, 6)
    assert "assistant-1" in say("store", "info", str(tmp_path / "s")).out


def test_an_index_is_made_anew(tmp_path: Path) -> None:
    """From the lines alone."""
    say("store", "import", str(tmp_path / "s"), str(SAMPLE))
    (part,) = (tmp_path / "s").rglob("*.parquet")
    part.unlink()
    said = say("store", "rebuild", str(tmp_path / "s"))
    assert said.code == 0
    assert "index parts     1" in said.out
    assert part.exists()
    assert catalogue(tmp_path / "s").holes == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("info", "{tmp}/none"), "none: no store here (it has no store.json)"),
        (("export", "{tmp}/none", "-o", "x.jsonl"), "no store here"),
        (("rebuild", "{tmp}"), "no store here"),
        (("compact", "{tmp}"), "no store here"),
        (("retain", "{tmp}/s"), "say what is to be kept: --keep 30d"),
        (("retain", "{tmp}/s", "--keep", "soon"), "'soon' is no age: write 12h, 30d or 8w"),
        (("retain", "{tmp}/s", "--keep-size", "big"), "'big' is no size: write 500MB or 10GB"),
        (("export", "{tmp}/s", "-o", "{tmp}/no/x.jsonl"), "cannot write"),
        (("export", "{tmp}/s", "-o", "{tmp}/no/x.parquet"), "cannot write"),
        (("export", "{tmp}/s", "-o", "x", "--from", "then"), "'then' is no time"),
        (("import", "{tmp}/s", "{tmp}/none.jsonl"), "none.jsonl: no such file"),
        (("import", "{tmp}", "{tmp}/a.jsonl"), "is no store, and not empty"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """Exit 2."""
    (tmp_path / "a.jsonl").write_bytes(encode_lines([event(1)]))
    say("store", "import", str(tmp_path / "s"), str(tmp_path / "a.jsonl"))
    done = say("store", *(word.format(tmp=tmp_path) for word in words))
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("doubletalk: ")
    assert said in line


def test_retain_and_compact_say_what_they_did(tmp_path: Path) -> None:
    """Of a store of one segment: nothing."""
    say("store", "import", str(tmp_path / "s"), str(SAMPLE))
    assert say("store", "compact", str(tmp_path / "s")).out == "0 files less\n"
    assert say("store", "retain", str(tmp_path / "s"), "--keep", "1s").out == "0 segments removed\n"
    assert len(stored(tmp_path / "s")) == 1_408
