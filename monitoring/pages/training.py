"""The training report of what serves, beside the pages about how it serves."""

from pathlib import Path
from tempfile import TemporaryDirectory

from understudy.errors import BundleError
from understudy.files import write_text
from understudy.ports import BundleStore
from understudy.records import Placed

REPORT = "report.html"


def keep_training_report(placed: Placed, problem: str, bundles: BundleStore, home: Path) -> Path | None:
    """Copy a version's training report out of its bundle, once; none where the bundle is not to be had.

    Raises:
        StoreError: the bundle store cannot be reached.
    """
    page = home / "reports" / problem / "training" / f"version-{placed.version}-{placed.digest[:8]}.html"
    if page.is_file():
        return page
    with TemporaryDirectory(prefix="understudy-") as aside:
        try:
            report = bundles.fetch(placed.digest, Path(aside) / "bundle") / REPORT
            return write_text(page, report.read_text(encoding="utf-8"))
        except (BundleError, FileNotFoundError):
            return None
