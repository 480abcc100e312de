"""A replay to a real server: what it logged is what offline gives, and a source that falls silent is counted."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
import yaml
from orders_problem import COLUMNS, MakeSpec
from served import Project
from served_process import Server, a_server, deploy
from small_bundle import a_bundle, small_model

from pipelines.replay import Played, Replay, parse_fault, play
from understudy.adapters import open_bundle_store, open_feature_store, open_ledger
from understudy.bundle.manifest import Example, FeatureCode, Inputs, ModelInput, RequestField
from understudy.bundle.scorer import Scorer
from understudy.features.code import code_hash
from understudy.features.recompute import recompute
from understudy.problem import ProblemSpec
from understudy.settings import Settings

pytestmark = pytest.mark.e2e

START, SILENCE, END = datetime(2024, 3, 1, 10, 20), datetime(2024, 3, 1, 16), datetime(2024, 3, 2, 7)
LATE = END - timedelta(hours=5)
LABELLED = COLUMNS | {"delivered_at": {"kind": "time", "role": "label_time", "known_at": "delivered_at"}}
EXAMPLE = {"order": "o1", "placed_at": "2024-03-01T10:20:00", "shop": "pier", "size": 1.0, "gift": True}
NUMBERS, CATEGORIES = (1.0, 1.0, 4.0, 80.0, 0.0125), ("pier", "small")
MODEL = small_model(weights=(0.5, -1.0, 0.1, -0.01, 2.0), categories=2)

Play = Callable[..., Played]


@pytest.fixture
def project(make_spec: MakeSpec, tmp_path: Path) -> Project:
    """The orders problem deployed, with a bundle that reads numbers and categories from everywhere."""
    spec = make_spec(columns=LABELLED)
    problems = tmp_path / "configs" / "problems"
    problems.mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    written = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False)
    (problems / "orders.yaml").write_text(written, encoding="utf-8")
    settings = Settings(root=tmp_path, home=tmp_path / "var", database="", bundles="", registry="")
    project = Project(settings, spec, {1: the_bundle(spec, tmp_path)})
    open_bundle_store(settings).publish(project.bundles[1])
    deploy(project, project.deployment(problem="orders"))
    return project


def the_bundle(spec: ProblemSpec, root: Path) -> Any:
    inputs = Inputs(
        numbers=tuple(ModelInput(name=name) for name in spec.numbers),
        categories=tuple(ModelInput(name=name) for name in spec.categories),
    )
    tensors = np.array([NUMBERS], np.float32), np.array([CATEGORIES], object)
    score = float(Scorer(MODEL, inputs).score(*tensors)[0])
    asked = {name: column for name, column in spec.columns.items() if not column.late}
    shared = set(RequestField.model_fields) - {"name"}
    return a_bundle(
        root / "bundle",
        MODEL,
        problem="orders",
        request=tuple(RequestField(name=name, **asked[name].model_dump(include=shared)) for name in EXAMPLE),
        example=Example(request=EXAMPLE, numbers=NUMBERS, categories=CATEGORIES, score=score),
        features=FeatureCode(functions="toy_functions", views=(), code_hash=code_hash(spec, root)),
        inputs=inputs,
    )


@pytest.fixture
def replayed(project: Project, orders: pa.Table) -> Play:
    def run(server: Server, start: datetime, end: datetime, *faults: str) -> Played:
        parsed = tuple(parse_fault(text, project.spec) for text in faults)
        replay = Replay("orders", start, end, server.url, server.admin, connections=4, faults=parsed)
        store = open_feature_store(project.settings)
        return asyncio.run(play(replay, project.spec, project.settings.root, {"orders": orders}, store))

    return run


def logged(project: Project) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for rows in open_ledger(project.settings).read("orders") for row in rows}


def between(orders: pa.Table, start: datetime, end: datetime) -> pa.Table:
    return pa.Table.from_pylist([row for row in orders.to_pylist() if start <= row["placed_at"] < end])


def test_every_logged_input_is_bit_for_bit_what_offline_gives(
    project: Project, orders: pa.Table, replayed: Play
) -> None:
    with a_server(project) as server:
        played = replayed(server, START, END)
        ask_late(server, between(orders, LATE, END))
    asked = between(orders, START, END)
    assert (played.tally.asked, played.tally.answered) == (len(asked), len(asked)) == (124, 124)
    assert not played.tally.errors
    assert played.tally.labels["stored"] == sum(row["delivered_at"] is not None for row in asked.to_pylist())
    rows, spec = logged(project), project.spec
    offline = {row["order"]: row for row in recompute(spec, project.settings.root, {"orders": orders}, asked)}
    late = {key for key in rows if key.startswith("late ")}
    assert len(late) == len(between(orders, LATE, END)) == 30
    assert rows.keys() - late == offline.keys()
    differing = [
        (key, name, value, offline[key.removeprefix("late ")][name])
        for key, row in rows.items()
        for name, value in row["inputs"].items()
        if bits(value) != bits(offline[key.removeprefix("late ")][name])
    ]
    assert differing == []
    assert {tuple(row["inputs"]) for row in rows.values()} == {spec.numbers + spec.categories}
    known = [row["inputs"]["shop_delivered"] for row in rows.values() if row["inputs"]["shop_delivered"] is not None]
    assert len(known) > 100
    assert len(set(known)) > 5


def ask_late(server: Server, orders: pa.Table) -> None:
    """Ask again when newer features are known, which must not be read."""
    for row in orders.select(list(EXAMPLE)).to_pylist():
        late = row | {"order": f"late {row['order']}", "placed_at": row["placed_at"].isoformat()}
        assert httpx.post(f"{server.url}/v1/predict", json=late).status_code == 200


def test_a_view_that_falls_silent_is_missing_once_it_is_too_old_and_is_counted(
    project: Project, orders: pa.Table, replayed: Play
) -> None:
    with a_server(project) as server:
        replayed(server, START, SILENCE)
        assert stale(server) == 0
        played = replayed(server, SILENCE, END, "stale:shop")
        counted = stale(server)
    assert not played.tally.errors
    assert played.published == 0
    newest, oldest = SILENCE - timedelta(hours=1), timedelta(hours=3)
    late = [row for row in logged(project).values() if row["event_time"] > newest + oldest]
    assert counted == len(late) == len(between(orders, newest + oldest, END)) > 50
    assert {row["inputs"]["shop_delivered"] for row in late} == {None}
    assert {tuple(row["flags"]) for row in late} == {("stale views: all",)}
    early = [row for row in logged(project).values() if row["event_time"] <= newest + oldest]
    assert not any(row["flags"] for row in early)
    assert any(row["inputs"]["shop_delivered"] for row in early if row["event_time"] >= SILENCE)


def stale(server: Server) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    (line,) = [line for line in text.splitlines() if line.startswith('understudy_feature_stale_total{view="shop"}')]
    return float(line.split()[-1])


def bits(value: Any) -> bytes:
    """A missing number is None in JSON and NaN in a tensor."""
    return value.encode() if isinstance(value, str) else np.float32(np.nan if value is None else value).tobytes()
