"""Where alerts are told is said by configuration, which holds no secret."""

from pathlib import Path

import pytest

from monitoring.delivery import Address, open_channels, read_addresses
from understudy.errors import MachineError, SpecError

pytestmark = [
    pytest.mark.unit,
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # Apprise, for its mail
]

PROJECT = Path(__file__).resolve().parents[3]


def written(folder: Path, text: str) -> Path:
    path = folder / "delivery.yaml"
    path.write_text(text)
    return path


def test_the_projects_own_file_tells_the_log() -> None:
    assert read_addresses(PROJECT / "configs" / "delivery.yaml", {}) == (Address(kind="log"),)


def test_without_file_and_variable_the_log_is_told(tmp_path: Path) -> None:
    assert read_addresses(tmp_path / "none.yaml", {}) == (Address(kind="log"),)


def test_the_variable_takes_the_files_place(tmp_path: Path) -> None:
    path = written(tmp_path, "channels: [{kind: log}]")
    given = {"UNDERSTUDY_DELIVERY": "log https://h.example/x private+http://localhost:1/y mailto://u:p@example.org"}
    found = read_addresses(path, given)
    assert [(one.kind, one.url, one.private) for one in found] == [
        ("log", "", False),
        ("webhook", "https://h.example/x", False),
        ("webhook", "http://localhost:1/y", True),
        ("apprise", "mailto://u:p@example.org", False),
    ]
    assert [one.name for one in open_channels(found, given)] == [
        "log", "webhook h.example", "webhook localhost", "apprise mailto",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels: [{kind: pigeon}]", "channels.0.kind"),
        ("channels: [{kind: webhook}]", "needs either url or env"),
        ("channels: [{kind: webhook, url: 'https://u:secret@h.example'}]", "carries a password"),
        ("channels: [{kind: apprise, url: 'mailto://u:p@example.org'}]", "carry secrets"),
        ("channels: [{kind: log, colour: red}]", "channels.0.colour"),
        ("channels: {", "delivery.yaml"),
    ],
)
def test_what_cannot_be_is_refused_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError, match=r"delivery\.yaml does not name delivery channels") as refused:
        read_addresses(written(tmp_path, text), {})
    assert said in refused.value.what
    assert "secret@" not in refused.value.what


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    addresses = read_addresses(written(tmp_path, "channels: [{kind: webhook, env: HOOK}]"), {})
    (channel,) = open_channels(addresses, {"HOOK": "https://h.example/s3cret"})
    assert channel.name == "webhook h.example"
    with pytest.raises(SpecError, match="HOOK, which is not set"):
        open_channels(addresses, {})


def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    with pytest.raises(MachineError, match="begins with nonsense://"):
        open_channels([Address.model_construct(kind="apprise", url="nonsense://x", env="", private=False)], {})


def test_channels_alike_are_told_apart() -> None:
    two = [Address(kind="webhook", url=f"https://h.example/{n}") for n in range(2)]
    assert [one.name for one in open_channels(two, {})] == ["webhook h.example", "webhook h.example #2"]
