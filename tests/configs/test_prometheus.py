"""Rules and dashboard ask for what server and watch really tell, in words that Prometheus understands."""

import json
import re
import shutil
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_ledger import FakeLedger
from fake_watch_log import FakeWatchLog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from served import a_project, a_service
from small_predictions import a_prediction
from small_watch import a_snapshot

from monitoring.exporter import CHANGES, GAUGES, Standing, WatchCollector, exposition
from monitoring.watching import Chore, ChoreCollector, Watching
from understudy.problem import load_problem
from understudy.problem.monitoring import Monitoring, Rule
from understudy.records import Reading

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parent.parent.parent
PROMETHEUS = ROOT / "configs" / "prometheus"
DASHBOARD = ROOT / "configs" / "grafana" / "dashboards" / "understudy.json"
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Prometheus itself")


def rules() -> list[dict[str, Any]]:
    return [
        rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]
    ]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def asked(expressions: list[str]) -> set[str]:
    """Names of Understudy's own series in PromQL."""
    return {name for text in expressions for name in re.findall(r"\bunderstudy[_:][a-zA-Z0-9_:]+", text)}


def told(text: str) -> set[str]:
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


@pytest.fixture
def served_names(tmp_path: Path) -> set[str]:
    service = a_service(a_project(tmp_path / "project"))
    service.metrics.predicted([a_prediction(fallback="error")])
    service.metrics.answered({}, 200, 0.1)
    parts: Any = service
    parts.predictor.shadows.tally.dropped = Counter({("shadow", "full"): 3})
    parts.predictor.shadows.tally.scored = Counter({"shadow": 4})
    parts.features.newest = lambda: {"weather": datetime(1970, 1, 1)}
    parts.features.stale = Counter({"weather": 5})
    return told(service.metrics.text().decode())


@pytest.fixture
def watched_names() -> set[str]:
    """Of a window that has every reading there is, and of a watch."""
    stems = [gauge.stem + ("brier" if gauge.stem.endswith(".") else "") for gauge in GAUGES]
    names = [*stems, *(f"{stem}.brier{ending}" for stem in ("quality", "estimate") for ending in CHANGES)]
    readings = tuple(Reading(name=name, value=1.0, low=0.5, high=2.0, limit=3.0) for name in dict.fromkeys(names))
    spec = load_problem(ROOT / "configs" / "problems", "flights")
    spec = spec.model_copy(update={"monitoring": Monitoring(rules=(Rule(name="drift", signal="drift.*", above=0),))})
    snapshot = a_snapshot(problem="flights", readings=readings)
    registry = CollectorRegistry()
    registry.register(WatchCollector(FakeWatchLog(), FakeLedger(), [spec]))
    registry.register(ChoreCollector(Watching([Chore("guard", 5.0, lambda: None)], print)))
    return told(exposition([Standing(spec, {"7d": snapshot}, [])])) | told(generate_latest(registry).decode())


def test_rules_and_dashboard_ask_for_what_is_told(served_names: set[str], watched_names: set[str]) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    queries = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    names = asked([*(rule["expr"] for rule in rules()), *queries])
    assert len(names) > 25
    assert names - recorded - served_names - watched_names == set()
    assert recorded <= names


def test_a_panel_shows_one_window_or_says_which() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["problem", "window"]
    shown = [target for panel in panels() for target in panel.get("targets", [])]
    of_windows = {f"understudy_{gauge.name}" for gauge in GAUGES}
    asking = [target for target in shown if asked([target["expr"]]) & of_windows]
    assert len(asking) >= 11
    for target in asking:
        assert 'window="$window"' in target["expr"] or "{{window}}" in target["legendFormat"], target["expr"]
    assert "understudy_drift_columns" in "".join(one["expr"] for one in asking if "{{window}}" in one["legendFormat"])


def test_every_alert_says_how_bad_it_is_and_what_to_do_and_is_tested() -> None:
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    for alert in alerts.values():
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert set(alert["annotations"]) == {"summary", "fix"}
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(alerts)


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml"), ("check", "config", "local.yml")],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True)
    assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done.stdout + done.stderr


@needs_promtool
def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    queries = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    asked = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))
    done = subprocess.run(["promtool", "check", "rules", "panels.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    folder = ROOT / "configs" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    sources = {target["datasource"]["uid"] for panel in panels() for target in panel.get("targets", [])}
    assert sources == {source["uid"]}
    (provider,) = yaml.safe_load((folder / "dashboards" / "understudy.yml").read_text())["providers"]
    mounts = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
    assert f"./configs/grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_both_files_of_prometheus_say_the_same_but_for_the_addresses() -> None:
    inside, local = (yaml.safe_load((PROMETHEUS / name).read_text()) for name in ("prometheus.yml", "local.yml"))
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for one, other in zip(inside["scrape_configs"], local["scrape_configs"], strict=True):
        (target,), (address,) = (config.pop("static_configs")[0]["targets"] for config in (one, other))
        service, _, port = target.partition(":")
        assert service in services
        assert address == f"127.0.0.1:{port}"
    assert inside == local
    assert inside["scrape_configs"][0]["job_name"] == "understudy-serving"
