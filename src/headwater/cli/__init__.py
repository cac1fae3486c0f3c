# SPDX-License-Identifier: Apache-2.0
"""The command line. ``main`` is its entry; ``tree`` declares the commands, the other modules do the work."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments (those of the process, if None) name, and exit with its code."""
    from headwater.cli.tree import run

    raise SystemExit(run(arguments))
