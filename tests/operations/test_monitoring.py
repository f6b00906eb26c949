"""docs/operations: alerts, dashboard and compose file name only what there is."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.main import get_command

from backend.models import Scripted
from backend.operations.health import SERVICES, Answer, Report, Status
from debugger.cli.app import app
from debugger.report import Report as CheckReport
from debugger.report import render
from debugger.report.model import Found
from tests.cli.command import ROOT
from tests.operations.backends import Voice, talking
from tests.operations.promql import kept_labels, metrics_in

FOLDER = ROOT / "docs" / "operations"
SCRAPED = {"job", "instance"}  # what Prometheus itself adds
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed here")


def parsed(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def alerts() -> list[dict[str, Any]]:
    return [rule for group in parsed("alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))["panels"]
    return found


def dashboard_queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


async def scraped(tmp_path: Path) -> str:
    """What a backend with a store tells after a talk in which everything happened, and a check beside it."""
    answers = [Scripted((), error="the weights are gone"), Scripted(("Yes.",))]
    async with talking(
        tmp_path, ("hello", "at last?"), answers, store=tmp_path / "s", voice=Voice()
    ) as backend:
        backend.tap.system("FINDING", {"rule": "lost-update"})
        backend.hub.turned_away["token"] += 1
        backend.tap.drain()
        report = Report("ok", ready=True, services={}, dependencies={"feed": Answer(Status.OK)})
        body, _ = backend.operations.metrics.scraped("", report)
    found = Found("lost-update", "violation", "error", "a.jsonl", "m")
    return body.decode() + render(CheckReport((), (found,)), "prometheus")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    return asyncio.run(scraped(tmp_path_factory.mktemp("scraped")))


@pytest.fixture(scope="module")
def series(told: str) -> dict[str, set[str]]:
    """Each metric that exists, with its labels."""
    found: dict[str, set[str]] = {"up": set(SCRAPED)}
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            found.setdefault(sample.name, set(SCRAPED)).update(sample.labels)
    return found


def test_each_alert_and_each_panel_asks_only_for_what_exists(series: dict[str, set[str]]) -> None:
    """Metrics, and the labels they are selected and summed by."""
    queries = [rule["expr"] for rule in alerts()] + dashboard_queries()
    assert len(queries) > 40
    for query in queries:
        asked = metrics_in(query)
        assert asked, query
        for name, labels in asked.items():
            assert name in series, f"{query}: there is no {name}"
            assert labels <= series[name], f"{query}: {name} has no {labels - series[name]}"
        known = set().union(*(series[name] for name in asked))
        assert kept_labels(query) <= known, query


def test_what_an_expression_asks_for_is_read_rightly() -> None:
    """Functions, strings, durations, modifiers and labels are no metrics."""
    query = (
        "histogram_quantile(0.9, sum by (le, job) (rate(a_bucket{x=~\"b_total{}\", y!='c'}[5m]))) > bool 1e3 "
        "and on (job) increase(d_total[$__rate_interval] offset 30m) / ignoring(x) up == 0 unless e:f"
    )
    assert metrics_in(query) == {"a_bucket": {"x", "y"}, "d_total": set(), "up": set(), "e:f": set()}
    assert kept_labels(query) == {"le", "job"}


def test_the_dashboard_shows_every_metric_that_an_alert_is_about() -> None:
    """Who is woken by one finds it there; each panel has a place of its own."""
    shown = {name.removesuffix("_total") for query in dashboard_queries() for name in metrics_in(query)}
    woken = {name.removesuffix("_total") for rule in alerts() for name in metrics_in(rule["expr"])}
    assert woken - shown <= {
        "doubletalk_check_failed",
        "doubletalk_sink_up",
    }  # among findings and dependencies
    places = set()
    for panel in panels():
        grid = panel["gridPos"]
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert (x, y) not in places, panel["title"]
                places.add((x, y))
        assert grid["x"] + grid["w"] <= 24
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_alerts_are_what_the_rule_format_wants() -> None:
    """Where promtool is not there to say so."""
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names) >= 10
    for rule in alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []


@needs_promtool
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    """Rules are well formed, and fire when they should."""
    assert PROMTOOL is not None
    run = subprocess.run(
        [PROMTOOL, *words], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


@needs_promtool
def test_promtool_finds_nothing_wrong_with_metrics_and_queries(told: str, tmp_path: Path) -> None:
    """Names, types and help of what is scraped; every query of the dashboard is PromQL."""
    assert PROMTOOL is not None
    lint = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=told, capture_output=True, text=True, check=False, timeout=60
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr
    rules = [
        {"record": f"q:{number}", "expr": query.replace("$__rate_interval", "1m")}
        for number, query in enumerate(dashboard_queries())
    ]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "q", "rules": rules}]}))
    run = subprocess.run(
        [PROMTOOL, "check", "rules", str(tmp_path / "queries.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_compose_file_runs_commands_that_there_are() -> None:
    """Each option of each command exists; what is mounted is there; nothing but loopback is published."""
    compose = parsed("compose.yaml")
    commands: Any = get_command(app)
    ours = {name: one for name, one in compose["services"].items() if one.get("image") == "doubletalk"}
    assert len(ours) == 3
    for service in ours.values():
        words = list(service["command"])
        command = commands
        while hasattr(command, "get_command"):
            command = command.get_command(None, words.pop(0))
        options = {name for parameter in command.params for name in parameter.opts}
        asked = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert asked <= options, asked - options
        assert "--token-file" in asked  # none of them listens on loopback
        assert set(service["secrets"]) <= set(compose["secrets"])
    for config in compose["configs"].values():
        assert (FOLDER / config["file"]).is_file(), config
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in compose["volumes"]
        for one in service.get("configs", ()):
            assert one["source"] in compose["configs"]


def test_what_is_scraped_are_the_services_by_names_they_know() -> None:
    """A server refuses requests for names that are not its own."""
    services = parsed("compose.yaml")["services"]
    targets = parsed("prometheus.yml")["scrape_configs"][0]["static_configs"][0]["targets"]
    assert len(targets) == 3
    for target in targets:
        name, _, port = target.partition(":")
        assert f"--known-as={name}" in services[name]["command"]
        assert port == "8765"


def test_the_image_has_what_it_needs() -> None:
    """What is copied is there; it runs as nobody in particular, and needs no index at run time."""
    text = (FOLDER / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
    assert "--require-hashes" in text
    assert re.search(r"^USER doubletalk$", text, re.MULTILINE)
    assert (
        parsed("compose.yaml")["services"]["assistant"]["build"]["dockerfile"] == "docs/operations/Dockerfile"
    )


def test_the_secrets_of_the_compose_file_are_never_committed() -> None:
    """They are variables of a file beside it, which is ignored, and which the page makes."""
    assert "/docs/operations/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (names,) = re.findall(r"for name in ([A-Z_ ]+); do", page)
    wanted = [secret["environment"] for secret in parsed("compose.yaml")["secrets"].values()]
    assert names.split() == wanted


def test_the_five_services_are_those_of_the_page() -> None:
    """In its table."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE)
    assert tuple(rows[:5]) == SERVICES


def test_the_page_names_metrics_that_there_are(series: dict[str, set[str]]) -> None:
    """In its table of numbers."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| [a-z, ]+ \| (.*) \|$", page.partition("## Numbers")[2], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    known = {re.sub(r"_(bucket|info)$", "", name.removeprefix("doubletalk_")) for name in series} | set(
        series
    )
    values = {"store", "mux", "feed", "mailbox", "build_info"}
    assert named - known <= values
    assert len(named) > 25
