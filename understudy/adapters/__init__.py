"""The only place that imports vendors' stores, each behind a port and only when it is asked for."""

from pathlib import Path

from understudy.errors import StoreError
from understudy.ports import BundleStore, DeploymentLog, FeatureStore, Ledger, ModelRegistry, WatchLog
from understudy.settings import Settings


def open_registry(settings: Settings) -> ModelRegistry:
    """Return the model registry that the settings name; nothing is contacted or created yet."""
    from understudy.adapters.mlflow_registry import MlflowRegistry

    return MlflowRegistry(settings)


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger in the operational database; nothing is contacted or created yet.

    Raises:
        StoreError: the database's URL names neither a SQLite file nor PostgreSQL.
    """
    from understudy.adapters.database.beside import Beside
    from understudy.adapters.database.engine import database_at
    from understudy.adapters.database.ledger import SqlLedger

    database = database_at(settings.database_url)
    return SqlLedger(database, beside=Beside(database) if database.sqlite else None)


def open_shadow_ledger(settings: Settings) -> Ledger:
    """Return what the shadows of a server store predictions in: ``open_ledger`` reads it, and live answers never wait.

    On SQLite it is a file of its own; on PostgreSQL it is the same database. Its transactions do not wait for the disk.
    """
    from understudy.adapters.database.beside import shadows_file
    from understudy.adapters.database.engine import database_at
    from understudy.adapters.database.ledger import SqlLedger

    file = database_at(settings.database_url).file
    address = settings.database_url if file is None else f"sqlite:///{shadows_file(file)}"
    return SqlLedger(database_at(address, durable=False))


def open_deployment_log(settings: Settings) -> DeploymentLog:
    """Return the deployment log in the operational database; see ``open_ledger``."""
    from understudy.adapters.database.deployment_log import SqlDeploymentLog
    from understudy.adapters.database.engine import database_at

    return SqlDeploymentLog(database_at(settings.database_url))


def open_feature_store(settings: Settings) -> FeatureStore:
    """Return the feature store in the operational database; see ``open_ledger``."""
    from understudy.adapters.database.engine import database_at
    from understudy.adapters.database.feature_store import SqlFeatureStore

    return SqlFeatureStore(database_at(settings.database_url))


def open_watch_log(settings: Settings) -> WatchLog:
    """Return the watch log in the operational database; see ``open_ledger``."""
    from understudy.adapters.database.engine import database_at
    from understudy.adapters.database.watch_log import SqlWatchLog

    return SqlWatchLog(database_at(settings.database_url))


def open_bundle_store(settings: Settings) -> BundleStore:
    """Return the store from which servers fetch bundles; nothing is contacted or created yet.

    Raises:
        StoreError: the settings name something else than a folder.
    """
    from understudy.adapters.bundle_folder import FolderBundles

    place = settings.bundle_store.removeprefix("file://")
    if "://" in place:
        raise StoreError(f"{place} is not a folder.", "Let UNDERSTUDY_BUNDLES name a folder that servers can read.")
    return FolderBundles(Path(place))
