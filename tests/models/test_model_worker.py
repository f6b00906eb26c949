"""A model's worker process that loads slowly, dies, or is something else altogether."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend.models import ModelError, ModelTimeoutError, ModelUnavailableError
from backend.models.worker import Worker

_LOADING = """
import http.server, sys, threading
sys.stdin.readline()
asked = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        self.send_response({status})
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("http://127.0.0.1:%d" % server.server_port, flush=True)
sys.stdin.read()
"""


async def _start(program: str, ready_seconds: float = 20.0) -> Worker:
    return await Worker.start(
        Path("unused.gguf"), command=(sys.executable, "-c", program), ready_seconds=ready_seconds
    )


async def test_a_worker_that_is_loading_is_waited_for() -> None:
    """503 is no failure; the first 200 is ready; and it ends when it is told to."""
    worker = await _start(_LOADING.format(status="503 if asked < 4 else 200"))
    assert worker.alive
    await worker.stop()
    assert not worker.alive


@pytest.mark.parametrize(
    ("program", "kind", "line"),
    [
        ("import sys; sys.exit('out of memory')", ModelUnavailableError, "ended with code 1: out of memory"),
        ("import os; os.kill(os.getpid(), 9)", ModelUnavailableError, "ended by SIGKILL"),
        ("print('http://127.0.0.1:9', flush=True)", ModelUnavailableError, "ended with code 0"),
        ("print('hello', flush=True); input(); input()", ModelUnavailableError, "no address: hello"),
        (_LOADING.format(status="404"), ModelUnavailableError, "health check with 404"),
    ],
)
async def test_a_worker_that_cannot_serve_is_one_line(
    program: str, kind: type[ModelError], line: str
) -> None:
    """That says how it ended, with its last words."""
    with pytest.raises(kind, match=line) as raised:
        await _start(program)
    assert "\n" not in str(raised.value)


async def test_a_worker_that_is_never_ready_is_a_timeout() -> None:
    """And is not left behind: ending it is part of the failure."""
    with pytest.raises(ModelTimeoutError, match="not ready after 1 s"):
        await _start(_LOADING.format(status="503"), ready_seconds=1.0)


async def test_a_program_that_is_not_there_is_one_line() -> None:
    """Not an OSError."""
    with pytest.raises(ModelUnavailableError, match="cannot be started"):
        await Worker.start(Path("unused.gguf"), command=("/nonexistent/program",))


async def test_a_worker_that_writes_much_is_never_blocked() -> None:
    """Its log is read all the time, and its end is kept."""
    noisy = "import sys\nsys.stderr.write('x' * 1_000_000 + chr(10))\nsys.exit('the end')"
    with pytest.raises(ModelUnavailableError, match="the end"):
        await _start(noisy)
