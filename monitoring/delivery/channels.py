"""The channels, opened. Each tells, or says why it could not; none stops what follows."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitoring.delivery.configuration import Address
from monitoring.delivery.message import payload, text, title
from monitoring.delivery.webhook import WebhookError, post
from understudy.errors import MachineError
from understudy.records import Alert

SENT = "sent"
logger = logging.getLogger("understudy.alerts")


@dataclass(frozen=True)
class Channel:
    """A channel by a name that carries no secret."""

    name: str
    tell: Callable[[Sequence[Alert], str], None]


class Delivery:
    """Tells every channel; what fails is reported and holds up none of the others."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = tuple(channels)

    def __call__(self, alerts: Sequence[Alert], occasion: str) -> Mapping[str, str]:
        return {channel.name: _told(channel, alerts, occasion) for channel in self._channels}


def open_channels(addresses: Iterable[Address], environ: Mapping[str, str]) -> tuple[Channel, ...]:
    """Make each address ready; names are numbered where two are alike.

    Raises:
        SpecError: an address is to be found in a variable that is not set.
        MachineError: Apprise is asked for and not installed, or does not know the address.
    """
    channels: list[Channel] = []
    for address in addresses:
        channel = _opened(address, environ)
        alike = sum(one.name.split(" #")[0] == channel.name for one in channels)
        channels.append(Channel(f"{channel.name} #{alike + 1}", channel.tell) if alike else channel)
    return tuple(channels)


def _told(channel: Channel, alerts: Sequence[Alert], occasion: str) -> str:
    try:
        channel.tell(alerts, occasion)
    except WebhookError as error:
        return str(error)
    except Exception as error:
        # Its message may carry the address, and with that a secret.
        return type(error).__name__
    return SENT


def _opened(address: Address, environ: Mapping[str, str]) -> Channel:
    if address.kind == "log":
        return Channel("log", _log)
    url = address.address(environ)
    if address.kind == "webhook":
        return Channel(
            f"webhook {urlsplit(url).hostname or ''}".strip(),
            lambda alerts, occasion: post(url, payload(alerts, occasion), address.private),
        )
    return Channel(f"apprise {url.partition('://')[0]}", _apprise(url))


def _log(alerts: Sequence[Alert], occasion: str) -> None:
    for line in text(alerts, occasion).splitlines():
        logger.warning("%s: %s", title(alerts, occasion), line)


def _apprise(url: str) -> Callable[[Sequence[Alert], str], None]:
    try:
        from apprise import Apprise
    except ImportError as error:
        raise MachineError("Apprise is not installed.", "`pip install apprise`, or deliver by webhook.") from error
    known = Apprise()
    if not known.add(url):
        scheme = url.partition("://")[0]
        raise MachineError(f"Apprise does not know the address that begins with {scheme}://.", "See its list of URLs.")

    def tell(alerts: Sequence[Alert], occasion: str) -> None:
        if not known.notify(body=text(alerts, occasion), title=title(alerts, occasion)):
            raise WebhookError("Apprise could not deliver it")

    return tell
