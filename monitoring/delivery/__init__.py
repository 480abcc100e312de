"""Telling people of alerts: where to, is said by configuration alone."""

from monitoring.delivery.channels import Channel, Delivery, open_channels
from monitoring.delivery.configuration import Address, read_addresses

__all__ = ["Address", "Channel", "Delivery", "open_channels", "read_addresses"]
