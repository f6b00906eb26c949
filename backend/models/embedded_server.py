"""The worker process of the embedded model: llama.cpp's own HTTP server, and nothing else.

Run as ``python -m backend.models.embedded_server WEIGHTS``. Takes the key that requests must
carry as the first line of stdin, prints its address on stdout once it listens, and ends when
its stdin does: with its parent, however that dies.
"""

from __future__ import annotations

import os
import sys

_SLOTS = 4
"""Choosing a tool, its arguments and the answer each keep the beginning of their prompt in one."""
_CACHE_MIB = 32
"""For prompts that lost their slot; the engine's own default is 8 GiB."""


def main() -> None:
    """Load the weights, serve, and wait for the parent to go."""
    try:
        _serve(sys.argv[1], key=os.fsdecode(sys.stdin.buffer.readline()).strip())
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent shows this as its last words
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)  # the engine's threads need no farewell


def _serve(weights: str, *, key: str) -> None:
    import xllamacpp  # noqa: PLC0415 - only this process loads the engine

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # One thread: on two cores shared with speech recognition, two fell from 159 to 10-25 tok/s.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_ctx = 4096
    params.n_parallel = _SLOTS
    params.kv_unified = True
    params.cache_ram_mib = _CACHE_MIB
    params.use_jinja = True
    # Every program and web page on this machine can reach the port: only the parent may use it.
    params.api_keys = [key]
    params.ui = params.endpoint_slots = False
    params.verbosity = 1  # errors only
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    while os.read(0, 1024):
        pass


if __name__ == "__main__":
    main()
