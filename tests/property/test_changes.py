# SPDX-License-Identifier: Apache-2.0
"""A change description says all of a change: with it, the new list can be made from the old one, and back."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc, User

ADA = User("ada")
TEXT = st.text("ab", max_size=2)
NAMES = st.sampled_from(["age", "Age", 'a."b"', "größe"])
SOURCES = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"description": TEXT, "dataType": st.just("number")}), max_size=2
)
FEATURES = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "dataType": st.sampled_from(["numerical", "categorical"]),
            "description": TEXT,
            "featureAlgorithm": TEXT,
            "featureSources": SOURCES,
        },
    ),
    max_size=4,
    unique_by=lambda feature: str(feature["name"]),
)
PARAMETERS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("ab")}, optional={"value": TEXT, "description": TEXT}), max_size=4
)
COLUMNS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "dataType": st.sampled_from(["INT", "STRING"])},
        optional={"description": TEXT, "dataLength": st.integers(1, 3), "ordinalPosition": st.integers(1, 3)},
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda column: str(column["name"]).casefold(),
)
COUNTER = itertools.count()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(f"sqlite:///{tmp_path / 'headwater.db'}", standard())
    driver.put("databaseService", {"name": "wh", "serviceType": "Mysql"}, ADA)
    driver.put("database", {"name": "db", "service": "wh"}, ADA)
    driver.put("databaseSchema", {"name": "s", "database": "wh.db"}, ADA)
    yield driver
    driver.close()


def entries(change: Doc, kind: str, name: str, value: str) -> list[Doc]:
    """The items of a list that a change description says were added or deleted."""
    found = [entry for entry in change[kind] if entry["name"] == name]
    assert len(found) < 2, f"{name} stands twice in {kind}"
    items: list[Doc] = json.loads(found[0][value]) if found else []
    assert not found or items, f"{name} stands in {kind} without an item"
    return items


def counted(items: Iterable[Doc]) -> Counter[str]:
    return Counter(json.dumps(item, sort_keys=True) for item in items)


def check_list(change: Doc, name: str, old: list[Doc], new: list[Doc]) -> None:
    """What was deleted and added leads from the old list to the new one, and says no more than it must."""
    removed = counted(entries(change, "fieldsDeleted", name, "oldValue"))
    added = counted(entries(change, "fieldsAdded", name, "newValue"))
    before, after = counted(old), counted(new)
    assert removed <= before
    assert before - removed + added == after
    assert not removed & added, "an item is said to be deleted and added"
    moved = [entry for entry in change["fieldsUpdated"] if entry["name"] == name]
    in_order = [item["name"] for item in old] == [item["name"] for item in new]
    assert bool(moved) == (before == after and not in_order)
    if moved:
        names = [json.loads(moved[0][value]) for value in ("oldValue", "newValue")]
        assert names == [[item["name"] for item in items] for items in (old, new)]


def two_puts(driver: Driver, type_: str, first: Doc, second: Doc) -> tuple[Doc, Doc]:
    name = f"n{next(COUNTER)}"
    old = driver.put(type_, {"name": name, **deepcopy(first)}, ADA)
    return old, driver.put(type_, {"name": name, **deepcopy(second)}, ADA)


def check_features(driver: Driver, first: tuple[list[Doc], list[Doc]], second: tuple[list[Doc], list[Doc]]) -> None:
    members = ("mlFeatures", "mlHyperParameters")
    old, new = two_puts(
        driver, "mlmodel", dict(zip(members, first, strict=True)), dict(zip(members, second, strict=True))
    )
    same = all(alike(old.get(member, []), new.get(member, [])) for member in members)
    assert (new["version"] == old["version"]) == same
    assert new["version"] in (0.1, 0.2), "a change of features is minor"
    for member, asked in zip(members, second, strict=True):
        if not same:
            check_list(new["changeDescription"], member, old.get(member, []), new.get(member, []))
        # What was asked for is what there is.
        added = ("fullyQualifiedName", "tags")
        assert alike([without(item, added) for item in new.get(member, [])], asked)


def alike(old: list[Doc], new: list[Doc]) -> bool:
    """Whether two lists hold the same; two items of one name may have changed places."""
    return counted(old) == counted(new) and [item["name"] for item in old] == [item["name"] for item in new]


def without(item: Doc, members: Iterable[str]) -> Doc:
    rest = {member: value for member, value in item.items() if member not in members}
    if "featureSources" in rest:
        rest["featureSources"] = [without(source, members) for source in rest["featureSources"]]
    return rest


def check_columns(driver: Driver, first: list[Doc], second: list[Doc]) -> None:
    schema = {"databaseSchema": "wh.db.s"}
    old, new = two_puts(driver, "table", {**schema, "columns": first}, {**schema, "columns": second})
    before = {(one["name"].casefold(), one["dataType"]): one for one in old["columns"]}
    after = {(one["name"].casefold(), one["dataType"]): one for one in new["columns"]}
    same = [present(one) for one in old["columns"]] == [present(one) for one in new["columns"]]
    assert (new["version"] == old["version"]) == same
    if same:
        return
    change = new["changeDescription"]
    removed = entries(change, "fieldsDeleted", "columns", "oldValue")
    added = entries(change, "fieldsAdded", "columns", "newValue")
    assert counted(removed) == counted(one for key, one in before.items() if key not in after)
    assert counted(added) == counted(one for key, one in after.items() if key not in before)
    narrowed = False
    for key in before.keys() & after.keys():
        length, old_length = after[key].get("dataLength"), before[key].get("dataLength")
        narrowed |= length is not None and (old_length is None or length < old_length)
    assert new["version"] == (1.1 if removed or narrowed else 0.2)


def present(column: Doc) -> Doc:
    return {member: value for member, value in column.items() if value not in ("", [], None)}


LISTS = st.tuples(FEATURES, PARAMETERS)


def both_lists(examples: int, repeatable: bool, check: Callable[..., None], lists: st.SearchStrategy[object]) -> None:
    """Check pairs of lists, half of them with items in common."""

    @settings(max_examples=examples, derandomize=repeatable, deadline=None, suppress_health_check=list(HealthCheck))
    @given(lists, lists)
    def run(first: object, second: object) -> None:
        check(first, second)
        check(first, first)

    run()


def test_a_change_description_leads_from_old_to_new_features(driver: Driver) -> None:
    both_lists(150, True, lambda first, second: check_features(driver, first, second), LISTS)


def test_a_change_description_leads_from_old_to_new_columns(driver: Driver) -> None:
    both_lists(150, True, lambda first, second: check_columns(driver, first, second), COLUMNS)


@pytest.mark.slow
def test_many_change_descriptions_lead_from_old_to_new(driver: Driver) -> None:
    both_lists(1500, False, lambda first, second: check_features(driver, first, second), LISTS)
    both_lists(1500, False, lambda first, second: check_columns(driver, first, second), COLUMNS)
