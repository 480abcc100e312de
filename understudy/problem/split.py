"""How rows are parted into what is learned from, tuned on, judged on and left for later."""

from typing import Literal

from pydantic import Field, model_validator

from understudy.problem.part import Part

PARTS = ("train", "calibration", "validation", "test", "production")


class Split(Part):
    """``time`` cuts at dates, in order; ``share`` cuts by time order or, undated, at random.

    With ``method: time`` each entry of ``until`` is the first moment that no longer belongs to the
    part. With ``method: ordered`` rows sorted by event time are cut at the given shares; with
    ``stratified`` they are drawn at random within each class, with ``grouped`` whole groups are drawn.
    """

    method: Literal["time", "ordered", "stratified", "grouped"]
    since: str | None = None
    """First moment of the training part, with ``time``; earlier rows are left out."""
    until: dict[str, str] = {}
    shares: dict[str, float] = Field(default={"train": 0.6, "calibration": 0.1, "validation": 0.1, "test": 0.2})
    group: str | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> "Split":
        named = self.until if self.method == "time" else self.shares
        if unknown := set(named) - set(PARTS):
            raise ValueError(f"unknown parts {sorted(unknown)}; the parts are {', '.join(PARTS)}")
        if missing := {"train", "calibration", "validation", "test"} - set(named):
            raise ValueError(f"{self.method} split names no {sorted(missing)}")
        if list(named) != [part for part in PARTS if part in named]:
            raise ValueError(f"list the parts in their order: {', '.join(PARTS)}")
        if self.method == "time" and list(named.values()) != sorted(named.values()):
            raise ValueError("until must list the parts in the order of time")
        if self.since is not None and (self.method != "time" or self.since >= self.until["train"]):
            raise ValueError("since is for the time method, and comes before until.train")
        if self.method != "time" and abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"shares add up to {sum(self.shares.values()):g}, not 1")
        if self.method == "grouped" and not self.group:
            raise ValueError("a grouped split needs group: the column that holds rows together")
        return self
