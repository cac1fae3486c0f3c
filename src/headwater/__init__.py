# SPDX-License-Identifier: Apache-2.0
"""Headwater: a catalogue of machine-learning models for a data platform.

    import headwater

    client = headwater.connect("headwater.db")            # a database, without a server …
    client = headwater.connect("http://localhost:8585")   # … or a server
    headwater.capture(model, X, y, name="churn", sources="shop.main.customers", client=client)

This module is the one place that joins the layers; importing it loads none of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.api.app import Application
    from headwater.sdk.capture import capture
    from headwater.sdk.client import Client
    from headwater.settings import Settings

__version__ = "0.1.0"
__all__ = ["application", "capture", "connect", "serve"]


def connect(url: str | None = None, token: str | None = None) -> "Client":
    """A client of a catalogue.

    ``url`` is a server's (``http://…``), or a database (``sqlite:///path``, a path, ``postgresql://…``) that is
    opened in this process: the same behaviour without a server, also beside a running one. Without a URL it is that
    of ``HEADWATER_URL``, else the database of ``HEADWATER_DATABASE``, else ``headwater.db`` in the working folder.
    ``token`` goes to a server as bearer token; ``HEADWATER_TOKEN`` where it is not given.
    """
    import os

    from headwater.sdk.client import Client
    from headwater.settings import Settings

    target = url or os.environ.get("HEADWATER_URL") or Settings.from_environment().database
    token = token or os.environ.get("HEADWATER_TOKEN")
    if target.startswith(("http://", "https://")):
        from headwater.sdk.transport import HttpTransport

        return Client(HttpTransport(target, token))
    from headwater.embedded import EmbeddedTransport

    return Client(EmbeddedTransport(application(Settings.from_environment(database=target)), token))


def application(settings: "Settings", **more: Any) -> "Application":
    """The application on a database: migrated, seeded and ready to answer. ``more``: a ``registry`` of one's own."""
    from pathlib import Path

    from headwater.api.app import Application
    from headwater.catalog.alerts.channels import Mail
    from headwater.catalog.alerts.worker import Delivery
    from headwater.catalog.checks.production import Production
    from headwater.catalog.checks.service import Checking
    from headwater.catalog.secrets import Vault
    from headwater.catalog.service import Catalog
    from headwater.schema.registry import standard
    from headwater.settings import listed
    from headwater.store import opening

    database = opening.connect(settings.database, settings.write_timeout)
    path: Path | None = getattr(database, "path", None)
    vault = Vault(settings.secret_key, path.with_name(path.name + ".key") if path else None)
    mail = Mail(url=settings.smtp_url, sender=settings.mail_from) if settings.smtp_url else None
    delivery = Delivery(
        hosts=settings.alert_hosts,
        mail=mail,
        link=settings.address,
        backoff=settings.alert_backoff,
        retention=settings.event_days,
    )
    checking = Checking(
        interval=settings.check_interval,
        production=Production(
            environments=listed(settings.check_environments),
            tiers=listed(settings.check_tiers),
        ),
        hosts=settings.check_hosts,
        folders=[Path(folder).expanduser() for folder in listed(settings.check_folders)],
        timeout=settings.check_timeout,
        retention=settings.check_days,
    )
    registry = more.get("registry") or standard()
    return Application(Catalog(database, registry, vault, settings.search_path(path), delivery, checking), settings)


def serve(settings: "Settings") -> None:
    """Serve a catalogue over HTTP until interrupted."""
    from headwater.api.server import check_address, run

    check_address(settings.host, settings.auth_secret is not None)
    run(application(settings))


def __getattr__(name: str) -> Any:
    if name == "capture":
        return _connected_capture()
    raise AttributeError(f"module 'headwater' has no attribute {name!r}")


def _connected_capture() -> Any:
    """The SDK's ``capture``, which without a client opens the default catalogue for the one call."""
    from functools import wraps

    from headwater.sdk.capture import capture

    @wraps(capture)
    def connected(*given: Any, client: "Client | None" = None, **named: Any) -> Any:
        if client is not None:
            return capture(*given, client=client, **named)
        with connect() as opened:
            return capture(*given, client=opened, **named)

    return connected
