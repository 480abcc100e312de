import pytest
from parcels import calibrated_evidence, make_spec

from pipelines.evaluate.evidence import Evidence
from understudy.problem import ProblemSpec


@pytest.fixture(scope="session")
def spec() -> ProblemSpec:
    return make_spec()


@pytest.fixture(scope="session")
def evidence(spec: ProblemSpec) -> Evidence:
    """Rows whose true probability is the score, a function of size alone."""
    return calibrated_evidence(spec)
