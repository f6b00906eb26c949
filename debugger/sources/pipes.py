"""Between the debugger and its helper processes: how they are started, and how values go through pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Final, cast

import msgspec
import numpy as np

LENGTH_BYTES: Final = 8
"""In front of each value: its length, the lowest byte first."""

PIPE_BYTES: Final = 1 << 20

_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}  # or numpy starts one for each core, which then spin

KEEPS_MEMORY: Final = {
    # A piece of text is allocated and freed again for each piece: not from the kernel each time.
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
"""For a process that does one thing and ends."""

GIVES_BACK: Final = {
    # What waits after a burst is some hundred pieces of more than that: each is a mapping of its own.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 10),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 20),
}
"""For a process that goes on for ever: of what a burst took, nothing stays."""


def worth_a_process() -> bool:
    """Whether another process can work beside this one."""
    return len(os.sched_getaffinity(0)) > 1 and bool(sys.executable)


def start(
    module: str,
    arguments: Sequence[str],
    *,
    fds: Sequence[int] = (),
    asked: bool = False,
    memory: Mapping[str, str] = KEEPS_MEMORY,
) -> Helper:
    """Run a module of ours in a process of its own; with `asked` it has a pipe as its standard input.

    ``memory`` says what becomes of memory that it needs no longer.

    Raises:
        OSError: there is no process, or no pipe, to be had.
    """
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", module, *arguments],
        pass_fds=fds,
        stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT, **memory, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


Helper = subprocess.Popen[bytes]


def end_of(helper: Helper, seconds: float) -> str:
    """How a helper that says nothing more ended, in some words; it has `seconds` for that."""
    try:
        code = helper.wait(seconds)
    except subprocess.TimeoutExpired:
        return "said what it should not"
    if code >= 0:
        return f"ended ({code})"
    with contextlib.suppress(ValueError):
        return f"was ended ({signal.Signals(-code).name})"
    return f"was ended (signal {-code})"


def output_of(helper: Helper) -> IO[bytes]:
    """Where what a helper tells is read, through a pipe as deep as pipes may be."""
    out = cast("IO[bytes]", helper.stdout)
    with contextlib.suppress(OSError, AttributeError):  # a shallow pipe is slower, no more
        fcntl.fcntl(out.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return out


def _array_to_wire(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return array.dtype.str, array.tobytes()
    raise NotImplementedError(type(array))


def _array_from_wire(_: type, wire: Any) -> Any:
    kind, content = wire
    return np.frombuffer(content, kind)


encode: Final = msgspec.msgpack.Encoder(enc_hook=_array_to_wire).encode
"""Any of our values, arrays in it too, as bytes."""


def decoder(kind: Any) -> Callable[[bytes | bytearray], Any]:
    """The reverse, for values of a kind. What it returns raises `msgspec.DecodeError` for anything else."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_array_from_wire).decode
