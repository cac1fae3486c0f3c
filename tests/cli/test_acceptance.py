# SPDX-License-Identifier: Apache-2.0
"""Commands as processes of their own, beside servers and each other."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .shop import Command

Spawn = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def started(spawn: Spawn, database: Path) -> tuple["subprocess.Popen[str]", str]:
    """A server that answers, and its address."""
    port = free_port()
    process = spawn("serve", "--port", str(port), "--database", str(database))
    assert process.stderr is not None
    line = process.stderr.readline()
    url = f"http://127.0.0.1:{port}"
    assert url in line, line + process.stderr.read()
    assert str(database) in line
    assert "Ctrl+C" in line
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except ConnectionRefusedError:
            pass
    return process, url


def test_a_server_and_its_database_file_answer_alike(shop: Path, command: Command, spawn: Spawn) -> None:
    process, url = started(spawn, shop)
    assert command("put", "mlmodel", "--url", url, "--set", "name=far").code == 0
    assert command("put", "mlmodel", "--database", str(shop), "--set", "name=near").code == 0
    far, near = command("list", "mlmodel", "--url", url), command("list", "mlmodel", "--database", str(shop))
    assert far == near
    assert [line.split("\t")[0] for line in far.out.splitlines()] == [
        "mlflow.churn",
        "headwater.evil",
        "headwater.far",
        "headwater.near",
    ]
    assert command("show", "mlflow.churn", "--url", url) == command("show", "mlflow.churn")
    assert command("get", "mlmodel", "churn", "--url", url).code == 3
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert command("list", "mlmodel", "--url", url).code == 5


def test_a_port_that_is_taken_is_told(shop: Path, command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = command("serve", "--port", str(other.getsockname()[1]))
    assert done.code == 5
    assert "--port chooses another one" in done.err


@pytest.mark.slow
def test_a_backup_while_others_write_is_of_one_moment(shop: Path, command: Command, spawn: Spawn) -> None:
    _, url = started(spawn, shop)
    write = "import itertools, sys, headwater\nwith headwater.connect(sys.argv[1]) as client:\n" + "".join(
        [
            "    for number in itertools.count():\n",
            "        client.mlmodels.put(name=f'w{number:06}')\n",
            "        print(number, flush=True)\n",
        ]
    )
    writer = subprocess.Popen([sys.executable, "-c", write, url], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        for _ in range(20):
            writer.stdout.readline()
        backups = []
        for number in range(3):
            done = command("backup", f"copy{number}.db")
            assert done.code == 0, done.err
            backups.append(f"copy{number}.db")
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    counts = []
    for backup in backups:
        assert command("restore", backup, "--database", "restored.db", "--force").code == 0
        listed = command("list", "mlmodel", "--database", "restored.db")
        written = [line.split("\t")[0] for line in listed.out.splitlines() if ".w" in line]
        assert written == [f"headwater.w{number:06}" for number in range(len(written))]
        counts.append(len(written))
    assert 20 <= counts[0] <= counts[1] <= counts[2]
    in_use = command("restore", "copy0.db", "--database", str(shop), "--force")
    assert in_use.code == 4


def test_a_reader_that_goes_away_is_no_error(shop: Path) -> None:
    script = f'"{sys.executable}" -m headwater list mlmodel --json | head -c 1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_a_command_without_one_shows_the_help(command: Command) -> None:
    done = command()
    assert done.code == 0
    assert "Ask the catalogue" in done.out
