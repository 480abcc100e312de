"""Alerts: found by rules, decided under limits, acted on once, and recorded from evidence to outcome."""

from monitoring.alerts.acting import Acting
from monitoring.alerts.run import act_on, handle, resume

__all__ = ["Acting", "act_on", "handle", "resume"]
