"""Replaying recorded history to a running server: requests, features and labels, each when its time comes.

- ``world``: what happens in a span of history, tick by tick.
- ``history``: what the views say at each tick, computed a day at a time.
- ``faults``: what can be made to go wrong on the way.
- ``pace``: how fast time passes.
- ``client``: the server, from the outside.
- ``play``: all of it together.
"""

from pipelines.replay.faults import Fault, parse_fault
from pipelines.replay.play import Played, play
from pipelines.replay.request import Replay

__all__ = ["Fault", "Played", "Replay", "parse_fault", "play"]
