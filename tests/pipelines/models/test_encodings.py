import pandas as pd
import pytest

from pipelines.models.encodings import choose_encoders, frequent
from understudy.problem.learning import Encoding

pytestmark = pytest.mark.unit


def frame() -> pd.DataFrame:
    many = [f"s{i % 20}" for i in range(100)] + ["rare"]
    columns = {"size": range(101), "town": ["a", "b", ""] * 33 + ["a", "b"], "street": many}
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


@pytest.mark.parametrize(
    ("many", "kind"),
    [
        ("target", "TargetEncoder"),
        ("ordinal", "OrdinalEncoder"),
        ("hashing", "HashingEncoder"),
        ("one_hot", "OneHotEncoder"),
    ],
)
def test_cardinality_decides(many, kind) -> None:
    few, large = choose_encoders(frame(), 1, Encoding(many=many, rare=2), seed=0)

    assert (few[0], type(few[1]).__name__, few[2]) == ("few", "OneHotEncoder", [1])
    assert (large[0], type(large[1]).__name__, large[2]) == ("many", kind, [2])


def test_no_step_for_no_column() -> None:
    assert [name for name, *_ in choose_encoders(frame()[["size", "town"]], 1, Encoding(), 0)] == ["few"]
    assert choose_encoders(frame()[["size"]], 1, Encoding(), 0) == []


def test_rare_categories_and_unseen_ones_share_a_group() -> None:
    whole = frame()
    [_, (_, encoder, _)] = choose_encoders(whole, 1, Encoding(many="one_hot", rare=2), seed=0)
    encoder.fit(whole[["street"]])
    asked = pd.DataFrame({"street": pd.Series(["s3", "rare", "unseen"], dtype=object)})

    assert encoder.transform(asked).sum(axis=1).tolist() == [1.0, 0.0, 0.0]
    assert encoder.transform(asked).shape == (3, 20)


def test_the_commonest_category_is_kept_when_all_are_rare() -> None:
    assert frequent(pd.Series(["a", "b", "b"]), rare=10) == ["b"]
