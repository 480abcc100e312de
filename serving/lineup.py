"""What serves at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.model import LoadedModel
from understudy.bundle import Manifest
from understudy.errors import BundleError
from understudy.records import Deployment
from understudy.records.deployment import Placed


@dataclass(frozen=True)
class Lineup:
    """A revision with its models; immutable, swapped whole."""

    deployment: Deployment
    models: Mapping[str, LoadedModel] = field(repr=False)
    """By digest, of arms and shadows; others may be there too, kept warm."""
    learning_since: int = 0
    """Revision from which rewards count for a bandit; 0 for this one. An earlier one with the same arms keeps what
    was learned."""

    def __post_init__(self) -> None:
        """
        Raises:
            BundleError: a model is missing.
        """
        placed = (*self.deployment.arms, *self.deployment.shadows)
        if missing := [f"{item.name} (version {item.version})" for item in placed if item.digest not in self.models]:
            raise BundleError(
                f"Revision {self.deployment.revision} cannot serve: {', '.join(missing)} is not loaded.",
                "Load every arm and shadow before the lineup is made.",
            )

    def model(self, placed: Placed) -> LoadedModel:
        return self.models[placed.digest]

    def threshold(self, placed: Placed) -> float:
        """From which score on an arm flags a row: what the deployment says, else the bundle."""
        return self.model(placed).threshold if placed.threshold is None else placed.threshold

    @property
    def champion(self) -> LoadedModel:
        return self.models[self.deployment.champion.digest]

    @property
    def manifest(self) -> Manifest:
        """The champion's."""
        return self.champion.manifest

    @property
    def since(self) -> int:
        return self.learning_since or self.deployment.revision
