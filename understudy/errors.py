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


class StoreError(UnderstudyError):
    """The operational database, the feature store or the bundle store cannot be reached, or is full."""

    code = "store"


class DeploymentError(UnderstudyError):
    """A deployment that cannot be: an unknown revision, a version that may not serve, weights that do not add up."""

    code = "deployment"


class ConflictError(DeploymentError):
    """Another change came first."""

    code = "conflict"


class RequestError(UnderstudyError):
    """A request that cannot be answered: the message names the field."""

    code = "request"

    def __init__(self, what: str, fix: str = "", field: str = "") -> None:
        self.field = field
        super().__init__(what, fix)


class MachineError(UnderstudyError):
    """The machine lacks something: disk, a package, a port, a project folder."""

    code = "environment"


class StageError(UnderstudyError):
    """A stage stopped for a reason that nobody foresaw; the cause is chained."""

    code = "stage"
