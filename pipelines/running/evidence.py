"""What a run leaves in Prefect for people to look at: the gate's table, the leaderboard, the report."""

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from pipelines.job import Job
from pipelines.register import Registration
from understudy.files import read_json
from understudy.records import Verdict


def of_gate(job: Job, verdict: Verdict) -> None:
    """A table with one row for each check."""
    create_table_artifact(
        key=_key(job, "gate"),
        table=[check.model_dump() for check in verdict.checks],
        description=f"{job.spec.title}: {verdict.decision}",
    )


def of_version(job: Job, registration: Registration) -> None:
    """A link to the report, and the leaderboard of the candidates that were tried."""
    create_link_artifact(
        key=_key(job, "report"),
        link=registration.report.resolve().as_uri(),
        link_text=f"Report of {job.spec.name} version {registration.version.number}",
    )
    create_markdown_artifact(key=_key(job, "leaderboard"), markdown=_leaderboard(job))


def _leaderboard(job: Job) -> str:
    lines = [
        f"# Candidates for {job.spec.title}",
        "",
        "| candidate | mean | spread | trials | status |",
        "|---|---|---|---|---|",
    ]
    for row in read_json(job.input("tune", "leaderboard.json")):
        figures = (f"{row[key]:.4f}" if row.get(key) is not None else "" for key in ("mean", "std"))
        lines.append(
            f"| {row['candidate']} | {' | '.join(figures)} | {row.get('trials', '')} | {row.get('status', '')} |"
        )
    return "\n".join(lines)


def _key(job: Job, what: str) -> str:
    """Prefect allows lower-case letters, digits and dashes."""
    return f"{job.spec.name}-{what}".replace("_", "-")
