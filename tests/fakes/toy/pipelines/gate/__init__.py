"""A gate that lets everything pass but what ``TOY_REJECTS`` is set for."""

import os

from pipelines.job import Job
from understudy.bundle import Bundle
from understudy.ports import ModelRegistry
from understudy.records import GateCheck, Verdict


def judge(job: Job, registry: ModelRegistry) -> Verdict:
    champion = registry.champion(job.spec.name)
    refused = bool(os.environ.get("TOY_REJECTS"))
    check = GateCheck(name="toy", figure=0.5, limit=0.4, verdict="fail" if refused else "pass", why="A toy's reason.")
    return Verdict(
        digest=Bundle.load(job.folder("bundle")).digest,
        decision="rejected" if refused else "accepted",
        checks=(check,),
        champion=champion.number if champion else None,
    )
