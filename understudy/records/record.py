"""What every record has in common."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen; an unknown key is refused rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
