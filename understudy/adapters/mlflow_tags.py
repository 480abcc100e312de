"""How a version is written down as MLflow tags, and read back."""

import json
from datetime import UTC, datetime
from typing import Any

from understudy.bundle import Manifest
from understudy.records import Approval, Lineage, Stage, Verdict, Version

METRIC = "metric."


def run_tags(manifest: Manifest, verdict: Verdict) -> dict[str, str]:
    """What names a run, and finds it again after a kill."""
    lineage = manifest.lineage
    return {
        "problem": manifest.problem,
        "digest": manifest.digest,
        "decision": verdict.decision,
        "profile": manifest.profile,
        "git_commit": lineage.git_commit,
        "git_dirty": str(lineage.git_dirty).lower(),
        "data_hash": lineage.data_hash,
        "config_hash": lineage.config_hash,
        "lock_hash": lineage.lock_hash,
        "study": lineage.study,
        **({"as_of": lineage.as_of.isoformat()} if lineage.as_of else {}),
    }


def version_tags(manifest: Manifest, verdict: Verdict) -> dict[str, str]:
    """All that a new version says about itself; stage and approval change later."""
    figures = {f"{METRIC}{name}": repr(value) for name, value in point_figures(manifest).items()}
    given = {"gates": verdict.model_dump_json(), **stage_tag("development"), **approval_tags(Approval())}
    return {**run_tags(manifest, verdict), **given, **figures}


def stage_tag(stage: Stage) -> dict[str, str]:
    return {"stage": stage}


def approval_tags(approval: Approval) -> dict[str, str]:
    """The state last: a kill in between leaves the version as it was, with a reason that does not count yet."""
    return {"approval_by": approval.by, "approval_why": approval.why, "approval": approval.state}


def point_figures(manifest: Manifest) -> dict[str, float]:
    """Figures on the test rows, without those that are undefined."""
    return {name: figure.value for name, figure in manifest.metrics.test.items() if figure.value is not None}


def parameters(manifest: Manifest) -> dict[str, str]:
    """What was chosen, as MLflow parameters."""
    chosen = {f"param.{name}": json.dumps(value) for name, value in sorted(manifest.parameters.items())}
    plain = ("candidate", "family", "imbalance", "calibration", "threshold", "profile")
    return {**{name: str(getattr(manifest, name)) for name in plain}, **chosen}


def read_version(found: Any, aliases: tuple[str, ...]) -> Version:
    """Build the record from an ``mlflow`` ModelVersion; KeyError or ValueError if it is not one of ours."""
    tags = found.tags
    lineage = {
        name: tags[name] for name in ("git_commit", "git_dirty", "data_hash", "config_hash", "lock_hash", "study")
    } | {"as_of": tags.get("as_of")}
    return Version(
        problem=found.name,
        number=int(found.version),
        digest=tags["digest"],
        stage=tags["stage"],
        approval=Approval(state=tags["approval"], by=tags["approval_by"], why=tags["approval_why"]),
        aliases=aliases,
        verdict=Verdict.model_validate_json(tags["gates"]),
        lineage=Lineage.model_validate(lineage),
        metrics={name.removeprefix(METRIC): float(value) for name, value in tags.items() if name.startswith(METRIC)},
        run=found.run_id or "",
        created=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
    )
