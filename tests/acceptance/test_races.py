# SPDX-License-Identifier: Apache-2.0
"""Processes that write to one catalogue at the same time lose nothing and contradict each other nowhere.

On PostgreSQL two servers share a database. On SQLite a server, a process like the command line's and an embedded
client in this process share a file. What one writer does is written once here, against a client of the SDK's
transport or of a connection, whichever the process has.
"""

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Launch, Spawn

MODELS = "/api/v1/mlmodels"
SHARED = f"{MODELS}/name/headwater.shared"
SCHEMA = "shop.main.public"


class Answer(NamedTuple):
    status: int
    etag: str
    json: Any


class Ask(Protocol):
    """Sends a request to one of the processes."""

    def __call__(self, method: str, path: str, body: Any = None, if_match: str | None = None) -> Answer: ...


Work = Callable[[Ask, int], Any]

LIKE_THE_COMMAND_LINE = """
import json, sys
import headwater
from headwater.api.http import Request
from headwater.settings import Settings

application = headwater.application(Settings.from_environment())
print("ready", flush=True)
for line in sys.stdin:
    method, path, body, if_match = json.loads(line)
    headers = {"if-match": if_match} if if_match else {}
    path, _, query = path.partition("?")
    reply = application.handle(Request(method, path, query, headers, body.encode()), trusted=True)
    print(json.dumps([reply.status, reply.headers.get("ETag", ""), reply.body.decode()]), flush=True)
application.catalog.close()
"""


@pytest.fixture
def asks(
    launch: "Launch", spawn: "Spawn", database_url: str, request: pytest.FixtureRequest
) -> Iterator[Callable[[int], list[Ask]]]:
    """Makes that many ways to ask, spread over at least two processes on one database."""
    import headwater
    from headwater.api.http import Request
    from headwater.settings import Settings

    servers = [launch(database_url)]
    if database_url.startswith("postgresql:"):
        servers.append(launch(database_url))
        applications = []
    else:
        applications = [headwater.application(Settings(database=database_url))]

    def over_http(server: int) -> Ask:
        caller = servers[server].caller()

        def ask(method: str, path: str, body: Any = None, if_match: str | None = None) -> Answer:
            reply = caller.send(method, path, body, {"If-Match": if_match} if if_match else None)
            return Answer(reply.status, reply.headers.get("etag", ""), reply.json)

        return ask

    def embedded() -> Ask:
        def ask(method: str, path: str, body: Any = None, if_match: str | None = None) -> Answer:
            path, _, query = path.partition("?")
            headers = {"if-match": if_match} if if_match else {}
            data = b"" if body is None else json.dumps(body).encode()
            reply = applications[0].handle(Request(method, path, query, headers, data), trusted=True)
            return Answer(reply.status, reply.headers.get("ETag", ""), json.loads(reply.body or b"null"))

        return ask

    def another_process() -> Ask:
        process: subprocess.Popen[str] = spawn(LIKE_THE_COMMAND_LINE, database=database_url)
        assert process.stdin
        assert process.stdout
        requests, replies = process.stdin, process.stdout
        assert replies.readline() == "ready\n"

        def ask(method: str, path: str, body: Any = None, if_match: str | None = None) -> Answer:
            text = "" if body is None else json.dumps(body)
            print(json.dumps([method, path, text, if_match]), file=requests, flush=True)
            status, etag, reply = json.loads(replies.readline())
            return Answer(status, etag, json.loads(reply or "null"))

        return ask

    def make(count: int) -> list[Ask]:
        if not applications:
            return [over_http(index % 2) for index in range(count)]
        kinds: list[Callable[[], Ask]] = [lambda: over_http(0), embedded, another_process]
        return [kinds[index % 3]() for index in range(count)]

    yield make
    for application in applications:
        application.catalog.close()


def at_once(asks: Sequence[Ask], *works: Work) -> list[Any]:
    """Let each way to ask do its work (the last one for all that are left) at the same time; the results."""
    results: list[Any] = [None] * len(asks)
    errors: list[BaseException] = []
    start = threading.Barrier(len(asks))

    def run(index: int) -> None:
        try:
            start.wait(60)
            results[index] = works[min(index, len(works) - 1)](asks[index], index)
        except BaseException as error:  # noqa: BLE001 -- told by the main thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
    return results


@pytest.fixture
def sound(consistency: ModuleType, database_url: str) -> Iterator[None]:
    """Afterwards the database agrees with itself: positions without a gap, and all the rest."""
    yield
    assert consistency.check(database_url) == []
    assert consistency.check_indexes(database_url) == []


agreeing = pytest.mark.usefixtures("sound")
ROUNDS = [
    pytest.param(8, id="short"),
    pytest.param(80, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
]


# one entity, many writers -----------------------------------------------------------------------------------------


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_read_change_write_with_if_match_loses_no_contribution(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    ways = asks(4)
    ways[0]("PUT", MODELS, {"name": "shared", "mlHyperParameters": []})

    def contribute(ask: Ask, writer: int) -> int:
        refused = 0
        for index in range(rounds):
            while True:
                read = ask("GET", f"{SHARED}?fields=*")
                parameters = read.json.get("mlHyperParameters") or []
                entry = {"name": f"{writer}.{index}", "value": str(len(parameters))}
                wrote = ask(
                    "PATCH",
                    SHARED,
                    [{"op": "add", "path": "/mlHyperParameters", "value": [*parameters, entry]}],
                    if_match=read.etag,
                )
                if wrote.status == 200:
                    assert wrote.etag == f'"{int(read.etag.strip(chr(34))) + 1}"'
                    break
                assert wrote.status == 412, wrote
                refused += 1
        return refused

    refused = sum(at_once(ways, contribute))
    final = ways[0]("GET", f"{SHARED}?fields=*")
    parameters = final.json["mlHyperParameters"]
    assert Counter(one["name"] for one in parameters) == Counter(f"{w}.{i}" for w in range(4) for i in range(rounds))
    assert [one["value"] for one in parameters] == [str(index) for index in range(4 * rounds)]
    assert final.etag == f'"{4 * rounds + 1}"'
    assert refused > 0


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_writers_without_a_condition_lose_nothing_of_each_other(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    """A patch changes what it names, on the newest state, whoever wrote that."""
    ways = asks(6)
    ways[0]("PUT", MODELS, {"name": "shared", "extension": {}, "mlHyperParameters": [{"name": "first"}]})
    stop = threading.Event()
    seen: list[str] = []

    def contribute(ask: Ask, writer: int) -> None:
        try:
            for index in range(rounds):
                change(ask, writer, index)
        finally:
            if writer == 1:
                stop.set()

    def change(ask: Ask, writer: int, index: int) -> None:
        operations = [{"op": "add", "path": f"/extension/key{writer}", "value": index}]
        operations += [{"op": "add", "path": "/mlHyperParameters/-", "value": {"name": f"{writer}.{index}"}}]
        if writer == 1:
            operations += [{"op": "add", "path": "/description", "value": f"text {index}"}]
        wrote = ask("PATCH", SHARED, operations)
        assert wrote.status == 200, wrote
        assert wrote.json["extension"][f"key{writer}"] == index

    def read(ask: Ask, reader: int) -> None:
        """Each answer is of one moment: what belongs together is there together, and nothing goes back."""
        revision = 0
        while not stop.is_set():
            one = ask("GET", f"{SHARED}?fields=*")
            now = int(one.etag.strip('"'))
            assert now >= revision
            revision = now
            parameters = Counter(each["name"].split(".")[0] for each in one.json["mlHyperParameters"])
            for writer in range(1, 6):
                count = one.json["extension"].get(f"key{writer}", -1) + 1
                assert parameters[str(writer)] == count, one.json
            assert sum(parameters.values()) == now
            versions = [json.loads(text) for text in ask("GET", f"{SHARED}/versions").json["versions"]]
            numbers = [version["version"] for version in versions]
            assert numbers == sorted(set(numbers), reverse=True)
            assert versions[-1]["version"] == 0.1
            assert numbers[0] >= one.json["version"]
            newest = versions[0]
            assert (
                sum(value + 1 for value in newest.get("extension", {}).values()) == len(newest["mlHyperParameters"]) - 1
            )
            seen.append(one.etag)

    at_once(ways, read, contribute)
    final = ways[0]("GET", f"{SHARED}?fields=*").json
    assert final["extension"] == {f"key{writer}": rounds - 1 for writer in range(1, 6)}
    assert Counter(one["name"] for one in final["mlHyperParameters"]) == Counter(
        ["first", *(f"{writer}.{index}" for writer in range(1, 6) for index in range(rounds))]
    )
    assert final["description"] == f"text {rounds - 1}"
    assert seen


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_many_creators_of_one_name_exactly_one_succeeds(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    ways = asks(4)

    def put(ask: Ask, writer: int) -> list[Answer]:
        return [ask("PUT", MODELS, {"name": f"put {n}", "description": str(writer)}) for n in range(rounds)]

    def post(ask: Ask, writer: int) -> list[Answer]:
        return [ask("POST", MODELS, {"name": f"post {n}", "description": str(writer)}) for n in range(rounds)]

    for work, others in ((put, 200), (post, 409)):
        for answers in zip(*at_once(ways, work), strict=True):
            assert sorted(answer.status for answer in answers) == sorted([201, others, others, others])
            if work is put:
                assert len({answer.json["id"] for answer in answers}) == 1
    assert ways[0]("GET", f"{MODELS}?limit=0").json["paging"]["total"] == 2 * rounds


# entities that need each other ------------------------------------------------------------------------------------


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_child_lives_below_a_parent_that_is_gone(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    ways = asks(4)
    for number in range(rounds):
        ways[0]("PUT", "/api/v1/services/mlmodelServices", {"name": f"service{number}", "serviceType": "Mlflow"})

    def delete(ask: Ask, writer: int) -> None:
        for number in range(rounds):
            hard = "true" if number % 2 else "false"
            path = f"/api/v1/services/mlmodelServices/name/service{number}?recursive=true&hardDelete={hard}"
            assert ask("DELETE", path).status == 200

    def create(ask: Ask, writer: int) -> None:
        for number in range(rounds):
            for attempt in range(3):
                made = ask("PUT", MODELS, {"name": f"m{writer}.{attempt}", "service": f"service{number}"})
                assert made.status in (201, 404), made

    at_once(ways, delete, create)
    for number in range(rounds):
        live = ways[0]("GET", f"{MODELS}?limit=0&service=service{number}")
        assert live.status == 404 or live.json["paging"]["total"] == 0


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_model_never_cites_a_table_that_was_gone_before(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    """Either the citation came first, and is kept with its mark, or it is refused."""
    ways = asks(4)
    for collection, body in (
        ("services/databaseServices", {"name": "shop", "serviceType": "Postgres"}),
        ("databases", {"name": "main", "service": "shop"}),
        ("databaseSchemas", {"name": "public", "database": "shop.main"}),
    ):
        assert ways[0]("PUT", f"/api/v1/{collection}", body).status == 201

    def rebuild(ask: Ask, writer: int) -> None:
        columns = [{"name": "a", "dataType": "INT"}]
        for _ in range(rounds):
            assert (
                ask("POST", "/api/v1/tables", {"name": "t", "databaseSchema": SCHEMA, "columns": columns}).status == 201
            )
            assert ask("DELETE", f"/api/v1/tables/name/{SCHEMA}.t?hardDelete=true").status == 200

    def cite(ask: Ask, writer: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for number in range(2 * rounds):
            source = {"name": "a", "dataSource": f"{SCHEMA}.t"}
            model = {"name": f"m{writer}.{number}", "mlFeatures": [{"name": "f", "featureSources": [source]}]}
            made = ask("PUT", MODELS, model)
            assert made.status in (201, 404), made
            statuses[made.status] += 1
            if made.status == 201:
                shown = made.json["mlFeatures"][0]["featureSources"][0]["dataSource"]
                assert not shown.get("deleted"), made
        return statuses

    at_once(ways, rebuild, cite)
    for entity in ways[0]("GET", f"{MODELS}?limit=1000&fields=*").json["data"]:
        reference = entity["mlFeatures"][0]["featureSources"][0]["dataSource"]
        assert reference["deleted"] is True
        assert reference["fullyQualifiedName"] == f"{SCHEMA}.t"


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_bulk_requests_and_single_writes_take_turns(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    ways = asks(4)
    rows = [{"name": f"m{number}"} for number in range(30)]

    def write_many(ask: Ask, writer: int) -> None:
        for index in range(max(2, rounds // 4)):
            body = [row | {"displayName": f"{writer}.{index}"} for row in rows]
            result = ask("PUT", f"{MODELS}/bulk", body)
            assert (result.status, result.json["numberOfRowsPassed"]) == (200, len(rows)), result

    def write_one(ask: Ask, writer: int) -> None:
        moves = random.Random(writer)
        for index in range(rounds):
            body = {"name": f"m{moves.randrange(30)}", "description": f"{writer}.{index}"}
            assert ask("PUT", MODELS, body).status in (200, 201)

    def read(ask: Ask, reader: int) -> None:
        """A list is of one moment, so a chunk is seen as a whole: single writes take the display name away."""
        for _ in range(rounds):
            page = ask("GET", f"{MODELS}?limit=100").json
            data = page["data"]
            assert len(data) == page["paging"]["total"]
            assert len(data) in (*range(rounds + 1), 30)
            names = {entity["displayName"] for entity in data if "displayName" in entity}
            assert len(names) <= 1, names

    at_once(ways, read, write_one, write_many)


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_list_and_its_total_are_of_one_moment(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    ways = asks(4)
    stop = threading.Event()

    def come_and_go(ask: Ask, writer: int) -> None:
        number = 0
        while not stop.is_set():
            assert ask("PUT", MODELS, {"name": f"m{writer}"}).status == 201
            if number % 2:
                assert ask("DELETE", f"{MODELS}/name/headwater.m{writer}").status == 200
            assert ask("DELETE", f"{MODELS}/name/headwater.m{writer}?hardDelete=true").status == 200
            number += 1

    def read(ask: Ask, reader: int) -> Counter[int]:
        totals: Counter[int] = Counter()
        try:
            while len(totals) < 2 or totals.total() < 25 * rounds:
                page = ask("GET", f"{MODELS}?limit=100&include=all").json
                assert page["paging"]["total"] == len(page["data"])
                totals[len(page["data"])] += 1
        finally:
            stop.set()
        return totals

    at_once(ways, read, come_and_go)


@agreeing
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_walk_sees_one_moment_whatever_is_written_meanwhile(asks: Callable[[int], list[Ask]], rounds: int) -> None:
    """A model is made from one of two tables at any moment; a third comes and goes between the source and another."""
    ways = asks(4)
    tables = [
        ("services/databaseServices", {"name": "shop", "serviceType": "Postgres"}),
        ("databases", {"name": "main", "service": "shop"}),
        ("databaseSchemas", {"name": "public", "database": "shop.main"}),
        *(("tables", table_of(name)) for name in ("source", "left", "right", "gone")),
    ]
    for collection, body in tables:
        assert ways[0]("PUT", f"/api/v1/{collection}", body).status == 201

    def flows(ask: Ask, up: str, down: str) -> int:
        pair = {"fromColumns": [f"{SCHEMA}.{up}.x"], "toColumn": f"{SCHEMA}.{down}.x"}
        path = f"/api/v1/lineage/table/name/{SCHEMA}.{up}/table/name/{SCHEMA}.{down}"
        return ask("PUT", path, {"source": "QueryLineage", "columnsLineage": [pair]}).status

    def model(ask: Ask, name: str, table: str) -> int:
        source = {"name": "x", "dataSource": f"{SCHEMA}.{table}"}
        return ask("PUT", MODELS, {"name": name, "mlFeatures": [{"name": "f", "featureSources": [source]}]}).status

    for up, down in (("source", "source"), ("source", "left"), ("source", "right"), ("left", "source")):
        assert flows(ways[0], up, down) == 200
    assert (model(ways[0], "m", "left"), model(ways[0], "n", "gone")) == (201, 201)
    stop = threading.Event()

    def swap(ask: Ask, writer: int) -> None:
        for number in range(2 * rounds):
            assert model(ask, "m", ("right", "left")[number % 2]) == 200
        stop.set()

    def come_and_go(ask: Ask, writer: int) -> None:
        while not stop.is_set():
            assert flows(ask, "source", "gone") == 200
            for how in ("", "?hardDelete=true"):
                assert ask("DELETE", f"/api/v1/tables/name/{SCHEMA}.gone{how}").status == 200
            assert ask("PUT", "/api/v1/tables", table_of("gone")).status == 201
            assert model(ask, "n", "gone") == 200

    def read(ask: Ask, reader: int) -> None:
        while not stop.is_set():
            check_walks(ask)
            check_questions(ask)

    at_once(ways, swap, come_and_go, read)


def check_walks(ask: Ask) -> None:
    for path in (
        "lineage/walk/mlmodel/name/headwater.m?upstreamDepth=100&downstreamDepth=0",
        f"lineage/table/name/{SCHEMA}.source?upstreamDepth=3&downstreamDepth=3",
    ):
        found = ask("GET", f"/api/v1/{path}")
        assert found.status == 200, found
        assert "truncated" not in found.json
        known = {one["id"]: one["name"] for one in (found.json["entity"], *found.json["nodes"])}
        edges = [*found.json["upstreamEdges"], *found.json["downstreamEdges"]]
        ends = {(known[one["fromEntity"]], known[one["toEntity"]]) for one in edges}
        assert len(ends & {("left", "m"), ("right", "m")}) == 1, ends
        assert ("source", "source") in ends
    view = ask("GET", f"/api/v1/lineage/getLineage?type=table&fqn={SCHEMA}.source")
    assert view.status == 200, view


def check_questions(ask: Ask) -> None:
    reach = ask("GET", f"/api/v1/governance/reach?column={SCHEMA}.source.x")
    assert [row["entity"]["name"] for row in reach.json["data"]] in (["m"], ["m", "n"]), reach
    (path,) = reach.json["data"][0]["paths"]
    assert [hop["to"]["entity"]["name"] for hop in path][1:] == ["m"]
    tags = ask("GET", "/api/v1/governance/tags/mlmodel/name/headwater.m")
    assert [row["tag"] for row in tags.json["data"]] == ["PII.Sensitive"], tags
    change = {"change": "drop", "column": f"{SCHEMA}.source.x"}
    impact = ask("POST", "/api/v1/governance/impact", {"changes": [change]})
    assert [row["entity"]["name"] for row in impact.json["data"]] in (["m"], ["m", "n"]), impact


def table_of(name: str) -> dict[str, Any]:
    """A request for a table with one column, which carries a tag in the source."""
    tags = [{"tagFQN": "PII.Sensitive", "source": "Classification"}] if name == "source" else []
    return {"name": name, "databaseSchema": SCHEMA, "columns": [{"name": "x", "dataType": "INT", "tags": tags}]}


# starting ---------------------------------------------------------------------------------------------------------

STARTS = [
    pytest.param(3, id="short"),
    pytest.param(20, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
]
OPEN = """
import sys
import headwater
from headwater.settings import Settings
from headwater.api.http import Request
import headwater.api.app, headwater.catalog.service, headwater.store.postgresql, headwater.store.sqlite
print("ready", flush=True)
for line in sys.stdin:
    application = headwater.application(Settings(database=line.strip()))
    reply = application.handle(Request("PUT", "/api/v1/mlmodels", "", {}, b'{"name": "m"}'), trusted=True)
    print(reply.status, flush=True)
    application.catalog.close()
"""


@pytest.mark.parametrize("times", STARTS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_on_an_empty_database_all_come_up(
    kind: str,
    times: int,
    spawn: "Spawn",
    consistency: ModuleType,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    processes = [spawn(OPEN) for _ in range(3)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    folder = tmp_path_factory.mktemp("starts")
    for number in range(times):
        url = (
            f"sqlite:///{folder / f'{number}.db'}" if kind == "sqlite" else request.getfixturevalue("fresh_postgres")()
        )
        for process in processes:
            assert process.stdin
            print(url, file=process.stdin, flush=True)
        statuses = []
        for process in processes:
            assert process.stdout
            statuses.append(process.stdout.readline())
        assert sorted(statuses) == ["200\n", "200\n", "201\n"], "".join(
            process.stdout.read() for process in processes if process.poll() is not None and process.stdout
        )
        assert consistency.check(url) == []
        with consistency.snapshot(url) as query:
            assert query("SELECT number, count(*) FROM migration GROUP BY number HAVING count(*) > 1") == []
            seeds = Counter(query("SELECT type, fqn FROM entity"))
        assert set(seeds.values()) == {1}
        assert seeds["mlmodelService", "headwater"] == seeds["user", "admin"] == 1
