"""The event store: what it takes in, against rows one by one into the same database, and what asking costs.

What a core takes in is measured in CPU time, so that what else the machine does is not counted. The named
baseline, `executemany`, is what most programs begin with.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from pathlib import Path

import duckdb

from backend.events import decode_lines
from backend.store.columns import SCHEMA, table_of
from backend.store.sink import StoreSink
from backend.store.sql import Tables, run
from backend.store.writer import Writer
from backend.tap.batch import Batch
from tests.support.voicelog import voice_lines

EVENTS = 400_000
BATCH = 2_000
RATE = 100_000
BASELINE_ROWS = 2_000
KILLS = 50
KILL_EVENTS = 200_000
KILL_SECONDS = 0.2

QUERIES = {
    "counts by type in the last hour": """
        SELECT type, count(*) FROM events WHERE ts > now() - INTERVAL 1 HOUR GROUP BY type""",
    "growth by the hour": """
        SELECT date_trunc('hour', ts) AS hour, type, count(*) FROM events
        WHERE type IN ('node.add', 'task.complete') GROUP BY ALL ORDER BY hour""",
    "errors by agent": "SELECT agent, count(*) FROM events WHERE type = 'error' GROUP BY agent",
    "one turn of one session": "SELECT * FROM events WHERE session_id = 's1' AND turn = 2",
}


def batches(events: int) -> list[Batch]:
    """Conversations over and over, as one source would tell them."""
    found = voice_lines(1, turns=20).splitlines()
    heads = [line.partition(b'"seq":') for line in found]
    tails = [rest.partition(b",")[2] for _, _, rest in heads]
    made = []
    for first in range(1, events + 1, BATCH):
        rows = (
            b'%s"seq":%d,%s\n' % (heads[seq % len(found)][0], seq, tails[seq % len(found)])
            for seq in range(first, first + BATCH)
        )
        made.append(Batch.encoded(b"".join(rows), first, BATCH))
    return made


def written(folder: Path, made: list[Batch], *, index: bool) -> float:
    """CPU seconds of storing events, in this process."""
    began = time.process_time()
    with Writer(folder) as writer:
        for batch in made:
            writer.write(batch.jsonl, index=index)
            writer.tick()
        writer.behind = False  # not what is made at the end
    return time.process_time() - began


def paced(folder: Path, made: list[Batch], rate: float) -> tuple[float, float, int]:
    """Offer events at a rate: CPU seconds of the sink, seconds until the last is stored, events dropped."""
    sink = StoreSink(folder / "paced")
    own = 0
    began = time.perf_counter()
    for number, batch in enumerate(made):
        wait = began + number * BATCH / rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        start = time.thread_time_ns()
        sink.write(batch)
        own += time.thread_time_ns() - start
    sink.settle(60)
    took = time.perf_counter() - began
    sink.close()
    return own / 1e9, took, sink.stats.dropped


def killed(folder: Path) -> str:
    """Kill the store's process again and again, at random moments, while events come."""
    moments = random.Random(1)
    sink = StoreSink(folder / "killed", close_seconds=60)
    pids: set[int] = set()
    made = iter(batches(KILL_EVENTS))
    sent = 0
    for _ in range(KILLS):
        while (pid := sink.stats.pid) is None or pid in pids:
            time.sleep(0.001)
        end = time.perf_counter() + moments.random() * KILL_SECONDS
        while time.perf_counter() < end:
            batch = next(made, None)
            if batch is not None:
                sink.write(batch)
                sent += len(batch)
            time.sleep(KILL_SECONDS / 4 * moments.random())
        os.kill(pid, signal.SIGKILL)
        pids.add(pid)
    sink.close()
    tables = Tables()
    tables.add_store(folder / "killed")
    sql = "SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM events WHERE seq IS NOT NULL"
    rows, distinct, first, last = run(tables, sql).fetchone()
    whole = (rows, distinct, first, last) == (sent, sent, 1, sent) and not sink.stats.dropped
    return (
        f"killed {len(pids)} times, begun again {sink.stats.restarts} times: of {sent:,} events "
        f"{rows:,} are there, {distinct:,} different ones, {sink.stats.dropped} dropped: "
        f"{'each is there once' if whole else 'NOT each is there once'}"
    )


def row_by_row(folder: Path, made: list[Batch]) -> float:
    """Events a CPU second by `executemany`."""
    lines = b"".join(batch.jsonl for batch in made[: BASELINE_ROWS // BATCH]).splitlines()
    rows = [tuple(row.values()) for row in table_of(decode_lines(lines) or []).to_pylist()]
    connection = duckdb.connect(str(folder / "rows.duckdb"))
    connection.register("empty", SCHEMA.empty_table())
    connection.execute("CREATE TABLE events AS FROM empty")
    marks = ", ".join("?" * len(SCHEMA))
    began = time.process_time()
    connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)  # noqa: S608 - marks are question marks
    took = time.process_time() - began
    connection.close()
    return len(rows) / took


def report() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = batches(EVENTS)
        size = sum(len(batch.jsonl) for batch in made) / EVENTS
        own, took, dropped = paced(folder, made, RATE)
        lines = EVENTS / written(folder / "lines", made, index=False)
        stored = EVENTS / written(folder / "indexed", made, index=True)
        baseline = row_by_row(folder, made)
        print(
            f"store  {EVENTS:,} events of {size:.0f} bytes offered at {RATE:,}/s: stored after {took:.1f} s, "
            f"{dropped:,} dropped; its publisher paid {own / EVENTS * 1e9:.0f} ns an event"
        )
        print(
            f"store  a core: {stored / 1e3:,.0f}k events/s with an index, {lines / 1e3:,.0f}k/s without; "
            f"executemany: {baseline / 1e3:,.1f}k/s ({stored / baseline:,.0f} times fewer)"
        )
        files = [path for path in (folder / "paced").rglob("*") if path.is_file()]
        by_kind = {
            kind: sum(p.stat().st_size for p in files if p.suffix == kind) for kind in (".jsonl", ".parquet")
        }
        print(
            f"store  on the disk, an event: {by_kind['.jsonl'] / EVENTS:.0f} bytes of JSONL, "
            f"{by_kind['.parquet'] / EVENTS:.0f} of index"
        )
        print(f"store  {killed(folder)}")
        for what, sql in QUERIES.items():
            began = time.perf_counter()
            tables = Tables()
            tables.add_store(folder / "paced")
            rows = run(tables, sql).fetchall()
            print(f"store  {what}: {(time.perf_counter() - began) * 1e3:.0f} ms, {len(rows)} rows")
