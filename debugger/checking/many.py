"""Many recordings, judged side by side, in the order they were named."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from backend.errors import UserError
from debugger.checking.one import Asked, Judged, judge_one

_PACKED: Final = 10  # times smaller are logs when they are compressed
_WORTH: Final = 8 << 20
"""Bytes for which a process more pays: it takes as long to begin as to judge so much."""


def judge_many(asked: Sequence[Asked], jobs: int, on_done: Callable[[int], None]) -> list[Judged]:
    """Of each its `Judged`; ``on_done`` hears how many are. Of ``jobs`` one recording may take two.

    Raises:
        UserError: a worker was killed, for want of memory, say.
    """
    side_by_side = min(jobs, len(asked), 1 + sum(map(_size, asked)) // _WORTH)
    if side_by_side <= 1:
        found = []
        for number, one in enumerate(asked, start=1):
            found.append(judge_one(replace(one, processors=jobs)))
            on_done(number)
        return found
    import multiprocessing  # noqa: PLC0415 - what one process does without
    from concurrent.futures import ProcessPoolExecutor, as_completed  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    # Forked workers would share locks with the threads that numpy and others began.
    pool = ProcessPoolExecutor(side_by_side, mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(judge_one, one) for one in asked]
        for number, future in enumerate(as_completed(futures), start=1):
            future.result()
            on_done(number)
        return [future.result() for future in futures]
    except BrokenProcessPool:
        raise UserError("a worker process was killed, perhaps for want of memory; try --jobs 1") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _size(asked: Asked) -> int:
    """Bytes of its files, about as many as of text; of what has none nothing is expected."""
    size = 0
    for path in asked.paths:
        with contextlib.suppress(OSError, ValueError):
            there = os.stat(path).st_size  # noqa: PTH116 - a name of any kind
            size += there * _PACKED if path.endswith((".gz", ".zst")) else there
    return size


def cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
