# SPDX-License-Identifier: Apache-2.0
"""Beside ML Metadata, which is a library: both without HTTP."""

import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import payloads, servers, synthetic
from benchmarks.bench import Bench
from benchmarks.lines.shared import catalog_of, table_ids
from benchmarks.measure import Line, interleaved, per_second
from headwater.catalog.access import ADMIN
from headwater.catalog.context import Key
from headwater.catalog.reading import View
from headwater.catalog.recording import Write

MLMD = """
import sys, time
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as proto
path, count = sys.argv[1], int(sys.argv[2])
config = proto.ConnectionConfig()
config.sqlite.filename_uri = path
store = metadata_store.MetadataStore(config)
kind = proto.ArtifactType(name="Model")
for index in range(20):
    kind.properties[f"feature_{index:02}"] = proto.STRING
kind_id = store.put_artifact_type(kind)

def artifact(index):
    one = proto.Artifact(type_id=kind_id, name=f"model_{index:07}", uri=f"s3://models/churn/{index}")
    for feature in range(20):
        one.properties[f"feature_{feature:02}"].string_value = f"shop.public.table.column_{feature}"
    return one

made = [artifact(index) for index in range(count)]
started = time.perf_counter()
for one in made:
    store.put_artifacts([one])
put = count / (time.perf_counter() - started)
started = time.perf_counter()
for one in made:
    assert store.get_artifact_by_type_and_name("Model", one.name).uri == one.uri
print(put, count / (time.perf_counter() - started))
"""


def mlmd(bench: Bench) -> list[Line]:
    """ML Metadata, a library without HTTP, beside the catalogue in this process."""
    sizes, folder = bench.sizes, bench.folder()
    python = servers.environment("mlmd", "ml-metadata==1.17.1", "protobuf<5") / "python"
    catalog = catalog_of(f"{folder / 'headwater.db'}")
    synthetic.surround(catalog)
    model, inside = catalog.registry["mlmodel"], table_ids(catalog)
    count = sizes.writes
    theirs: dict[int, list[float]] = {}

    def beside(number: int, which: int) -> float:
        if number not in theirs:
            done = subprocess.run(
                [python, "-c", MLMD, f"{folder / f'mlmd-{number}.db'}", str(count)],
                check=True,
                capture_output=True,
                text=True,
            )
            theirs[number] = [float(one) for one in done.stdout.split()[-2:]]
        return theirs[number][which]

    def put_all(number: int) -> float:
        requests = [payloads.model(index, inside) for index in range(number * count, (number + 1) * count)]
        return _calls(lambda one: catalog.upsert(model, one, Write(principal=ADMIN)), requests)

    def get_all(number: int) -> float:
        keys = [Key.fqn(f"{payloads.SERVICE}.model_{index:07}") for index in range(count)]
        return _calls(lambda key: catalog.get(model, key, View()), keys)

    with servers.pinned(servers.cores()[1]):
        own_put, put_rate, own_get, get_rate = interleaved(
            sizes.rounds, put_all, lambda n: beside(n, 0), get_all, lambda n: beside(n, 1)
        )
    catalog.close()
    return [
        _plain("PUT in process", own_put, "ML Metadata put_artifacts", put_rate),
        _plain("GET by name in process", own_get, "ML Metadata get_artifact_by_type_and_name", get_rate),
    ]


def _plain(what: str, own: float, other: str, theirs: float) -> Line:
    return Line(
        what=what, headwater=per_second(own), reference=f"{other} {per_second(theirs)}", ratio=f"{own / theirs:.1f} ×"
    )


def _calls(call: Callable[[Any], object], arguments: Sequence[Any]) -> float:
    started = time.perf_counter()
    for one in arguments:
        call(one)
    return len(arguments) / (time.perf_counter() - started)
