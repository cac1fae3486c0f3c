# SPDX-License-Identifier: Apache-2.0
"""A diff makes one version from another, both ways; and whoever goes back to a version is there again."""

import itertools
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc, User
from .test_changes import COLUMNS, FEATURES, NAMES, PARAMETERS, TEXT

ADA = User("ada")
COUNTER = itertools.count()

SOURCED = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "description": TEXT,
            "featureSources": st.lists(
                st.sampled_from(["wh.db.s.one", "wh.db.s.two"]).flatmap(
                    lambda table: st.fixed_dictionaries(
                        {
                            "name": st.sampled_from("ab"),
                            "dataSource": st.just({"type": "table", "fullyQualifiedName": table}),
                        }
                    )
                ),
                max_size=3,
            ),
            "tags": st.lists(st.sampled_from(["PII.None", "Tier.Tier1"]), max_size=2, unique=True),
        },
    ),
    max_size=4,
    unique_by=lambda feature: str(feature["name"]),
)
SAID = st.sampled_from(("a", "b"))
"""Whether an object of empty texts says something is no matter of differences."""

MODELS = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXT,
        "algorithm": st.sampled_from("AB"),
        "target": TEXT,
        "mlFeatures": FEATURES | SOURCED,
        "mlHyperParameters": PARAMETERS,
        "mlStore": st.fixed_dictionaries({}, optional={"storage": SAID, "imageRepository": SAID}),
        "extension": st.dictionaries(st.sampled_from("kl"), st.integers(0, 2) | st.lists(TEXT, min_size=1, max_size=2)),
        "owners": st.lists(st.sampled_from(["ann", "bea"]), unique=True),
        "tags": st.lists(st.sampled_from(["PII.None", "Tier.Tier1"]), unique=True),
    },
)
NESTED = st.builds(
    lambda columns, inner, at: [
        {**column, "dataType": "STRUCT", "children": inner} if index == at else column
        for index, column in enumerate(columns)
    ],
    COLUMNS,
    COLUMNS,
    st.integers(0, 5),
)
TABLES = st.fixed_dictionaries(
    {"columns": COLUMNS | NESTED, "databaseSchema": st.just("wh.db.s")},
    optional={"description": TEXT, "tableType": st.sampled_from(["Regular", "View"])},
)


@pytest.fixture
def driver(database_url: str) -> Iterator[Driver]:
    driver = Driver(database_url, standard())
    driver.put("databaseService", {"name": "wh", "serviceType": "Mysql"}, ADA)
    driver.put("database", {"name": "db", "service": "wh"}, ADA)
    driver.put("databaseSchema", {"name": "s", "database": "wh.db"}, ADA)
    for name in ("one", "two"):
        columns = [{"name": column, "dataType": "INT"} for column in "ab"]
        driver.put("table", {"name": name, "databaseSchema": "wh.db.s", "columns": columns}, ADA)
    for name in ("ann", "bea"):
        driver.put("user", {"name": name, "email": f"{name}@example.org"}, ADA)
    yield driver
    driver.close()


# the oracle -----------------------------------------------------------------------------------------------------------


def called(item: Any) -> str:
    """What an item of a list is called in a path."""
    if "tagFQN" in item:
        return str(item["tagFQN"])
    is_source = "dataSource" in item or ("fullyQualifiedName" in item and "id" in item)
    return str(item["fullyQualifiedName"] if is_source else item["name"])


def applied(state: Doc, differences: list[Doc]) -> Doc:
    """The state after each difference was applied to it, in order."""
    state = deepcopy(state)
    for one in differences:
        *above, last = one["path"]
        holder: Any = state
        for step in above:
            holder = (
                holder.setdefault(step, [] if step in LISTS else {}) if isinstance(holder, dict) else at(holder, step)
            )
        apply(one, holder, last)
    return state


LISTS = {"mlFeatures", "mlHyperParameters", "featureSources", "columns", "children", "tags", "owners"}


def apply(one: Doc, holder: Any, last: str) -> None:
    kind = one["kind"]
    if kind == "moved":
        items = holder[last]
        assert [called(item) for item in items] == one["from"]
        assert sorted(one["from"]) == sorted(one["to"])
        holder[last] = [at(items, name) for name in one["to"]]
    elif kind == "renamed":
        assert one["from"] == last
        at(holder, last)["name"] = one["to"]
    elif isinstance(holder, list):
        if kind == "removed":
            holder.remove(at(holder, last))
        else:
            assert kind == "added"
            holder.insert(one.get("index", len(holder)), deepcopy(one["to"]))
    elif kind == "removed":
        assert plain(holder.pop(last)) == plain(one["from"])
    else:
        assert (plain(holder.get(last)) not in (None, "", [], {})) == (kind == "changed")
        holder[last] = deepcopy(one["to"])


def at(items: list[Doc], name: str) -> Doc:
    (found,) = [item for item in items if called(item) == name]
    return found


DERIVED = {"version", "updatedAt", "updatedBy", "changeDescription", "incrementalChangeDescription", "href"}
DERIVED |= {"fullyQualifiedName", "deleted"}


def plain(value: Any) -> Any:
    """What a state says: without FQNs, with references by id, lists without an order in one order, nothing empty."""
    if isinstance(value, dict):
        if "tagFQN" in value:
            return {member: value[member] for member in ("tagFQN", "source", "labelType", "state")}
        if "id" in value and "type" in value:
            return value["id"]
        said = {member: plain(inner) for member, inner in value.items() if member not in DERIVED}
        for member in {"tags", "owners"} & said.keys():
            said[member] = sorted(said[member], key=str)
        return {member: inner for member, inner in said.items() if inner not in (None, "", [], {})}
    return [plain(one) for one in value] if isinstance(value, list) else value


# the properties -------------------------------------------------------------------------------------------------------


def check(driver: Driver, type_: str, requests: list[Doc], back: int) -> None:
    """A history made of PUTs, and of a patch that takes away what no PUT can."""
    name = f"n{next(COUNTER)}"
    entity: Doc = {}
    for request in requests:
        entity = driver.put(type_, {"name": name, **deepcopy(request)}, ADA)
        if entity.get("tags") and "tags" not in request:
            entity = driver.patch(type_, entity["id"], [{"op": "remove", "path": "/tags"}], ADA, match="*")
    id_ = entity["id"]
    versions = {str(one["version"]): one for one in driver.versions(type_, id_)}
    for (first, before), (last, after) in itertools.product(versions.items(), repeat=2):
        found = driver.diff(type_, id_, first, last)
        assert plain(applied(before, found["differences"])) == plain(after), f"{first}..{last}: {found['differences']}"
        assert bool(found["differences"]) == (plain(before) != plain(after))
        between = sorted(float(number) for number in versions)
        low, high = sorted((float(first), float(last)))
        steps = [number for number in between if low < number <= high]
        assert [step["version"] for step in found["steps"]] == steps[::-1]
        leaps = [high - low >= 0.95 for low, high in itertools.pairwise([low, *steps])]
        assert [step["major"] for step in found["steps"]] == leaps[::-1]
    wanted = list(versions)[back % len(versions)]
    check_revert(driver, type_, id_, wanted, versions[wanted])


def check_revert(driver: Driver, type_: str, id_: str, version: str, then: Doc) -> None:
    before = driver.by_id(type_, id_)
    assert before is not None
    edges = driver.edges_into(type_, id_)
    reverted = driver.revert(type_, id_, version, ADA)
    assert plain(reverted) == plain(then)
    assert (reverted["version"] == before["version"]) == (plain(before) == plain(then))
    position = driver.position()
    assert driver.revert(type_, id_, version, ADA)["version"] == reverted["version"]
    assert driver.position() == position, "the second revert wrote something"
    back = driver.revert(type_, id_, str(before["version"]), ADA)
    assert plain(back) == plain(before)
    assert {pair: edge.columns for pair, edge in driver.edges_into(type_, id_).items()} == {
        pair: edge.columns for pair, edge in edges.items()
    }


def histories(driver: Driver, examples: int, repeatable: bool) -> None:
    @settings(max_examples=examples, derandomize=repeatable, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from([("mlmodel", MODELS), ("table", TABLES)]).flatmap(
            lambda pair: st.tuples(st.just(pair[0]), st.lists(pair[1], min_size=1, max_size=4), st.integers(0, 5))
        )
    )
    def run(example: tuple[str, list[Doc], int]) -> None:
        check(driver, *example)

    run()


def test_a_diff_makes_one_version_from_another_and_a_revert_leads_back(driver: Driver) -> None:
    histories(driver, 12, True)


@pytest.mark.slow
def test_many_diffs_and_reverts(driver: Driver) -> None:
    histories(driver, 120, False)
