"""A Ray cluster: one that runs, or one of processes of this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RaySystemError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from backend.errors import UserError
from debugger.fleet.build import refuse_skew, this_build
from debugger.fleet.engines.address import CONNECT_SECONDS, must_answer
from debugger.fleet.engines.engine import Outcome
from debugger.fleet.tasks import Task, run_task

_LOOK_SECONDS: Final = 1.0
_NOBODY_SECONDS: Final = 30.0
_SILENT_SECONDS: Final = 5.0
"""For which a head may be away: it may be begun again."""

_OBJECTS: Final = 80 << 20
"""Bytes of shared memory of a cluster of this machine: results are small, and Ray takes no less."""

_CLIENT_PORT: Final = "10001"
"""Where Ray Client listens unless told otherwise; any other port is that of the cluster's head."""

_DIED: Final = (WorkerCrashedError, NodeDiedError, OutOfMemoryError, ObjectLostError)


class Ray:
    """Tasks of one processor each. Of a cluster's nodes each is asked for its build before it gets one."""

    elsewhere = True

    def __init__(self, address: str, processes: int) -> None:
        self._where = f"ray://{address or 'local'}"
        self._flying: dict[Any, int] = {}
        self._alone_since: float | None = None
        self._silent_since: float | None = None
        self._gone = False
        self._head = address
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # what it says is told in our own words
        self._quiet = contextlib.ExitStack()
        # Of workers that die it writes to stdout, whatever it is asked, and there are data.
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
        self._quiet.callback(nowhere.close)
        self._quiet.enter_context(contextlib.redirect_stdout(nowhere))
        try:
            self._open(address, processes)
            self._head = self._head or ray.get_runtime_context().gcs_address
            self.width = self._looked_at()
        except BaseException:
            self.close()
            raise
        # What dies is looked at again by the driver, which tells it.
        self._run = ray.remote(num_cpus=1, max_retries=0)(run_task)

    def _open(self, address: str, processes: int) -> None:
        common: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
        if not address:
            ray.init(
                num_cpus=processes,
                include_dashboard=False,
                object_store_memory=_OBJECTS,
                **common,
            )
            return
        must_answer(self._where, address, "Ray cluster")
        by_client = address.endswith(f":{_CLIENT_PORT}")
        try:
            ray.init(f"ray://{address}" if by_client else address, **common)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it even ends the program
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{self._where}: this cluster cannot be joined: {told}") from None

    def _looked_at(self) -> int:
        """How many tasks it runs at once; all of its nodes are of this build.

        Raises:
            UserError: one is not, or there is none.
        """
        identify = ray.remote(num_cpus=0, max_retries=0)(this_build)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        asked = {
            node["NodeManagerAddress"]: identify.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ).remote()
            for node in nodes
        }
        for name, reference in asked.items():
            try:
                build = ray.get(reference, timeout=6 * CONNECT_SECONDS)
            except RayError as error:
                told = str(error).splitlines()[-1]
                raise UserError(f"node {name} cannot run doubletalk: {told}") from None
            refuse_skew(this_build(), build, f"node {name}")
        width = int(ray.cluster_resources().get("CPU", 0))
        if not width:
            raise UserError(f"{self._where}: no processors to give; begin a worker: ray start --address …")
        return width

    def submit(self, ticket: int, task: Task) -> None:
        """As one of its tasks."""
        self._flying[self._run.remote(task)] = ticket

    def wait(self) -> Sequence[Outcome]:
        """Those that ended."""
        ended: list[Any] = []
        while not ended:
            flying = list(self._flying)
            ended, _ = ray.wait(flying, num_returns=1, timeout=_LOOK_SECONDS)
            if ended:
                ended, _ = ray.wait(flying, num_returns=len(flying), timeout=0)
            else:
                self._look()
        return [self._taken(reference) for reference in ended]

    def _taken(self, reference: Any) -> Outcome:
        ticket = self._flying.pop(reference)
        try:
            return Outcome(ticket, ray.get(reference))
        except _DIED as error:
            return Outcome(ticket, None, f"Ray: {type(error).__name__}")
        except TaskCancelledError:
            raise UserError(f"{self._where}: a task was cancelled by somebody else") from None
        except RayTaskError as error:
            cause = getattr(error, "cause", None)
            raise cause if isinstance(cause, Exception) else error from None
        except RaySystemError as error:
            raise UserError(f"{self._where}: {str(error).splitlines()[0]}") from None

    def _look(self) -> None:
        """Nothing ended for a while: is anybody there?

        Ray itself would wait for its head for a minute, and then end this process with a 1.
        """
        now = time.monotonic()
        try:
            must_answer(self._where, self._head, "Ray cluster")
        except UserError:
            self._silent_since = self._silent_since or now
            self._gone = now - self._silent_since > _SILENT_SECONDS
            if self._gone:
                raise UserError(f"{self._where}: the cluster is gone; what was looked at is lost") from None
            time.sleep(_LOOK_SECONDS)
            return
        self._silent_since = None
        there = any(node["Alive"] for node in ray.nodes())
        self._alone_since = None if there else self._alone_since or now
        if self._alone_since is not None and now - self._alone_since > _NOBODY_SECONDS:
            raise UserError(f"{self._where}: no node is left")

    def notices(self) -> Sequence[str]:
        """None: who died is an outcome."""
        return ()

    def close(self) -> None:
        """Cancel, leave, and end what was begun for this."""
        flying, self._flying = list(self._flying), {}
        for reference in () if self._gone else flying:
            with contextlib.suppress(Exception):
                ray.cancel(reference, force=True)
        ray.shutdown()
        self._quiet.close()
