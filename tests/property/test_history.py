# SPDX-License-Identifier: Apache-2.0
"""Random sequences of changes, on a catalogue and on the oracle side by side, compared at every position."""

import itertools
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch as patched

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headwater.errors import CatalogError
from headwater.schema.registry import standard
from headwater.store.database import Transaction
from headwater.store.opening import connect

from .driver import Driver, refusal
from .oracle import KINDS, SESSION, TEXTS, Doc, Edge, Oracle, Refused, Thing, User

REGISTRY = standard()
START = 1_700_000_000_000
# what is said -----------------------------------------------------------------------------------------------------
# A handful of names and texts, so that the same thing is met again and again.

USERS = (User("ada"), User("bob"), User("ingestion-bot", bot=True))
WHO = st.sampled_from(USERS)
WHICH = st.integers(0, 5)
SERVICES = ("ml", "Ml", "my.ml")
MODELS = ("churn", "churn", "churn", "Churn", 'a."b"', "größe ß")
TABLES = ("t", "t", "T.1", "Straße")
DASHBOARDS = ("d", 'd."q"')
TAGS = ("a", "b", "x.y")
OWNERS = ("ada", "bob")
DOMAINS = ("sales", "s.2")
TEXT = st.sampled_from(["one", "two", ""])

TAG_NAMES = st.sampled_from(["Sens.a", "Sens.b", 'Sens."x.y"', "K.a", "K.b"])
LABELS = st.lists(
    TAG_NAMES
    | st.fixed_dictionaries(
        {"tagFQN": TAG_NAMES},
        optional={
            "state": st.sampled_from(["Suggested", "Confirmed"]),
            "labelType": st.sampled_from(["Manual", "Automated"]),
        },
    ),
    max_size=2,
    unique_by=lambda label: label if isinstance(label, str) else label["tagFQN"],
)


def tagged_first(both: tuple[list[Doc], list[Any]]) -> list[Doc]:
    columns, labels = both
    return [{**columns[0], "tags": labels}, *columns[1:]]


COLUMNS: st.SearchStrategy[list[Doc]] = st.lists(
    st.sampled_from(
        [
            {"name": "age", "dataType": "INT"},
            {"name": "AGE", "dataType": "BIGINT"},
            {"name": "age", "dataType": "INT", "description": "years"},
            {"name": "a.b", "dataType": "STRING"},
            {"name": "addr", "dataType": "STRUCT", "children": [{"name": "City", "dataType": "STRING"}]},
            {"name": "addr", "dataType": "STRUCT", "children": [{"name": "zip", "dataType": "INT"}]},
            {"name": "straße", "dataType": "VARCHAR", "dataLength": 10},
            {"name": "STRASSE", "dataType": "VARCHAR", "dataLength": 20},
        ]
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda column: column["name"].casefold(),
)
TAGGED_COLUMNS = st.tuples(COLUMNS, LABELS).map(tagged_first)
SOURCES = st.fixed_dictionaries(
    {"name": st.sampled_from(["age", "AGE", "a.b", "addr.city", "addr", "strasse", "zip"]), "table": WHICH},
    optional={"description": TEXT, "dataType": st.just("integer")},
)
FEATURES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["age", "AGE", 'f."1"'])},
        optional={
            "description": TEXT,
            "dataType": st.just("numerical"),
            "tags": LABELS,
            "featureSources": st.lists(SOURCES, min_size=1, max_size=2),
        },
    ),
    max_size=3,
    unique_by=lambda feature: str(feature["name"]),
)
TWO_TEXTS = {"description": TEXT, "displayName": TEXT}
ASSET = {
    **TWO_TEXTS,
    "owners": st.lists(st.sampled_from(OWNERS), max_size=2, unique=True),
    "domains": st.lists(st.sampled_from(["sales", '"s.2"']), max_size=1),
    "tags": LABELS,
    "extension": st.dictionaries(st.sampled_from(["k", "l"]), st.integers(0, 1), max_size=2),
    "sourceHash": st.sampled_from(["x", "y"]),
}
MODEL = {
    **ASSET,
    "algorithm": st.sampled_from(["svm", "xgb"]),
    "target": st.sampled_from(["churned", "left"]),
    "server": st.sampled_from(["http://one.test", "http://two.test"]),
    "mlHyperParameters": st.lists(
        st.fixed_dictionaries({"name": st.sampled_from("ab"), "value": st.sampled_from("12")}), max_size=2
    ),
    "dashboard": WHICH,
    "mlFeatures": FEATURES,
}
EDGE_SOURCES = st.sampled_from(["Manual", "ViewLineage", "QueryLineage"])


def requests(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Doc]:
    return st.fixed_dictionaries(required, optional=optional)


MODELS_TO_PUT = requests({"name": st.sampled_from(MODELS), "service": st.sampled_from([0, 0, 0, 1, 2])}, MODEL)
TABLES_TO_PUT = requests(
    {"name": st.sampled_from(TABLES), "databaseSchema": st.just(0), "columns": TAGGED_COLUMNS | COLUMNS}, ASSET
)
WORDS = {"description": st.sampled_from(["one", "two"]), "mutuallyExclusive": st.booleans()}
OTHERS_TO_PUT = st.one_of(
    st.tuples(
        st.just("mlmodelService"),
        requests(
            {"name": st.sampled_from(SERVICES), "serviceType": st.just("Mlflow")},
            {**TWO_TEXTS, "owners": ASSET["owners"], "domains": ASSET["domains"]},
        ),
    ),
    st.tuples(
        st.just("dashboard"), requests({"name": st.sampled_from(DASHBOARDS), "dashboardService": st.just(0)}, ASSET)
    ),
    st.tuples(
        st.just("tag"),
        st.fixed_dictionaries({"name": st.sampled_from(TAGS), "classification": WHICH, "description": TEXT})
        | st.fixed_dictionaries({"name": st.sampled_from(TAGS), "parent": WHICH, "description": TEXT}),
    ),
    st.tuples(
        st.just("classification"),
        requests({"name": st.sampled_from(["Sens", "K"]), "description": TEXT}, {"mutuallyExclusive": st.booleans()}),
    ),
    st.tuples(st.just("user"), requests({"name": st.sampled_from(OWNERS), "email": st.just("x@y.test")}, TWO_TEXTS)),
    st.tuples(
        st.just("domain"),
        requests(
            {"name": st.sampled_from(DOMAINS), "domainType": st.just("Aggregate"), "description": TEXT},
            {"owners": ASSET["owners"]},
        ),
    ),
    st.tuples(
        st.just("databaseSchema"),
        requests({"name": st.just("s.1"), "database": st.just(0)}, {**TWO_TEXTS, "owners": ASSET["owners"]}),
    ),
    st.tuples(
        st.just("databaseService"),
        requests({"name": st.just("wh"), "serviceType": st.just("Mysql")}, {**TWO_TEXTS, "owners": ASSET["owners"]}),
    ),
)
REFERENCES = {
    "service": "mlmodelService",
    "databaseSchema": "databaseSchema",
    "database": "database",
    "dashboard": "dashboard",
    "classification": "classification",
    "parent": "tag",
}
"""Members of the requests above that say which of the present entities of a type is meant."""

TABLE = [
    {"name": "Age", "dataType": "INT", "description": "in years", "tags": ["Sens.a"]},
    {"name": "addr", "dataType": "STRUCT", "children": [{"name": "City", "dataType": "STRING"}]},
    {"name": "a.b", "dataType": "STRING"},
    {"name": "straße", "dataType": "VARCHAR", "dataLength": 10},
]
GROUND: tuple[tuple[str, Doc], ...] = (
    ("user", {"name": "ada", "email": "ada@x.test"}),
    ("user", {"name": "bob", "email": "bob@x.test", "displayName": "Bob"}),
    ("domain", {"name": "sales", "domainType": "Aggregate", "description": "who sells"}),
    ("domain", {"name": "s.2", "domainType": "Aggregate", "description": "s"}),
    ("classification", {"name": "Sens", "description": "sensitive", "mutuallyExclusive": True}),
    ("classification", {"name": "K", "description": "kinds"}),
    ("tag", {"name": "a", "classification": "Sens", "description": "first"}),
    ("tag", {"name": "b", "classification": "Sens", "description": "second"}),
    ("tag", {"name": "x.y", "classification": "Sens", "description": "third"}),
    ("tag", {"name": "a", "classification": "K", "description": "fourth"}),
    ("tag", {"name": "b", "classification": "K", "description": ""}),
    ("databaseService", {"name": "wh", "serviceType": "Mysql"}),
    ("database", {"name": "db", "service": "wh"}),
    ("databaseSchema", {"name": "s.1", "database": "wh.db"}),
    ("dashboardService", {"name": "bi", "serviceType": "Superset"}),
    ("dashboard", {"name": "d", "service": "bi", "description": "how it does"}),
    ("mlmodelService", {"name": "ml", "serviceType": "Mlflow"}),
    ("table", {"name": "t", "databaseSchema": 'wh.db."s.1"', "columns": TABLE}),
    ("table", {"name": "T.1", "databaseSchema": 'wh.db."s.1"', "columns": TABLE[:1], "owners": ["ada"]}),
    (
        "mlmodel",
        {
            "name": "churn",
            "service": "ml",
            "tags": ["K.a"],
            "owners": ["ada", "bob"],
            "dashboard": "bi.d",
            "mlFeatures": [
                {
                    "name": "age",
                    "description": "in years",
                    "tags": ["Sens.a"],
                    "featureSources": [{"name": "AGE", "dataSource": 'wh.db."s.1".t'}],
                },
                {"name": "city", "featureSources": [{"name": "addr.city", "dataSource": 'wh.db."s.1".t'}]},
            ],
        },
    ),
)


EDGES: tuple[tuple[User, Doc], ...] = (
    (USERS[0], {"description": "by hand"}),
    (
        USERS[1],
        {"columnsLineage": [{"fromColumns": ['wh.db."s.1".t.AGE'], "toColumn": 'wh.db."s.1"."T.1".age'}]},
    ),
    (USERS[2], {"source": "ViewLineage", "sqlQuery": "select", "description": "by a view"}),
)
"""What is said of the edge between the two tables."""


# the machine ------------------------------------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """Does the same to a catalogue and to the oracle, and compares."""

    url: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.failed = False
        self.clock = patched("headwater.store.database.time.time_ns", lambda: self.now * 1_000_000)
        self.clock.start()
        self.driver = Driver(type(self).url(), REGISTRY)
        self.first = self.driver.position()
        self.oracle = Oracle(self.first, self.now)
        self.compared = self.first
        self.foreign = {one["id"] for type_ in KINDS for one in self.driver.listed(type_)[0]}
        self.last_request: tuple[str, Doc] | None = None
        self.last_patch: tuple[Thing, str, Any, User] | None = None

    @initialize()
    def lay_the_ground(self) -> None:
        for type_, request in GROUND:
            self.create(type_, request, USERS[0])
        one, other = self.oracle.present("table")
        for user, details in EDGES:
            self.assert_edge((one, other), details, user)

    # doing the same on both sides -----------------------------------------------------------------------------

    def both(self, real: Callable[[], Any], model: Callable[[Any], Any]) -> None:
        """Do one thing on both sides; both accept it, or both refuse it for the same reason."""
        self.failed = True  # Until the comparisons after this step have passed.
        reply: Any = None
        reason: str | None = None
        reasons: set[str | None] = {None}
        try:
            reply = real()
        except CatalogError as error:
            reason, message = refusal(error), error.message
            note(f"refused: {reason}: {message}")
        try:
            model(reply)
        except Refused as error:
            reasons = {*error.reasons}
        assert reason in reasons, f"the catalogue says {reason or 'yes'}, the oracle {reasons}"

    def create(self, type_: str, request: Doc, user: User) -> None:
        self.both(
            lambda: self.driver.create(type_, deepcopy(request), user),
            lambda reply: self.oracle.create(type_, request, user, self.now, reply["id"] if reply else ""),
        )

    def put(self, type_: str, request: Doc, user: User) -> None:
        self.both(
            lambda: self.driver.put(type_, deepcopy(request), user),
            lambda reply: self.oracle.put(type_, request, user, self.now, reply["id"] if reply else ""),
        )

    def patch(self, thing: Thing, operations: list[Doc], user: User, match: str | None = None) -> None:
        note(f"patch {thing.type} {self.oracle.fqn(thing)}: {operations}")
        self.both(
            lambda: self.driver.patch(thing.type, thing.id, deepcopy(operations), user, match),
            lambda _: self.oracle.patch(thing.type, thing.id, operations, user, self.now, match),
        )

    # choosing -----------------------------------------------------------------------------------------------------

    def pick(self, which: int, *types: str) -> Thing | None:
        """One of the present entities of some types."""
        found = [one for type_ in types for one in self.oracle.present(type_)]
        return found[which % len(found)] if found else None

    def filled(self, type_: str, request: Doc) -> Doc:
        """A request with FQNs in place of numbers."""
        request = deepcopy(request)
        if type_ == "dashboard":
            request["service"] = self.fqn_of(request.pop("dashboardService"), "dashboardService")
        for member, target in REFERENCES.items():
            if isinstance(request.get(member), int):
                request[member] = self.fqn_of(request[member], target)
        for feature in request.get("mlFeatures") or ():
            self.fill_sources(feature)
        return request

    def fill_sources(self, feature: Doc) -> None:
        for source in feature.get("featureSources") or ():
            which = source.pop("table")
            if which % 3 == 2 and (table := self.pick(which, "table")):
                source["dataSource"] = {"id": table.id, "type": "table"}
            elif which < 5:
                source["dataSource"] = self.fqn_of(which, "table")

    def fqn_of(self, which: int, type_: str) -> str:
        thing = self.pick(which, type_)
        return self.oracle.fqn(thing) if thing else "nowhere"

    # rules --------------------------------------------------------------------------------------------------------

    @rule(request=MODELS_TO_PUT, user=WHO)
    def put_model(self, request: Doc, user: User) -> None:
        filled = self.filled("mlmodel", request)
        self.last_request = ("mlmodel", filled)
        self.put("mlmodel", filled, user)

    @rule(request=TABLES_TO_PUT, user=WHO)
    def put_table(self, request: Doc, user: User) -> None:
        filled = self.filled("table", request)
        self.last_request = ("table", filled)
        self.put("table", filled, user)

    @rule(other=OTHERS_TO_PUT, user=WHO)
    def put_other(self, other: tuple[str, Doc], user: User) -> None:
        type_, request = other
        self.put(type_, self.filled(type_, request), user)

    @precondition(lambda self: self.last_request)
    @rule(user=WHO, how=st.sampled_from(["put", "put", "create", "hash", "shorten"]))
    def say_it_again(self, user: User, how: str) -> None:
        """The same once more, as it is, as a new entity, with a new hash, or without its last word."""
        assert self.last_request
        type_, request = self.last_request
        if how == "hash":
            request = {**request, "sourceHash": f"{request.get('sourceHash', '')}x"}
        spared = [member for member in request if member not in ("name", "service", "databaseSchema", "columns")]
        if how == "shorten" and spared:
            request = {member: value for member, value in request.items() if member != spared[-1]}
        (self.create if how == "create" else self.put)(type_, request, user)

    @precondition(lambda self: self.last_patch)
    @rule(own=st.sampled_from([True, True, True, False]), late=st.integers(0, 3))
    def undo_the_patch(self, own: bool, late: int) -> None:
        """Set a member to what it was before the last patch, by the same person: back to the version before."""
        assert self.last_patch
        thing, member, before, user = self.last_patch
        self.now += (SESSION - 1 + late) if late else 0
        if thing.removed or thing.deleted:
            return
        operation = {"op": "add", "path": f"/{member}", "value": before}
        if before in (None, "", []):
            if member not in self.oracle.shown(thing) or member in ("algorithm", "description"):
                return
            operation = {"op": "remove", "path": f"/{member}"}
        self.patch(thing, [operation], user if own else USERS[1])

    @rule(
        which=WHICH,
        types=st.sampled_from([("mlmodel",), ("mlmodel",), ("table",), ("dashboard", "mlmodelService", "tag", "user")]),
        choice=st.integers(0, 6),
        value=TEXT,
        owners=ASSET["owners"],
        labels=LABELS,
        user=WHO,
        match=st.sampled_from([None, None, None, None, None, "now", 'W/"9.9"']),
        late=st.integers(0, 3),
    )
    def patch_member(
        self, which: int, types: tuple[str, ...], choice: int, value: str, owners: list[str], labels: list[Any],
        user: User, match: str | None, late: int,
    ) -> None:  # fmt: skip
        thing = self.pick(which, *types)
        self.now += (SESSION - 1 + late) if late else 0
        if thing is None:
            return
        kind = thing.kind
        members = [*TEXTS, *(["algorithm", "target"] if thing.type == "mlmodel" else [])]
        members += (["owners", "domains"] if kind.owned else []) + (["tags"] if kind.tagged else [])
        member = members[choice % len(members)]
        values: dict[str, Any] = {
            "owners": [{"type": "user", "fullyQualifiedName": name} for name in owners],
            "domains": [{"type": "domain", "fullyQualifiedName": "sales"}] if value else [],
            "tags": [{"tagFQN": label} if isinstance(label, str) else label for label in labels],
        }
        shown = self.oracle.inherited(thing, self.oracle.shown(thing))
        operation: Doc = {"op": "add", "path": f"/{member}", "value": values.get(member, value)}
        if not operation["value"] and member in shown and member not in kind.defaults:
            required = member == "description" and thing.type in ("tag", "classification", "domain")
            if not required:
                operation = {"op": "remove", "path": f"/{member}"}
        self.last_patch = (thing, member, shown.get(member) or None, user)
        self.patch(thing, [operation], user, f'W/"{thing.version / 10}"' if match == "now" else match)

    @rule(
        which=WHICH,
        place=st.integers(0, 2),
        what=st.sampled_from(["tag", "untag", "describe", "drop", "rename", "append", "move"]),
        label=TAG_NAMES,
        text=TEXT,
        feature=FEATURES.filter(bool).map(lambda features: features[0]),
        column=COLUMNS.map(lambda columns: columns[0]),
        tables=st.booleans(),
        user=WHO,
    )
    def patch_part(
        self, which: int, place: int, what: str, label: str, text: str, feature: Doc, column: Doc, tables: bool,
        user: User,
    ) -> None:  # fmt: skip
        thing = self.pick(which, "table" if tables else "mlmodel")
        if thing is None:
            return
        member = "columns" if tables else "mlFeatures"
        parts = self.oracle.shown(thing).get(member) or []
        if what != "append" and not parts:
            return
        path = f"/{member}/{place % len(parts) if parts else 0}"
        part = parts[place % len(parts)] if parts else {}
        new = deepcopy(column if tables else feature)
        self.fill_sources(new)
        operations: dict[str, Doc] = {
            "tag": {"op": "add", "path": f"{path}/tags/0", "value": {"tagFQN": label}},
            "untag": {"op": "remove", "path": f"{path}/tags/0"},
            "describe": {"op": "add", "path": f"{path}/description", "value": text},
            "drop": {"op": "remove", "path": path},
            "rename": {"op": "replace", "path": f"{path}/name", "value": new["name"]},
            "append": {"op": "add", "path": f"/{member}/-", "value": new},
            "move": {"op": "move", "from": path, "path": f"/{member}/0"},
        }
        labels = [one["tagFQN"] for one in part.get("tags") or ()]
        if (what == "tag" and label in labels) or (what == "drop" and tables and len(parts) == 1):
            return
        self.patch(thing, [operations[what]], user)

    @rule(
        which=WHICH,
        type_=st.sampled_from(["tag", "classification", "mlmodelService", "databaseService", "domain", "mlmodel"]),
        name=st.sampled_from(["a", "b", "new", "New", 'n."w"', "K", "ml"]),
        texts=st.booleans(),
        user=WHO,
    )
    def rename(self, which: int, type_: str, name: str, texts: bool, user: User) -> None:
        thing = self.pick(which, type_)
        if thing is None:
            return
        operations: list[Doc] = [{"op": "replace", "path": "/name", "value": name}]
        if texts:
            operations.append({"op": "add", "path": "/description", "value": "renamed"})
        self.patch(thing, operations, user)

    @rule(
        which=WHICH,
        type_=st.sampled_from(
            ["table", "table", "mlmodel", "dashboard", "tag", "tag", "user", "domain", "mlmodelService",
             "mlmodelService", "classification", "databaseSchema"]
        ),
        recursive=st.booleans(),
        hard=st.sampled_from([False, False, True]),
        user=WHO,
    )  # fmt: skip
    def delete(self, which: int, type_: str, recursive: bool, hard: bool, user: User) -> None:
        thing = self.pick(which, type_)
        if thing is None or (type_ == "databaseSchema" and hard):
            return
        self.both(
            lambda: self.driver.delete(thing.type, thing.id, user, recursive, hard),
            lambda _: self.oracle.delete(thing.type, thing.id, user, self.now, recursive, hard),
        )

    @rule(which=WHICH, any_state=st.integers(0, 3), user=WHO)
    def restore(self, which: int, any_state: int, user: User) -> None:
        things = self.oracle.things
        found = [one for one in self.oracle.present() if one.deleted or any_state == 3]
        if any_state < 2:
            found = [one for one in found if not one.parent or not things[one.parent].deleted]
        if found:
            thing = found[which % len(found)]
            self.both(
                lambda: self.driver.restore(thing.type, thing.id, user),
                lambda _: self.oracle.restore(thing.type, thing.id, user, self.now),
            )

    @rule(
        up=WHICH, down=WHICH, known=st.booleans(), source=EDGE_SOURCES | st.none(), user=WHO,
        texts=requests({}, {"description": TEXT, "sqlQuery": st.sampled_from(["select", "drop"])}),
        pairs=st.lists(st.tuples(WHICH, WHICH, st.sampled_from([None, "f", "g"])), max_size=2) | st.none(),
    )  # fmt: skip
    def put_edge(
        self, up: int, down: int, known: bool, source: str | None, user: User, texts: Doc,
        pairs: list[tuple[int, int, str | None]] | None,
    ) -> None:  # fmt: skip
        ends = self.ends(up, down)
        if known and (said := sorted(self.oracle.said)):
            ends = self.pair(said[up % len(said)])
        if ends is None:
            return
        details = dict(texts) | ({"source": source} if source else {})
        if pairs is not None:
            details["columnsLineage"] = [
                {"fromColumns": [self.field(ends[0], one)], "toColumn": self.field(ends[1], other)}
                | ({"function": function} if function else {})
                for one, other, function in pairs
            ]
        self.assert_edge(ends, details, user)

    def assert_edge(self, ends: tuple[Thing, Thing], details: Doc, user: User) -> None:
        note(f"edge {self.oracle.fqn(ends[0])} -> {self.oracle.fqn(ends[1])}: {details}")
        self.both(
            lambda: self.driver.put_edge(*typed(ends), deepcopy(details), user),
            lambda _: self.oracle.put_edge(ends[0].id, ends[1].id, details, user, self.now),
        )

    @rule(up=WHICH, down=WHICH, user=WHO, known=st.integers(0, 3))
    def delete_edge(self, up: int, down: int, user: User, known: int) -> None:
        ends = self.ends(up, down)
        if known < 3 and (pairs := sorted(self.oracle.said if known else self.oracle.edges())):
            ends = self.pair(pairs[up % len(pairs)])
        if ends is None:
            return
        self.both(
            lambda: self.driver.delete_edge(*typed(ends), user),
            lambda _: self.oracle.delete_edge(ends[0].id, ends[1].id, user, self.now),
        )

    def pair(self, ids: tuple[str, str]) -> tuple[Thing, Thing]:
        return self.oracle.things[ids[0]], self.oracle.things[ids[1]]

    def ends(self, up: int, down: int) -> tuple[Thing, Thing] | None:
        one, other = self.pick(up, "table", "mlmodel"), self.pick(down, "mlmodel", "dashboard", "table")
        return (one, other) if one and other else None

    def field(self, thing: Thing, which: int) -> str:
        """The FQN of a field, in some spelling; sometimes of one that is not there."""
        paths = [*sorted(self.oracle.fields(thing)), "nope"]
        path = paths[which % len(paths)]
        return f"{self.oracle.fqn(thing)}.{path.upper() if which == 1 else path}"

    # What matters most happens more often.
    put_model_too, put_table_too = put_model, put_table
    patch_member_too, patch_part_too, say_it_again_too = patch_member, patch_part, say_it_again

    @rule(step=st.sampled_from([1, 1000, 11 * 60 * 1000, -5000]))
    def wait(self, step: int) -> None:
        self.now += step

    # comparing ----------------------------------------------------------------------------------------------------

    @invariant()
    def present_is_equal(self) -> None:
        self.failed = True
        assert self.driver.position() == self.oracle.position
        if self.oracle.position > self.compared:
            self.compare(None)
            self.compare_newest_entity()
            self.compared = self.oracle.position
        self.failed = False

    def compare(self, position: int | None) -> None:
        """Documents, lists and edges, now or at a position."""
        at = self.oracle.position if position is None else position
        seen = self.oracle.snapshots[at]
        for type_ in KINDS:
            mine = [seen.things[id_] for id_, kind in seen.types.items() if kind == type_]
            mine.sort(key=lambda one: (one["name"], one["id"]))
            listed, total = self.driver.listed(type_, position)
            found = [one for one in listed if one["id"] not in self.foreign]
            equal(mine, found, f"{type_} at {position}")
            assert total == len(listed)
        edges: dict[tuple[str, str], Edge] = {}
        for id_, type_ in seen.types.items():
            if type_ in ("mlmodel", "table", "dashboard"):
                edges |= self.driver.edges_into(type_, id_, position)
        assert edges == seen.edges, f"edges at {position}"

    def compare_newest_entity(self) -> None:
        """The versions of what the newest event speaks of, and its look-up by name."""
        thing = self.oracle.things[self.oracle.events[self.oracle.position].entity]
        if thing.removed:
            assert self.driver.get(thing.type, self.oracle.fqn(thing)) is None
            assert self.driver.by_id(thing.type, thing.id) is None
            return
        shown = self.oracle.inherited(thing, self.oracle.shown(thing))
        equal([shown], [self.driver.get(thing.type, self.oracle.fqn(thing)) or {}], "by name")
        equal(self.oracle.versions(thing.id), self.driver.versions(thing.type, thing.id), "versions")

    def compare_events(self) -> None:
        """One event at each position, and none besides."""
        found = self.driver.events(self.first)
        mine = [self.oracle.events[position] for position in sorted(self.oracle.events)]
        assert [one["position"] for one in found] == list(range(self.first + 1, self.oracle.position + 1))
        for event, real in zip(mine, found, strict=True):
            expected = {
                "position": event.position,
                "eventType": event.type,
                "entityId": event.entity,
                "userName": event.user,
                "timestamp": event.timestamp,
                "currentVersion": event.version / 10,
                "previousVersion": None if event.previous is None else event.previous / 10,
            }
            assert expected == {member: real.get(member) for member in expected}

    def compare_history(self, stride: int = 1) -> None:
        """Everything at every position, or at some."""
        for position in range(self.first + 1, self.oracle.position + 1, stride):
            self.compare(position)
            thing = self.oracle.things[self.oracle.events[position].entity]
            seen = self.oracle.snapshots[position]
            if shown := seen.things.get(thing.id):
                name = shown["fullyQualifiedName"]
                equal([shown], [self.driver.get(thing.type, name, position) or {}], f"{name} at {position}")
                equal(
                    self.oracle.versions(thing.id, position),
                    self.driver.versions(thing.type, thing.id, position),
                    f"versions of {name} at {position}",
                )
            else:
                assert self.driver.by_id(thing.type, thing.id, position) is None
            before = position - 1
            if before > self.first and thing.id in self.oracle.snapshots[before].things:
                then = self.oracle.snapshots[before].things[thing.id]["fullyQualifiedName"]
                still = shown is not None and shown["fullyQualifiedName"] == then
                found = self.driver.get(thing.type, then, position)
                assert still == (found is not None and found["id"] == thing.id)
        self.compare_times()
        self.compare_intervals()

    def compare_intervals(self) -> None:
        """At each position, the tags sit where they should, references and fields are those of the documents."""
        known = self.driver.intervals()
        paths = {row[1] for row, _, _ in known["fields"]}
        assert paths == {path.casefold() for path in paths}, "fields are the same whatever the case of their letters"
        for position, seen in self.oracle.snapshots.items():
            for what, rows in known.items():
                alive = [row for row, since, until in rows if since <= position and (until is None or position < until)]
                found = {row for row in alive if not self.foreign & set(row)}
                assert len(alive) == len(set(alive)), f"{what} at {position} stand twice"
                assert found == getattr(seen, what), f"{what} at {position}"

    def compare_times(self) -> None:
        """A time means the highest position that is not after it."""
        for timestamp, events in itertools.groupby(self.oracle.events.values(), lambda event: event.timestamp):
            position = list(events)[-1].position
            for id_, shown in itertools.islice(self.oracle.snapshots[position].things.items(), 12, 15):
                type_ = self.oracle.snapshots[position].types[id_]
                found = self.driver.get(type_, shown["fullyQualifiedName"], moment=str(timestamp))
                equal([shown], [found or {}], f"at the time {timestamp}")

    def teardown(self) -> None:
        try:
            if not self.failed and self.oracle.position > self.first:
                self.compare_events()
                self.compare_history()
                before = self.driver.indexes()
                self.driver.reindex()
                after = self.driver.indexes()
                for table in before:
                    assert before[table] == after[table], f"the rebuilt {table} is another"
                self.compare(None)
                self.compare_history(stride=5)
        finally:
            self.driver.close()
            self.clock.stop()


def typed(ends: tuple[Thing, Thing]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Both ends of an edge as the driver wants them."""
    return (ends[0].type, ends[0].id), (ends[1].type, ends[1].id)


def outline(shown: Doc) -> Doc:
    """A document whose change description only tells which members changed, as the oracle does."""
    shown = {member: value for member, value in shown.items() if member != "incrementalChangeDescription"}
    change = shown.get("changeDescription")
    if change and "members" not in change:
        entries = [*change["fieldsAdded"], *change["fieldsUpdated"], *change["fieldsDeleted"]]
        members = {str(entry["name"]).split(".")[0] for entry in entries}
        shown["changeDescription"] = {"previousVersion": change["previousVersion"], "members": sorted(members)}
    return shown


def normal(shown: Doc) -> Doc:
    """An outline in which one moment is written in one way."""
    shown = deepcopy(shown)
    _normal_times(shown)
    return shown


def _normal_times(value: Any) -> None:
    if isinstance(value, dict):
        if "appliedAt" in value:
            value["appliedAt"] = datetime.fromisoformat(value["appliedAt"]).timestamp()
        for one in value.values():
            _normal_times(one)
    elif isinstance(value, list):
        for one in value:
            _normal_times(one)


def equal(mine: list[Doc], found: list[Doc], what: str) -> None:
    """Both lists hold the same documents; else a message that names what differs."""
    expected, real = [outline(one) for one in mine], [outline(one) for one in found]
    if expected == real:
        return
    expected, real = [normal(one) for one in expected], [normal(one) for one in real]
    if expected == real:
        return
    lines = []
    nothing: Doc = {}
    for one, other in itertools.zip_longest(expected, real, fillvalue=nothing):
        for member in sorted({*one, *other}):
            if one.get(member, "absent") != other.get(member, "absent"):
                lines.append(
                    f"{one.get('fullyQualifiedName')} {member}: the oracle says {one.get(member, 'absent')!r}, "
                    f"the catalogue {other.get(member, 'absent')!r}"
                )
    raise AssertionError("\n".join([what, *lines]))


# running ----------------------------------------------------------------------------------------------------------


def run(url: Callable[[], str], examples: int, steps: int, repeatable: str = "") -> None:
    """Compare along random sequences; ``repeatable`` is any name, and gives the same sequences each time."""
    machine = type(f"Histories{repeatable}", (Histories,), {"url": staticmethod(url)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=bool(repeatable),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def files(folder: Path) -> Callable[[], str]:
    """A function that names one new SQLite file after another."""
    numbers = itertools.count()
    return lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"


def emptied(url: str) -> str:
    """A PostgreSQL database that is as good as new: making hundreds of them would take much longer."""
    database = connect(url)

    def empty(transaction: Transaction) -> None:
        names = transaction.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", {})
        tables = ", ".join(name for (name,) in names if name != "migration")
        transaction.rows_changed(f"TRUNCATE {tables}")
        transaction.rows_changed("INSERT INTO clock (one, position, timestamp, node) VALUES (1, 0, 0, 0)")

    database.write(empty)
    database.close()
    return url


@pytest.mark.parametrize("name", ["J", "L"])
def test_a_sequence_of_changes_leads_to_what_the_oracle_says(tmp_path: Path, name: str) -> None:
    run(files(tmp_path), examples=20, steps=30, repeatable=name)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_sequences_of_changes_lead_to_what_the_oracle_says(tmp_path: Path) -> None:
    run(files(tmp_path), examples=150, steps=50)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sequences_of_changes_lead_to_what_the_oracle_says_on_postgresql(
    fresh_postgres: Callable[[], str],
) -> None:
    url = fresh_postgres()
    run(lambda: emptied(url), examples=35, steps=40)
