"""From guesses to a commented YAML, and from a YAML to a problem that the project knows."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from pipelines.scaffold.inspect import Guess
from pipelines.scaffold.scalars import decimal, one_line, quoted
from pipelines.scaffold.target import Target
from pipelines.validate.swapped import NAMING
from understudy.errors import SpecError
from understudy.files import write_text
from understudy.problem import parse_problem
from understudy.settings import Settings

TEMPLATE = Path(__file__).with_name("template.yaml")
FEW_ROWS = 5000
VERY_FEW_ROWS = 1000
WIDE = 100
MOST_SEGMENTS = 3


@dataclass(frozen=True)
class Draft:
    """Everything that the YAML says which is not the same for everyone."""

    name: str
    file: Path
    rows: int
    target: Target
    columns: tuple[Guess, ...]
    allow: tuple[str, ...]
    set_aside: int
    """Rows that lack a target or a time, or whose time is taken for a mistake."""
    twins: float
    """Share of the rows that equal another one in every feature."""
    time_format: str | None = None
    """How the time is written, where not in ISO 8601."""
    ahead: int = 0
    """Rows in the future, where they are too many to be set aside."""

    def having(self, role: str) -> str | None:
        return next((guess.name for guess in self.columns if guess.role == role), None)


def render(draft: Draft, root: Path) -> str:
    """The YAML of a problem."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        _head(draft, root) | _table(draft) | _split(draft) | _search(draft) | _judging(draft)
    )


def add_problem(draft: Draft, settings: Settings, force: bool) -> Path:
    """Write ``configs/problems/<name>.yaml`` and its line in ``configs/problems.yaml``; both or neither.

    Raises:
        SpecError: the problem exists (without ``force``), or the list of problems cannot be extended.
    """
    path, listing = settings.problems / f"{draft.name}.yaml", settings.root / "configs" / "problems.yaml"
    if path.exists() and not force:
        raise SpecError(
            f"The problem {draft.name!r} exists: {path}.", "Choose another --name, or --force to replace it."
        )
    text = render(draft, settings.root)
    parse_problem(text, path)
    listed = with_line(listing.read_text(encoding="utf-8"), draft.name, _source(draft.file, settings.root))
    _write_both(path, text, listing, listed)
    return path


def _write_both(path: Path, text: str, listing: Path, listed: str) -> None:
    """The old file is kept aside first, as taking it back must not need any space."""
    aside = path.with_name(f".{path.name}.before")
    kept = write_text(aside, path.read_text(encoding="utf-8")) if path.exists() else None
    try:
        write_text(path, text)
        write_text(listing, listed)
    except BaseException:
        path.unlink(missing_ok=True) if kept is None else kept.replace(path)
        raise
    finally:
        aside.unlink(missing_ok=True)


def with_line(text: str, name: str, source: str) -> str:
    """``problems.yaml`` with one more line, or with this problem's line replaced; comments stay.

    Raises:
        SpecError: the text is not a list of problems, or would not read as intended.
    """
    known = _problems(text)
    line = f"  {name}: {{source: {quoted(source)}}}"
    lines = text.splitlines()
    start = next((n for n, row in enumerate(lines) if re.match(r"problems\s*:", row)), None)
    if start is None:
        raise SpecError(
            "configs/problems.yaml has no line `problems:`.", "Write it, with a line for each problem below."
        )
    lines[start] = "problems:" if not known else lines[start]
    block = [n for n in range(start + 1, len(lines)) if re.match(r"\s+\S", lines[n])]
    own = next((n for n in block if re.match(rf"\s+{name}\s*:", lines[n])), None)
    if own is None:
        lines.insert((block[-1] if block else start) + 1, line)
    else:
        lines[own] = line
    changed = "\n".join(lines) + "\n"
    if _problems(changed) != {**known, name: {"source": source}}:
        raise SpecError("configs/problems.yaml cannot be extended line by line.", f"Add to it by hand:{line}")
    return changed


def _problems(text: str) -> dict[str, Any]:
    try:
        return dict((yaml.safe_load(text) or {}).get("problems") or {})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise SpecError(f"configs/problems.yaml cannot be read: {error}.", "Mend it first.") from error


def _source(file: Path, root: Path) -> str:
    file, root = file.resolve(), root.resolve()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()


def _head(draft: Draft, root: Path) -> dict[str, str]:
    target = str(draft.having("target"))
    question = f"{target}?" if draft.target.positive is None else f"{target}: {draft.target.positive}?"
    return {
        "name": draft.name,
        "file": one_line(draft.file.name),
        "rows": f"{draft.rows:,}",
        "title": quoted(question),
        "positive": "null" if draft.target.positive is None else quoted(draft.target.positive),
        "source": quoted(_source(draft.file, root)),
    }


def _table(draft: Draft) -> dict[str, str]:
    time, share = draft.having("event_time"), draft.set_aside / draft.rows
    options = [f"key: [{quoted(str(draft.having('id')))}]"]
    if time:
        options += [f"time: {quoted(time)}", _not_after(draft.ahead)]
    left_out = [f"# Left out: {one_line(guess.name)} {guess.why}." for guess in draft.columns if guess.role is None]
    return {
        "fewest": str(max(1, draft.rows // 2)),
        "most": str(draft.rows * 10),
        "table_options": "\n".join(f"    {option}" for option in options),
        "quarantine": f"{min(1.0, math.ceil(100 * share + 1) / 100):g}",
        "quarantine_why": f"; {draft.set_aside} are now without a target or a time in the past"
        if draft.set_aside
        else "",
        "columns": "\n".join(_column(guess, draft.time_format) for guess in draft.columns if guess.role is not None),
        "left_out": "\n".join([*left_out, ""]),
    }


def _not_after(ahead: int) -> str:
    if ahead:
        return f"# not_after: now # is left out, as {ahead:,} rows lie in the future: nothing holds such rows back"
    return "not_after: now # no event may lie in the future"


def _column(guess: Guess, time_format: str | None) -> str:
    about = [f"kind: {guess.kind}", f"role: {guess.role}"]
    if guess.role == "event_time" and time_format:
        about.append(f"format: {quoted(time_format)}")
    if guess.missing and guess.role not in ("id", "target", "event_time"):
        about.append(f"nulls: {_nulls(guess.missing):g}")
    if guess.range and guess.role == "feature":
        about.append(f"low: {decimal(guess.range[0])}, high: {decimal(guess.range[1])}")
    if guess.protected:
        about.append("protected: true")
    if guess.codes and guess.role in NAMING:
        about.append("codes: true")
    if guess.categories and guess.role == "feature":
        about.append(f"categories: [{', '.join(map(quoted, (*guess.categories, '...')))}]")
    return f"      {quoted(guess.name)}: {{{', '.join(about)}}} # {one_line(guess.why)}"


def _nulls(missing: float) -> float:
    """Half as many again, but never all: a column that is empty one day is to be refused."""
    return min(
        math.ceil(150 * missing + 1) / 100, math.ceil(500 * (1 + missing)) / 1000, 0.999 if missing < 0.999 else 1
    )


def _split(draft: Draft) -> dict[str, str]:
    shares = "shares: {train: 0.6, calibration: 0.1, validation: 0.1, test: 0.2}"
    unit = draft.having("unit")
    if draft.having("event_time"):
        method, why = ["method: ordered"], "By time, oldest first: a random split would let the model look ahead."
    elif unit:
        method = ["method: grouped", f"group: {quoted(unit)}"]
        why = "Rows of one unit stay together. With a time column, split by time instead (method: ordered)."
    else:
        method, why = ["method: stratified"], "At random within each class. With a time column, split by time instead."
    return {"split": "\n".join(f"  {line}" for line in [*method, shares]), "split_why": why}


def _search(draft: Draft) -> dict[str, str]:
    train = max(1, int(0.6 * draft.rows))
    wide = len(draft.columns) > WIDE
    leaf = max(5, min(20, train // 50))
    return {
        "trials": str(3 if wide or draft.rows > 100_000 else 5),
        "rare": str(max(2, min(50, train // 200))),
        "leaf_low": str(leaf),
        "leaf_high": str(max(2 * leaf, min(400, train // 10))),
        "tune_rows": str(20_000 if wide else 40_000),
    }


def _judging(draft: Draft) -> dict[str, str]:
    rate = draft.target.rate
    segments = [
        guess.name
        for guess in draft.columns
        if guess.role == "feature" and (guess.protected or (guess.kind == "category" and 2 <= guess.distinct <= 12))
    ]
    return {
        "miss": f"{max(1.0, min(20.0, round((1 - rate) / rate, 1))):g}",
        "segments": f"[{', '.join(quoted(name) for name in segments[:MOST_SEGMENTS])}]",
        "smallest": str(max(20, min(200, draft.rows // 50))),
        "rate": f"{rate:.3g}",
        "calibration": "0.1" if draft.rows < FEW_ROWS else "0.05",
        "gap": "null" if draft.rows < VERY_FEW_ROWS else "0.25" if draft.rows < FEW_ROWS else "0.15",
        "gap_why": "; so few rows cannot tell" if draft.rows < VERY_FEW_ROWS else "",
        "duplicates": f"{min(1.0, math.ceil(150 * draft.twins + 1) / 100) if draft.twins else 0.001:g}",
        "allow": f"[{', '.join(quoted(name) for name in draft.allow)}]",
    }
