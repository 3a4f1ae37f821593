"""What the owner of a site decides, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

__all__ = ["Provider", "Settings"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A login that the site has registered with Discord or Telegram.

    Attributes:
        client_id: what the provider calls the site.
        client_secret: known to the provider and the site.
        url: where the provider lives; another one is for tests.
    """

    client_id: str
    client_secret: str = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How the site is served.

    Attributes:
        site_url: the public address, such as ``https://example.org``, or ``https://example.org/community`` of a
            blueprint below that path; None takes what the browser asked for. With ``https``, cookies are for
            encrypted connections only.
        secret_key: signs the cookie of a login in progress and the tokens in forms; None draws one at each start, so
            that forms which were open across a restart have to be sent again.
        discord, telegram: the logins on offer; None for those that are not.
        admin_url: the PostgreSQL address of a login that is a member of ``ttfd_admin``, for the administrators' part;
            None uses the site's own, which then needs that right.
        proxies: how many proxies in front of the site set ``X-Forwarded-For``; 0 believes none.
        streams_per_address: most open event streams of one client address.
        metrics_token: what Prometheus has to send to be shown ``/metrics``; None shows it to nobody.
        is_limited: whether too many requests are refused.
    """

    site_url: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    discord: Provider | None = None
    telegram: Provider | None = None
    admin_url: str | None = field(default=None, repr=False)
    proxies: int = 0
    streams_per_address: int = 100
    metrics_token: str | None = field(default=None, repr=False)
    is_limited: bool = True

    @property
    def origin(self) -> str | None:
        """The public address without a path: paths are Flask's, which knows where the blueprint stands."""
        return urljoin(self.site_url, "/").rstrip("/") if self.site_url else None

    @property
    def providers(self) -> dict[str, Provider]:
        """The logins on offer, by platform."""
        offered = {"discord": self.discord, "telegram": self.telegram}
        return {platform: provider for platform, provider in offered.items() if provider}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ``TTFD_SITE_URL``, ``TTFD_SECRET_KEY``, ``TTFD_ADMIN_DATABASE_URL``, ``TTFD_PROXIES``,
        ``TTFD_STREAMS_PER_ADDRESS``, ``TTFD_METRICS_TOKEN`` and, for each login, ``TTFD_DISCORD_CLIENT_ID``,
        ``TTFD_DISCORD_CLIENT_SECRET``, ``TTFD_TELEGRAM_CLIENT_ID``, ``TTFD_TELEGRAM_CLIENT_SECRET``.

        Raises:
            ValueError: a number is none.
        """

        def provider(name: str, url: str) -> Provider | None:
            client_id = environment.get(f"TTFD_{name}_CLIENT_ID")
            secret = environment.get(f"TTFD_{name}_CLIENT_SECRET")
            if not client_id or not secret:
                return None
            return Provider(client_id, secret, environment.get(f"TTFD_{name}_URL", url).rstrip("/"))

        return cls(
            site_url=environment.get("TTFD_SITE_URL", "").rstrip("/") or None,
            secret_key=environment.get("TTFD_SECRET_KEY") or None,
            discord=provider("DISCORD", "https://discord.com"),
            telegram=provider("TELEGRAM", "https://oauth.telegram.org"),
            admin_url=environment.get("TTFD_ADMIN_DATABASE_URL") or None,
            proxies=int(environment.get("TTFD_PROXIES", "0")),
            streams_per_address=int(environment.get("TTFD_STREAMS_PER_ADDRESS", "100")),
            metrics_token=environment.get("TTFD_METRICS_TOKEN") or None,
        )
