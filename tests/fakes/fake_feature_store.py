"""A feature store in memory."""

from collections.abc import Mapping

from understudy.features.snapshot import Result


class FakeFeatureStore:
    """Implements ``understudy.ports.FeatureStore``; keeps everything."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, Result]] = []

    def publish(self, problem: str, results: Mapping[str, Result]) -> None:
        self.published += [(problem, view, result) for view, result in results.items()]

    def since(self, problem: str, mark: int) -> tuple[int, list[tuple[str, Result]]]:
        newer = [(view, result) for of, view, result in self.published[mark:] if of == problem]
        return len(self.published), newer
