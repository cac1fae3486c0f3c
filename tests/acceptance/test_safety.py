# SPDX-License-Identifier: Apache-2.0
"""What a server refuses, and how: never with a traceback, never with 500 for what the caller did."""

import base64
import gzip
import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Caller, Launch, Reply, Server, Spawn

MODELS = "/api/v1/mlmodels"
MAX_BODY = 100_000
SERVE = "import headwater; from headwater.settings import Settings; headwater.serve(Settings.from_environment())"

COMMAND = "import sys; sys.argv[1:] = ['serve']; from headwater.cli import main; main()"

SETTINGS: dict[str, Any] = {"max_body": MAX_BODY, "allowed_hosts": "catalogue.example, Other.example"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database of each kind for the tests of this file that need no empty one."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('shared') / 'headwater.db'}"
    make: Callable[[], str] = request.getfixturevalue("module_postgres")
    return make()


@pytest.fixture(scope="module")
def shared(module_launch: "Launch", database: str) -> "Server":
    """A server that many tests ask wrong questions."""
    return module_launch(database, **SETTINGS)


@pytest.fixture(scope="module")
def small(module_launch: "Launch", tmp_path_factory: pytest.TempPathFactory) -> "Server":
    """The same for what does not depend on the database."""
    return module_launch(f"sqlite:///{tmp_path_factory.mktemp('small') / 'headwater.db'}", **SETTINGS)


@pytest.fixture
def caller(shared: "Server") -> "Caller":
    return shared.caller()


@pytest.fixture
def alone(launch: "Launch", database_url: str) -> "Caller":
    """A caller of a server on an empty database."""
    return launch(database_url, **SETTINGS).caller()


def check_refused(reply: "Reply", *statuses: int) -> str:
    """The message of a refusal in the form that clients understand, with nothing of the inside in it."""
    assert reply.status in statuses, f"{reply.status}: {reply.body[:500]!r}"
    body = reply.json
    assert body["code"] == reply.status
    assert isinstance(body["message"], str)
    assert body["message"]
    assert body["errorType"]
    assert b"Traceback" not in reply.body
    assert b"psycopg" not in reply.body
    return str(body["message"])


# who may be served ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [SERVE, COMMAND], ids=["function", "command"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "catalogue.example"])
def test_serving_other_machines_without_authentication_is_refused(
    spawn: "Spawn", tmp_path: Path, host: str, code: str
) -> None:
    process = spawn(code, database=tmp_path / "headwater.db", host=host, port=1)
    output, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "HEADWATER_AUTH_SECRET" in output
    assert not (tmp_path / "headwater.db").exists()


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_weak_secret_is_no_authentication(spawn: "Spawn", tmp_path: Path, secret: str) -> None:
    process = spawn(SERVE, database=tmp_path / "headwater.db", host="0.0.0.0", port=1, auth_secret=secret)
    output, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "HEADWATER_AUTH_SECRET" in output


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8585", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8585", 200),
        ("catalogue.example", 200),
        ("other.example:443", 200),
        ("evil.example", 403),
        ("evil.example:8585", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8585", 403),
        ("evil.example#localhost", 403),
        ("localhost@evil.example", 403),
        ("", 403),
    ],
)
def test_only_known_hosts_are_served(small: "Server", host: str, status: int) -> None:
    """A web page whose name was bound to 127.0.0.1 sends its own name as Host."""
    reply = small.caller().send("GET", MODELS, None, {"Host": host})
    assert reply.status == status
    if status == 403:
        check_refused(reply, 403)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 201),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost:1", 403),
    ],
)
def test_pages_of_other_origins_are_not_answered(small: "Server", origin: str, status: int) -> None:
    headers = {"Host": "localhost", "Origin": origin}
    name = f"of {origin}"
    reply = small.caller().post(MODELS, {"name": name}, headers)
    assert reply.status == status
    found = small.caller().get(f"{MODELS}/name/{quote(f'headwater.{name}', safe='')}")
    assert found.status == (200 if status == 201 and "." not in name else 404)


# bodies -----------------------------------------------------------------------------------------------------------


def test_too_large_a_body_is_refused_by_its_announced_length(small: "Server") -> None:
    caller = small.caller()
    check_refused(caller.send("PUT", MODELS, b" " * (MAX_BODY + 1)), 413)
    assert caller.get("/health").status == 200
    assert caller.put(MODELS, {"name": "large", "description": "x" * (MAX_BODY - 100)}).status == 201


def test_a_body_may_be_gzip_within_the_same_limit(small: "Server") -> None:
    caller, coded = small.caller(), {"Content-Encoding": "gzip"}
    whole = gzip.compress(json.dumps({"name": "zipped", "description": "x" * 1000}).encode())
    assert caller.send("PUT", MODELS, whole, coded).status == 201
    check_refused(caller.send("PUT", MODELS, gzip.compress(b" " * (MAX_BODY + 1)), coded), 413)
    for odd in (whole[:-4], whole + whole, b"{}", b""):
        check_refused(caller.send("PUT", MODELS, odd, coded), 400)
    check_refused(caller.send("PUT", MODELS, whole, {"Content-Encoding": "br"}), 415)
    assert caller.get("/health").status == 200


def test_too_large_a_body_is_refused_when_it_comes_in_chunks(small: "Server") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", small.port, timeout=30)
    connection.request(
        "PUT",
        MODELS,
        iter([b" " * 10_000] * 20),
        {"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        encode_chunked=True,
    )
    assert connection.getresponse().status == 413
    connection.close()
    assert small.caller().get("/health").status == 200


def test_a_chunked_body_is_read(small: "Server") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", small.port, timeout=30)
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    connection.request("PUT", MODELS, iter([b'{"na', b'me":"in chunks"}']), headers, encode_chunked=True)
    assert connection.getresponse().status == 201
    connection.close()


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_a_body_of_another_media_type_is_refused(small: "Server", media: str) -> None:
    """These are what a form of a foreign page could send without asking first."""
    for method in ("POST", "PUT"):
        check_refused(small.caller().send(method, MODELS, b'{"name": "m"}', {"Content-Type": media}), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"name": "m"',
        b"{'name': 'm'}",
        b"[]",
        b'"m"',
        b"null",
        b"1",
        b'{"name": NaN}',
        b'{"name": 1}',
        b'{"name": null}',
        b'{"name": ["m"]}',
        b'{"name": "m", "unknown": 1}',
        b'{"name": "m", "mlFeatures": {}}',
        b'{"name": "m", "mlFeatures": [1]}',
        b'{"name": "m", "tags": [{"tagFQN": ""}]}',
        b'{"name": "m", "owners": [{"id": 1, "type": "user"}]}',
        b'{"name": "m", "owners": "x"}',
        b'{"name": "m", "dashboard": {"id": "x"}}',
        b'{"name": "m", "service": {"id": {}, "type": "mlmodelService"}}',
        b'{"name": "m", "service": {"type": "x"}}',
        b'{"name": "m", "service": "a..b"}',
        b'{"name": "m", "service": "\\"a"}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"name": "m", "extension": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    ],
)
def test_a_wrong_body_is_the_callers_fault(small: "Server", body: bytes) -> None:
    for method, path in (
        ("PUT", MODELS),
        ("POST", MODELS),
        ("PUT", "/api/v1/lineage"),
        ("PUT", f"{MODELS}/restore"),
    ):
        check_refused(small.caller().send(method, path, body), 400, 404)


@pytest.mark.parametrize("depth", [100, 240, 250, 254, 300, 500, 900, 990, 1010])
def test_deeply_nested_values_are_kept_or_refused(caller: "Caller", depth: int) -> None:
    value: Any = "leaf"
    for index in range(depth):
        value = [value] if index % 2 else {"in": value}
    text = ('{"in":[' * (depth // 2) + '"leaf"' + "]}" * (depth // 2)).encode()
    for method, path in (("PUT", MODELS), ("POST", MODELS)):
        body = b'{"name":"' + method.encode() + str(depth).encode() + b'","extension":{"deep":' + text + b"}}"
        reply = caller.send(method, path, body)
        assert reply.status in (200, 201, 400), f"{depth}: {reply.status} {reply.body[:300]!r}"
        if reply.status != 400:
            found = caller.get(f"{path}/name/headwater.{method}{depth}", fields="*")
            assert found.status == 200, found.body[:300]
            assert text in found.body.replace(b" ", b"")
    caller.put(MODELS, {"name": "m"})
    deep = b'[{"op": "add", "path": "/extension", "value": {"deep":' + text + b"}}]"
    again = b'[{"op": "add", "path": "/extension/deep", "value": [' + text + b"]}]"
    for patch in (deep, again):
        reply = caller.send("PATCH", f"{MODELS}/name/headwater.m", patch)
        assert reply.status in (200, 400), f"{depth}: {reply.status} {reply.body[:300]!r}"
    for path in ("", "/versions", "/versions/0.1"):
        assert caller.get(f"{MODELS}/name/headwater.m{path}").status == 200


@pytest.mark.parametrize(
    "operations",
    [
        b"{}",
        b"[1]",
        b"[[]]",
        b"[{}]",
        b'[{"op": "add"}]',
        b'[{"op": "nonsense", "path": "/description", "value": 1}]',
        b'[{"op": "add", "path": "description", "value": "x"}]',
        b'[{"op": "add", "path": 1, "value": "x"}]',
        b'[{"op": "add", "path": null, "value": "x"}]',
        b'[{"op": "add", "path": "/description/deeper", "value": "x"}]',
        b'[{"op": "add", "path": "/tags/99", "value": {}}]',
        b'[{"op": "add", "path": "/tags/-1", "value": {}}]',
        b'[{"op": "add", "path": "/tags/x", "value": {}}]',
        b'[{"op": "add", "path": "/mlFeatures/-", "value": {}}]',
        b'[{"op": "add", "path": "/mlFeatures/-", "value": 1}]',
        b'[{"op": "remove", "path": "/nothing"}]',
        b'[{"op": "remove", "path": ""}]',
        b'[{"op": "replace", "path": "", "value": null}]',
        b'[{"op": "replace", "path": "", "value": []}]',
        b'[{"op": "replace", "path": "/name", "value": {}}]',
        b'[{"op": "test", "path": "/name", "value": "other"}]',
        b'[{"op": "move", "from": "/a", "path": "/b"}]',
        b'[{"op": "move", "path": "/b"}]',
        b'[{"op": "move", "from": 1, "path": "/b"}]',
        b'[{"op": "move", "from": "/tags", "path": "/tags/0"}]',
        b'[{"op": "add", "path": "/~2", "value": 1}]',
        b'[{"op": "add", "path": "/unknown", "value": 1}]',
        b'[{"op": "add", "path": "/description", "value": "\\u0000"}]',
    ],
)
def test_a_wrong_patch_is_the_callers_fault_and_changes_nothing(small: "Server", operations: bytes) -> None:
    caller = small.caller()
    before = caller.put(MODELS, {"name": "m", "description": "d"})
    reply = caller.send("PATCH", f"{MODELS}/name/headwater.m", operations)
    if reply.status != 200:
        check_refused(reply, 400, 404)
    after = caller.get(f"{MODELS}/name/headwater.m")
    assert after.etag == before.etag
    assert after.json["name"] == "m"


def test_a_patch_cannot_grow_without_bounds(small: "Server") -> None:
    """Each copy of a member into itself doubles the document."""
    caller = small.caller()
    caller.put(MODELS, {"name": "bomb", "extension": {"a": "x" * 1000}})
    path = f"{MODELS}/name/headwater.bomb"
    copies = [{"op": "copy", "from": "/extension", "path": f"/extension/k{number}"} for number in range(40)]
    check_refused(caller.patch(path, copies), 400)
    assert caller.get(path).etag == '"1"'
    assert caller.patch(path, copies[:2]).status == 200
    after = caller.get(path, fields="extension").json["extension"]
    assert after["k1"] == {"a": after["a"], "k0": {"a": after["a"]}}
    statuses = [caller.patch(path, copies[:8]).status for _ in range(3)]
    assert statuses[-1] == 400
    assert caller.get("/health").status == 200


@pytest.mark.parametrize("number", ["1e999", "1" * 400, "-1e999", "1e-999", "0." + "1" * 400])
def test_extreme_numbers_are_kept_or_refused(small: "Server", number: str) -> None:
    caller = small.caller()
    body = f'{{"name": "m", "extension": {{"n": {number}}}}}'.encode()
    caller.put(MODELS, {"name": "m"})
    assert caller.send("PUT", MODELS, body).status in (200, 400)
    json.loads(caller.get(f"{MODELS}/name/headwater.m", fields="extension").body)


# names ------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "'; DROP TABLE entity; --",
    '" OR "1"="1',
    "100%",
    "%s %(name)s :name $1 ?",
    "a.b.c",
    'say "hi"',
    'a".b',
    "back\\slash",
    "\\u0000",
    "slash/es/../..",
    "..",
    "?query=1&x#fragment",
    "semi;colon,comma",
    "{braces} ${x} {{y}}",
    "<script>alert(1)</script>",
    "🦆🧑‍🚀 emoji",
    "שלום مرحبا",
    "\u202edesrever",
    "e\u0301 combining",
    "\ufeffmark",
    "tab\tin",
    "İstanbul ẞ ﬁ",
    "\U0010ffff",
    "x" * 256,
    "🦆" * 256,
    ".",
    "versions",
    "name",
]
REFUSED = ["a::b", "line\nbreak", "carriage\rreturn", " ", "\t", "", "x" * 257, "nul\0inside", "\0"]


@pytest.mark.timeout(300)
def test_hostile_names_come_back_as_they_were(alone: "Caller", consistency: ModuleType, database_url: str) -> None:
    for name in HOSTILE:
        request = {
            "name": name,
            "displayName": name,
            "description": name,
            "mlFeatures": [{"name": name}],
            "mlHyperParameters": [{"name": name, "value": name}],
            "extension": {name: name},
        }
        made = alone.put(MODELS, request)
        assert made.status == 201, f"{name!r}: {made.body!r}"
        fqn = made.json["fullyQualifiedName"]
        for path in (f"{MODELS}/name/{quote(fqn, safe='')}", f"{MODELS}/{made.json['id']}"):
            found = alone.get(path, fields="*")
            assert found.status == 200, f"{name!r}: {path}: {found.body!r}"
            shown = {member: found.json[member] for member in request}
            features = [{"name": feature["name"]} for feature in shown["mlFeatures"]]
            assert shown | {"mlFeatures": features} == request
            assert alone.get(path + "/versions").status == 200
        assert alone.put(MODELS, request).headers["x-openmetadata-change"] == "entityNoChange"
        path = f"{MODELS}/name/{quote(fqn, safe='')}"
        patch = [{"op": "add", "path": "/extension", "value": {name: "again"}}]
        assert alone.patch(path, patch).json["extension"] == {name: "again"}
        assert alone.delete(path).status == 200
        assert alone.put(f"{MODELS}/restore", {"id": made.json["id"]}).status == 200
    listed, after = [], None
    while True:
        page = alone.get(MODELS, limit="3", **({"after": after} if after else {})).json
        listed += [entity["name"] for entity in page["data"]]
        after = page["paging"].get("after")
        if after is None:
            break
    assert listed == sorted(HOSTILE)
    assert consistency.check(database_url) == []
    assert consistency.check_indexes(database_url) == []


def test_impossible_names_are_refused(caller: "Caller") -> None:
    for name in REFUSED:
        check_refused(caller.put(MODELS, {"name": name}), 400)
        check_refused(caller.post("/api/v1/services/mlmodelServices", {"name": name, "serviceType": "Mlflow"}), 400)
    for name in ("", "x" * 257, "nul\0inside"):
        check_refused(caller.put(MODELS, {"name": "m", "mlFeatures": [{"name": name}]}), 400)
    for text in (rb"\ud800", rb"\udfff", rb"\ud83e", rb"a\ud800b", b"\xed\xa0\x80", b"\xff"):
        for member in (b"name", b"description"):
            raw = b'{"name": "m", "' + member + b'": "' + text + b'"}'
            check_refused(caller.send("PUT", MODELS, raw), 400)


def test_no_text_may_hold_nul(caller: "Caller") -> None:
    nul = "a\0b"
    for body in (
        {"name": "m", "description": nul},
        {"name": "m", "displayName": nul},
        {"name": "m", "extension": {nul: 1}},
        {"name": "m", "extension": {"a": [nul]}},
        {"name": "m", "mlHyperParameters": [{"name": "n", "value": nul}]},
        {"name": "m", "tags": [{"tagFQN": nul}]},
        {"name": "m", "tags": [{"tagFQN": f"Tier.{nul}"}]},
        {"name": "m", "service": nul},
        {"name": "m", "owners": [{"id": nul, "type": "user"}]},
        {"name": "m", "owners": [{"fullyQualifiedName": nul, "type": "user"}]},
        {"name": "m", "owners": [{"fullyQualifiedName": "admin", "type": nul}]},
        {"name": "m", "mlFeatures": [{"name": "f", "featureSources": [{"name": nul, "dataSource": "shop.t"}]}]},
        {"name": "m", "mlFeatures": [{"name": "f", "featureSources": [{"name": "c", "dataSource": nul}]}]},
    ):
        check_refused(caller.put(MODELS, body), 400, 404)
    rows = [{"name": "good"}, {"name": "bad", "description": nul}, {"name": nul}]
    result = caller.put(f"{MODELS}/bulk", rows).json
    assert [row["request"] for row in result["successRequest"]] == ["headwater.good"]
    assert [row["status"] for row in result["failedRequest"]] == [400, 400]
    for unknown in (nul, "", 1, None):
        check_refused(caller.put(f"{MODELS}/restore", {"id": unknown}), 400, 404)
    edge = {"fromEntity": {"id": nul, "type": "table"}, "toEntity": {"id": nul, "type": "mlmodel"}}
    check_refused(caller.put("/api/v1/lineage", {"edge": edge}), 400, 404)


NUL_PATHS = [
    f"{MODELS}/%00",
    f"{MODELS}/name/%00",
    f"{MODELS}/name/a%00b",
    f"{MODELS}/name/headwater.%00",
    f"{MODELS}/%00/versions",
    f"{MODELS}/name/%00/versions/0.1",
    f"{MODELS}/name/headwater.m/versions/%00",
    f"{MODELS}/name/headwater.m/versions/0.1%00",
    f"{MODELS}/name/%ff",
    f"{MODELS}/name/%ed%a0%80",
    f"{MODELS}/name/%",
    f"{MODELS}/name/%zz",
    f"{MODELS}/name/a..b",
    f"{MODELS}/name/%22",
    f"{MODELS}/name/{'x' * 5000}",
    f"{MODELS}/{'x' * 5000}",
    f"{MODELS}/%D9%A1",
    "/api/v1/lineage/mlmodel/%00",
    "/api/v1/lineage/mlmodel/name/%00",
    "/api/v1/lineage/%00/name/x",
    "/api/v1/lineage/getLineageEdge/%00/%00",
]


@pytest.mark.parametrize("path", NUL_PATHS)
def test_impossible_paths_are_the_callers_fault(caller: "Caller", path: str) -> None:
    caller.put(MODELS, {"name": "m"})
    check_refused(caller.get(path), 400, 404)
    if "versions" not in path and "lineage" not in path:
        check_refused(caller.delete(path), 400, 404)
        check_refused(caller.patch(path, []), 400, 404)
        check_refused(caller.get(path + "?asOf=2026-01-01"), 400, 404)


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


QUERIES = [
    "limit=-1",
    "limit=1000001",
    "limit=99999999999999999999999",
    "limit=x",
    "limit=1.5",
    "limit=%00",
    "limit=" + "9" * 5000,
    "after=x",
    "after=%00",
    "after=%F0%9F%A6%86",
    f"after={cursor([])}",
    f"after={cursor(1)}",
    f"after={cursor({})}",
    f"after={cursor({'name': 'x'})}",
    f"after={cursor({'name': chr(0), 'id': 'x'})}",
    f"after={cursor({'name': 'x', 'id': chr(0)})}",
    f"after={cursor('x')}",
    f"before={cursor({'name': chr(0), 'id': 'x'})}",
    f"after={cursor({'name': 'x', 'id': 'x'})}&before={cursor({'name': 'x', 'id': 'x'})}",
    "asOf=x",
    "asOf=%00",
    "asOf=@",
    "asOf=@-1",
    "asOf=@99999999999999999999999999",
    "asOf=99999999999999999999999999",
    "asOf=-1",
    "asOf=2026-13-01",
    "asOf=2026-02-30",
    "asOf=0000-01-01",
    "fields=nonsense",
    "fields=%00",
    "fields=__class__",
    "include=nonsense",
    "include=%00",
    "service=%00",
    "service=nothing",
    "service=a..b",
    "service=%22",
]


@pytest.mark.parametrize("query", QUERIES)
def test_impossible_queries_are_the_callers_fault(caller: "Caller", query: str) -> None:
    caller.put(MODELS, {"name": "m"})
    check_refused(caller.get(f"{MODELS}?{query}"), 400, 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=1000000",
        "limit=0",
        "asOf=@0",
        "asOf=@999999999999999999"[:22],
        "asOf=999999999999999999",
        "asOf=0",
        "asOf=9999-12-31",
        "asOf=9999-12-31T23:59:59.999999%2B00:00",
        "asOf=0001-01-01",
        "asOf=0001-01-01T00:00:00%2B14:00",
        "asOf=9999-12-31T23:59:59-14:00",
        f"after={cursor({'name': chr(0x1F986), 'id': 'x'})}",
        f"after={cursor({'name': [], 'id': {}})}",
        "unknown=parameter",
        "fields=",
        "fields=,,owners,",
        "&&&=&=x",
    ],
)
def test_extreme_but_possible_queries_are_answered(caller: "Caller", query: str) -> None:
    caller.put(MODELS, {"name": "m"})
    reply = caller.get(f"{MODELS}?{query}")
    assert reply.status in (200, 400), reply.body
    reply = caller.get(f"{MODELS}/name/headwater.m?{query}")
    assert reply.status in (200, 400, 404), reply.body


@pytest.mark.parametrize(
    "query",
    ["upstreamDepth=-1", "upstreamDepth=x", "downstreamDepth=99999999999999999999", "maxNodes=0", "upstreamDepth=%00"],
)
def test_impossible_walks_are_the_callers_fault(caller: "Caller", query: str) -> None:
    caller.put(MODELS, {"name": "m"})
    check_refused(caller.get(f"/api/v1/lineage/walk/mlmodel/name/headwater.m?{query}"), 400)


@pytest.mark.parametrize("query", ["after=-1", "timestamp=x", "limit=0", "limit=10001", "after=" + "9" * 30])
def test_impossible_places_in_the_feed_are_the_callers_fault(caller: "Caller", query: str) -> None:
    check_refused(caller.get(f"/api/v1/events?{query}"), 400)


# routes -----------------------------------------------------------------------------------------------------------


def test_unknown_places_and_methods_are_named(small: "Server") -> None:
    caller = small.caller()
    for path in ("/nothing/here", "/api/v1/", "/api/v1/nothing", "/api/v2/mlmodels", f"{MODELS}/x/y/z", "//", "/%00"):
        message = check_refused(caller.get(path), 404)
        assert path in message or path == "//"
    for method, path in (("DELETE", MODELS), ("PATCH", MODELS), ("POST", f"{MODELS}/x"), ("PUT", "/health")):
        message = check_refused(caller.send(method, path, b"{}"), 405)
        assert method in message
    for method in ("TRACE", "OPTIONS", "PROPFIND"):
        check_refused(caller.send(method, MODELS), 405)


def test_head_answers_without_a_body(small: "Server") -> None:
    caller = small.caller()
    caller.put(MODELS, {"name": "m"})
    for path, status in ((f"{MODELS}/name/headwater.m", 200), (f"{MODELS}/name/none", 404), ("/health", 200)):
        full, head = caller.get(path), caller.send("HEAD", path)
        assert (head.status, head.body) == (status, b"")
        assert head.headers["content-length"] == full.headers["content-length"]
        assert head.headers.get("etag") == full.headers.get("etag")


def test_replies_say_what_they_are(small: "Server") -> None:
    reply = small.caller().get(MODELS)
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "server" not in reply.headers


# authentication ---------------------------------------------------------------------------------------------------


def token(claims: dict[str, object], key: str, algorithm: str = "HS256") -> str:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key), algorithms=[algorithm])


def unsigned(claims: dict[str, object], algorithm: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    return ".".join([base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts] + [""])


def test_with_a_secret_callers_must_prove_who_they_are(launch: "Launch", tmp_path: Path, auth_secret: str) -> None:
    from headwater.api.tokens import issue

    server = launch(f"sqlite:///{tmp_path / 'headwater.db'}", auth_secret=auth_secret)
    claims: dict[str, object] = {"sub": "admin", "isBot": False, "exp": int(time.time()) + 600}
    good = issue(auth_secret, "ada")
    head, body, signature = good.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    bad = {
        "none": unsigned(claims, "none"),
        "None": unsigned(claims, "None"),
        "empty signature": unsigned(claims, "HS256"),
        "another key": issue("another key, long enough for HS256 as well", "ada"),
        "expired": issue(auth_secret, "ada", seconds=-600),
        "not yet": token(claims | {"nbf": int(time.time()) + 600}, auth_secret),
        "another algorithm": token(claims, auth_secret + auth_secret, "HS512"),
        "nobody's": token({"isBot": True}, auth_secret),
        "no text": token({"sub": 7}, auth_secret),
        "blank": token({"sub": "  "}, auth_secret),
        "nul": token({"sub": "a\0"}, auth_secret),
        "odd expiry": token({"sub": "ada", "exp": "soon"}, auth_secret),
        "exchanged claims": f"{head}.{other}.{signature}",
        "cut": good[:-2],
        "two parts": f"{head}.{body}",
        "nonsense": "nonsense",
        "dots": "..",
        "blank parts": ". .",
        "five parts": ".".join([head] * 5),
        "not JSON": "AAAA.AAAA.AAAA",
        "list": base64.urlsafe_b64encode(b"[]").decode().rstrip("=") + f".{body}.{signature}",
    }
    caller = server.caller()
    requests = [("GET", MODELS, None), ("PUT", MODELS, {"name": "m"}), ("GET", "/api/v1/events", None)]
    for method, path, content in requests:
        refused = caller.send(method, path, content)
        check_refused(refused, 401)
        assert refused.headers["www-authenticate"]
        for name, text in bad.items():
            reply = caller.send(method, path, content, {"Authorization": f"Bearer {text}"})
            assert reply.status == 401, f"{name}: {reply.status} {reply.body!r}"
        for header in ("Bearer", "Bearer ", "Basic YTpi", good, "bearer", f"Token {good}"):
            assert caller.send(method, path, content, {"Authorization": header}).status == 401
    for path in ("/health", "/api/v1/system/version", "/openapi.json"):
        assert caller.get(path).status == 200
    known = server.caller(good)
    assert known.put(MODELS, {"name": "m"}).json["updatedBy"] == "ada"
    assert known.get(MODELS).json["paging"]["total"] == 1
    assert server.caller(issue(auth_secret, "ada", seconds=600)).get(MODELS).status == 200


def test_without_a_secret_callers_are_believed(small: "Server") -> None:
    for text, who in (
        (unsigned({"sub": "Ada@example.org"}, "none"), "ada"),
        ("nonsense", "admin"),
        ("..", "admin"),
        (unsigned({"sub": "a\0"}, "none"), "admin"),
        (unsigned({"sub": ["x"]}, "none"), "admin"),
        ("a.W10.b", "admin"),
        ("a.\udc80.b".encode("utf-8", "replace").decode(), "admin"),
    ):
        reply = small.caller(text).put(MODELS, {"name": f"of {who}", "description": text})
        assert reply.status in (200, 201), reply.body
        assert reply.json["updatedBy"] == who


# conditions -------------------------------------------------------------------------------------------------------


def describe(text: str) -> list[dict[str, str]]:
    return [{"op": "add", "path": "/description", "value": text}]


def test_if_match_and_change_headers(alone: "Caller") -> None:
    path = f"{MODELS}/name/headwater.m"
    made = alone.post(MODELS, {"name": "m"})
    assert (made.status, made.etag, made.headers["x-openmetadata-change"]) == (201, '"1"', "entityCreated")
    assert made.headers["location"].endswith(made.json["id"])
    check_refused(alone.post(MODELS, {"name": "m"}), 409)
    same = alone.put(MODELS, {"name": "m"})
    assert (same.status, same.etag, same.headers["x-openmetadata-change"]) == (200, '"1"', "entityNoChange")
    changed = alone.put(MODELS, {"name": "m", "description": "1"}, {"If-Match": '"1"'})
    assert (changed.etag, changed.headers["x-openmetadata-change"]) == ('"2"', "entityUpdated")
    assert alone.get(path).etag == '"2"'
    for stale in ('"1"', 'W/"0.1"', '"3"', "nonsense", "2", '"1", "3"', ""):
        for refused in (
            alone.put(MODELS, {"name": "m", "description": "x"}, {"If-Match": stale}),
            alone.patch(path, describe("x"), {"If-Match": stale}),
            alone.delete(path, {"If-Match": stale}),
            alone.delete(path, {"If-Match": stale}, hardDelete="true"),
        ):
            check_refused(refused, 412)
    assert alone.get(path).etag == '"2"'
    revision = 2
    for pattern in ('"{revision}"', 'W/"{version}"', '"0", "{revision}"', "*"):
        fresh = pattern.format(revision=revision, version=alone.get(path).json["version"])
        assert alone.patch(path, describe(fresh), {"If-Match": fresh}).etag == f'"{revision + 1}"'
        revision += 1
    assert alone.patch(path, describe("*")).headers["x-openmetadata-change"] == "entityNoChange"
    gone = alone.delete(path, {"If-Match": f'"{revision}"'})
    assert (gone.etag, gone.headers["x-openmetadata-change"]) == (f'"{revision + 1}"', "entitySoftDeleted")
    check_refused(alone.get(path), 404)
    back = alone.put(f"{MODELS}/restore", {"id": made.json["id"]})
    assert (back.etag, back.headers["x-openmetadata-change"]) == (f'"{revision + 2}"', "entityRestored")
    hard = alone.delete(path, hardDelete="true")
    assert hard.headers["x-openmetadata-change"] == "entityDeleted"
    for condition in ('"1"', f'"{revision + 2}"', "*"):
        missing = alone.put(MODELS, {"name": "m"}, {"If-Match": condition})
        check_refused(missing, 412)
    again = alone.put(MODELS, {"name": "m"})
    assert (again.status, again.etag, again.headers["x-openmetadata-change"]) == (201, '"1"', "entityCreated")
    assert again.json["id"] != made.json["id"]
    user = alone.get("/api/v1/users/name/admin").json["id"]
    followed = alone.send("PUT", f"{MODELS}/{again.json['id']}/followers", user)
    assert followed.headers["x-openmetadata-change"] == "entityFieldsChanged"


# the database fails -----------------------------------------------------------------------------------------------


def test_a_busy_database_is_said_in_time_and_nothing_is_written(launch: "Launch", tmp_path: Path) -> None:
    path = tmp_path / "headwater.db"
    server = launch(f"sqlite:///{path}", write_timeout=0.3)
    caller = server.caller()
    before = caller.put(MODELS, {"name": "m"})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    check_refused(caller.put(MODELS, {"name": "m", "description": "late"}), 504)
    assert 0.3 <= time.monotonic() - started < 10
    check_refused(caller.put(MODELS, {"name": "other"}), 504)
    assert caller.get(f"{MODELS}/name/headwater.m").etag == before.etag
    other.execute("ROLLBACK")
    other.close()
    assert caller.get(f"{MODELS}/name/headwater.other").status == 404
    assert caller.put(MODELS, {"name": "m", "description": "now"}).etag == '"2"'


def test_a_busy_postgresql_is_said_in_time_and_nothing_is_written(
    launch: "Launch", fresh_postgres: Callable[[], str]
) -> None:
    import psycopg

    url = fresh_postgres()
    caller = launch(url, write_timeout=1).caller()
    before = caller.put(MODELS, {"name": "m"})
    with psycopg.connect(url) as other:
        other.execute("SELECT one FROM clock FOR UPDATE")
        check_refused(caller.put(MODELS, {"name": "m", "description": "late"}), 504)
        assert caller.get(f"{MODELS}/name/headwater.m").etag == before.etag
    assert caller.put(MODELS, {"name": "m", "description": "now"}).etag == '"2"'


def test_a_full_disk_is_an_error_and_loses_nothing(
    launch: "Launch", tmp_path: Path, consistency: ModuleType, spawn: "Spawn"
) -> None:
    """A limit on the size of files stands for the disk: writing beyond it fails as on a full one."""
    url = f"sqlite:///{tmp_path / 'headwater.db'}"
    launch(url).stop()
    port = 1
    code = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))\n" + SERVE
    log = tmp_path / "full.log"
    from_conftest = sys.modules[type(launch(url)).__module__]
    port = from_conftest.free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=from_conftest.environment({"database": url, "port": port}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server: Server = from_conftest.Server(process, port, log)
    try:
        assert from_conftest.wait_until_ready(server), log.read_text()
        caller = server.caller()
        made = 0
        while (reply := caller.put(MODELS, {"name": f"m{made}", "description": "x" * 500_000})).status == 201:
            made += 1
            assert made < 100
        message = check_refused(reply, 500)
        assert "full" in message or "disk" in message or "I/O" in message, message
        assert caller.get("/health").status == 200
        assert caller.get(MODELS).json["paging"]["total"] == made
        assert caller.get(f"{MODELS}/name/headwater.m{made}").status == 404
    finally:
        server.kill()
    assert consistency.check(url) == []
    server = launch(url)
    assert server.caller().get(MODELS).json["paging"]["total"] == made
    assert server.caller().put(MODELS, {"name": "after"}).status == 201


def test_a_database_that_becomes_unreachable_is_an_error_without_its_inside(
    launch: "Launch", fresh_postgres: Callable[[], str], postgres_url: str
) -> None:
    """PostgreSQL ends all connections once; the next request may fail, and then everything works again."""
    import psycopg

    url = fresh_postgres()
    caller = launch(url).caller()
    assert caller.put(MODELS, {"name": "m"}).status == 201
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (url.split("/")[3].split("?")[0],),
        )
    for _ in range(3):
        reply = caller.put(MODELS, {"name": "m", "description": "x"})
        if reply.status != 200:
            check_refused(reply, 500, 504)
    assert caller.get(f"{MODELS}/name/headwater.m").json["description"] == "x"


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sealed"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("sqlite:///{folder}/none/headwater.db", "no such folder"),
        ("sqlite:///{folder}", "unable to open"),
        ("mysql://x/y", "not a database"),
        ("sqlite:///{folder}/text.db", "not a database"),
        ("postgresql:///none?host={folder}", "PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named(
    spawn: "Spawn", read_only_folder: Path, database: str, said: str
) -> None:
    (read_only_folder / "text.db").write_text("This is no database. " * 100)
    process = spawn(SERVE, database=database.format(folder=read_only_folder), port=1, write_timeout=2)
    output, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert said in output
