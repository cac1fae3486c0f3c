# SPDX-License-Identifier: Apache-2.0
"""Each call of lineage by ids and by names, and the graph in its other shapes."""

import csv
import io
from hashlib import md5
from typing import Any

import pytest

from headwater.api.http import Request

from .wire import Api, column_pairs, feature, named, segment


@pytest.fixture
def chain(api: Api) -> Api:
    """raw → people → m → board: asserted with a query, derived with columns, derived by the dashboard."""
    api.table("raw", ["born"])
    api.table("people", ["age"])
    api.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    api.put("dashboards", {"name": "board", "service": "bi"})
    api.model(mlFeatures=[feature("f", "age")], dashboard="bi.board")
    details = {
        "source": "QueryLineage",
        "sqlQuery": "select born",
        "columnsLineage": [{"fromColumns": ["db.shop.main.raw.born"], "toColumn": "db.shop.main.people.age"}],
    }
    api.put(f"lineage/table/name/{segment('db.shop.main.raw')}/table/name/db.shop.main.people", details)
    return api


RAW, PEOPLE, MODEL, BOARD = "db.shop.main.raw", "db.shop.main.people", "headwater.m", "bi.board"


def ids(api: Api) -> dict[str, str]:
    found = {RAW: "tables", PEOPLE: "tables", MODEL: "mlmodels", BOARD: "dashboards"}
    return {name: api.get(named(collection, name))["id"] for name, collection in found.items()}


def places(api: Api) -> list[str]:
    """The path of the edge raw → people, by ids and by names."""
    known = ids(api)
    return [f"table/{known[RAW]}/table/{known[PEOPLE]}", f"table/name/{RAW}/table/name/{PEOPLE}"]


def test_an_edge_is_read_changed_and_withdrawn_by_ids_and_by_names(chain: Api) -> None:
    known = ids(chain)
    by_id, by_name = places(chain)
    readings = [f"getLineageEdge/{known[RAW]}/{known[PEOPLE]}", f"getLineageEdge/{by_name}"]
    for place, reading in zip((by_id, by_name), readings, strict=True):
        edge = chain.get(f"lineage/{reading}")["edge"]
        assert (edge["source"], edge["sqlQuery"]) == ("QueryLineage", "select born")
        assert column_pairs(edge) == {(f"{RAW}.born", f"{PEOPLE}.age")}
        patched = chain.patch(f"lineage/{place}", {"op": "replace", "path": "/sqlQuery", "value": "select 2"}).body
        assert patched["sqlQuery"] == "select 2"
        chain.delete(f"lineage/{place}")
        for one in readings:
            assert chain.get(f"lineage/{one}", expect=404)["message"] == "Lineage edge not found"
        assert chain.delete(f"lineage/{place}", expect=404)["message"] == "Lineage edge not found"
        chain.patch(f"lineage/{place}", {"op": "add", "path": "/sqlQuery", "value": "x"}, expect=404)
        edge = {name: value for name, value in edge.items() if name not in ("createdAt", "createdBy")}
        chain.put(f"lineage/{by_name}", {**edge, "sqlQuery": "select born"})


def test_what_one_source_said_is_withdrawn_by_id_and_by_name(chain: Api) -> None:
    known = ids(chain)
    by_name = places(chain)[1]
    for place in (f"table/{known[PEOPLE]}/type/QueryLineage", f"source/name/table/{PEOPLE}/type/QueryLineage"):
        chain.put(f"lineage/{by_name}", {"source": "QueryLineage"})
        chain.put(f"lineage/{by_name}", {"source": "Manual", "description": "by hand"})
        chain.delete(f"lineage/{place}")
        assert chain.get(f"lineage/getLineageEdge/{by_name}")["edge"]["source"] == "Manual"
        chain.delete(f"lineage/{place}")


def view(api: Api, name: str, kind: str, tail: str = "", **query: str) -> Any:
    return api.get(f"lineage/getLineage{tail}", fqn=name, type=kind, **query).body


def test_the_view_has_whole_entities_their_depths_and_neighbours(chain: Api) -> None:
    found = view(chain, MODEL, "mlmodel")
    assert {name: node["nodeDepth"] for name, node in found["nodes"].items()} == {MODEL: 0, PEOPLE: 1, RAW: 2, BOARD: 1}
    people = found["nodes"][PEOPLE]
    assert people["paging"] == {"entityUpstreamCount": 1, "entityDownstreamCount": 1}
    assert (people["entity"]["entityType"], people["entity"]["columns"][0]["name"]) == ("table", "age")
    assert set(found["upstreamEdges"]) == {f"{RAW}--->{PEOPLE}", f"{PEOPLE}--->{MODEL}"}
    assert set(found["downstreamEdges"]) == {f"{MODEL}--->{BOARD}"}
    edge = found["upstreamEdges"][f"{RAW}--->{PEOPLE}"]
    known = ids(chain)
    assert edge["docUniqueId"] == f"{known[RAW]}--->{known[PEOPLE]}"
    assert (edge["sqlQuery"], edge["source"]) == ("select born", "QueryLineage")
    assert edge["columns"] == [{"fromColumns": [f"{RAW}.born"], "toColumn": f"{PEOPLE}.age"}]
    hashes = [md5(part.encode(), usedforsecurity=False).hexdigest() for part in ("db", "shop", "main", "raw")]
    assert edge["fromEntity"] == {
        "id": known[RAW],
        "type": "table",
        "fullyQualifiedName": RAW,
        "fqnHash": ".".join(hashes),
    }


def test_the_view_of_one_direction_and_depth(chain: Api) -> None:
    assert set(view(chain, MODEL, "mlmodel", "/Upstream", upstreamDepth="1")["nodes"]) == {MODEL, PEOPLE}
    down = view(chain, MODEL, "mlmodel", "/Downstream")
    assert (set(down["nodes"]), down["upstreamEdges"]) == ({MODEL, BOARD}, {})
    assert set(view(chain, RAW, "table", downstreamDepth="0")["nodes"]) == {RAW}


def test_deleted_entities_are_in_the_view_on_request(chain: Api) -> None:
    then = f"@{chain.position()}"
    chain.delete(named("tables", PEOPLE))
    assert set(view(chain, MODEL, "mlmodel")["nodes"]) == {MODEL, BOARD}
    assert set(view(chain, MODEL, "mlmodel", includeDeleted="true")["nodes"]) == {MODEL, PEOPLE, RAW, BOARD}
    assert set(view(chain, MODEL, "mlmodel", asOf=then)["nodes"]) == {MODEL, PEOPLE, RAW, BOARD}


def test_the_graph_as_a_table(chain: Api) -> None:
    query = f"fqn={MODEL}&type=mlmodel&upstreamDepth=3&downstreamDepth=1"
    reply = chain.application.handle(Request("GET", "/api/v1/lineage/export", query, {}), trusted=True)
    assert (reply.status, reply.content_type) == (200, "text/plain; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    found = {(row["fromFQN"], row["fromColumn"], row["toFQN"], row["toColumn"], row["source"]) for row in rows}
    assert found == {
        (RAW, f"{RAW}.born", PEOPLE, f"{PEOPLE}.age", "QueryLineage"),
        (PEOPLE, f"{PEOPLE}.age", MODEL, f"{MODEL}.f", ""),
        (MODEL, "", BOARD, "", ""),
    }
    assert len(rows) == 3
    assert {row["sqlQuery"] for row in rows} == {"select born", ""}


@pytest.mark.parametrize(
    ("path", "query", "status", "message"),
    [
        ("lineage/getLineage", {"fqn": MODEL}, 400, "fqn and type: which entity"),
        ("lineage/getLineage", {"fqn": "headwater.no", "type": "mlmodel"}, 404, "mlmodel instance for headwater.no"),
        ("lineage/getLineage", {"fqn": MODEL, "type": "planet"}, 404, "Entity type planet not found"),
        ("lineage/getLineage/Sideways", {"fqn": MODEL, "type": "mlmodel"}, 400, "the direction is Upstream or"),
        ("lineage/getLineage", {"fqn": MODEL, "type": "mlmodel", "upstreamDepth": "-1"}, 400, "upstreamDepth must be"),
        ("lineage/export", {"type": "mlmodel"}, 400, "fqn and type"),
        ("lineage/getLineageEdge/x/y", {}, 404, "entity instance for x not found"),
    ],
)
def test_questions_that_cannot_be_answered(
    chain: Api, path: str, query: dict[str, str], status: int, message: str
) -> None:
    assert chain.get(path, expect=status, **query)["message"].startswith(message)


def test_a_graph_that_was_cut_short_says_so_without_a_member_that_clients_do_not_know(
    chain: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "X-Headwater-Truncated" not in chain.get(f"lineage/mlmodel/name/{MODEL}").headers
    monkeypatch.setattr("headwater.api.lineage.NODE_CAP", 2)
    cut = chain.get(f"lineage/mlmodel/name/{MODEL}", upstreamDepth="3")
    assert ("truncated" in cut.body, cut.headers["X-Headwater-Truncated"]) == (False, "true")
