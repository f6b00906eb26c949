"""A real server for the tests: NATS's own with JetStream, on loopback, its files in a folder of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

_PROGRAM = Path(sys.executable).with_name("nats-server")


class NatsServer:
    """A server that can be killed and begun again on its port, with what it had stored or without."""

    def __init__(self, settings: str = "", *, jetstream: bool = True) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nats"))
        self._settings = settings
        self._jetstream = jetstream
        self._process: subprocess.Popen[bytes] | None = None
        self.port = -1  # whatever is free
        self.start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin; returns when it listens."""
        store = f'jetstream {{ store_dir: "{self._folder}/store" }}' if self._jetstream else ""
        config = self._folder / "nats.conf"
        config.write_text(
            f'host: "127.0.0.1"\nport: {self.port}\nports_file_dir: "{self._folder}"\n'
            f"{store}\n{self._settings}\n"
        )
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([_PROGRAM, "-c", config], stdout=log, stderr=log)
        ports = self._folder / f"nats-server_{self.pid}.ports"
        until = time.monotonic() + 20
        while not ports.exists() or not ports.read_text().strip():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, "the server does not begin"
            time.sleep(0.01)
        self.port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])

    def kill(self, *, forget: bool = False) -> None:
        """At once; `forget` also all that it had stored."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if forget:
            shutil.rmtree(self._folder / "store", ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
