# SPDX-License-Identifier: Apache-2.0
"""Graphs that are hard to walk: cycles, edges of a thing with itself, ways through what is deleted, ten thousand edges
on one table. Every walk ends, and is complete or says that it was cut."""

from collections.abc import Callable
from typing import Any

import pytest

from .events import SHOP, design, read, written
from .wire import Api, feature, named, segment

Json = Any
SENSITIVE = "PII.Sensitive"
MAIN = "db.shop.main"
RING = ("a", "b", "c")


def fqn(name: str) -> str:
    return f"{MAIN}.{name}"


def table(api: Api, name: str, tag: str | None = None) -> None:
    """A table with the columns x and y, of which x may carry a tag."""
    labels = [{"tagFQN": tag, "source": "Classification"}] if tag else []
    api.table(name, [{"name": "x", "dataType": "INT", "tags": labels}, {"name": "y", "dataType": "INT"}])


def edge(api: Api, up: str, down: str, *pairs: tuple[str, str]) -> None:
    """Columns of one table flow into columns of another."""
    flows = [{"fromColumns": [fqn(f"{up}.{one}")], "toColumn": fqn(f"{down}.{to}")} for one, to in pairs]
    path = f"lineage/table/name/{fqn(up)}/table/name/{fqn(down)}"
    api.put(path, {"source": "QueryLineage", "columnsLineage": flows})


@pytest.fixture
def ring(api: Api) -> Api:
    """Three tables in a circle, of which each feeds itself as well, and a model made from the last one."""
    for name in RING:
        table(api, name, SENSITIVE if name == "a" else None)
    for up, down in (("a", "b"), ("b", "c"), ("c", "a")):
        edge(api, up, down, ("x", "x"))
    for name in RING:
        edge(api, name, name, ("x", "y"), ("y", "x"), ("x", "x"))
    api.model("m", mlFeatures=[feature("f", "x", table=fqn("c"))])
    return api


def names(entities: Json) -> list[str]:
    return sorted(one["name"] for one in entities)


def reached(api: Api, **query: str) -> dict[str, int]:
    """What is reached, and in how many hops."""
    reply = api.get("governance/reach", type="mlmodel,table", **query)
    assert "truncated" not in reply.body
    return {row["entity"]["name"]: len(row["paths"][0]) for row in reply["data"]}


@pytest.mark.parametrize("path", ["lineage/walk/table/name/{}", "lineage/table/name/{}"])
@pytest.mark.parametrize("depth", [1, 3, 100])
def test_a_walk_around_a_circle_meets_everything_once(ring: Api, path: str, depth: int) -> None:
    depth = depth if "walk" in path else min(depth, 3)
    graph = ring.get(path.format(fqn("a")), upstreamDepth=str(depth), downstreamDepth=str(depth)).body
    assert names(graph["nodes"]) == ["b", "c"] + ["m"] * (depth > 1)
    for side in ("upstreamEdges", "downstreamEdges"):
        ends = [(one["fromEntity"], one["toEntity"]) for one in graph[side]]
        assert len(ends) == len(set(ends))
    whole = [one for one in graph["downstreamEdges"] if one["fromEntity"] == one["toEntity"]]
    assert len(whole) == min(depth, 3)


def test_the_view_of_a_circle_ends(ring: Api) -> None:
    reply = ring.get("lineage/getLineage", fqn=fqn("a"), type="table", upstreamDepth="100", downstreamDepth="100")
    assert {one["entity"]["name"] for one in reply["nodes"].values()} == {"a", "b", "c", "m"}
    assert "X-Headwater-Truncated" not in reply.headers


def test_what_goes_around_a_circle_is_reached_on_the_shortest_way(ring: Api) -> None:
    assert reached(ring, tag=SENSITIVE) == {"a": 0, "b": 1, "c": 2, "m": 3}
    assert reached(ring, column=fqn("b.y")) == {"a": 3, "b": 0, "c": 2, "m": 3}
    assert reached(ring, entity=fqn("c")) == {"a": 1, "b": 2, "c": 0, "m": 1}
    (row,) = ring.get("governance/reach", tag=SENSITIVE, subgraph="true")["data"]
    hops = [(hop["from"]["field"], hop["to"]["field"]) for hop in row["subgraph"]]
    assert len(hops) == len(set(hops)) == 3 + 9 + 1, "each edge once"


def test_the_tags_of_what_lies_on_a_circle(ring: Api) -> None:
    for kind, name in (("table", fqn("a")), ("table", fqn("b")), ("mlmodel", "headwater.m")):
        reply = ring.get(f"governance/tags/{kind}/name/{segment(name)}")
        assert [row["tag"] for row in reply["data"]] == [SENSITIVE], name
        assert "truncated" not in reply.body


def test_the_impact_of_a_change_on_a_circle(ring: Api) -> None:
    changes = [{"change": "drop", "column": fqn("a.x")}]
    reply = ring.post("governance/impact", {"changes": changes}, type="mlmodel,table")
    assert {row["entity"]["name"] for row in reply["data"]} == {"a", "b", "c", "m"}
    assert "truncated" not in reply.body


def test_the_way_through_a_deleted_table_goes_on_and_ends_with_its_removal(ring: Api) -> None:
    before = ring.position()
    ring.delete(named("tables", fqn("b")))
    assert reached(ring, tag=SENSITIVE) == {"a": 0, "c": 2, "m": 3}
    assert reached(ring, tag=SENSITIVE, include="all") == {"a": 0, "b": 1, "c": 2, "m": 3}
    soft = ring.lineage("table", fqn("a"), up=0)
    assert {one["name"]: one["deleted"] for one in soft["nodes"]} == {"b": True, "c": False, "m": False}
    ring.delete(named("tables", fqn("b")), hardDelete="true")
    assert reached(ring, tag=SENSITIVE) == {"a": 0}
    assert names(ring.lineage("table", fqn("a"), up=0)["nodes"]) == []
    assert ring.get("governance/tags/mlmodel/name/headwater.m")["data"] == []
    assert reached(ring, tag=SENSITIVE, asOf=f"@{before}") == {"a": 0, "b": 1, "c": 2, "m": 3}
    assert names(ring.lineage("table", fqn("a"), up=0, asOf=f"@{before}")["nodes"]) == ["b", "c", "m"]


WIDE = 10_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_edges_on_one_table(make_api: Callable[..., Api]) -> None:
    api = make_api()
    hub = f"{SHOP}.shop.public.hub"
    for start in range(0, WIDE, 1000):
        inputs = [read(f"t{number}") for number in range(start, start + 1000)]
        event = design(inputs, [written("hub", "x")], job=f"load{start}", minute=1)
        assert api.post("lineage", event)["lineageEdgesCreated"] == 1000
    source = {"name": "x", "dataSource": {"type": "table", "fullyQualifiedName": hub}}
    api.model("m", mlFeatures=[{"name": "f", "featureSources": [source]}])
    label = {"tagFQN": SENSITIVE, "source": "Classification"}
    last = f"{SHOP}.shop.public.t{WIDE - 1}"
    api.patch(named("tables", last), {"op": "add", "path": "/tags/0", "value": label})

    walk = f"lineage/walk/table/name/{segment(hub)}"
    whole = api.get(walk, upstreamDepth="3", downstreamDepth="3", maxNodes="100000").body
    assert (len(whole["nodes"]), len(whole["upstreamEdges"]), "truncated" in whole) == (WIDE + 1, WIDE, False)
    cut = api.get(walk, upstreamDepth="3", downstreamDepth="3").body
    assert (len(cut["nodes"]), cut["truncated"]) == (WIDE - 1, True), "the cap counts the table itself"
    reply = api.get(f"lineage/table/name/{segment(hub)}", upstreamDepth="1", downstreamDepth="1")
    assert reply.headers["X-Headwater-Truncated"] == "true"
    view = api.get("lineage/getLineage", fqn=hub, type="table", upstreamDepth="1", downstreamDepth="1")
    assert view.headers["X-Headwater-Truncated"] == "true"

    (row,) = api.get("governance/reach", tag=SENSITIVE)["data"]
    assert (row["entity"]["name"], row["source"]["entity"]["name"]) == ("m", f"t{WIDE - 1}")
    tags = api.get("governance/tags/mlmodel/name/headwater.m", maxNodes="100000")
    assert ([one["tag"] for one in tags["data"]], "truncated" in tags.body) == ([SENSITIVE], False)
    assert "1000" in api.get("governance/tags/mlmodel/name/headwater.m", maxNodes="1000")["truncated"]
    everything = api.get("governance/reach", entity=last, subgraph="true", type="*")
    assert "truncated" not in everything.body
    changes = [{"change": "delete", "entity": f"{SHOP}.shop.public", "entityType": "databaseSchema"}]
    impact = api.post("governance/impact", {"changes": changes}, maxNodes="100000")
    assert [one["entity"]["name"] for one in impact["data"]] == ["m"]
    assert "1000" in api.post("governance/impact", {"changes": changes}, maxNodes="1000")["truncated"]
