"""What cannot be asked of an engine, and how a fleet ends before its time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from backend.errors import UserError
from debugger.fleet.build import Build, this_build
from debugger.fleet.engines import Named, engine_named
from debugger.fleet.tasks import Task, run_task
from debugger.fleet.unseen import Unseen
from tests.cli.command import CLI
from tests.support.commands import say
from tests.support.fleets import look


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, Named("pool")),
        ("pool", Named("pool")),
        ("dask://local", Named("dask")),
        ("ray://local", Named("ray")),
        ("dask://10.0.0.7:8786", Named("dask", "10.0.0.7:8786")),
        ("ray://head.example:6379", Named("ray", "head.example:6379")),
        ("dask://[::1]:8786", Named("dask", "[::1]:8786")),
    ],
)
def test_engines_are_named_by_kind_and_address(text: str | None, named: Named) -> None:
    """Without one: processes of this machine."""
    assert engine_named(text) == named


@pytest.mark.parametrize(
    "text",
    [
        *("", "spark://x:1", "dask", "dask://", "dask://host", "dask://host:0", "dask://host:65536"),
        *("ray://host:port", "dask://a b:1", "ray://[zz]:1", "pool:4", "dask://local:1:2", "DASK://local"),
        "dask://h:\uff11",
    ],
)
def test_what_is_no_engine_is_told_with_those_there_are(text: str) -> None:
    """One line, exit code 2."""
    for command in ("check", "stats"):
        said = say(command, "x.jsonl", "--engine", text)
        assert (said.code, said.out) == (2, "")
        (line,) = said.err.splitlines()
        assert "there are pool, dask://local, dask://HOST:PORT, ray://local and ray://HOST:PORT" in line


def test_a_cluster_where_nobody_answers_is_told(recordings: Path) -> None:
    """At once, not after a minute."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        port = taken.getsockname()[1]
        for kind, who in (("dask", "Dask scheduler"), ("ray", "Ray cluster")):
            run = subprocess.run(
                [*CLI, "check", str(recordings), "--engine", f"{kind}://127.0.0.1:{port}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert (run.returncode, run.stdout) == (2, "")
            assert run.stderr == (
                f"doubletalk: {kind}://127.0.0.1:{port}: no {who} answers there: Connection refused\n"
            )


def test_an_engine_that_is_not_installed_says_how_to_get_it(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every extra."""
    for name in [name for name in sys.modules if name.startswith("debugger.fleet.engines.dask")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = say("stats", str(recordings), "--engine", "dask://local")
    assert (said.code, said.out) == (2, "")
    assert said.err == ('doubletalk: --engine dask:// needs distributed: pip install "doubletalk[fleet]"\n')


def test_standard_input_is_for_no_worker_elsewhere() -> None:
    """It is this process that has it."""
    said = say("check", "-", "--engine", "dask://127.0.0.1:9")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "doubletalk: no worker elsewhere reads standard input: save it to a file, or leave out --engine\n"
    )


def test_standard_input_is_read_here_among_others(recordings: Path) -> None:
    """In its place of the order, by processes too."""
    lines = (recordings / "b1.jsonl").read_bytes()
    paths = [str(recordings / "b0.jsonl"), "-", str(recordings / "b2.jsonl")]
    run = subprocess.run(
        [sys.executable, "-c", SMALL_IS_WORTH_IT, "check", *paths, "--format", "json", "--jobs", "2"],
        input=lines,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.stderr == b""
    import json

    assert [one["path"] for one in json.loads(run.stdout)["inputs"]] == paths
    events = [one["events"] for one in json.loads(run.stdout)["inputs"]]
    assert events[1] == len(lines.splitlines())


SMALL_IS_WORTH_IT = """
import sys
import debugger.fleet.driver
from debugger.cli import main
debugger.fleet.driver._WORTH = 1
if __name__ == "__main__":
    main()
"""


SAME_BUILD = """
import tests.support.same_build
from debugger.cli import main
main()
"""


def test_a_watch_is_of_this_machine(recordings: Path) -> None:
    """Files elsewhere change unseen."""
    said = say("check", "--watch", str(recordings), "--engine", "dask://local")
    assert said.code == 2
    assert said.err == "doubletalk: --watch looks at files of this machine; leave out --engine\n"


# --- workers elsewhere -------------------------------------------------------------------------------


def test_recordings_that_a_worker_does_not_see_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are. What is not here either is simply not there."""
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    groups = tuple((name,) for name in ("a.jsonl", "b.jsonl", "nowhere.jsonl"))
    base = str(tmp_path / "mounted elsewhere")
    from debugger.fleet.stats import StatsOptions, stats_partition

    done = run_task(Task(stats_partition, groups, StatsOptions(), base, this_build()))
    unseen = Unseen()
    assert unseen.take(done) == {0, 1}
    (line,) = unseen.problems()
    assert line == (
        f"a.jsonl: not there where worker {done.worker} is, nor is 1 more recording; "
        "each worker has to see them by the same paths, as on a shared disk"
    )
    assert [one.error for one in done.part.recordings][2] == "nowhere.jsonl: no such file"


def test_a_worker_refuses_what_a_driver_of_another_version_sends() -> None:
    """Who joined a cluster after it was looked at is found out too."""
    with pytest.raises(UserError, match=r"worker \S+:\d+ has doubletalk .* this is 9\.9 \(x\): install"):
        run_task(Task(look, (), None, "/", Build("9.9", "x")))


def test_a_build_is_another_when_a_source_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between releases the version alone says nothing."""
    from debugger.fleet import build

    before = this_build()
    build._digest.cache_clear()
    monkeypatch.setattr(build, "_JUDGING", build._JUDGING[1:])
    try:
        assert this_build().version == before.version
        assert this_build() != before
    finally:
        build._digest.cache_clear()


# --- ended before its time ---------------------------------------------------------------------------


def until(holds: Any, what: str) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def blocked(folder: Path) -> list[str]:
    """Recordings that do not end: pipes that nobody writes to. And much of nothing, worth two processes."""
    for name in ("a.jsonl", "b.jsonl"):
        os.mkfifo(folder / name)
    (folder / "c.jsonl").write_bytes(b"\n" * (9 << 20))
    return [str(folder / name) for name in ("a.jsonl", "b.jsonl", "c.jsonl")]


def test_ctrl_c_ends_the_processes_too(tmp_path: Path) -> None:
    """Exit code 130, no word, nobody left."""
    with subprocess.Popen(
        [*CLI, "check", *blocked(tmp_path), "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as run:
        until(lambda: len(children(run.pid)) >= 2, "two processes")
        pipes = [os.open(tmp_path / name, os.O_WRONLY) for name in ("a.jsonl", "b.jsonl")]  # once they read
        workers = children(run.pid)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=30)
        for pipe in pipes:
            os.close(pipe)
    assert (run.returncode, out, err) == (130, b"", b"")
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers are gone")


def test_ctrl_c_cancels_what_dask_was_given(
    tmp_path: Path, dask_cluster: LocalCluster, dask_engine: str
) -> None:
    """The scheduler has none of it any more; what a worker is in the middle of comes to its own end."""
    scheduler: Any = dask_cluster.scheduler
    with subprocess.Popen(
        [sys.executable, "-c", SAME_BUILD, "check", *blocked(tmp_path), "--engine", dask_engine],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as run:
        pipes = [os.open(tmp_path / name, os.O_WRONLY) for name in ("a.jsonl", "b.jsonl")]  # once they read
        assert scheduler.tasks
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=30)
        until(lambda: not scheduler.tasks, "no task is left")
        for pipe in pipes:
            os.close(pipe)
    assert (run.returncode, out, err) == (130, b"", b"")


def test_a_scheduler_that_goes_away_is_told(tmp_path: Path) -> None:
    """Exit code 2, lines of ours; nothing hangs. As it goes it may end its workers first."""
    path = blocked(tmp_path)[0]
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
        preload=["tests.support.same_build"],
    ) as cluster:
        engine = str(cluster.scheduler_address).replace("tcp://", "dask://")
        command = [sys.executable, "-c", SAME_BUILD, "check", path, "--engine", engine]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            pipe = os.open(path, os.O_WRONLY)  # once it is read
            cluster.close()
            os.close(pipe)
            out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (2, "")
    *before, last = err.splitlines()
    assert last == f"doubletalk: {engine}: the scheduler is gone; what was looked at is lost"
    assert all(line.startswith("doubletalk: a worker died (Dask worker ") for line in before)


def test_a_worker_with_several_threads_judges_one_partition_at_a_time(tmp_path: Path) -> None:
    """What is made ready for judging is for one at a time."""
    inside: list[int] = []
    most: list[int] = []

    def count(groups: Any, _options: Any) -> tuple[()]:
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.01)  # so that others could come in
        inside.pop()
        return ()

    task = Task(count, (), None, str(tmp_path), this_build())
    threads = [threading.Thread(target=run_task, args=(task,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
