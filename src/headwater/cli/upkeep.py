# SPDX-License-Identifier: Apache-2.0
"""The commands that run and look after a catalogue. Server code is imported where it is used."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import Columns, Screen, styled
from headwater.cli.session import file_of, redacted

if TYPE_CHECKING:
    from headwater.settings import Settings

SECRET_LENGTH = 32
"""Characters that a secret for tokens has at least."""

INDEX_NAMES = {
    "fqn_interval": "names",
    "relationship": "relationships",
    "tag_usage": "tag usages",
    "lineage_node": "fields",
    "lineage_edge": "lineage edges",
    "entity_count": "counts of lists",
}


def serve(screen: Screen, settings: "Settings") -> None:
    """Serve a catalogue until Ctrl+C."""
    import headwater
    from headwater.api.server import check_address, run

    check_address(settings.host, settings.auth_secret is not None)
    _check_port(settings.host, settings.port)
    application = headwater.application(settings)
    tokens = "" if settings.auth_secret else ", this machine only, without tokens"
    screen.done(f"Headwater is at {_url(settings)} with {redacted(settings.database)}{tokens}. Ctrl+C stops it.")
    run(application)


def _check_port(host: str, port: int) -> None:
    """Find out before the database is opened whether somebody else has the port."""
    if not 0 < port < 65536:
        raise Failure(f"a port is a number from 1 to 65535, not {port}", code=Exit.USAGE)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failure(
                f"cannot listen on {host} port {port}: {error.strerror}",
                "--port chooses another one, for example --port 8586.",
                code=Exit.UNREACHABLE,
            ) from error


def migrate(screen: Screen, settings: "Settings") -> None:
    """Bring the schema up to date; a database that does not exist is made."""
    from headwater.store.opening import open_database

    database = open_database(settings.database, settings.write_timeout)
    try:
        applied = database.migrate()
        newest = max(number for number, _ in database.dialect.migrations())
    finally:
        database.close()
    if screen.json:
        screen.value({"applied": applied, "newest": newest})
    elif applied:
        screen.done(f"{redacted(settings.database)}: applied {', '.join(f'{number:04}' for number in applied)}")
    else:
        screen.done(f"{redacted(settings.database)} is up to date, at {newest:04}")


def _existing(settings: "Settings") -> Path | None:
    """The database file, which must exist; None for PostgreSQL."""
    path = file_of(settings.database)
    if path is not None and not path.exists():
        raise Failure(f"there is no database {path}", "--database names another one.", code=Exit.UNREACHABLE)
    return path


def reindex(screen: Screen, settings: "Settings") -> None:
    """Rebuild what can be rebuilt; writers wait meanwhile."""
    import headwater

    _existing(settings)
    application = headwater.application(settings)
    try:
        with screen.progress("Rebuilding indexes") as advance:
            sizes = application.catalog.reindex(advance)
    finally:
        application.catalog.close()
    if screen.json:
        screen.value(sizes)
        return
    rows = [(styled(INDEX_NAMES.get(name, name)), styled(f"{count:,}")) for name, count in sizes.items()]
    screen.show(Columns(("index", "rows"), rows))


def backup(screen: Screen, settings: "Settings", target: Path, force: bool) -> None:
    """Copy the database, as it is at one moment, into a file."""
    from headwater.cli import files

    source = _existing(settings)
    if source is None:
        raise Failure(
            "a PostgreSQL database is backed up with PostgreSQL's own tools:",
            f"  pg_dump --format=custom --file={target} {redacted(settings.database)}",
        )
    with screen.progress(f"Copying {source.name}") as advance:
        files.backup(source, target, force, advance)
    size = target.stat().st_size
    if screen.json:
        screen.value({"source": str(source), "target": str(target), "bytes": size})
    else:
        screen.done(f"{source} copied to {target} ({size / 2**20:,.1f} MiB)")
    _tell_of_key(screen, source)


def _tell_of_key(screen: Screen, database: Path) -> None:
    key = database.with_name(database.name + ".key")
    if key.exists():
        screen.note(
            f"The passwords in it can be read only with the key in {key}. Keep a copy of that file in another place."
        )


def restore(screen: Screen, settings: "Settings", source: Path, force: bool) -> None:
    """Put a backup in the place of the database."""
    from headwater.cli import files

    target = file_of(settings.database)
    if target is None:
        raise Failure(
            "a PostgreSQL database is restored with PostgreSQL's own tools:",
            f"  pg_restore --clean --if-exists --dbname={redacted(settings.database)} {source}",
        )
    with screen.progress(f"Copying {source.name}") as advance:
        files.restore(source, target, force, advance)
    if screen.json:
        screen.value({"source": str(source), "target": str(target), "bytes": target.stat().st_size})
    else:
        screen.done(f"{target} is now what {source} holds")
    key = target.with_name(target.name + ".key")
    if not settings.secret_key and not key.exists() and files.holds_secrets(target):
        screen.note(
            f"It holds passwords, but the key that they are encrypted with is not here: put it back as {key}, "
            "or set HEADWATER_SECRET_KEY."
        )


def token(screen: Screen, settings: "Settings", name: str, bot: bool, days: int | None) -> None:
    """Print a token."""
    from headwater.api.tokens import issue

    if not settings.auth_secret:
        raise Failure(
            "HEADWATER_AUTH_SECRET is not set; tokens are signed with it",
            "Set the secret that the server runs with. Without one, a server asks for no tokens.",
        )
    if len(settings.auth_secret) < SECRET_LENGTH:
        raise Failure(f"HEADWATER_AUTH_SECRET must have {SECRET_LENGTH} characters or more")
    if days is not None and days < 1:
        raise Failure("--days must be 1 or more", code=Exit.USAGE)
    text = issue(settings.auth_secret, name, bot, None if days is None else days * 86400)
    if screen.json:
        screen.value({"token": text})
    else:
        screen.write(text + "\n")


def secret_key(screen: Screen) -> None:
    """Print a new key for HEADWATER_SECRET_KEY."""
    from cryptography.fernet import Fernet

    screen.write(Fernet.generate_key().decode() + "\n")


def demo(screen: Screen, settings: "Settings", serve_after: bool) -> None:
    """Fill a catalogue with examples, tell what it answers, and serve it."""
    from headwater.cli import demo as example

    if serve_after:
        _check_port(settings.host, settings.port)
    example.run(screen, settings.database, _url(settings) if serve_after else None)
    if serve_after:
        serve(screen, settings)


def _url(settings: "Settings") -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
