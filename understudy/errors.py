"""What can go wrong, in one small tree.

A message names the thing, says what is wrong with it and what to do about it.
The front door (``cli``) and the HTTP layer translate these once, at the edge.
"""


class UnderstudyError(Exception):
    """Root of every error that a person can act on."""

    code = "error"
    stage = ""
    """Stage of the write path in which it arose; empty outside of one."""

    def __init__(self, what: str, fix: str = "") -> None:
        self.what = what
        self.fix = fix
        super().__init__(f"{what} {fix}".strip())


class SpecError(UnderstudyError):
    """A problem's YAML is missing, unreadable or says something impossible."""

    code = "spec"


class DataError(UnderstudyError):
    """Data is missing, altered, malformed or not fit to learn from."""

    code = "data"


class LeakError(DataError):
    """A feature knows more than it could have known at prediction time."""

    code = "leak"


class BundleError(UnderstudyError):
    """A bundle is incomplete, altered, or does not reproduce its source model."""

    code = "bundle"


class RegistryError(UnderstudyError):
    """The model registry cannot be reached or refuses a change."""

    code = "registry"


class MachineError(UnderstudyError):
    """The machine lacks something: disk, a package, a port, a project folder."""

    code = "environment"


class StageError(UnderstudyError):
    """A stage stopped for a reason that nobody foresaw; the cause is chained."""

    code = "stage"
