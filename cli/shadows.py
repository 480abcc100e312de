"""The process of a server's shadows: ``python -m cli.shadows DESCRIPTOR``, started and ended by the server."""

import sys

from serving.shadow.worker import serve
from understudy.adapters import open_shadow_ledger
from understudy.settings import Settings


def main(descriptor: int) -> None:
    """Serve the socket that was inherited as ``descriptor``; the ledger is where ``UNDERSTUDY_DATABASE`` says."""
    ledger = open_shadow_ledger(Settings())
    try:
        serve(descriptor, ledger)
    finally:
        ledger.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
