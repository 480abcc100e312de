"""What only a running server can say."""

from understudy.errors import BundleError, UnderstudyError


class Overloaded(UnderstudyError):  # noqa: N818
    """More is waiting than the server will hold; the request was not taken up."""

    code = "overloaded"

    def __init__(self, what: str, fix: str = "Send it again later.", retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        """Seconds after which trying again makes sense."""
        super().__init__(what, fix)


class ModelFailed(BundleError):  # noqa: N818
    """A loaded model raised, or gave something else than probabilities: the server's fault, not the request's."""

    code = "model"


class NotReady(UnderstudyError):  # noqa: N818
    """There is no model to answer with, or the server is about to end."""

    code = "not_ready"
