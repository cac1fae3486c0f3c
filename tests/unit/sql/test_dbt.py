# SPDX-License-Identifier: Apache-2.0
"""The models of a dbt project, as dbt itself compiled them: ``dbt/README.md`` says how."""

import json
from pathlib import Path
from typing import Any

import pytest

from headwater.sql import Relation, Statement, lineage

from .engine import Engine, names

NODES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "dbt" / "manifest.json").read_text())["nodes"]
MODELS = [name for name, node in NODES.items() if node["resource_type"] == "model"]


def place(name: str) -> tuple[str, ...]:
    """The name of a node's relation in the database."""
    return tuple(NODES[name][member] for member in ("database", "schema", "alias"))


def read(model: str) -> Statement:
    relations = [Relation(place(name), tuple(node["columns"])) for name, node in NODES.items()]
    database, schema, _ = place(model)
    (statement,) = lineage(
        NODES[model]["compiled_code"], dialect="duckdb", relations=relations, catalog=database, schema=schema
    )
    assert statement.problems == ()
    return statement


@pytest.fixture(scope="module")
def engine() -> Engine:
    """DuckDB with every relation of the project as an empty table."""
    database = {node["database"] for node in NODES.values()}
    schemas = {".".join(place(name)[:2]) for name in NODES}
    return Engine(
        *(f"ATTACH ':memory:' AS {name}" for name in database),
        *(f"CREATE SCHEMA IF NOT EXISTS {name}" for name in schemas),
        *(
            f"CREATE TABLE {'.'.join(place(name))} ({', '.join(f'{c} {kind}' for c, kind in node['columns'].items())})"
            for name, node in NODES.items()
        ),
    )


def test_the_project_has_models_upon_models() -> None:
    assert len(MODELS) == 6
    assert any(above in MODELS for model in MODELS for above in NODES[model]["depends_on"]["nodes"])


@pytest.mark.parametrize("model", MODELS)
def test_a_model_reads_what_dbt_says_and_has_the_columns_that_the_database_says(model: str) -> None:
    statement = read(model)
    assert {one.relation for one in statement.reads} == {place(one) for one in NODES[model]["depends_on"]["nodes"]}
    assert [output.name for output in statement.outputs] == list(NODES[model]["columns"])


@pytest.mark.parametrize("model", MODELS)
def test_each_column_comes_from_the_columns_that_the_engine_reads_for_it(engine: Engine, model: str) -> None:
    statement, query = read(model), NODES[model]["compiled_code"]
    # Asked for no column at all, the engine still computes windows, and of a union it reads some column to count rows.
    rows, always = names(statement.rows), engine.scanned(query, "count(*)")
    assert rows <= always
    for number, output in enumerate(statement.outputs):
        told = names(output.sources) | rows
        assert told <= engine.scanned(query, f"c{number}") <= told | always, output.name
