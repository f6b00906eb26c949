"""A process that has `doubletalk` loaded already, and becomes each command that a test calls.

To start Python and to load a command's modules is three quarters of what a short command costs. A command
that is run here is a process of its own all the same: with its streams, folder, environment and exit code,
and with Python's own end. What is not shown by it is that a command loads what it needs, and how a stream is
encoded: tests of that start `python -m debugger.cli` (`tests.cli.command.call_anew`).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_LENGTH: Final = struct.Struct("!I")
_WHOLE: Final = ("analysis", "checking", "judging", "log", "report", "sources")
_ALSO: Final = (
    *("backend.cli.demo", "backend.cli.hosting", "backend.cli.typed", "backend.compose"),
    *("backend.gateway.app", "debugger.cli.diff", "debugger.tui.events.model", "debugger.tui.text"),
    *("orjson", "uvicorn", "zstandard"),
)


class Prepared:
    """The process, started when it is first asked."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bytes = b"",
        seconds: float = 60,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `doubletalk` with `arguments`; it is killed when that takes too long."""
        self._channel = self._channel or _start()
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin)
            given.seek(0)
            asked = {
                "arguments": arguments,
                "env": dict(os.environ if env is None else env),
                "cwd": str(cwd or Path.cwd()),
            }
            code = _ask(self._channel, asked, [one.fileno() for one in (given, out, err)], seconds)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(["doubletalk", *arguments], code, out.read(), err.read())


def _ask(channel: socket.socket, asked: dict[str, Any], files: list[int], seconds: float) -> int:
    written = json.dumps(asked).encode()
    socket.send_fds(channel, [_LENGTH.pack(len(written))], files)
    channel.sendall(written)
    pid = _receive(channel)
    channel.settimeout(seconds)
    try:
        return os.waitstatus_to_exitcode(_receive(channel))
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        channel.settimeout(None)
        _receive(channel)
        raise
    finally:
        channel.settimeout(None)


def _start() -> socket.socket:
    mine, its = socket.socketpair()
    command = [sys.executable, "-m", "tests.support.prepared"]
    process = subprocess.Popen(command, stdin=its.fileno(), stdout=subprocess.DEVNULL, cwd=_ROOT)
    its.close()

    def end() -> None:
        mine.close()
        process.wait(10)

    atexit.register(end)
    return mine


def _receive(channel: socket.socket) -> int:
    return int(_LENGTH.unpack(_exactly(channel, _LENGTH.size))[0])


def _exactly(channel: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        more = channel.recv(count - len(content))
        if not more:
            raise ConnectionError("the prepared process has ended")
        content += more
    return content


# --- in the prepared process -------------------------------------------------------------------------


def _load() -> None:
    from typer.main import get_command

    from debugger.cli import app

    get_command(app.app)  # what that itself loads
    modules = [*app._MODULES.values(), *_ALSO]
    for part in _WHOLE:
        package = importlib.import_module(f"debugger.{part}")
        modules += [one.name for one in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    for name in modules:
        importlib.import_module(name)


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """What is to be run, in a process of its own; None when nobody asks any more."""
    while True:
        head, files, _, _ = socket.recv_fds(channel, _LENGTH.size, 3)
        if not head:
            return None
        asked: dict[str, Any] = json.loads(_exactly(channel, int(_LENGTH.unpack(head)[0])))
        child = os.fork()
        if not child:
            channel.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            return asked
        for file in files:
            os.close(file)
        channel.sendall(_LENGTH.pack(child))
        channel.sendall(_LENGTH.pack(os.waitpid(child, 0)[1]))


def _main() -> None:
    channel = socket.socket(fileno=os.dup(0))
    _load()
    gc.collect()
    gc.freeze()
    asked = _serve(channel)
    if asked is None:
        return
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.path[0] = asked["cwd"]
    sys.argv = ["doubletalk", *asked["arguments"]]
    runpy.run_module("debugger.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
