"""What the applications need of the outside world, in their own words."""

from understudy.ports.bundle_store import BundleStore
from understudy.ports.deployment_log import DeploymentLog
from understudy.ports.feature_store import FeatureStore
from understudy.ports.ledger import Ledger
from understudy.ports.registry import ModelRegistry
from understudy.ports.watch_log import WatchLog

__all__ = ["BundleStore", "DeploymentLog", "FeatureStore", "Ledger", "ModelRegistry", "WatchLog"]
