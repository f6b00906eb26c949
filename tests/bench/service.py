"""The event service as a whole: from a program's emit to its file, its stream and its viewers.

``python -m tests.bench service [--what fan,flat,crowd] [--seconds 20] [--minutes 10] …``; everything that is
connected is a process of its own, over real sockets.

- `fan`: ``--rate`` 50,000 events a second from one process to a file, a stream (Valkey) and 10 viewers, which
  take as little as one can (`service_reader`). Of each p50 and p99 of emit to received, and whether every
  event came, by seq. CPU is the publisher's.
- `flat`: one viewer as fast as it can (`tests.bench.feed`); what the store takes in is `tests.bench.store`'s.
- `crowd`: ``--crowd-rate`` 10,000 a second for ``--minutes``, 100 viewers of which 20 never read and 10 read
  a frame now and then, and come again when they are dropped. What a publisher is slowed is what its own emits
  take (CPU, and wall), and how late it is its turn, against the same without any viewer before and after.
  Each viewer's books have to balance: received + told as lost = emitted; who reads loses nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench import feed
from tests.bench.__main__ import noise
from tests.bench.service_crowd import crowd
from tests.bench.service_process import Process, emitted, fault_in, viewing
from tests.mux.valkey import Valkey

WARM_SECONDS: Final = 2.0
P99_MS: Final = 8.0
KEPT: Final = 0.99
"""Of the rate that is wanted: less is another one."""

VIEWER_PROCESSES: Final = 2
"""They stand for other machines. Ten processes on this one keep it busy with changing between them."""

FLAT: Final = 600_000
_SEQ: Final = re.compile(rb'"seq":(\d+),"timestamp_ns"')


def fan(rate: int, seconds: float, viewers: int) -> bool:
    """One publisher, a file, a stream, viewers; whether it was as it should be."""
    with tempfile.TemporaryDirectory() as folder, Valkey() as valkey:
        file = Path(folder, "events.jsonl")
        with Process("service_publisher", str(file), valkey.url) as publisher:
            url = publisher.line()
            shares = [
                viewers // VIEWER_PROCESSES + (at < viewers % VIEWER_PROCESSES)
                for at in range(VIEWER_PROCESSES)
            ]
            kinds = [("read", url, share) for share in shares if share] + [("stream", valkey.url, 1)]
            with viewing(kinds) as connected:
                emitted(publisher, rate, WARM_SECONDS)
                for viewer in connected:
                    viewer.tell("measure")
                took = emitted(publisher, rate, seconds)
                for viewer in connected:
                    viewer.tell(f"until {took['last_seq']}")
                answers = [viewer.answer() for viewer in connected]
            publisher.finish()
        last = took["last_seq"]
        faults = [fault for one in answers for b in one["books"] if (fault := fault_in(b, last, whole=True))]
        seqs = [int(seq) for seq in _SEQ.findall(file.read_bytes())]
        if seqs[:last] != list(range(1, last + 1)):
            faults.append(f"the file has {len(seqs):,} events, not one after the other to {last:,}")
    cores = sum(one["cpu"] for one in answers) / took["seconds"]
    _say(f"fan: the viewers and the reader of the stream took {cores:.1f} cores of the machine's")
    return _fan_told(took, rate, viewers, [times for one in answers for times in one["times"]], faults)


def _fan_told(
    took: dict[str, Any], rate: int, viewers: int, times: list[dict[str, float]], faults: list[str]
) -> bool:
    *read, stream = times
    read.sort(key=lambda one: one["p99_ms"])
    reached = took["events"] / took["seconds"]
    _say(
        f"fan: {reached:,.0f} events/s of {rate:,} wanted, {took['seconds']:.0f} s, to a file, a stream and "
        f"{viewers} viewers; publisher {took['cpu']:.0%} of a core, {took['emit_wall_ns']:,.0f} ns an emit; "
        f"others had the processor while it wanted it for {took['waited']:.0%} of the time"
    )
    for what, one in (("viewer in the middle", read[len(read) // 2]), ("worst viewer", read[-1])):
        _say(f"fan: emit to received, {what}: {_times(one)}")
    _say(f"fan: emit to received from the stream: {_times(stream)}")
    for fault in faults:
        _say(f"NOT {fault}")
    kept = read[-1]["p99_ms"] < P99_MS and reached > KEPT * rate
    _say(
        f"fan: {'EVENTS LOST' if faults else 'none lost'}, p99 of the worst viewer "
        f"{'under' if kept else 'NOT under'} {P99_MS:.0f} ms at that rate"
    )
    return not faults and kept


def _times(one: dict[str, float]) -> str:
    return f"p50 {one['p50_ms']:.2f} ms, p99 {one['p99_ms']:.2f} ms, longest {one['max_ms']:.1f} ms"


def flat() -> bool:
    """One viewer, as fast as it can; whether that is fast."""
    best = 0.0
    for name, figure in feed.measure().items():
        _say(f"flat: {name:<22} {figure:>12,.2f}" if "/" in name else f"flat: {name:<22} {figure:>12,.0f}/s")
        best = max(best, figure if name in {"tap feed", "gateway"} else 0.0)
    _say(f"flat: {'at least' if best >= FLAT else 'NOT'} {FLAT:,} events/s to one viewer")
    return best >= FLAT


def _say(text: str) -> None:
    print(f"service  {text}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """With the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench service", description=__doc__)
    parser.add_argument("--what", default="fan,flat,crowd", help="parts, with commas between")
    parser.add_argument("--seconds", type=float, default=20.0, help="of fan")
    parser.add_argument("--rate", type=int, default=50_000, help="events a second of fan")
    parser.add_argument("--viewers", type=int, default=10, help="of fan")
    parser.add_argument("--minutes", type=float, default=10.0, help="of crowd")
    parser.add_argument("--crowd-rate", type=int, default=10_000)
    parser.add_argument("--crowd", type=int, default=100, help="viewers of crowd, those below among them")
    parser.add_argument("--stuck", type=int, default=20, help="that never read")
    parser.add_argument("--slow", type=int, default=10, help="that read a frame now and then")
    options = parser.parse_args(arguments)
    what = options.what.split(",")
    if unknown := sorted(set(what) - {"fan", "flat", "crowd"}):
        parser.error(f"no such part: {', '.join(unknown)}; there are fan, flat, crowd")
    sound = True
    if "fan" in what:
        sound &= fan(options.rate, options.seconds, options.viewers)
    if "flat" in what:
        sound &= flat()
    if "crowd" in what:
        sound &= crowd(options.crowd_rate, options.minutes, options.crowd, options.stuck, options.slow)
    print(noise())
    return 0 if sound else 1


def report() -> None:
    """As part of all benchmarks, in short; `flat` is there already."""
    main(["--what", "fan,crowd", "--seconds", "10", "--minutes", "0.75"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
