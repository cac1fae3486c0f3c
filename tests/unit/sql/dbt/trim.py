# SPDX-License-Identifier: Apache-2.0
"""Keeps of dbt's manifest and catalogue what the test reads: ``python trim.py bookshop/target > manifest.json``."""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
catalog = json.loads((folder / "catalog.json").read_text())
members = ("resource_type", "database", "schema", "alias", "compiled_code", "depends_on")
kept = {
    "metadata": {name: manifest["metadata"][name] for name in ("dbt_schema_version", "dbt_version", "adapter_type")},
    "nodes": {
        name: {member: node[member] for member in members if member in node}
        | {"columns": {column: told["type"] for column, told in catalog["nodes"][name]["columns"].items()}}
        for name, node in sorted(manifest["nodes"].items())
    },
}
print(json.dumps(kept, indent=1))
