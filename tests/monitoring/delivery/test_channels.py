"""Each channel tells, or says why it could not."""

import json
import logging
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from small_watch import an_alert

from monitoring.delivery import Address, Channel, Delivery, open_channels
from monitoring.delivery import webhook as sending
from monitoring.delivery.message import plain, text
from monitoring.delivery.webhook import WebhookError, post

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # Apprise, for its mail
]

ALERT = an_alert(subject="drift.input.size", why="It drifted.", state="decided")


class Hook(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[str, dict[str, Any]]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Host"], json.loads(body)))
        status = self.answers.pop(0) if self.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://{self.headers['Host']}/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.got.clear()
    Hook.answers.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://localhost:{server.server_port}/hook"
        server.shutdown()
        thread.join()


def test_a_webhook_gets_the_alerts_as_json(hook: str) -> None:
    (channel,) = open_channels([Address(kind="webhook", url=hook, private=True)], {})
    assert Delivery([channel])([ALERT], "decided") == {"webhook localhost": "sent"}
    ((host, body),) = Hook.got
    assert hook.startswith(f"http://{host}/")
    assert (body["problem"], body["occasion"], body["alerts"][0]["id"]) == ("toy", "decided", "a0001")
    assert body["text"] == "toy: 1 alert\ndrift.input.size: investigate (decided). It drifted. [a0001]"


def test_a_private_address_is_not_told_unless_the_configuration_allows_it(hook: str) -> None:
    (channel,) = open_channels([Address(kind="webhook", url=hook)], {})
    said = Delivery([channel])([ALERT], "decided")
    assert said == {"webhook localhost": "localhost lies in a private network, which the configuration does not allow"}
    assert Hook.got == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.9",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
    ],
)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
    private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
    monkeypatch.setattr(sending.socket, "getaddrinfo", lambda *_, **__: [public, private])
    with pytest.raises(WebhookError, match="private network"):
        post("https://innocent.example/hook", {})


def test_a_redirect_is_not_followed(hook: str) -> None:
    Hook.answers[:] = [302]
    with pytest.raises(WebhookError, match="HTTP 302"):
        post(hook, {"text": ""}, private=True)
    assert len(Hook.got) == 1


def test_a_server_that_stumbles_is_tried_once_more(hook: str) -> None:
    Hook.answers[:] = [503]
    post(hook, {"text": ""}, private=True)
    assert len(Hook.got) == 2
    Hook.answers[:] = [503, 503]
    with pytest.raises(WebhookError, match="HTTP 503"):
        post(hook, {"text": ""}, private=True)


def test_nobody_there_is_said_without_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/s3cret"
        (channel,) = open_channels([Address(kind="webhook", url=url, private=True)], {})
        said = Delivery([channel])([ALERT], "decided")
    assert said == {"webhook 127.0.0.1": "ConnectError"}


@pytest.mark.parametrize("url", ["ftp://h.example/x", "file:///etc/passwd", "http:///x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(WebhookError, match="not one of http or https"):
        post(url, {})


def test_one_channel_that_fails_holds_up_none_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def broken(alerts: Any, occasion: str) -> None:
        raise RuntimeError("https://h.example/s3cret refused")

    (log,) = open_channels([Address(kind="log")], {})
    with caplog.at_level(logging.WARNING, logger="understudy.alerts"):
        assert Delivery([Channel("broken", broken), log])([ALERT], "decided") == {
            "broken": "RuntimeError",
            "log": "sent",
        }
    assert caplog.messages == ["toy: 1 alert: drift.input.size: investigate (decided). It drifted. [a0001]"]


def test_apprise_posts_to_what_it_knows(hook: str) -> None:
    url = hook.replace("http://", "json://")
    (channel,) = open_channels([Address.model_construct(kind="apprise", url=url, env="", private=True)], {})
    assert Delivery([channel])([ALERT], "decided") == {"apprise json": "sent"}
    assert Hook.got[0][1]["message"].startswith("drift.input.size: investigate")
    Hook.answers[:] = [500]
    assert Delivery([channel])([ALERT], "decided") == {"apprise json": "Apprise could not deliver it"}


def test_what_requests_carried_calls_nobody_and_breaks_no_line() -> None:
    assert plain("town=<!channel>\n\x1b[31m@all") == "town= !channel   [31m all"
    assert len(plain("x" * 999)) == 300
    many = text([ALERT] * 25, "decided").splitlines()
    assert (len(many), many[-1]) == (21, "… and 5 more")
    covered = an_alert(state="withheld", outcome={"covered_by": "a0001"})
    assert text([ALERT, covered], "decided").splitlines()[1:] == ["… and 1 more"]
    ended = an_alert(state="done", outcome={"what": "It is back."})
    assert text([ended], "ended") == "drift.score: investigate (done). It is back. [a0001]"
