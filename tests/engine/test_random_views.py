# SPDX-License-Identifier: Apache-2.0
"""Random tables and views that come, change and go. What is known of the views is what their present says: the same
as in a catalogue that was told of it in another order, and the same at every position ever after."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .wire import Api, Json, column_pairs, named

TABLES, VIEWS = ("a", "A", "b"), ("v", "w")
COLUMNS = st.lists(st.sampled_from(("x", "y", "X", "z")), max_size=3, unique_by=str.casefold)
SOURCES = st.sampled_from(("a", "b", '"A"', "other.c", "main.v", "w"))
OUTPUTS = st.sampled_from(("x", "y", "max(x) AS x", "x + y AS z", "*", "md5(y) AS y"))
DEFINITIONS = st.one_of(
    st.builds("SELECT {} FROM {}".format, OUTPUTS, SOURCES),
    st.builds("SELECT p.x, q.y FROM {} p JOIN {} q ON p.x = q.x".format, SOURCES, SOURCES),
    st.builds("WITH c AS (SELECT * FROM {}) SELECT x FROM c".format, SOURCES),
    st.just("SELEC x FROM a"),
)
STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": st.sampled_from(TABLES), "columns": COLUMNS}),
        st.fixed_dictionaries({"name": st.just("c"), "columns": COLUMNS}),
        st.fixed_dictionaries({"name": st.sampled_from(VIEWS), "columns": COLUMNS, "schemaDefinition": DEFINITIONS}),
        st.fixed_dictionaries({"gone": st.sampled_from((*TABLES, *VIEWS, "c")), "hard": st.booleans()}),
    ),
    min_size=2,
    max_size=12,
)
NUMBERS = count()


class Shop:
    """A service of its own in the catalogue, with two schemas."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.name = f"db{next(NUMBERS)}"
        self.present: dict[str, Json] = {}
        api.put("services/databaseServices", {"name": self.name, "serviceType": "Postgres"})
        api.put("databases", {"name": "shop", "service": self.name})
        for schema in ("main", "other"):
            api.put("databaseSchemas", {"name": schema, "database": f"{self.name}.shop"})

    def fqn(self, name: str) -> str:
        return f"{self.name}.shop.{'other' if name == 'c' else 'main'}.{name}"

    def put(self, body: Json) -> None:
        columns = [{"name": name, "dataType": "INT"} for name in body["columns"]]
        schema = self.fqn(body["name"]).rpartition(".")[0]
        kind = {"tableType": "View"} if "schemaDefinition" in body else {}
        self.api.put("tables", {**body, **kind, "columns": columns, "databaseSchema": schema})
        self.present[body["name"]] = body

    def step(self, step: Json) -> None:
        if "gone" not in step:
            self.put(step)
        elif step["gone"] in self.present:
            # A soft deletion keeps name and edges: a PUT brings the table back as it was.
            self.api.delete(named("tables", self.fqn(step["gone"])), hardDelete=str(step["hard"]).lower())
            body = self.present.pop(step["gone"])
            if not step["hard"]:
                self.put(body)

    def known(self, **query: str) -> tuple[set[tuple[str, str]], dict[str, list[str]]]:
        """Everything that is known of the views: what flows into them, and what was not understood."""
        edges: set[tuple[str, str]] = set()
        for name in self.present:
            if "schemaDefinition" in self.present[name]:
                found = self.api.lineage("table", self.fqn(name), up=1, down=0, **query)
                called = {one["id"]: one["fullyQualifiedName"] for one in (found["entity"], *found["nodes"])}
                for edge in found["upstreamEdges"]:
                    edges |= {(called[edge["fromEntity"]], called[edge["toEntity"]])}
                    edges |= column_pairs(edge["lineageDetails"])
        shown = {
            row["entity"]["name"]: [f"{one['line']}:{one['column']} {one['reason']}" for one in row["problems"]]
            for row in self.api.get("governance/unread", **query)["data"]
            if row["entity"]["fullyQualifiedName"].startswith(f"{self.name}.")
        }
        problems = {name: [one.replace(f"{self.name}.", "") for one in told] for name, told in shown.items()}
        return {(up.removeprefix(self.name), down.removeprefix(self.name)) for up, down in edges}, problems


def folded(known: tuple[set[tuple[str, str]], Any]) -> tuple[set[tuple[str, ...]], Any]:
    """The same with columns in small letters: one that is not there is spelled as it was last, or as SQL does."""

    def fold(end: str) -> str:
        table, dot, column = end.rpartition(".")
        return f"{table}{dot}{column.casefold()}" if table.count(".") == 3 else end

    return {tuple(map(fold, pair)) for pair in known[0]}, known[1]


def test_views_are_known_by_what_is_there_and_the_past_keeps_what_was(api: Api) -> None:
    recorded: list[tuple[Shop, dict[str, Json], str, Any]] = []

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS, st.randoms(use_true_random=False))
    def tell(steps: list[Json], random: Any) -> None:
        shop = Shop(api)
        for step in steps:
            shop.step(step)
            recorded.append((shop, dict(shop.present), f"@{api.position()}", shop.known()))
        other = Shop(api)
        for body in sorted(shop.present.values(), key=lambda _: random.random()):
            other.put(body)
        assert folded(other.known()) == folded(shop.known())

    tell()
    assert any(problems for _, _, _, (_, problems) in recorded)
    assert any(edges for _, _, _, (edges, _) in recorded)

    def check_the_past() -> None:
        for shop, present, position, known in recorded:
            shop.present = present
            assert shop.known(asOf=position) == known

    check_the_past()
    api.application.catalog.reindex()
    check_the_past()
