"""Where alerts are told: ``configs/delivery.yaml``, or addresses in ``UNDERSTUDY_DELIVERY`` in its place.

The file holds no secret: an address that carries one is named by the variable of the environment that holds it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from understudy.errors import SpecError

VARIABLE = "UNDERSTUDY_DELIVERY"
Kind = Literal["log", "webhook", "apprise"]
KINDS: dict[str, Kind] = {"log": "log", "http": "webhook", "https": "webhook"}


class Address(BaseModel):
    """One channel. Apprise reaches mail, chat and some hundred services by their URLs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    url: str = ""
    env: str = Field(default="", pattern="^[A-Z][A-Z0-9_]*$|^$")
    """Variable of the environment that holds the address."""
    private: bool = False
    """Whether the address may lie in a private network or on this machine."""

    @model_validator(mode="after")
    def _says_where(self) -> "Address":
        if self.kind == "log":
            return self
        if bool(self.url) == bool(self.env):
            raise ValueError(f"a channel of kind {self.kind} needs either url or env")
        if self.kind == "apprise" and self.url:
            raise ValueError("Apprise's addresses carry secrets: name the variable that holds it with env")
        if self.url and (urlsplit(self.url).username or urlsplit(self.url).password):
            raise ValueError("the url carries a password: put it into a variable, and name that with env")
        return self

    def address(self, environ: Mapping[str, str]) -> str:
        """
        Raises:
            SpecError: the variable is not set.
        """
        if self.env and not environ.get(self.env):
            raise SpecError(
                f"A delivery channel of kind {self.kind} is to be found in {self.env}, which is not set.",
                f"Set {self.env}, or take the channel out of configs/delivery.yaml.",
            )
        return environ[self.env] if self.env else self.url


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Address, ...] = ()


def read_addresses(path: Path, environ: Mapping[str, str]) -> tuple[Address, ...]:
    """The channels: of ``UNDERSTUDY_DELIVERY`` where it is set, else of the file; the log alone where neither says.

    The variable holds addresses with spaces between: ``log``, ``https://…`` for a webhook (``private+http://…`` for
    one in a private network), and any other scheme for Apprise.

    Raises:
        SpecError: the file or the variable says something impossible.
    """
    if given := environ.get(VARIABLE, "").split():
        return tuple(_of_variable(address) for address in given)
    if not path.is_file():
        return (Address(kind="log"),)
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {}).channels
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise SpecError(
            f"{path.name} does not name delivery channels: {where}: {first['msg']}.",
            "docs/monitoring.md shows what it may say.",
        ) from error


def _of_variable(text: str) -> Address:
    private, address = text.startswith("private+"), text.removeprefix("private+")
    scheme = address.partition("://")[0]
    kind = KINDS.get(scheme, "apprise")
    if kind == "log":
        return Address(kind="log")
    # Built without the checks of the file: the environment is where secrets belong.
    return Address.model_construct(kind=kind, url=address, env="", private=private)
