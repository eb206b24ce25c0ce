"""What a service is told when it starts."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from foretaste.core.config import option
from foretaste.core.errors import ConfigError

ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")
"""A scheme and a host, nothing that could end a rule of a content policy."""

RATE_ELSEWHERE = 500.0
"""Requests a second for each client when others than this machine may ask and nothing else was said."""


@dataclass(frozen=True)
class Settings:
    """Limits and addresses; the defaults suit one machine."""

    host: str = option("127.0.0.1", "Address to listen on.")
    port: int = option(8000, "Port to listen on; 0 lets the system choose.", low=0, high=65535)
    insecure: bool = option(False, "Listen elsewhere than on this machine without API keys.")
    rate: float | None = option(None, "Requests a second for each client; 0: no limit.", low=0)
    concurrency: int = option(1024, "Requests that are worked on at once; more get 503.", low=1)
    max_body: int = option(1 << 20, "Largest body in bytes.", low=1024)
    body_seconds: float = option(20.0, "Seconds in which a body must have come.", low=0.1)
    max_batch: int = option(256, "Questions of one forward.", low=1)
    batch_ms: float = option(1.0, "Milliseconds that a question waits for company while others come.", low=0)
    history: int = option(200, "Events of a user that a recommendation looks at.", low=1)
    retain_days: float | None = option(None, "Days after which events are deleted; none: never.", low=0)
    origins: tuple[str, ...] = option((), "Origins of web pages that may ask (CORS).")
    images: tuple[str, ...] = option((), "Origins of the catalogue's images that the page may show.")
    split: str = option("", "Traffic of each model, as 'a=90,b=10'; default: all to the first.")

    @property
    def local(self) -> bool:
        """Whether only this machine can ask."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def rate_limit(self) -> float:
        """Requests a second for each client, 0 for no limit."""
        return self.rate if self.rate is not None else 0.0 if self.local else RATE_ELSEWHERE

    def check(self, *, has_keys: bool) -> None:
        """Refuses to be open to the world by accident.

        Raises:
            ConfigError: If others could ask and there are no API keys, or an origin of images is none.
        """
        for origin in self.images:
            if not ORIGIN.fullmatch(origin):
                raise ConfigError(
                    f"{origin!r} is no origin that images come from",
                    where="--images",
                    allowed="a scheme and a host, as https://images.shop.example",
                )
        if not has_keys and not self.local and not self.insecure:
            raise ConfigError(
                f"without API keys anyone who reaches {self.host!r} could read and write",
                where="--host",
                allowed="127.0.0.1 without keys, or any address with --keys FILE",
                mend="make a key with `foretaste key`, or say --insecure if another layer keeps strangers out",
            )
