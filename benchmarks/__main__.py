# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks``: measure Headwater beside other systems and print one table."""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import servers
from benchmarks.bench import Bench
from benchmarks.client import RequestFailed
from benchmarks.lines import LINES
from benchmarks.measure import FULL, QUICK, Line, table

ROOT = Path(__file__).resolve().parent.parent
HISTORY = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Run the lines that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=LINES, help=f"of: {', '.join(LINES)}")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a first look")
    parser.add_argument("--markdown", action="store_true", help="append the table to docs/benchmarks.md")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    lines: list[Line] = []
    with servers.pinned(servers.cores()[0]), Bench(sizes) as bench:
        for name in options.only or LINES:
            started = time.perf_counter()
            try:
                measured = LINES[name](bench)
            except (RequestFailed, subprocess.CalledProcessError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                measured = [Line(what=name, headwater="could not be measured")]
            for line in measured:
                print(f"{line.what}: {line.headwater}; {line.reference} {line.ratio}", file=sys.stderr)
            print(f"({name} took {time.perf_counter() - started:.0f} s)", file=sys.stderr)
            lines += measured
    text = f"{facts('quick' if options.quick else 'full')}\n\n{table(lines)}\n"
    print(f"\n{text}")
    if options.markdown:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(f"\n### {datetime.now(UTC):%Y-%m-%d}\n\n{text}")
    return 0


def facts(sizes: str) -> str:
    """On what the numbers were measured."""
    client, server = servers.cores()
    apart = "client and server on a core each" if client != server else "client and server share their cores"
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"Commit {commit or 'unknown'}, {sizes} sizes; {os.cpu_count()} cores, {apart}; load "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"MLflow {servers.version('mlflow', 'mlflow') or 'not asked'}."
    )


if __name__ == "__main__":
    sys.exit(main())
