"""How a server listens and what it puts up with."""

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ServingSettings(BaseSettings):
    """Read from ``UNDERSTUDY_SERVING_*`` variables; spans are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="UNDERSTUDY_SERVING_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0 takes a free one."""
    admin_host: str = "127.0.0.1"
    admin_port: int = Field(default=8001, ge=0, le=65535)
    admin_token: SecretStr = SecretStr("")
    """Callers of the admin port show it as ``Authorization: Bearer``; needed where that port is not on loopback."""

    body: int = Field(default=5 * 2**20, ge=1024)
    """Largest body of a request."""
    rows: int = Field(default=10_000, ge=1)
    """Most rows of one request."""
    receive: float = Field(default=8.0, gt=0)
    """Time from the first byte of a request, or the start of a connection, to its last byte."""
    keep_alive: float = Field(default=30.0, gt=0)
    """Time that an idle connection is kept."""
    concurrency: int = Field(default=512, ge=1)
    """Most requests at once; health and metrics are not counted."""
    connections: int = Field(default=1000, ge=1)
    """Most open connections; a few more are answered for health alone."""
    notice: float = Field(default=0.5, ge=0)
    """Time between not being ready and no longer listening, so that balancers look elsewhere first."""
    drain: float = Field(default=20.0, gt=0)
    """Time that accepted requests are given to end after that."""

    turn_rows: int = Field(default=256, ge=2)
    """Most rows that are answered together; larger requests are cut up."""
    waiting_rows: int = Field(default=16_384, ge=1)
    """Rows that may wait for an answer; beyond them requests are refused."""
    batches_at_once: int = Field(default=1, ge=1)
    """Batches that are answered and stored at the same time."""

    challenger_time: float = Field(default=0.25, gt=0)
    """Time that a challenger has to score; then the champion answers."""
    breaker_window: int = Field(default=20, ge=1)
    """Newest calls of an arm or a shadow that its circuit breaker looks at."""
    breaker_fewest: int = Field(default=5, ge=1)
    breaker_share: float = Field(default=0.5, gt=0, le=1)
    """Share of failures among them at which it opens."""
    breaker_cooldown: float = Field(default=10.0, gt=0)
    exploration: float = Field(default=0.05, ge=0, le=0.5)
    """Smallest share of any arm of a bandit."""

    shadow_rows: int = Field(default=2048, ge=1)
    """Rows that may be with the shadows at once; what comes beyond is not shadowed."""
    shadow_time: float = Field(default=5.0, gt=0)
    """Time without an answer after which the shadows' process is killed, and its model left alone for a while."""
    shadow_nice: int = Field(default=19, ge=0, le=19)
    """Its priority: at 19 it has what time the server leaves, at 0 as much as the server."""
    shadow_cores: tuple[int, ...] = ()
    """Cores that the shadows' process may use, as in ``[2, 3]``; the server's own where none are named. On Linux."""

    poll: float = Field(default=0.5, gt=0)
    """Time between two looks at the deployment log."""
    refresh: float = Field(default=1.0, gt=0)
    """Time between two looks at the feature store, and at the rewards of a bandit's arms."""

    @model_validator(mode="after")
    def _admin_is_guarded(self) -> "ServingSettings":
        if self.admin_host not in LOOPBACK and not self.admin_token.get_secret_value():
            raise ValueError(f"the admin port on {self.admin_host} is open to others: set admin_token")
        return self
