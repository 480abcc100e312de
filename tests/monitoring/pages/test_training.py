"""The champion's training report is kept once, and missed without harm."""

from pathlib import Path

import pytest
from some_versions import digest_of

from monitoring.pages.training import keep_training_report
from understudy.bundle import Bundle
from understudy.errors import BundleError
from understudy.records import Placed

pytestmark = pytest.mark.unit
CHAMPION = Placed(name="champion", version=3, digest=digest_of(3))


class Shelf:
    """Gives out a bundle of one file, as often as it is asked."""

    def __init__(self, *files: str) -> None:
        self.files, self.asked = files, 0

    def publish(self, bundle: Bundle) -> None: ...

    def fetch(self, digest: str, into: Path) -> Path:
        self.asked += 1
        if not self.files:
            raise BundleError("There is no such bundle.", "Publish it.")
        into.mkdir()
        for name in self.files:
            (into / name).write_text("<html>trained</html>", encoding="utf-8")
        return into


def test_it_is_copied_once(tmp_path: Path) -> None:
    shelf = Shelf("report.html")
    page = keep_training_report(CHAMPION, "toy", shelf, tmp_path)
    assert page == tmp_path / "reports/toy/training/version-3-00000000.html"
    assert page.read_text(encoding="utf-8") == "<html>trained</html>"
    assert keep_training_report(CHAMPION, "toy", shelf, tmp_path) == page
    assert shelf.asked == 1


@pytest.mark.parametrize("files", [(), ("model.onnx",)])
def test_a_bundle_that_is_not_to_be_had_leaves_it_out(tmp_path: Path, files: tuple[str, ...]) -> None:
    assert keep_training_report(CHAMPION, "toy", Shelf(*files), tmp_path) is None
    assert not (tmp_path / "reports").exists()
