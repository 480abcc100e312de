"""A small valid problem as YAML, to be spoilt by each test."""

from pathlib import Path

import pytest

YAML = """\
name: shop
title: Will the order be returned?
task: binary
seed: 1
source:
  path: orders.csv
positive: "yes"
main: orders
tables:
  orders:
    columns:
      id: {kind: category, role: id}
      at: {kind: time, role: event_time}
      landed: {kind: time, role: label_time}
      size: {kind: number, unit: cm, low: 0, high: 100}
      town: {kind: category}
      gift: {kind: flag}
      sex: {kind: category, role: context, protected: true}
      refund: {kind: number, role: leak}
      returned: {kind: category, role: target}
features: {}
split:
  method: ordered
probes: {}
candidates:
  - {name: majority, estimator: sklearn.dummy.DummyClassifier, family: baseline}
  - name: logistic
    estimator: sklearn.linear_model.LogisticRegression
    family: linear
    trials: 9
  - {name: tree, estimator: sklearn.tree.DecisionTreeClassifier, family: tree}
tuning: {}
training: {}
costs: {}
evaluation: {}
gates: {}
"""

PATH = Path("configs/problems/shop.yaml")


@pytest.fixture
def yaml_text() -> str:
    return YAML


@pytest.fixture
def yaml_path() -> Path:
    return PATH
