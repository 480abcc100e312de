"""How a server listens."""

import pytest
from pydantic import ValidationError

from serving.settings import ServingSettings

pytestmark = pytest.mark.unit


def test_the_environment_sets_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SERVING_BODY", "2048")
    monkeypatch.setenv("UNDERSTUDY_SERVING_ADMIN_TOKEN", "secret")
    monkeypatch.setenv("UNDERSTUDY_SERVING_SHADOW_CORES", "[2, 3]")
    settings = ServingSettings()
    assert settings.shadow_cores == (2, 3)
    assert (settings.body, settings.admin_token.get_secret_value()) == (2048, "secret")
    assert "secret" not in repr(settings)


def test_an_admin_port_open_to_others_needs_a_token() -> None:
    with pytest.raises(ValidationError, match="open to others: set admin_token"):
        ServingSettings(admin_host="0.0.0.0")  # noqa: S104
    assert ServingSettings(admin_host="0.0.0.0", admin_token="secret").admin_host == "0.0.0.0"  # noqa: S104, S106
    assert ServingSettings(admin_host="::1").admin_port == 8001
