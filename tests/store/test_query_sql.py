"""`doubletalk query`: SQL over stores, Parquet and recordings; it reads, and does nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import encode_lines
from backend.store.writer import Policy, Writer
from debugger.cli.inspect.meant import is_sql
from debugger.cli.inspect.results import _csv_lines
from tests.cli.command import CLI, ROOT
from tests.store.stored import event
from tests.support.commands import say
from tests.support.hostile import harm_in

SAMPLE = ROOT / "sample_logs" / "barge_in.jsonl"
COUNT = "SELECT count(*) AS n FROM events"


def rows(*words: str) -> list[dict[str, object]]:
    """What a query finds, as a program reads it."""
    said = say("query", *words, "--format", "json")
    assert (said.code, said.err) == (0, "")
    found: list[dict[str, object]] = json.loads(said.out)
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a hundred events, half of them in its index."""
    folder = tmp_path_factory.mktemp("query") / "s"
    for half in (range(1, 51), range(51, 101)):
        writer = Writer(folder)
        writer.write(encode_lines([event(seq) for seq in half]))
        writer.close(index=half[0] == 1)
    return folder


# --- what is asked ---------------------------------------------------------------------------


def test_a_store_parquet_and_recordings_are_asked_together(store: Path, tmp_path: Path) -> None:
    """By name, by pattern, by folder, packed, and from standard input: each event of each."""
    lines = encode_lines([event(seq, source="other") for seq in range(1, 8)])
    (tmp_path / "a.jsonl").write_bytes(lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    (part,) = store.rglob("*.parquet")
    assert rows(str(store), COUNT) == [{"n": 100}]
    assert rows(str(part), COUNT) == [{"n": 50}]
    assert rows(str(tmp_path), COUNT) == [{"n": 14}]
    assert rows(str(tmp_path / "*.gz"), str(store), str(part), COUNT) == [{"n": 157}]
    piped = subprocess.run([*CLI, "query", "-", COUNT], input=lines, capture_output=True, check=True)
    assert piped.stdout.split() == [b"n", b"7"]


def test_payloads_are_asked_by_path(store: Path) -> None:
    """As JSON, which they are."""
    (found,) = rows(str(store), "SELECT data->>'$.number' AS x, data, seq FROM events WHERE seq = 77")
    assert found == {"x": "77", "data": {"number": 77}, "seq": 77}


def test_a_writer_that_is_at_work_is_in_nobodys_way(tmp_path: Path) -> None:
    """What it wrote is found at once, indexed or not."""
    with Writer(tmp_path / "s") as writer:
        for seq in range(1, 5):
            writer.write(encode_lines([event(seq)]))
            assert rows(str(tmp_path / "s"), COUNT) == [{"n": seq}]


def test_the_word_that_says_what_happened(tmp_path: Path) -> None:
    """`type` names events as their streams do, and `agent` whom they are about."""
    made = [
        event(1, event_type="system", message_type="NODE_ADD"),
        event(2, event_type="system", message_type="TASK_COMPLETE", data={"agent_id": "coder"}),
        event(3, event_type="system", message_type="MODEL_STATE"),
        event(4, event_type="error", data={"agent": {"no": "name"}}),
        event(5, event_type="node.add", data={"agent": "planner"}),
    ]
    path = tmp_path / "a.jsonl"
    path.write_bytes(encode_lines(made))
    assert [(one["type"], one["agent"]) for one in rows(str(path), "SELECT type, agent FROM events")] == [
        ("node.add", "overseer"),
        ("task.complete", "coder"),
        ("model_state", "overseer"),
        ("error", "overseer"),
        ("node.add", "planner"),
    ]


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO events VALUES (1)", "INSERT does more than read: refused"),
        ("UPDATE events SET type = 'x'", "UPDATE does more than read: refused"),
        ("DELETE FROM events", "DELETE does more than read: refused"),
        ("DROP VIEW events", "DROP does more than read: refused"),
        ("CREATE TABLE x AS SELECT 1", "CREATE does more than read: refused"),
        ("COPY events TO '{tmp}/x.csv'", "COPY reads or writes files: refused"),
        ("COPY (SELECT 1) TO '{part}' (USE_TMP_FILE false)", "COPY reads or writes files: refused"),
        ("EXPLAIN ANALYZE COPY events TO '{tmp}/x.csv'", "COPY reads or writes files: refused"),
        ("EXPLAIN /* x */ ANALYZE COPY events TO '{tmp}/x.csv'", "SQL"),
        ("/* SELECT */ COPY events TO '{tmp}/x.csv'", "COPY reads or writes files: refused"),
        ("EXPORT DATABASE '{tmp}/x'", "refused"),
        ("ATTACH '{tmp}/x.db'", "ATTACH opens other databases: refused"),
        ("INSTALL httpfs", "INSTALL and LOAD run foreign code: refused"),
        ("LOAD '{tmp}/x.duckdb_extension'", "INSTALL and LOAD run foreign code: refused"),
        ("SET enable_external_access = true", "SET changes how SQL is run: refused"),
        ("PRAGMA database_list", "PRAGMA does more than read: refused"),
        ("SELECT 1 FROM events; COPY events TO '{tmp}/x.csv'", "one statement at a time"),
        ("SELECT * FROM read_text('/etc/passwd')", 'Cannot access file "/etc/passwd": refused'),
        ("SELECT * FROM read_csv('/etc/passwd')", "refused"),
        ("SELECT * FROM glob('/etc/*')", "refused"),
        ("SELECT * FROM '{tmp}/other.parquet'", "refused"),
        ("WITH x AS (SELECT * FROM read_blob('/etc/passwd')) SELECT * FROM x", "refused"),
        ("SELECT * FROM sqlite_scan('x.db', 't')", "SQL"),
    ],
)
def test_sql_that_does_more_than_read_is_refused(sql: str, said: str, store: Path, tmp_path: Path) -> None:
    """In one line, with exit 2; no file is made, and none is changed."""
    duckdb.sql("SELECT 1 AS secret").write_parquet(str(tmp_path / "other.parquet"))
    (part,) = store.rglob("*.parquet")
    before = sorted(tmp_path.rglob("*")), part.read_bytes()
    done = say("query", str(store), sql.format(tmp=tmp_path, part=part))
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("doubletalk: ")
    assert said in line
    assert (sorted(tmp_path.rglob("*")), part.read_bytes()) == before


def test_even_unguarded_sql_reaches_no_file(store: Path, tmp_path: Path) -> None:
    """The second wall: what the first let through by mistake would find nothing open, or to be opened."""
    from backend.store.sql import Tables

    tables = Tables()
    tables.add_store(store)
    connection = tables.connect()
    assert connection.execute(COUNT).fetchone() == (100,)
    for sql in (
        f"COPY events TO '{tmp_path}/x.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET temp_directory = '/tmp'",
        "FROM connection",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql)
    assert list(tmp_path.iterdir()) == []


def test_what_writes_is_let_when_told(store: Path, tmp_path: Path) -> None:
    """Files of one's own; the events stay as they are."""
    done = say("query", str(store), f"COPY events TO '{tmp_path}/x.parquet'", "--write")
    assert (done.code, done.err) == (0, "")
    assert rows(str(tmp_path / "x.parquet"), COUNT) == [{"n": 100}]
    refused = say("query", str(store), "DELETE FROM events", "--write")
    assert refused.code == 2
    assert "Can only delete from base table" in refused.err
    assert rows(str(store), COUNT) == [{"n": 100}]


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selct * from events", 'line 1, column 1: syntax error at or near "selct"; did you mean SELECT'),
        ("SELECT *\nFORM events", 'line 2, column 6: syntax error at or near "events"; did you mean FROM'),
        ("SELECT componet FROM events", 'column 8: Referenced column "componet" not found'),
        ("SELECT componet FROM events", 'did you mean "component"?'),
        ("SELECT * FROM evens", 'did you mean "events"?'),
        ("SELECT coun(*) FROM events", 'did you mean "count"?'),
        ("SELECT wholly_unknown FROM events", "DESCRIBE events shows what there is"),
        ("SELECT 'a'::INT FROM events", "Could not convert string 'a' to INT32"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_meant(sql: str, said: str, store: Path) -> None:
    """One line, exit 2."""
    done = say("query", str(store), sql)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert said in line


def test_the_place_of_a_mistake_in_a_long_line_is_counted_from_its_beginning() -> None:
    """Of which DuckDB shows only a part."""
    columns = ", ".join(f"seq + {number} AS column_{number}" for number in range(40))
    sql = "SELECT X, nosuchthing, X FROM events".replace("X", columns)
    done = say("query", str(SAMPLE), sql)
    assert f"column {sql.index('nosuchthing') + 1}: " in done.err


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("SELECT 1", True),
        ("  -- why\n ( select type from events)", True),
        ("with x as (select 1) from x", True),
        ("FROM events", True),
        ("describe events", True),
        ("copy events to 'x'", True),
        ("delete from events", True),
        ("selct type from events", True),
        ("select", False),
        ('"select a voice"', False),
        ("component:overseer turn = 2", False),
        ("update component:overseer", False),
        ("show", False),
        ("from", False),
        ("severity>=error", False),
        ("load data.size > 3", False),
    ],
)
def test_which_language_was_meant_is_told_by_how_it_begins(text: str, sql: bool) -> None:
    """SQL as its statements do; anything else is a filter."""
    assert is_sql(text) is sql


def test_options_of_the_other_language_are_refused(store: Path, tmp_path: Path) -> None:
    """With what to write instead."""
    (part,) = store.rglob("*.parquet")
    assert "SELECT count(*)" in say("query", str(SAMPLE), COUNT, "--count").err
    assert "--write is of SQL" in say("query", str(SAMPLE), "overseer", "--write").err
    assert "ask Parquet in SQL" in say("query", str(part), "overseer").err
    (tmp_path / "not.parquet").write_text("no")
    assert "not Parquet" in say("query", str(tmp_path / "not.parquet"), COUNT).err
    assert say("query", str(tmp_path / "none.parquet"), COUNT).code == 2


# --- how it is printed ----------------------------------------------------------------------------


def test_hostile_text_is_safe_to_look_at_and_exact_to_read(tmp_path: Path) -> None:
    """A table shows what would act on a terminal; JSON escapes it; CSV in a pipe has it as it is."""
    text = "\x1b[2J\x9b31m\u202e,\"\n'[red]x[/nope]"
    path = tmp_path / "a.jsonl"
    path.write_bytes(encode_lines([event(1, component=text, data={"\x1b]0;x\x07": text})]))
    sql = "SELECT component, data FROM events"
    shown = say("query", str(path), sql).out
    assert not harm_in(shown)
    as_json = say("query", str(path), sql, "--format", "json").out
    assert not harm_in(as_json)
    assert json.loads(as_json) == [{"component": text, "data": {"\x1b]0;x\x07": text}}]
    as_csv = say("query", str(path), sql, "--format", "csv").out
    assert list(csv.reader(io.StringIO(as_csv)))[1][0] == text


@given(st.lists(st.lists(st.none() | st.text(), min_size=2, max_size=3), max_size=4))
def test_csv_is_read_as_it_was_written(cells: list[list[str | None]]) -> None:
    """Whatever is in it; of nothing and of an empty text both are empty."""
    text = "".join(_csv_lines(cells, str))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[one or "" for one in row] for row in cells]


def test_a_plan_is_drawn(store: Path) -> None:
    """Line by line, as DuckDB does."""
    said = say("query", str(store), "/* why */ EXPLAIN SELECT count(*) FROM events")
    assert said.code == 0
    assert len(said.out.splitlines()) > 3


def test_values_of_every_kind_are_json(store: Path) -> None:
    """Also those that JSON has no form for, numbers beyond 64 bits, and columns of one name."""
    sql = """SELECT 'nan'::DOUBLE AS a, 170141183460469231731687303715884105727 AS b, NULL AS c,
        [1, NULL] AS d, {'x': DATE '2026-11-21'} AS e, TIMESTAMP '2026-11-21 10:00:00.5' AS f,
        1.5::DECIMAL(9,2) AS g, true AS h, 'x'::BLOB AS i, 1 AS a, INTERVAL 90 SECOND AS k
        FROM events LIMIT 1"""
    (found,) = rows(str(store), sql)
    assert found["a"] is None
    assert found["b"] == 2**127 - 1
    assert (found["d"], found["e"]) == ([1, None], {"x": "2026-11-21"})
    assert (found["f"], found["g"]) == ("2026-11-21 10:00:00.500000", 1.5)
    assert (found["h"], found["i"], found["a_2"], found["k"]) == (True, "78", 1, "0:01:30")
    assert rows(str(store), "SELECT seq FROM events WHERE false") == []
    assert say("query", str(store), "SELECT seq FROM events WHERE false").err == "no rows\n"


def test_a_filter_goes_over_a_store_too(store: Path) -> None:
    """In the debugger's language: lines, JSON as recorded, CSV of the contract's fields."""
    assert say("query", str(store), "data.number > 98", "--count").out == "2\n"
    lines = say("query", str(store), "data.number > 98", "--format", "json").out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [99, 100]
    as_csv = say("query", str(store), "data.number > 98", "-f", "csv").out
    table = list(csv.DictReader(io.StringIO(as_csv)))
    assert [row["seq"] for row in table] == ["99", "100"]
    assert json.loads(table[0]["data"]) == {"number": 99}


def test_a_filter_loads_no_database() -> None:
    """Nor Arrow: they take a second."""
    code = (
        "import sys; from tests.support.commands import say; "
        f"say('query', {str(SAMPLE)!r}, 'overseer', '--count'); "
        "print([name for name in ('duckdb', 'pyarrow') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "[]\n"


def test_what_takes_too_long_ends_with_ctrl_c(store: Path) -> None:
    """At once, wherever it is; exit 130."""
    endless = "SELECT sum(hash(range)) FROM range(1000000000000)"
    timer = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])  # as a terminal does: to the process
    timer.start()
    said = say("query", str(store), endless)
    timer.join()
    assert (said.code, said.out, said.err) == (130, "", "")


def test_what_is_compacted_while_it_is_asked_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are gone when they are to be read were replaced by others with the same events."""
    from backend.store.sql import Tables

    for half in (range(1, 51), range(51, 101)):
        with Writer(tmp_path / "s", Policy(segment_bytes=1)) as writer:
            writer.write(encode_lines([event(seq) for seq in half]))
            writer.tick()
    connect = Tables.connect
    times = iter([True])

    def compacted(self: Tables, **more: Any) -> Any:
        if next(times, False):
            with Writer(tmp_path / "s") as writer:
                writer.compact()
        return connect(self, **more)

    monkeypatch.setattr(Tables, "connect", compacted)
    assert rows(str(tmp_path / "s"), COUNT) == [{"n": 100}]
    assert next(times, None) is None
