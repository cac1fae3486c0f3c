# SPDX-License-Identifier: Apache-2.0
"""The command tree, its help, and the page that describes it."""

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater import __version__
from headwater.api.auth import Authenticator
from headwater.cli.failures import EXIT_CODES
from headwater.cli.tree import app

from .shop import Command

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def commands() -> Iterator[tuple[str, set[str]]]:
    """Each command and the names of its arguments and options."""
    for name in app:
        if not name.startswith("-"):
            collection = app[name].assemble_argument_collection(default_parameter=app.default_parameter)
            yield name, {word for argument in collection for word in argument.names if word != "*"}


def test_the_reference_page_has_every_command_and_option_and_no_other() -> None:
    parts = re.split(r"^### `headwater ([a-z-]+)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    described = dict(zip(parts[1::2], parts[2::2], strict=True))
    shared = set(re.findall(r"^\| `(--[a-z-]+)", parts[0], flags=re.MULTILINE))
    assert set(described) == {name for name, _ in commands()}
    for name, options in commands():
        section = described[name]
        told = set(re.findall(r"`(--[a-z-]+)", section))
        if "which catalogue" in section.lower():
            told |= shared if "--as-of" in options else shared - {"--as-of"}
        assert {option for option in options if option.startswith("--")} == told, name
        for positional in (option for option in options if not option.startswith("--")):
            assert positional in section.partition("\n")[0], (name, positional)


def test_the_reference_page_has_every_exit_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES:
        assert f"| {code.value} | {meaning} |" in text


def test_help_names_the_commands_and_the_exit_codes(headwater: Command) -> None:
    text = headwater("--help").out
    for name, _ in commands():
        assert name in text
    for code, meaning in EXIT_CODES:
        assert f"{code.value}  {meaning}" in text


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_and_option_has_a_help_text(headwater: Command, name: str) -> None:
    assert headwater(name, "--help").code == 0
    for argument in app[name].assemble_argument_collection():
        if argument.show:
            assert argument.parameter.help, argument.names


def test_help_is_quick(command: Command) -> None:
    usage = time.clock_gettime if hasattr(time, "clock_gettime") else None
    if usage is None:
        pytest.skip("this system does not tell the time that children took")
    import resource

    def spent() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    seconds = []
    for _ in range(3):
        before = spent()
        assert command("--help").code == 0
        seconds.append(spent() - before)
    assert min(seconds) < 0.5


def test_version_is_told_in_three_ways(headwater: Command) -> None:
    assert headwater("version").out == f"headwater {__version__}\n"
    assert headwater("--version").out == f"{__version__}\n"
    assert json.loads(headwater("version", "--json").out) == {"version": __version__}


def test_a_token_is_accepted_by_a_server_with_the_secret(headwater: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "a secret of the tests, which is long enough"
    monkeypatch.setenv("HEADWATER_AUTH_SECRET", secret)
    token = headwater("token", "ingestion-bot", "--bot", "--days", "1").out.strip()
    principal = Authenticator(secret).principal({"authorization": f"Bearer {token}"})
    assert (principal.name, principal.is_bot) == ("ingestion-bot", True)
    assert headwater("token", "x", "--days", "0").code == 2
    monkeypatch.setenv("HEADWATER_AUTH_SECRET", "short")
    assert "32 characters or more" in headwater("token", "x").err


def test_a_secret_key_is_new_each_time(headwater: Command) -> None:
    first, second = (headwater("secret-key").out.strip() for _ in range(2))
    assert first != second
    assert len(base64.urlsafe_b64decode(first)) == 32
