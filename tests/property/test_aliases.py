# SPDX-License-Identifier: Apache-2.0
"""Aliases of model versions against a plain oracle: one holder at a time, whoever gives, deletes and restores."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from headwater.catalog.access import Principal
from headwater.catalog.context import Key
from headwater.catalog.reading import PageRequest, View
from headwater.catalog.recording import Write
from headwater.catalog.secrets import Vault
from headwater.catalog.service import Catalog
from headwater.errors import CatalogError
from headwater.schema.registry import standard
from headwater.store.opening import connect

REGISTRY = standard()
MODEL, VERSION = REGISTRY["mlmodel"], REGISTRY["mlmodelVersion"]
MODELS = ("m",)
NUMBERS = ("1", "2", "3")
ALIASES = ("champion", "challenger")

models, numbers, aliases = st.sampled_from(MODELS), st.sampled_from(NUMBERS), st.sampled_from(ALIASES)
lists = st.lists(aliases, unique=True, min_size=1)


class Aliases(RuleBasedStateMachine):
    """Two processes on one database, and who holds what by the rules: a table of sets."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        url = self.url or str(self.folder / "catalogue.db")
        self.catalogs = [Catalog(connect(url), REGISTRY, Vault(None, None), self.folder) for _ in range(2)]
        self.turn = 0
        self.held: dict[tuple[str, str], set[str]] = {}
        self.deleted: set[tuple[str, str]] = set()
        self.past: list[tuple[int, dict[tuple[str, str], set[str]]]] = []
        for one in self._page("all"):
            self._catalog.delete(VERSION, Key.id(one["id"]), self._write(), hard=True)
        for name in MODELS:
            self._catalog.upsert(MODEL, {"name": name}, self._write())
            for number in NUMBERS:
                self.put(name, number, [])

    def teardown(self) -> None:
        try:
            self._check_the_past()
            self._check_lists_and_histories()
        finally:
            self._close()

    def _close(self) -> None:
        for catalog in self.catalogs:
            catalog.close()
        shutil.rmtree(self.folder)

    @property
    def _catalog(self) -> Catalog:
        """The processes take turns."""
        self.turn += 1
        return self.catalogs[self.turn % 2]

    def _write(self, match: str | None = None) -> Write:
        return Write(principal=Principal("ada" if self.turn % 3 else "bob"), if_match=match)

    def _page(self, include: Any = "non-deleted", **filters: str) -> list[Any]:
        request = PageRequest(limit=100, filters=filters)
        return self._catalog.page(VERSION, request, View(include=include)).data

    def _key(self, model: str, number: str) -> Key:
        return Key.fqn(f"headwater.{model}.{number}")

    def _given(self, model: str, number: str, come: set[str]) -> None:
        for (other, name), theirs in self.held.items():
            if other == model and name != number:
                theirs.difference_update(come)
        self.held.setdefault((model, number), set()).update(come)
        self.deleted.discard((model, number))

    @rule(model=models, number=numbers, given=st.none() | st.just([]) | lists)
    def put(self, model: str, number: str, given: list[str] | None) -> None:
        body: dict[str, Any] = {"name": number, "mlmodel": f"headwater.{model}"}
        self._catalog.upsert(VERSION, body | ({} if given is None else {"aliases": given}), self._write())
        if given is not None and (model, number) in self.held:
            self.held[model, number] &= set(given)
        self._given(model, number, set(given or ()))

    @rule(model=models, number=numbers, given=lists)
    def add(self, model: str, number: str, given: list[str]) -> None:
        if (model, number) in self.held and (model, number) not in self.deleted:
            self._catalog.add(VERSION, self._key(model, number), "aliases", given, self._write())
            self._given(model, number, set(given))

    @rule(model=models, number=numbers, alias=aliases)
    def take_out(self, model: str, number: str, alias: str) -> None:
        holds = alias in self.held.get((model, number), ()) and (model, number) not in self.deleted
        try:
            self._catalog.take_out(VERSION, self._key(model, number), "aliases", alias, self._write())
            assert holds
        except CatalogError:
            assert not holds
        if holds:
            self.held[model, number].discard(alias)

    @rule(model=models, number=numbers, alias=aliases)
    def describe_in_between(self, model: str, number: str, alias: str) -> None:
        if (model, number) in self.held and (model, number) not in self.deleted:
            operation = {"op": "add", "path": "/description", "value": alias}
            self._catalog.patch(VERSION, self._key(model, number), [operation], self._write())

    @rule(model=models, number=numbers, given=lists)
    def refused(self, model: str, number: str, given: list[str]) -> None:
        body = {"name": number, "mlmodel": f"headwater.{model}", "aliases": given, "store": ""}
        with pytest.raises(CatalogError):
            self._catalog.upsert(VERSION, body, self._write())

    @rule(model=models, number=numbers, hard=st.sampled_from((False, False, True)))
    def delete(self, model: str, number: str, hard: bool) -> None:
        place = (model, number)
        if place in self.held and (hard or place not in self.deleted):
            self._catalog.delete(VERSION, self._key(model, number), self._write(), hard=hard)
            if hard:
                del self.held[place]
                self.deleted.discard(place)
            else:
                self.deleted.add(place)

    @precondition(lambda self: self.deleted)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.deleted)))
        self._catalog.restore(VERSION, self._key(*place), self._write())
        self.deleted.discard(place)

    @invariant()
    def the_catalogue_says_what_the_rules_say(self) -> None:
        shown = {(one["mlmodel"]["name"], one["name"]): set(one.get("aliases") or ()) for one in self._page("all")}
        assert shown == self.held
        live = {place: set(mine) for place, mine in self.held.items() if place not in self.deleted}
        self.past.append((self._catalog.newest_position(), live))

    def _at(self, position: int) -> dict[tuple[str, str], set[str]]:
        page = self._catalog.page(VERSION, PageRequest(limit=100), View(as_of=f"@{position}")).data
        return {(one["mlmodel"]["name"], one["name"]): set(one.get("aliases") or ()) for one in page}

    def _check_the_past(self) -> None:
        """Whoever held what, and at no position in between did two hold one alias of a model."""
        known = dict(self.past)
        for position in sorted(
            {max(0, position - back) for position in list(known)[-20:] for back in (0, 1)}
            & set(range(min(known), max(known) + 1))
        ):
            then = self._at(position)
            assert then == known.get(position, then)
            for model in MODELS:
                held = [alias for (one, _), mine in then.items() if one == model for alias in mine]
                assert len(held) == len(set(held)), position

    def _check_lists_and_histories(self) -> None:
        for model in MODELS:
            for alias in ALIASES:
                found = [one["name"] for one in self._page(mlmodel=f"headwater.{model}", alias=alias)]
                live = [number for one, number in self.held if one == model and (one, number) not in self.deleted]
                assert found == [number for number in live if alias in self.held[model, number]]
        for (model, number), mine in self.held.items():
            newest, *_ = self._catalog.versions(VERSION, self._key(model, number), View(include="all"))
            assert set(newest.get("aliases") or ()) == mine


def test_an_alias_has_one_holder_whatever_happens(database_url: str) -> None:
    Aliases.url = database_url
    examples = 25 if database_url.startswith("sqlite") else 5
    run_state_machine_as_test(Aliases, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None))
