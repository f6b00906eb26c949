"""A Dask cluster: one that runs, or one of processes of this machine."""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any, Final

import dask
from distributed import Client, Future, LocalCluster, wait
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from backend.errors import UserError
from debugger.fleet.build import Build, refuse_skew, this_build
from debugger.fleet.engines.address import CONNECT_SECONDS, must_answer
from debugger.fleet.engines.engine import Outcome
from debugger.fleet.tasks import Task, run_task

_LOOK_SECONDS: Final = 1.0
_NOBODY_SECONDS: Final = 30.0
"""For which there may be no worker at all: one that died is begun again within some."""

_LOCAL: Final = {
    "distributed.scheduler.allowed-failures": 0,  # we look again ourselves, and say so
    "distributed.worker.multiprocessing-method": "spawn",
}


_LOUD: Final = ("distributed", "tornado", "asyncio")


def _silence() -> None:
    """What they say of what goes wrong is told in our own words. Dask sets levels logger by logger."""
    for name in [*_LOUD, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in _LOUD:
            logging.getLogger(name).setLevel(logging.CRITICAL)


class Dask:
    """Tasks as futures. Of a cluster's workers each is asked for its build before it gets one."""

    elsewhere = True

    def __init__(self, address: str, processes: int) -> None:
        self._where = f"dask://{address or 'local'}"
        self._flying: dict[Future[Any], int] = {}
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._known: set[str] = set()
        self._alone_since: float | None = None
        _silence()
        warnings.filterwarnings("ignore", module="distributed")
        try:
            self._open(address, processes)
            self.width = self._looked_at()
        except BaseException:
            self.close()
            raise

    def _open(self, address: str, processes: int) -> None:
        if not address:
            with dask.config.set(_LOCAL):
                self._cluster = LocalCluster(
                    n_workers=processes,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
        else:
            must_answer(self._where, address, "Dask scheduler")
        there = f"tcp://{address}" if self._cluster is None else self._cluster.scheduler_address
        try:
            self._client = Client(there, timeout=CONNECT_SECONDS, set_as_default=False)
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise UserError(f"{self._where}: no workers; begin some: dask worker tcp://{address}") from None
        except (OSError, ValueError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{self._where}: no Dask scheduler answers there: {told}") from None

    def _looked_at(self) -> int:
        """How many tasks its workers run at once; all of them are of this build.

        Raises:
            UserError: one is not.
        """
        client = self._asked()
        told = client.run(this_build, on_error="return")
        for worker, build in sorted(told.items()):
            if isinstance(build, Build):
                refuse_skew(this_build(), build, f"worker {worker}")
            else:
                raise UserError(f"worker {worker} cannot run doubletalk: {type(build).__name__}: {build}")
        workers = client.scheduler_info(n_workers=-1)["workers"]
        self._known = set(workers)
        return max(sum(int(one["nthreads"]) for one in workers.values()), 1)

    def _asked(self) -> Client:
        if self._client is None or self._client.status != "running":
            raise UserError(f"{self._where}: the scheduler is gone; what was looked at is lost")
        return self._client

    def submit(self, ticket: int, task: Task) -> None:
        """As a future that belongs to this run alone: the same asked again is looked at again."""
        self._flying[self._asked().submit(run_task, task, pure=False, retries=0)] = ticket

    def wait(self) -> Sequence[Outcome]:
        """Those that ended."""
        with self._told_when_gone():
            while not (ended := [future for future in self._flying if future.done()]):
                try:
                    with self._asked().as_current():
                        wait(list(self._flying), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED")
                except TimeoutError:
                    self._look()
            return [self._taken(future) for future in ended]

    @contextlib.contextmanager
    def _told_when_gone(self) -> Iterator[None]:
        try:
            yield
        except (CancelledError, CommClosedError):
            self._asked()  # tells that nobody is there any more, else
            raise UserError(f"{self._where}: tasks were cancelled by somebody else") from None

    def _taken(self, future: Future[Any]) -> Outcome:
        ticket = self._flying.pop(future)
        error: BaseException | None
        if future.status == "finished":
            try:
                return Outcome(ticket, future.result(timeout=_NOBODY_SECONDS))
            except TimeoutError:
                return Outcome(ticket, None, "Dask worker that had the result")
            except Exception as lost:  # noqa: BLE001 - it ended, its worker died, and so it did not end well
                error = lost
            finally:
                future.release()
        else:
            error = future.exception(timeout=CONNECT_SECONDS)
        if isinstance(error, KilledWorker):
            self._known.discard(error.last_worker.address)  # told by the driver
            return Outcome(ticket, None, f"Dask worker {error.last_worker.address}")
        if isinstance(error, ImportError):
            raise UserError(f"{self._where}: a worker cannot run doubletalk: {error}") from None
        raise error or CancelledError

    def _look(self) -> None:
        """Nothing ended for a while: is anybody there?"""
        if self._asked().scheduler_info(n_workers=-1)["workers"]:
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since > _NOBODY_SECONDS:
            raise UserError(f"{self._where}: no worker is left")

    def notices(self) -> Sequence[str]:
        """Workers of a cluster that are gone: Dask gives what they had to others by itself."""
        if self._cluster is not None or self._client is None or self._client.status != "running":
            return ()
        there = set(self._client.scheduler_info(n_workers=-1)["workers"])
        gone, self._known = sorted(self._known - there), there
        return [f"worker {one} is gone; what it had is looked at again by another" for one in gone]

    def close(self) -> None:
        """Cancel, leave, and end what was begun for this."""
        client, self._client = self._client, None
        cluster, self._cluster = self._cluster, None
        if client is not None:
            if client.status == "running" and self._flying:
                client.cancel(list(self._flying), force=True)
            self._flying.clear()
            client.close(timeout=CONNECT_SECONDS)
        if cluster is not None:
            cluster.close(timeout=CONNECT_SECONDS)
