"""Whoever looks at a fleet of recordings: processes, Dask, Ray. What is said of it is the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Future, LocalCluster

from debugger.fleet.checking import CheckOptions
from tests.cli.command import CLI, ROOT
from tests.support.commands import Said, say
from tests.support.fleets import looked

Environment = dict[str, str]

LOOKED = """
import json, sys
from tests.support.fleets import looked
print(json.dumps(looked(sys.argv[1], sys.argv[2:])))
"""


def timeless(said: Said) -> tuple[int, str, str]:
    return said.code, re.sub(r'("seconds": ?)[\d.]+', r"\g<1>0", said.out), said.err


def ray_says(environment: Environment, *arguments: str, cwd: Path = ROOT) -> Said:
    """In a process of its own: what Ray leaves in one is not for other tests."""
    run = subprocess.run(
        [*CLI, *arguments], env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=100
    )
    return Said(run.returncode, run.stdout, run.stderr)


@pytest.fixture(scope="module")
def judged(recordings: Path) -> tuple[int, str, str]:
    """By this process alone."""
    return timeless(say("check", str(recordings), "--format", "json", "--jobs", "1"))


@pytest.fixture(scope="module")
def counted(recordings: Path) -> Said:
    return say("stats", str(recordings), "--json", "--jobs", "1")


# --- the same, whatever the engine -------------------------------------------------------------------


def test_the_fleet_has_something_of_everything(judged: tuple[int, str, str]) -> None:
    """A violation, broken lines, a file that is no recording: exit code 2, and the rest is judged."""
    code, out, err = judged
    content = json.loads(out)
    assert code == 2
    assert len(content["inputs"]) == 11
    assert {"lost-update", "broken-line", "no-end"} <= {one["rule"] for one in content["findings"]}
    assert "d-none.jsonl: none of the lines is an event" in err


def test_processes_say_the_same(
    recordings: Path, judged: tuple[int, str, str], counted: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, in the same order."""
    monkeypatch.setattr("debugger.fleet.driver._WORTH", 1)  # else nothing so small is worth a process
    assert timeless(say("check", str(recordings), "--format", "json", "--jobs", "2")) == judged
    assert say("stats", str(recordings), "--json", "--jobs", "2") == counted


def test_dask_says_the_same(
    recordings: Path, dask_engine: str, judged: tuple[int, str, str], counted: Said
) -> None:
    """A cluster that runs already."""
    engine = ("--engine", dask_engine)
    assert timeless(say("check", str(recordings), "--format", "json", *engine)) == judged
    assert say("stats", str(recordings), "--json", *engine) == counted


def test_a_dask_cluster_of_this_machine_says_the_same(recordings: Path, judged: tuple[int, str, str]) -> None:
    """Begun for the command, and ended with it."""
    arguments = ("check", str(recordings), "--format", "json", "--engine", "dask://local", "--jobs", "1")
    run = subprocess.run([*CLI, *arguments], capture_output=True, text=True, check=False, timeout=100)
    assert timeless(Said(run.returncode, run.stdout, run.stderr)) == judged


def test_ray_says_the_same(
    recordings: Path,
    ray_engine: str,
    ray_environment: Environment,
    judged: tuple[int, str, str],
    counted: Said,
) -> None:
    """A cluster that runs already; nothing of Ray's own is on stdout or stderr."""
    engine = ("--engine", ray_engine)
    assert (
        timeless(ray_says(ray_environment, "check", str(recordings), "--format", "json", *engine)) == judged
    )
    assert ray_says(ray_environment, "stats", str(recordings), "--json", *engine) == counted


def test_recordings_are_named_as_they_were_where_workers_are_in_another_folder(
    recordings: Path, dask_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative names are relative to where the command was called."""
    monkeypatch.chdir(recordings)
    arguments = ("check", "c-torn.jsonl", "d-none.jsonl", "b1.jsonl", "--format", "json")
    here = timeless(say(*arguments, "--jobs", "1"))
    assert timeless(say(*arguments, "--engine", dask_engine)) == here
    assert str(recordings) not in here[1] + here[2]


def test_one_story_in_several_files_goes_to_one_worker(recordings: Path, dask_engine: str) -> None:
    """``--together`` is one recording."""
    arguments = ("check", "--together", str(recordings / "b0.jsonl"), str(recordings / "b1.jsonl"))
    here, there = (say(*arguments, "--format", "json", *more) for more in ((), ("--engine", dask_engine)))
    assert timeless(here) == timeless(there)


# --- workers that die --------------------------------------------------------------------------------


def deadly(folder: Path) -> list[str]:
    """Of nine recordings one kills whoever reads it, and another whoever is the first to."""
    said = {3: "kill", 7: "once"}
    paths = [folder / f"{number}.jsonl" for number in range(9)]
    for number, path in enumerate(paths):
        path.write_text(said.get(number, ""))
    return [str(path) for path in paths]


def assert_each_is_told_of(names: list[str], told: list[str], done: list[int]) -> None:
    """Those that can be read are, in their order; the one that cannot says why; the deaths are told."""
    assert names[3].startswith("!3.jsonl ")
    assert "not read: two workers died of it" in names[3]
    assert names[:3] + names[4:] == [f"{number}.jsonl" for number in range(9) if number != 3]
    assert sum(line.startswith("a worker died (") for line in told) >= 2  # Dask suspects more than one
    assert all("looked at again" in line for line in told)
    assert done[-1] == 9
    assert done == sorted(done)


def test_a_process_that_dies_is_told_and_its_recordings_are_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What killed it is known by its being alone the second time."""
    monkeypatch.setattr("debugger.fleet.driver._WORTH", 1)
    paths = deadly(tmp_path)
    for path in paths:
        with open(path, "a") as file:  # noqa: PTH123 - a line
            file.write("" if Path(path).stat().st_size else " ")
    names, told, done = looked("pool", paths)
    assert_each_is_told_of(names, told, done)
    assert "killed by SIGKILL, perhaps for want of memory" in told[0]


def test_a_dask_worker_that_dies_is_told_and_its_recordings_are_looked_at_again(
    tmp_path: Path, dask_engine: str
) -> None:
    """The cluster begins another."""
    names, told, done = looked(dask_engine, deadly(tmp_path))
    assert_each_is_told_of(names, told, done)


def test_a_result_that_dies_with_the_dask_worker_that_has_it_is_looked_at_again(
    tmp_path: Path, dask_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had ended well when it was asked for; then its worker died, and so did the next that looked."""
    fetched = Future.result

    def dies_first(future: Future[Any], timeout: float) -> Any:
        monkeypatch.undo()
        (owner,) = future.client.who_has([future])[future.key]
        os.kill(future.client.run(os.getpid, workers=[owner])[owner], signal.SIGKILL)
        while owner in future.client.scheduler_info(n_workers=-1)["workers"]:
            time.sleep(0.01)  # until it is missed: whoever asks the dead one waits for half a minute
        return fetched(future, timeout)

    monkeypatch.setattr(Future, "result", dies_first)
    (tmp_path / "x.jsonl").write_text("next")
    names, told, done = looked(dask_engine, [str(tmp_path / "x.jsonl")])
    assert names == ["x.jsonl"]
    assert told[0].startswith("a worker died (Dask worker tcp://127.0.0.1:")
    assert all("looked at again" in line for line in told)
    assert done[-1] == 1


def test_a_ray_worker_that_dies_is_told_and_its_recordings_are_looked_at_again(
    tmp_path: Path, ray_engine: str, ray_environment: Environment
) -> None:
    """As the others."""
    command = [sys.executable, "-c", LOOKED, ray_engine, *deadly(tmp_path)]
    run = subprocess.run(
        command, env=ray_environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert run.stderr == ""
    names, told, done = json.loads(run.stdout)
    assert_each_is_told_of(names, told, done)


def test_what_nobody_could_judge_ends_a_check_with_2(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named; the rest is judged."""
    from debugger.fleet.tasks import Job
    from tests.support.fleets import check_or_die

    monkeypatch.setattr("debugger.fleet.driver._WORTH", 1)
    unread = __import__("debugger.fleet.checking", fromlist=["CHECK"]).CHECK.unread
    monkeypatch.setattr("debugger.fleet.checking.CHECK", Job(check_or_die, unread))
    for name, source in (("a", "b0"), ("deadly", "b0"), ("z", "b1")):
        (tmp_path / f"{name}.jsonl").write_bytes((recordings / f"{source}.jsonl").read_bytes())
    said = say("check", str(tmp_path), "--format", "json", "--jobs", "2")
    assert said.code == 2
    assert [Path(one["path"]).name for one in json.loads(said.out)["inputs"]] == ["a.jsonl", "z.jsonl"]
    assert f"doubletalk: {tmp_path / 'deadly.jsonl'}: not read: two workers died of it" in said.err


def test_a_mistake_of_ours_is_a_mistake_wherever_it_is_made(tmp_path: Path, dask_engine: str) -> None:
    """Not a recording that cannot be read."""
    (tmp_path / "x.jsonl").write_text("mistake")
    with pytest.raises(ZeroDivisionError, match=r"x\.jsonl"):
        looked(dask_engine, [str(tmp_path / "x.jsonl")])


# --- clusters that are not as they should be ---------------------------------------------------------


def test_workers_of_another_version_are_refused(
    recordings: Path, dask_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line that names both; nothing is judged."""
    monkeypatch.setattr("debugger.fleet.build._digest", lambda: "abc")
    said = say("check", str(recordings), "--engine", dask_engine)
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(
        r"doubletalk: worker tcp://[\d.:]+ has doubletalk \S+ \(tested\), this is \S+ \(abc\): "
        r"install the same on both\n",
        said.err,
    )


def test_workers_that_cannot_import_it_are_told(
    recordings: Path, dask_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a cluster where doubletalk was never installed."""

    def unknown() -> Any:
        raise ModuleNotFoundError("No module named 'debugger'")

    monkeypatch.setattr("debugger.fleet.engines.dask.this_build", unknown)
    said = say("check", str(recordings), "--engine", dask_engine)
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(
        r"doubletalk: worker tcp://\S+ cannot run doubletalk: ModuleNotFoundError: .*'debugger'\n", said.err
    )


def test_nothing_is_left_on_a_cluster(recordings: Path, dask_cluster: LocalCluster, dask_engine: str) -> None:
    """Neither tasks nor clients."""
    say("check", str(recordings), "--engine", dask_engine)
    scheduler: Any = dask_cluster.scheduler
    with Client(dask_cluster) as client:
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
    assert scheduler is not None


def test_options_of_a_check_go_with_its_recordings() -> None:
    """By value: rules are text, not files that a worker would not see."""
    import datetime as dt

    import msgspec

    options = CheckOptions(dt.date(2026, 1, 1), (("rules.toml", 'schema = "doubletalk.rules/1"'),))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(options), type=CheckOptions) == options
