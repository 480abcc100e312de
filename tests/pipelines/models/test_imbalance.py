import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.models.imbalance import fit_pipeline, resampled, supports, synthetic_rows
from understudy.errors import SpecError

pytestmark = pytest.mark.unit

LABELS = st.lists(st.integers(0, 1), min_size=4, max_size=60).filter(lambda y: 0 < sum(y) < len(y))


@given(labels=LABELS)
def test_resampling_evens_the_classes(labels: list[int]) -> None:
    y = np.array(labels)
    rare, common = sorted(np.bincount(y))
    under, over = resampled(y, "undersample", seed=1), resampled(y, "oversample", seed=1)

    assert np.bincount(y[under]).tolist() == [rare, rare]
    assert np.bincount(y[over]).tolist() == [common, common]
    assert len(np.unique(under)) == len(under)
    assert set(over) == set(range(len(y)))
    assert resampled(y, "none", seed=1).tolist() == list(range(len(y)))


def rare_rows() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    return pd.DataFrame(X, columns=["a", "b"]), (X[:, 0] + rng.normal(size=400) > 2.0).astype(np.int64)


def pipeline() -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])


@pytest.mark.parametrize("how", ["weights", "undersample", "oversample", "smote"])
def test_every_way_raises_the_rare_class(how) -> None:
    X, y = rare_rows()
    plain = fit_pipeline(pipeline(), X, y, "none", 0).predict_proba(X)[:, 1].mean()
    evened = fit_pipeline(pipeline(), X, y, how, 0).predict_proba(X)[:, 1].mean()

    assert plain == pytest.approx(y.mean(), abs=0.01)
    assert evened > 2 * plain


@pytest.mark.parametrize("how", ["none", "weights", "smote"])
def test_a_forest_gives_the_same_bits_at_every_call(how) -> None:
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
    y = (X["a"] + rng.normal(size=500) > 1).to_numpy().astype(np.int64)
    forests = [RandomForestClassifier(20, max_depth=6, n_jobs=2, random_state=1) for _ in range(2)]
    one, other = (fit_pipeline(Pipeline([("scale", StandardScaler()), ("model", f)]), X, y, how, 0) for f in forests)
    first = one.predict_proba(X).tobytes()

    assert {model.predict_proba(X).tobytes() for model in (one, other) for _ in range(8)} == {first}
    assert one[-1].n_jobs == 1


def test_smote_lies_between_rare_rows_and_bears_missing_values() -> None:
    X, y = rare_rows()
    encoded = X.to_numpy().copy()
    encoded[::7, 1] = np.nan
    added, labels = synthetic_rows(encoded, y, seed=0)
    rare = encoded[y == 1]

    assert len(added) == (y == 0).sum() - (y == 1).sum()
    assert labels.tolist() == [1] * len(added)
    assert not np.isnan(added).any()
    assert added[:, 0].min() >= rare[:, 0].min()
    assert added[:, 0].max() <= rare[:, 0].max()


def test_neighbours_take_no_weights() -> None:
    X, y = rare_rows()
    model = Pipeline([("model", KNeighborsClassifier())])

    assert not supports(model, "weights")
    with pytest.raises(SpecError, match="KNeighborsClassifier takes no weights"):
        fit_pipeline(model, X, y, "weights", 0)
