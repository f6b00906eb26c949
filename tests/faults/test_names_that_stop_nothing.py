"""Names that come from others never say where a file is; SQL reads no file that was not named."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import duckdb
import pytest

from backend.events import encode_lines
from backend.mux import MuxRefusedError, transport_of
from backend.mux.brokers import checked_name
from backend.store.sql import Tables
from backend.store.writer import Writer
from backend.tap.hub import Hub
from debugger.explore.saved import folder_name
from debugger.tui.pictures import _stem
from tests.gateway.feeds import Server, batch, feed_url
from tests.store.stored import event
from tests.support.commands import say

ESCAPES: Final = (
    "../../escape",
    "/etc/passwd",
    "..",
    "a/../../b",
    "~root",
    "C:\\x",
    "x\0y",
    "%2e%2e%2f",
    "$(id)",
)
_OURS: Final = re.compile(
    r"store\.json|writer\.lock|events|index|events/\d{6}\.jsonl|index/day=-?\d{4,}-\d\d-\d\d(/[\d.-]+\.parquet)?"
)


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_store_names_its_files_by_nothing_that_an_event_says(tmp_path: Path) -> None:
    """Whatever stands in its names and however far off its time is."""
    times = [0, -1, 2**62, -(2**62), 1_795_000_000 * 10**9]
    made = [
        event(
            seq,
            source=name,
            component=name,
            message_type=name,
            session_id=name,
            id=f"{name}{at}",
            timestamp_ns=at,
        )
        for seq, name in enumerate(ESCAPES, 1)
        for at in times
    ]
    with Writer(tmp_path / "s") as writer:
        writer.write(encode_lines(made))
    assert below(tmp_path) - {"s"} == {f"s/{name}" for name in below(tmp_path / "s")}
    assert [name for name in below(tmp_path / "s") if not _OURS.fullmatch(name)] == []


def test_what_is_saved_is_named_with_letters_and_stays_in_its_folder() -> None:
    """Findings by their scenario, pictures by their recording, streams by their name."""
    for name in ESCAPES:
        for made in (folder_name(name, name, name), _stem(name)):
            assert made == os.path.basename(made) not in {"", ".", ".."}  # noqa: PTH119 - as text
            assert re.fullmatch(r"[\w.-]+", made), made
        with pytest.raises(MuxRefusedError, match="is no name of a stream"):
            checked_name(name, "stream")


def test_a_recording_goes_where_it_is_told_and_nowhere_else(tmp_path: Path) -> None:
    """Names that are none are one line and exit 2, before anything is asked of a feed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "there.jsonl").write_text("mine\n")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    for name, why in (
        ("", "No such file"),
        (str(tmp_path / "folder"), "exists"),
        (str(tmp_path / "folder/../there.jsonl"), "exists"),
        (str(tmp_path / "link.jsonl"), "exists"),
        (str(tmp_path / "none" / "x.jsonl"), "No such file"),
    ):
        done = say("record", "127.0.0.1:1", "-o", name, "--once", "--seconds", "0")
        assert done.code == 2, name
        assert len(done.err.splitlines()) == 1, done.err
        assert why in done.err
    assert below(tmp_path) == {"folder", "there.jsonl", "link.jsonl"}
    assert (tmp_path / "there.jsonl").read_text() == "mine\n"


async def test_a_path_that_climbs_finds_nothing_at_a_server(make: Callable[..., Server]) -> None:
    """Sent as it is, which no client library does: refused or not found, with nothing of a file."""
    hub = Hub()
    hub.write(batch(1, 1))
    async with make(hub) as server:
        parts = urlsplit(feed_url(server))
        for path in (
            "/../../../../etc/passwd",
            "/ws/events/../../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/api/events/../../../../etc/passwd",
            "/api/events/history/..%2f..%2fetc%2fpasswd",
            "//etc/passwd",
            "/api\\..\\..\\etc\\passwd",
        ):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
            async with asyncio.timeout(10):
                answer = await reader.read()
            writer.close()
            assert not answer or answer.split()[1] in {b"400", b"404", b"426"}, (path, answer)
            assert b"root:" not in answer


def test_no_table_function_of_the_database_opens_what_was_not_named(tmp_path: Path) -> None:
    """All that this DuckDB has, with files that it could read; by name, and as it guesses one."""
    with Writer(tmp_path / "s") as writer:
        writer.write(encode_lines([event(seq) for seq in range(1, 11)]))
    tables = Tables()
    tables.add_store(tmp_path / "s")
    connection = tables.connect()
    (tmp_path / "x.csv").write_text("a,b\nSECRET,1\n")
    (tmp_path / "x.json").write_text('{"a":"SECRET"}\n')
    duckdb.execute(f"COPY (SELECT 'SECRET' AS a) TO '{tmp_path}/x.parquet'")
    duckdb.connect(str(tmp_path / "x.duckdb")).execute("CREATE TABLE a AS SELECT 'SECRET' AS a").close()
    names = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type LIKE 'table%'"
    ).fetchall()
    assert ("read_text",) in names
    asked = 0
    for path in sorted(tmp_path.glob("x.*")):
        for sql in (f"FROM '{path}'", *(f"FROM {name}('{path}')" for (name,) in names)):
            asked += 1
            try:
                found = connection.execute(f"{sql} LIMIT 5").fetchall()
            except duckdb.Error:
                continue
            assert "SECRET" not in str(found), sql
    assert asked > 4 * len(names)


async def test_a_stream_of_any_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, too, where nothing is checked: it is the key of a dictionary."""
    monkeypatch.chdir(tmp_path)
    bus = transport_of("memory://names")
    for name in ESCAPES:
        await bus.publish(name, [b"x"])
        assert (await bus.info(name)).length == 1
    await bus.close()
    assert below(tmp_path) == set()
