"""Which window is looked at, and as of when."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from understudy.errors import DataError
from understudy.ports import Ledger
from understudy.problem import ProblemSpec, parse_span

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Look:
    """A window by the problem's clock, and the moment whose labels count."""

    spec: ProblemSpec
    since: datetime
    until: datetime
    """First moment after the window."""
    as_of: datetime
    made_at: datetime
    """By the machine's clock."""
    dry: bool = False
    """Whether ``--dry-run`` asked for it."""

    @property
    def span(self) -> timedelta:
        return self.until - self.since

    @property
    def before(self) -> datetime:
        """Start of the window before."""
        return self.since - self.span

    @property
    def name(self) -> str:
        """Names the window's files: the same window seen again at the same moment replaces them."""
        ends = f"{self.since:%Y-%m-%dT%H%M}--{self.until:%Y-%m-%dT%H%M}"
        return ends if self.as_of == self.until else f"{ends}--seen-{self.as_of:%Y-%m-%dT%H%M}"


def look_at(
    spec: ProblemSpec,
    ledger: Ledger,
    span: str | None = None,
    as_of: datetime | None = None,
    until: datetime | None = None,
) -> Look:
    """The window that ends now by the problem's clock, or at a given moment.

    Args:
        span: length, such as ``7d``; that of the problem's YAML unless given.
        as_of: moment of the look; unless given, the first full minute after the newest prediction.
        until: end of the window where it is an earlier one than the look.

    Raises:
        DataError: there are no predictions; the span is none, or reaches back beyond the calendar; or the window
            ends after the look.
    """
    span = span or spec.monitoring.window
    length = _length(span)
    seen = as_of or _now_of(spec, ledger)
    end = until or seen
    if end > seen:
        raise DataError(
            f"The window ends {end:%Y-%m-%d %H:%M}, after the look at {seen:%Y-%m-%d %H:%M}.",
            "Let it end no later than it is looked at.",
        )
    if length > (end - datetime.min) / 2:
        ends = end.isoformat(" ", "minutes")
        raise DataError(
            f"The window before the one of {span} that ends {ends} would begin before the year 1.",
            "Give a shorter --window, as in 7d, or a later end.",
        )
    return Look(spec, end - length, end, seen, datetime.now(UTC).replace(tzinfo=None))


def present(ledger: Ledger, problem: str) -> datetime | None:
    """The first full minute after the newest prediction, by the problem's clock; none without predictions."""
    newest = ledger.clock(problem)
    return None if newest is None else newest.replace(second=0, microsecond=0) + MINUTE


def looks_at(
    spec: ProblemSpec,
    ledger: Ledger,
    span: str | None = None,
    as_of: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Look, ...]:
    """The window of ``look_at``; and unless a length was asked for, the long one that ends with it.

    The long one is left out while predictions do not reach back as far.
    """
    look, long = look_at(spec, ledger, span, as_of, until), spec.monitoring.long_window
    if span or not long:
        return (look,)
    first = next(iter(ledger.read(spec.name, chunk=1)), None)
    began = (first[0]["event_time"] or first[0]["at"]) if first else look.until
    longer = look_at(spec, ledger, long, look.as_of, look.until)
    return (look, longer) if began < longer.since + look.span else (look,)


def _length(span: str) -> timedelta:
    try:
        return parse_span(span)
    except ValueError as error:
        raise DataError(f"--window {span} is no span.", "Write a whole number and m, h, d or w, as in 7d.") from error
    except OverflowError:
        return timedelta.max


def _now_of(spec: ProblemSpec, ledger: Ledger) -> datetime:
    now = present(ledger, spec.name)
    if now is None:
        raise DataError(
            f"No predictions of {spec.name} are in the ledger, so there is nothing to look at.",
            f"`understudy serve --problem {spec.name}` makes them, and `understudy replay` sends it history.",
        )
    return now
