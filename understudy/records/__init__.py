"""What crosses between the applications."""

from understudy.records.deployment import CHALLENGER, CHAMPION, Arm, Change, Deployment, Mode, Placed, Ramp, Shadow
from understudy.records.experiment import Experiment, ExperimentState
from understudy.records.prediction import ArmReward, Label, LabelOutcome, Prediction, Standing
from understudy.records.record import Record
from understudy.records.version import GATE, Approval, Decision, GateCheck, Lineage, Stage, Verdict, Version
from understudy.records.watch import Alert, AlertState, Reading, Snapshot

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "GATE",
    "Alert",
    "AlertState",
    "Approval",
    "Arm",
    "ArmReward",
    "Change",
    "Decision",
    "Deployment",
    "Experiment",
    "ExperimentState",
    "GateCheck",
    "Label",
    "LabelOutcome",
    "Lineage",
    "Mode",
    "Placed",
    "Prediction",
    "Ramp",
    "Reading",
    "Record",
    "Shadow",
    "Snapshot",
    "Stage",
    "Standing",
    "Verdict",
    "Version",
]
