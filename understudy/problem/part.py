"""The base of every section of a problem's YAML."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Frozen; an unknown key is refused rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)
