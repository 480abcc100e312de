import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skops.io as sio
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.models.persistence import load_model, save_model, without_addresses
from understudy.errors import BundleError

pytestmark = pytest.mark.integration

FIT = """
import sys
from pathlib import Path
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from pipelines.models.calibration import Calibrated
from pipelines.models.imputation import MedianImputer
from pipelines.models.persistence import save_model
X = np.random.default_rng(0).normal(size=(300, 3)); y = (X[:, 0] > 0).astype(int)
model = make_pipeline(MedianImputer(), HistGradientBoostingClassifier(max_iter=5, random_state=0)).fit(X, y)
save_model(Calibrated(model).fit(X, y), Path(sys.argv[1]))
"""


def test_a_saved_model_scores_the_same(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, X[:, 0] > 0)

    read = load_model(save_model({"boosting": model}, tmp_path / "m.skops"))

    assert (read["boosting"].predict_proba(X) == model.predict_proba(X)).all()


@given(C=st.floats(1e-300, 1e300), text=st.text())
@settings(max_examples=60, deadline=None)
def test_settings_come_back_to_the_last_bit(C: float, text: str) -> None:
    """Whatever looks like an address inside a value is a value."""
    model = LogisticRegression(C=C, class_weight={text: C, "139808252082576.npy": 0.5})
    read = sio.loads(without_addresses(sio.dumps(model)))
    assert read.get_params() == model.get_params()


def test_fitted_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.7060966104148569)).fit(X, X[:, 0] > 0)

    read = load_model(save_model(model, tmp_path / "m.skops"))

    assert read[-1].C == model[-1].C
    assert (read[-1].coef_ == model[-1].coef_).all()
    assert (read.predict_proba(X) == model.predict_proba(X)).all()


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.skops", tmp_path / "b.skops"]
    for path in paths:
        subprocess.run([sys.executable, "-c", FIT, str(path)], check=True, cwd=Path.cwd())

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert load_model(paths[0]).slope_ > 0


def test_a_foreign_type_is_refused(tmp_path: Path) -> None:
    sio.dump({"odd": Foreign()}, tmp_path / "m.skops")

    with pytest.raises(BundleError, match="not trusted"):
        load_model(tmp_path / "m.skops")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = save_model(GaussianNB(), tmp_path / "m.skops")
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(BundleError, match="cannot be read"):
        load_model(path)


class Foreign:
    def __init__(self) -> None:
        self.kept = 1
