# SPDX-License-Identifier: Apache-2.0
"""The index that search uses: it can be thrown away, damaged, shared or outdated, and its answers stay the same."""

import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import headwater
from headwater.api.app import Application
from headwater.settings import Settings

from .conftest import KEY
from .test_search import CHURN, fill, found, look, queried, rename, retitle, user
from .wire import Api, feature, named

SEED, CHANGED = 5, 80
WORDS = ["apple", "birch", "cedar", "daisy", "elder", "fern", "ginger", "hazel", "iris", "jasmine"]


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Iterator[Callable[[], Api]]:
    """A function that opens the same catalogue with an index that is built anew."""
    opened: list[Application] = []

    def make() -> Api:
        folder = tmp_path / f"fresh{len(opened)}"
        settings = Settings(database=database_url, secret_key=KEY, search_folder=str(folder))
        opened.append(headwater.application(settings))
        return Api(opened[-1])

    yield make
    for application in opened:
        application.catalog.close()


def folder_of(tmp_path: Path, number: int = 0) -> Path:
    (folder,) = (tmp_path / "search").glob(f"*/{number}")
    return folder


def answers(api: Api) -> dict[str, Any]:
    """What search says of everything: the order of all, and the values of every member that could be shown."""
    members = [
        *("fullyQualifiedName", "name", "displayName", "entityType", "owners.displayName", "owners.name"),
        *("tags.tagFQN", "tier.tagFQN", "domains.fullyQualifiedName", "service.fullyQualifiedName"),
        *("service.displayName", "databaseSchema.displayName", "owners.fullyQualifiedName"),
        *("database.displayName", "columns.name", "columns.tags.tagFQN", "parent.fullyQualifiedName", "parents.name"),
        *("mlFeatures.featureSources.dataSource.fullyQualifiedName", "dashboard.fullyQualifiedName", "deleted"),
    ]  # fmt: skip
    said: dict[str, Any] = {"order": found(api, include="all")}
    for deleted in ("true", "false"):
        for member in members:
            counted = api.get("search/aggregate", field=member, size="1000", deleted=deleted)["aggregations"]
            said[f"{member} {deleted}"] = counted[f"sterms#{member}"]["buckets"]
        said[f"facets {deleted}"] = look(api, include="deleted" if deleted == "true" else "non-deleted")["facets"]
    for word in WORDS:
        said[word] = sorted(found(api, word, include="all"))
    return said


def test_an_index_that_followed_the_log_answers_as_one_that_is_built_anew(api: Api, fresh: Callable[[], Api]) -> None:
    fill(api)
    draw = random.Random(SEED)
    for number in range(CHANGED):
        draw.choice(CHANGES)(api, draw)
        if number % 7 == 0:
            found(api, draw.choice(WORDS))
    api.delete(named("services/mlmodelServices", "mlflow"), recursive="true", hardDelete="true")
    incremental = answers(api)
    assert incremental == answers(fresh())
    assert len(incremental["order"]) > 30


def _ignoring_refusals(change: Callable[[Api, random.Random], object]) -> Callable[[Api, random.Random], None]:
    def tried(api: Api, draw: random.Random) -> None:
        with suppress(IndexError):  # There is nothing of that kind any more.
            try:
                change(api, draw)
            except AssertionError as refused:
                if "code" not in str(refused):
                    raise

    return tried


def _tables(api: Api) -> list[str]:
    return [table["id"] for table in api.get("tables", limit="100", include="all")["data"]]


def _reference(api: Api, draw: random.Random) -> Any:
    collection, kind = draw.choice([("users", "user"), ("teams", "team")])
    entity = draw.choice(api.get(collection, limit="50")["data"])
    return [{"type": kind, "id": entity["id"]}]


def _service(api: Api) -> str:
    services = api.get("services/databaseServices", include="all")["data"]
    return str(services[0]["id"])


CHANGES = [
    _ignoring_refusals(change)
    for change in (
        lambda api, draw: api.table(draw.choice(WORDS), [draw.choice(WORDS)], description=draw.choice(WORDS)),
        lambda api, draw: api.model(draw.choice(WORDS), description=draw.choice(WORDS), service="mlflow"),
        lambda api, draw: api.model(draw.choice(WORDS), mlFeatures=[feature("f", "x", table=_any_fqn(api, draw))]),
        lambda api, draw: rename(api, f"services/databaseServices/{_service(api)}", draw.choice(WORDS)),
        lambda api, draw: retitle(api, f"services/databaseServices/{_service(api)}", draw.choice(WORDS)),
        lambda api, draw: rename(api, f"tags/{_id(api, 'tags', draw)}", draw.choice(WORDS)),
        lambda api, draw: rename(api, f"classifications/{_id(api, 'classifications', draw)}", draw.choice(WORDS)),
        lambda api, draw: rename(api, f"domains/{_id(api, 'domains', draw)}", draw.choice(WORDS)),
        lambda api, draw: rename(api, f"teams/{_id(api, 'teams', draw)}", draw.choice(WORDS)),
        lambda api, draw: retitle(api, f"users/{_id(api, 'users', draw)}", draw.choice(WORDS)),
        lambda api, draw: _set(api, draw, "owners", _reference(api, draw)),
        lambda api, draw: _set(api, draw, "domains", [{"type": "domain", "id": _id(api, "domains", draw)}]),
        lambda api, draw: _set(api, draw, "tags", [{"tagFQN": _tag(api, draw)}]),
        lambda api, draw: _set(api, draw, "tags", [{"tagFQN": "Words.term", "source": "Glossary"}]),
        lambda api, draw: _term(api, draw, [{"tagFQN": _tag(api, draw)}]),
        lambda api, draw: _term(api, draw, []),
        lambda api, draw: api.delete(f"tables/{draw.choice(_tables(api))}", hardDelete=draw.choice(["true", "false"])),
        lambda api, draw: api.put("tables/restore", {"id": draw.choice(_tables(api))}),
        lambda api, draw: api.delete(f"domains/{_id(api, 'domains', draw)}"),
        lambda api, draw: api.delete(f"users/{_id(api, 'users', draw)}", hardDelete="true"),
        lambda api, draw: api.delete(f"tags/{_id(api, 'tags', draw)}", hardDelete="true"),
    )
]


def _id(api: Api, collection: str, draw: random.Random) -> str:
    return str(draw.choice(api.get(collection, limit="50")["data"])["id"])


def _term(api: Api, draw: random.Random, tags: Any) -> None:
    """Put a glossary term that brings tags."""
    api.put("glossaries", {"name": "Words", "description": "d"})
    body = {"name": "term", "glossary": "Words", "description": draw.choice(WORDS)}
    api.put("glossaryTerms", body)
    api.patch("glossaryTerms/name/Words.term", {"op": "add", "path": "/tags", "value": tags})


def _tag(api: Api, draw: random.Random) -> str:
    return str(draw.choice(api.get("tags", limit="50")["data"])["fullyQualifiedName"])


def _any_fqn(api: Api, draw: random.Random) -> str:
    return str(draw.choice(api.get("tables", limit="100")["data"])["fullyQualifiedName"])


def _set(api: Api, draw: random.Random, member: str, value: Any) -> None:
    """Change a table, its service or its domain."""
    paths = [f"tables/{draw.choice(_tables(api))}", f"services/databaseServices/{_service(api)}"]
    api.patch(draw.choice(paths), {"op": "add", "path": f"/{member}", "value": value})


def _segments(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.suffix in (".store", ".term", ".idx", ".fast", ".pos"))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _cut_short(folder: Path) -> None:
    for file in _segments(folder):
        file.write_bytes(file.read_bytes()[:-7])


def _scribble(folder: Path) -> None:
    for file in _segments(folder):
        file.write_bytes(bytes(64))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "absent": shutil.rmtree,
    "emptied": _empty,
    "without its beginning": lambda folder: (folder / "meta.json").rename(folder / "elsewhere"),
    "with a beginning that cannot be read": lambda folder: (folder / "meta.json").write_text("{"),
    "without a state": lambda folder: (folder / "headwater.json").rename(folder / "elsewhere"),
    "with a state that cannot be read": lambda folder: (folder / "headwater.json").write_text('{"format": 1}'),
    "cut short": _cut_short,
    "scribbled over": _scribble,
    "with a part missing": lambda folder: next(_segments(folder)).rename(folder / "elsewhere"),
}


def test_an_index_that_is_gone_or_broken_is_built_anew(make_api: Callable[..., Api], tmp_path: Path) -> None:
    api = make_api()
    fill(api)
    before = answers(api)
    for damage, break_ in DAMAGES.items():
        api.application.catalog.close()
        break_(folder_of(tmp_path))
        api = make_api()
        assert answers(api) == before, damage


def test_an_index_of_another_catalogue_or_of_other_events_is_built_anew(
    make_api: Callable[..., Api], tmp_path: Path
) -> None:
    api = make_api()
    fill(api)
    before = answers(api)
    api.application.catalog.close()
    state = folder_of(tmp_path) / "headwater.json"
    good = json.loads(state.read_bytes())
    for wrong in (
        {"format": good["format"] - 1},
        {"origin": "another"},
        {"position": good["position"] + 10},
        {"position": good["position"] - 5, "event": "another"},
        {"event": "another"},
    ):
        state.write_text(json.dumps(good | wrong))
        api = make_api()
        assert answers(api) == before, wrong
        api.application.catalog.close()
        assert json.loads(state.read_bytes()) == good, wrong


def test_an_index_outlives_the_events_that_it_followed(make_api: Callable[..., Api], fresh: Callable[[], Api]) -> None:
    api = make_api()
    fill(api)
    before = answers(api)
    database = api.application.catalog.database
    database.write(lambda transaction: transaction.rows_changed("DELETE FROM change_event"))
    assert answers(api) == before
    rename(api, named("services/databaseServices", "db"), "warehouse")
    assert answers(api) == answers(fresh())
    database.write(lambda transaction: transaction.rows_changed("DELETE FROM change_event"))
    api.application.catalog.close()
    again = make_api()
    again.model("new", description="needle")
    assert found(again, "needle") == ["headwater.new"]
    assert answers(again) == answers(fresh())


def test_reindex_makes_every_index_begin_anew(make_api: Callable[..., Api], tmp_path: Path) -> None:
    one, other = make_api(), make_api()
    fill(one)
    before = answers(one)
    assert answers(other) == before
    states = [folder_of(tmp_path, number) / "headwater.json" for number in (0, 1)]
    origins = {json.loads(state.read_bytes())["origin"] for state in states}
    one.application.catalog.reindex()
    assert answers(one) == answers(other) == before
    assert origins.isdisjoint(json.loads(state.read_bytes())["origin"] for state in states)


def test_each_process_has_an_index_of_its_own_and_leaves_it_to_the_next(
    make_api: Callable[..., Api], tmp_path: Path
) -> None:
    def folders() -> list[str]:
        return sorted(folder.name for folder in (tmp_path / "search").glob("*/*") if folder.is_dir())

    one, other = make_api(), make_api()
    fill(one)
    assert folders() == []
    assert found(one, "churn") == found(other, "churn") == [CHURN]
    assert folders() == ["0", "1"]
    one.application.catalog.close()
    third = make_api()
    assert found(third, "churn") == [CHURN]
    assert folders() == ["0", "1"]


def test_nothing_is_built_before_the_first_search(api: Api, tmp_path: Path) -> None:
    fill(api)
    api.lineage("mlmodel", CHURN)
    assert not (tmp_path / "search").exists()
    found(api, "churn")
    assert (tmp_path / "search").exists()


def test_a_folder_that_cannot_be_written_is_told(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    application = headwater.application(Settings(database=database_url, secret_key=KEY, search_folder=str(file)))
    reply = Api(application).get("search", q="x", expect=500)
    assert f"the search index cannot be kept in {file}" in reply["message"]
    assert "HEADWATER_SEARCH_FOLDER" in reply["message"]
    application.catalog.close()


def test_writers_that_search_find_what_they_wrote(make_api: Callable[..., Api]) -> None:
    processes = [make_api(), make_api()]
    faults: list[str] = []

    def work(number: int) -> None:
        api = processes[number % 2]
        for turn in range(10):
            word = f"needle{number}x{turn}"
            api.model(f"m{number}", description=word)
            if found(api, word) != [f"headwater.m{number}"]:
                faults.append(word)
            retitle(api, f"users/{user(api, 'admin')}", f"Title {number} {turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(queried(processes[0], "needle*", index="mlmodel")) == 4
    assert answers(processes[0]) == answers(processes[1])
