"""A POST to an address of the configuration, and to no other: no redirect, no private network unless that is said."""

import ipaddress
import socket
from typing import Any

import httpx

TIMEOUT = 5.0
ATTEMPTS = 2


class WebhookError(Exception):
    """Why a webhook was not told."""


def post(url: str, body: dict[str, Any], private: bool = False) -> None:
    """Send JSON. The name is resolved once, and that very address is connected to.

    Raises:
        WebhookError: the address is not allowed, cannot be reached, or did not answer with success.
    """
    target = httpx.URL(url)
    if target.scheme not in ("http", "https") or not target.host:
        raise WebhookError("its address is not one of http or https")
    address = _allowed(target, private)
    headers = {"Host": target.netloc.decode("ascii"), "User-Agent": "understudy"}
    extensions = {"sni_hostname": target.host}
    said = ""
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        for _ in range(ATTEMPTS):
            try:
                request = client.build_request(
                    "POST", target.copy_with(host=address), json=body, headers=headers, extensions=extensions
                )
                response = client.send(request, stream=True)
                response.close()
            except httpx.HTTPError as error:
                said = type(error).__name__
                continue
            if response.is_success:
                return
            said = f"HTTP {response.status_code}"
            if response.status_code < 500:
                break
    raise WebhookError(said)


def _allowed(target: httpx.URL, private: bool) -> str:
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise WebhookError(f"{target.host} cannot be found") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not private and not all(_is_public(address) for address in addresses):
        raise WebhookError(f"{target.host} lies in a private network, which the configuration does not allow")
    return addresses[0]


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped:
        number = number.ipv4_mapped
    return number.is_global and not number.is_multicast
