"""What the features are made by, as one hash."""

from pathlib import Path

from understudy.features.plan import functions_module
from understudy.files import sha256_json
from understudy.problem import ProblemSpec


def code_hash(spec: ProblemSpec, root: Path) -> str:
    """Hex SHA-256 over the text of every view, the source of the feature functions and the feature section."""
    module = functions_module(spec)
    return sha256_json(
        {
            "views": {view.name: (root / view.sql).read_text(encoding="utf-8") for view in spec.features.views},
            "functions": Path(str(module.__file__)).read_text(encoding="utf-8") if module else "",
            "section": spec.features.model_dump(mode="json"),
        }
    )
