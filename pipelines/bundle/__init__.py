"""The bundle stage: compile the model, prove that nothing was lost, and pin all that is known about it."""

import shutil

import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from pipelines.bundle.card import write_card
from pipelines.bundle.compile import compile_model
from pipelines.bundle.describe import describe
from pipelines.bundle.parity import check_parity
from pipelines.bundle.reference import in_brief, reference_sample
from pipelines.job import Job
from pipelines.models.frame import read_rows
from pipelines.models.persistence import load_model
from understudy.bundle import FILES, MANIFEST, MODEL, Bundle, Scorer
from understudy.bundle.manifest import FileEntry
from understudy.files import read_json, sha256_file, write_json

COPIES = {"model.skops": "train", "report.html": "evaluate", "metrics.json": "evaluate"}


def run(job: Job) -> None:
    """Write the bundle of the trained model into ``job.out``.

    Raises:
        BundleError: the model has no compiled form, or the compiled form decides otherwise.
    """
    spec, train = job.spec, read_json(job.input("train", "train.json"))
    job.progress(0.0, "compiling the model")
    model = load_model(job.input("train", "model.skops"))
    compiled, inputs = compile_model(model, spec)
    (job.out / MODEL).write_bytes(compiled)
    scorer = Scorer(compiled, inputs, name=spec.name)

    job.progress(0.3, "comparing compiled and trained model")
    held_out = read_rows(job.input("split", "validation.parquet"), spec)
    with threadpool_limits(job.settings.threads):
        parity = check_parity(model, scorer, held_out, train["threshold"], spec)

    job.progress(0.7, "sampling the reference rows")
    train_rows = pq.read_table(job.input("split", "train.parquet"))
    reference = reference_sample(train_rows, scorer, spec)
    pq.write_table(reference, job.out / "reference.parquet", compression="zstd")

    job.progress(0.9, "writing manifest and card")
    for name, stage in COPIES.items():
        shutil.copyfile(job.input(stage, name), job.out / name)
    described = describe(job, inputs, scorer, parity, in_brief(train_rows, reference, spec))
    write_card(job.out / "card.md", described, read_json(job.input("evaluate", "metrics.json")), spec)
    files = {name: _entry(job, name) for name in sorted(FILES)}
    write_json(job.out / MANIFEST, described.model_copy(update={"files": files}).model_dump(mode="json"))
    Bundle.load(job.out)
    job.progress(1.0, "bundle written")


def _entry(job: Job, name: str) -> FileEntry:
    path = job.out / name
    return FileEntry(sha256=sha256_file(path), size=path.stat().st_size)
