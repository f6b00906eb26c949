"""Clusters on this machine, each begun once, and recordings for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.check.lost_update import record
from tests.cli.command import ROOT
from tests.support.voicelog import voice_lines


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve: clean, racy, torn, one that is none, and one without events."""
    folder = tmp_path_factory.mktemp("fleet")
    record(folder / "a-racy.jsonl", locked=False)
    racy = (folder / "a-racy.jsonl").read_bytes()
    for number in range(8):
        (folder / f"b{number}.jsonl").write_bytes(voice_lines(number % 3, turns=2))
    (folder / "c-torn.jsonl").write_bytes(b"{broken\n" + racy[:-120])
    (folder / "d-none.jsonl").write_bytes(b"no event\n" * 3)
    (folder / "e-empty.jsonl").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[LocalCluster]:
    """Two workers; what kills one is not tried again by Dask."""
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=50,
            preload=["tests.support.same_build"],
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def dask_engine(dask_cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """What ``--engine`` takes."""
    monkeypatch.setattr("debugger.fleet.build._digest", lambda: "tested")  # as its workers
    return str(dask_cluster.scheduler_address).replace("tcp://", "dask://")


CLUSTER = """
import ray, sys
ray.init(num_cpus=1, include_dashboard=False, object_store_memory=80 << 20,
         configure_logging=False, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def ray_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """In which Ray leaves nothing in the home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    return {**os.environ, "HOME": str(home), "RAY_AUTH_MODE": "disabled", "PYTHONPATH": str(ROOT)} | {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"  # on loopback
    }


@pytest.fixture(scope="session")
def ray_engine(ray_environment: dict[str, str]) -> Iterator[str]:
    """One node with one processor, in a process of its own; what ``--engine`` takes."""
    command = [sys.executable, "-c", CLUSTER]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ray_environment,
        cwd=ROOT,
        text=True,
    ) as cluster:
        assert cluster.stdout is not None
        assert cluster.stdin is not None
        address = cluster.stdout.readline().strip()
        if not address:
            assert cluster.stderr is not None
            pytest.skip(f"Ray cannot begin a cluster here: {cluster.stderr.read()[-300:]}")
        yield f"ray://{address}"
        cluster.stdin.close()
