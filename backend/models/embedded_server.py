"""The worker process of the embedded model: llama.cpp's own HTTP server, and nothing else.

Run as ``python -m backend.models.embedded_server WEIGHTS``. Prints its address on
stdout once it listens, and ends when its stdin does: with its parent, however that dies.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Load the weights, serve, and wait for the parent to go."""
    import xllamacpp  # noqa: PLC0415 - only this process loads the engine

    weights = Path(sys.argv[1])
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # One thread: on two cores shared with speech recognition, two fell from 159 to 10-25 tok/s.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_ctx = 4096
    params.n_parallel = 2
    params.use_jinja = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    while os.read(0, 1024):
        pass
    os._exit(0)  # the engine's threads need no farewell


if __name__ == "__main__":
    main()
