"""The only place that imports vendors' stores, each behind a port and only when it is asked for."""

from understudy.ports import ModelRegistry
from understudy.settings import Settings


def open_registry(settings: Settings) -> ModelRegistry:
    """Return the model registry that the settings name; nothing is contacted or created yet."""
    from understudy.adapters.mlflow_registry import MlflowRegistry

    return MlflowRegistry(settings)
