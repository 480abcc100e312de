"""Changing what serves: each change is a new revision of the deployment log, worked out before anything is touched."""

from understudy.deploying.asked import Placement, Signature
from understudy.deploying.deployer import Changed, Deployer

__all__ = ["Changed", "Deployer", "Placement", "Signature"]
