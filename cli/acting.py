"""What alerts are acted on with: stores, actions, delivery, put together for one problem."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitoring.alerts import Acting
    from monitoring.alerts.acting import Action
    from monitoring.delivery import Delivery
    from understudy.ports import BundleStore, ModelRegistry
    from understudy.problem import ProblemSpec
    from understudy.records import Version
    from understudy.settings import Settings

SERVER = "PREFECT_API_URL"


def means(spec: "ProblemSpec", settings: "Settings") -> "Acting":
    """
    Raises:
        SpecError: the configuration of delivery says something impossible.
    """
    from monitoring.actions.served import is_served
    from monitoring.actions.succession import Succession
    from monitoring.alerts import Acting
    from monitoring.alerts.acting import utc_now
    from understudy.adapters import open_deployment_log, open_ledger, open_watch_log

    deployments = open_deployment_log(settings)

    def revision() -> int | None:
        newest = deployments.newest(spec.name)
        return newest.revision if newest else None

    # Asked for now: while a flow runs, the variable names the server of that flow.
    on_server = bool(os.environ.get(SERVER))
    return Acting(
        spec=spec,
        log=open_watch_log(settings),
        actions=_actions(spec, settings),
        revision=revision,
        deliver=_delivery(settings, on_server),
        steps=Succession(spec, open_ledger(settings), deployments, utc_now).due,
        hand_over=(lambda _: is_served()) if on_server else (lambda _: False),
    )


def _actions(spec: "ProblemSpec", settings: "Settings") -> "Mapping[str, Action]":
    from monitoring.actions.adjust_threshold import AdjustThreshold
    from monitoring.actions.investigate import Investigate
    from monitoring.actions.retrain import Retrain
    from monitoring.actions.rollback import Rollback
    from monitoring.actions.step import Steps
    from understudy.adapters import (
        open_bundle_store,
        open_deployment_log,
        open_ledger,
        open_registry,
        open_watch_log,
    )
    from understudy.deploying import Deployer

    deployments, bundles = open_deployment_log(settings), open_bundle_store(settings)
    registry = open_registry(settings)
    deployer = Deployer(deployments, registry, bundles)
    steps = Steps(spec, deployments, deployer, registry)

    def importance(digest: str) -> dict[str, float]:
        return _importance(digest, bundles)

    def train(problem: str, as_of: "datetime") -> "Version":
        return _trained(problem, as_of, settings)

    return {
        "investigate": Investigate(spec, open_watch_log(settings), deployments, importance, settings.home).act,
        "adjust_threshold": AdjustThreshold(spec, open_ledger(settings), deployments, deployer).act,
        "retrain": Retrain(deployments, deployer, train).act,
        "rollback": Rollback(deployments, deployer).act,
        "canary": steps.canary,
        "promote": steps.promote,
        "withdraw": steps.withdraw,
    }


def _importance(digest: str, bundles: "BundleStore") -> dict[str, float]:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from understudy.bundle import Bundle
    from understudy.files import read_json

    with TemporaryDirectory(prefix="understudy-") as aside:
        bundle = Bundle.load(bundles.fetch(digest, Path(aside) / "bundle"))
        metrics = read_json(bundle.folder / "metrics.json")
    return {row["feature"]: row["mean"] for row in metrics.get("importance", ()) if row.get("mean") is not None}


def _trained(problem: str, as_of: "datetime", settings: "Settings") -> "Version":
    from cli.deployments import standing
    from pipelines.retrain import retrain
    from understudy.adapters import open_registry

    def opened() -> "ModelRegistry":
        return open_registry(settings)

    return retrain(settings, problem, as_of, opened, deployment=lambda: standing(problem, settings)).version


def _delivery(settings: "Settings", on_server: bool) -> "Delivery":
    from monitoring.delivery import Delivery, open_channels, read_addresses
    from monitoring.delivery.events import event_channel

    addresses = read_addresses(settings.root / "configs" / "delivery.yaml", os.environ)
    channels = open_channels(addresses, os.environ)
    return Delivery([*channels, event_channel()] if on_server else channels)
