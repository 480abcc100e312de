"""The server with everything on but the ledger: what durability costs is the difference."""

import sys
from collections.abc import Sequence

from cli.serve import open_service
from serving.server import Listeners, run
from serving.settings import ServingSettings
from understudy.records import Prediction
from understudy.settings import load_settings


class Nowhere:
    """Takes predictions and keeps none."""

    async def write(self, predictions: Sequence[Prediction]) -> None:  # noqa: ARG002
        return None


def main() -> None:
    problem, port = sys.argv[1], int(sys.argv[2])
    serving = ServingSettings(port=port, admin_port=0)
    listeners = Listeners(serving)
    service = open_service(problem, load_settings(), serving)
    service.predictor.ledger = Nowhere()
    try:
        run(service, listeners)
    finally:
        listeners.close()


if __name__ == "__main__":
    main()
