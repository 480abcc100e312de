"""A process that throws or releases the toy problem's kill switch when told to, and says what came of it.

Arguments: its name and the database's URL. Each line on stdin is a revision to base a change on.
"""

import json
import sys
import tempfile
from pathlib import Path

from understudy.adapters.bundle_folder import FolderBundles
from understudy.adapters.database.deployment_log import SqlDeploymentLog
from understudy.adapters.database.engine import database_at
from understudy.deploying import Deployer
from understudy.errors import ConflictError


def main(name: str, address: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        deployer = Deployer(SqlDeploymentLog(database_at(address)), None, FolderBundles(Path(folder)))
        say({"ready": name})
        for line in sys.stdin:
            based_on = int(line)
            try:
                changed = deployer.kill("toy", based_on % 2 == 1, name, f"{name} wants it", based_on=based_on)
            except ConflictError as error:
                say({"won": False, "what": error.what})
            else:
                say({"won": True, "revision": changed.deployment.revision})


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
