"""The process of a server's shadows: ``python -m cli.shadows DESCRIPTOR``, started and ended by the server."""

import sys
from contextlib import suppress

from serving.pauses import pausing


def main(descriptor: int) -> None:
    """Serve the socket that was inherited as ``descriptor``; the ledger is where ``UNDERSTUDY_DATABASE`` says."""
    with pausing():  # importing is most of a second's work
        from serving.shadow.worker import serve
        from understudy.adapters import open_shadow_ledger
        from understudy.errors import UnderstudyError
        from understudy.settings import Settings

        ledger = open_shadow_ledger(Settings())
    try:
        with suppress(UnderstudyError), pausing():  # what is wrong is told when there is something to store
            ledger.settle()
        serve(descriptor, ledger)
    finally:
        ledger.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
