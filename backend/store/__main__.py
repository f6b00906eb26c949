"""``python -m backend.store DIR``: write what a producer sends on standard input (`frames`) to a store."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

from backend.store.retention import Limits
from backend.store.writer import SEGMENT_BYTES, Fsync, Policy


def main(words: list[str]) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m backend.store", description=__doc__)
    parser.add_argument("folder", metavar="DIR", type=Path, help="the store; it is made if need be")
    parser.add_argument("--fsync", choices=("batch", "second", "never"), default="second")
    parser.add_argument("--segment-bytes", type=int, default=SEGMENT_BYTES, metavar="N")
    parser.add_argument("--keep-seconds", type=float, metavar="S", help="remove what is older")
    parser.add_argument("--keep-bytes", type=int, metavar="N", help="remove the oldest above this size")
    given = parser.parse_args(words)
    from backend.store.process import serve  # noqa: PLC0415 - loads pyarrow, which --help does without

    policy = Policy(
        fsync=cast("Fsync", given.fsync),
        segment_bytes=given.segment_bytes,
        limits=Limits(given.keep_seconds, given.keep_bytes),
    )
    return serve(given.folder, policy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
