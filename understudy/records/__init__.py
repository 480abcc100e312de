"""What crosses between the applications."""

from understudy.records.deployment import CHALLENGER, CHAMPION, Arm, Change, Deployment, Mode, Placed, Ramp, Shadow
from understudy.records.prediction import ArmReward, Label, LabelOutcome, Prediction, Standing
from understudy.records.record import Record
from understudy.records.version import GATE, Approval, Decision, GateCheck, Lineage, Stage, Verdict, Version

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "GATE",
    "Approval",
    "Arm",
    "ArmReward",
    "Change",
    "Decision",
    "Deployment",
    "GateCheck",
    "Label",
    "LabelOutcome",
    "Lineage",
    "Mode",
    "Placed",
    "Prediction",
    "Ramp",
    "Record",
    "Shadow",
    "Stage",
    "Standing",
    "Verdict",
    "Version",
]
