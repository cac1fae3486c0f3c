# SPDX-License-Identifier: Apache-2.0
"""The settings of a Headwater process, from arguments or ``HEADWATER_…`` variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

PREFIX = "HEADWATER_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server or an embedded catalogue is run with.

    ``database``: a path, ``sqlite:///path`` or ``postgresql://…``. ``openmetadata_version``: the version that
    OpenMetadata's clients are told. ``auth_secret``: the key (HS256) that tokens must be signed with; without one,
    callers are believed and only loopback addresses are served. ``secret_key``: what passwords of connections are
    encrypted with; on SQLite a key file beside the database serves where it is absent. ``max_body``: bytes.
    ``write_timeout``: seconds that a write waits for its turn. ``allowed_hosts``: names, besides loopback's, under
    which the server may be addressed, separated by commas. ``search_folder``: where search indexes are kept; they can
    be deleted whenever no process runs, and build themselves anew. ``public_url``: where people see the catalogue,
    for links in alerts. ``smtp_url`` (``smtp://user:password@host:587``, ``smtps://…``): the server that takes mail,
    and ``mail_from`` whom it is from. ``alert_hosts``: hosts, addresses and networks that alerts may be sent to
    although they are not public, separated by commas. ``alert_backoff``: seconds before a failed send is tried again,
    ten times as long each further time. ``event_days``: days after which events are pruned; 0 keeps them for good.
    ``streams``: readers of server-sent events that a process serves at a time. ``check_interval``: seconds between two
    looks at whether an entity in production answers; 0 makes none. In production is what is in one of
    ``check_environments``, or has one of the tags ``check_tiers``. ``check_hosts`` (as ``alert_hosts``) and
    ``check_folders`` may be looked at although they are not public. ``check_timeout``: seconds for a connection, and
    for an answer. ``check_days``: days after which what came of looks is forgotten; 0 keeps it.
    """

    database: str = "sqlite:///headwater.db"
    host: str = "127.0.0.1"
    port: int = 8585
    openmetadata_version: str = "2.0.7"
    auth_secret: str | None = None
    secret_key: str | None = None
    allowed_hosts: str = ""
    max_body: int = 16 * 1024 * 1024
    write_timeout: float = 30.0
    search_folder: str | None = None
    public_url: str | None = None
    smtp_url: str | None = None
    mail_from: str = "headwater@localhost"
    alert_hosts: str = ""
    alert_backoff: float = 3.0
    event_days: float = 0.0
    streams: int = 100
    check_interval: float = 0.0
    check_environments: str = "production"
    check_tiers: str = "Tier.Tier1"
    check_hosts: str = ""
    check_folders: str = ""
    check_timeout: float = 10.0
    check_days: float = 30.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: object) -> "Settings":
        """The settings of the environment, with those given on top; None means not given."""
        environment = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for each in fields(cls):
            text = environment.get(PREFIX + each.name.upper())
            if given.get(each.name) is not None:
                values[each.name] = given[each.name]
            elif text:
                kind = next((number for number in (int, float) if each.type is number), str)
                try:
                    values[each.name] = kind(text)
                except ValueError:
                    raise ValueError(f"{PREFIX}{each.name.upper()} must be a {kind.__name__}, not {text!r}") from None
        return cls(**values)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """The URL at which people see the catalogue."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    def search_path(self, database: Path | None) -> Path:
        """Where search indexes are kept: as set, else beside the database file, else in the user's cache folder."""
        if self.search_folder:
            return Path(self.search_folder).expanduser()
        if database is not None:
            return database.with_name(database.name + ".search")
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headwater" / "search"


def listed(text: str) -> list[str]:
    """The words of a setting, which commas separate."""
    return [word for part in text.split(",") if (word := part.strip())]
