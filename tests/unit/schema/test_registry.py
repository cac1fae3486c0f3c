# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Model,
    ReferenceInput,
    TagSource,
    wire,
)
from headwater.schema.declare import (
    CERTIFICATION,
    VOTES,
    Checked,
    Child,
    EntityType,
    FieldLineage,
    Filter,
    Gathered,
    Inverse,
    Parent,
    Reference,
    ReferenceLineage,
    SqlLineage,
    Target,
    UsageCount,
    VersionRules,
)
from headwater.schema.entities.mlmodel import CHECKS
from headwater.schema.registry import DeclarationError, Registry, standard, wire_members


class Cog(Model):
    name: str
    fully_qualified_name: str | None = None


class Widget(Entity):
    service: EntityReference | None = None
    maker: ReferenceInput | None = None
    cogs: list[Cog] | None = None


class CreateWidget(CreateRequest):
    service: ReferenceInput | None = None
    maker: ReferenceInput | None = None
    cogs: list[Cog] | None = None


WIDGET = EntityType(name="widget", collection="lab/widgets", entity=Widget, create=CreateWidget)
GADGET = replace(WIDGET, name="gadget", collection="gadgets")


EVERY_TYPE = [pytest.param(declared, id=declared.name) for declared in standard()]
EVERY_SEED = [
    pytest.param(declared, seed, id=f"{declared.name}-{seed['name']}")
    for declared in standard()
    for seed in declared.seeds
]


def test_the_standard_types_fit_together() -> None:
    assert {"mlmodel", "mlmodelService", "table", "dashboard", "chart", "user", "team", "tag", "domain"} <= {
        declared.name for declared in standard()
    }


def checked(name: str, path: str, of: str = "") -> Checked:
    return Checked(targets=(Target(name=name, path=path, of=of),))


SPOKEN = SqlLineage(
    definition="name",
    kind="name",
    kinds=frozenset(),
    columns="cogs",
    service="service",
    system="name",
    dialects={},
    source="ViewLineage",
)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"parents": (Parent(field="service", to="nothing"),)},
            "parent service points to no declared type, only to nothing",
        ),
        (
            {"references": (Reference(field="owner", to=("widget",)),)},
            "reference owner is not a member of Widget",
        ),
        (
            {"references": (Reference(field="maker", to=("nothing",)),)},
            "reference maker points to no declared type, only to nothing",
        ),
        ({"children": (Child(field="wheels"),)}, "child wheels is not a list of objects in Widget"),
        ({"children": (Child(field="maker"),)}, "child maker is not a list of objects in Widget"),
        ({"children": (Child(field="maker.cogs"),)}, "child maker.cogs is not a list of objects in Widget"),
        (
            {"children": (Child(field="cogs", key=("name", "size")),)},
            "child cogs: size is not a member of Cog",
        ),
        (
            {"children": (Child(field="cogs", references=(Reference(field="name", to=("nothing",)),)),)},
            "reference cogs.name points to no declared type, only to nothing",
        ),
        (
            {"references": (Reference(field="maker", to=("widget",), is_field=True),)},
            "reference maker makes fields, so it must be a list",
        ),
        ({"hidden": ("maker",)}, "hidden member maker must be one of CreateWidget alone"),
        ({"fixed": ("colour",)}, "fixed member colour is not a member of Widget"),
        ({"versions": VersionRules(major=("colour",))}, "major field colour is not a member of Widget"),
        ({"versions": VersionRules(major_removals=("wheels",))}, "version rule names the unknown child list wheels"),
        ({"endpoint": "url"}, "endpoint url is not a member of Widget"),
        ({"secrets": ("password",)}, "secret password is not a member of Widget"),
        ({"defaults": {"colour": "red"}}, "default colour is not a member of Widget"),
        (
            {"counts": (UsageCount(field="wheelCount", counts="children"),)},
            "count wheelCount is not a member of Widget",
        ),
        ({"lineage": (ReferenceLineage(reference="maker"),)}, "lineage rule names the unknown reference maker"),
        (
            {"lineage": (FieldLineage(child="cogs", sources="teeth", reference="from"),)},
            "lineage path cogs.teeth.from does not resolve",
        ),
        (
            {"filters": (Filter(name="service", kind="ancestor", to="nothing"),)},
            "filter service points to no declared type, only to nothing",
        ),
        ({"traits": (CERTIFICATION,)}, "trait certification certification is not a member of Widget"),
        (
            {"inverses": (Inverse(field="cogs", member="makers", settable=True),)},
            "inverse cogs cannot be set: no list makers may hold a widget",
        ),
        (
            {"counts": (UsageCount(field="cogs", counts="inverse", of="wheels"),)},
            "count cogs names the unknown inverse wheels",
        ),
        (
            {"gathered": (Gathered(field="cogs", through="friends", up="friends", member="cogs"),)},
            "gathered list cogs names the unknown reference friends",
        ),
        ({"takes": "maker"}, "it takes items of maker, which is no child list"),
        (
            {
                "parents": (Parent(field="service", to="widget", optional=True),),
                "references": (Reference(field="maker", to=("widget",), beside=True),),
            },
            "reference maker: there is no only widget under a widget",
        ),
        (
            {"inverses": (Inverse(field="cogs", of="nothing", member="widget"),)},
            "inverse cogs points to no declared type, only to nothing",
        ),
        ({"traits": (VOTES,)}, "trait votes votes is not a member of Widget"),
        ({"sql": replace(SPOKEN, definition="text")}, "SQL names the unknown member text"),
        ({"sql": replace(SPOKEN, source="Rumour")}, "SQL gives edges the unknown source Rumour"),
        ({"type_names": ("kinds",)}, "list of type names kinds is not a member of Widget"),
        ({"checked": checked("endpoint", "url"), "series": (CHECKS,)}, "checked member url is not a member of Widget"),
        ({"checked": checked("endpoint", "name")}, "it is checked, and has no series checks"),
        (
            {"checked": checked("fridge", "name"), "series": (CHECKS,)},
            "the checked fridge is none of endpoint, store, dashboard",
        ),
        (
            {"checked": checked("dashboard", "name", of="url"), "series": (CHECKS,)},
            "the checked dashboard is looked for through name, which is no reference",
        ),
        (
            {"series": (replace(CHECKS, told=("target", "mood")),)},
            "series checks: an entry has no mood",
        ),
        ({"assets": "maker"}, "no type holds a widget in maker, so it can have no assets"),
    ],
)
def test_a_faulty_declaration_is_refused_with_its_fault(changes: Document, fault: str) -> None:
    with pytest.raises(DeclarationError, match=f"^widget: {fault}$"):
        Registry([replace(WIDGET, **changes)])


def test_two_types_of_one_name_are_refused() -> None:
    with pytest.raises(DeclarationError, match="two types have one name"):
        Registry([WIDGET, replace(WIDGET, collection="gadgets")])


def test_two_sources_of_one_kind_of_labels_are_refused() -> None:
    with pytest.raises(DeclarationError, match="two types have one source of labels"):
        Registry([replace(one, labels=TagSource.GLOSSARY) for one in (WIDGET, GADGET)])


def test_sql_speaks_of_one_type() -> None:
    tables = [replace(WIDGET, name=name, collection=name, sql=SPOKEN) for name in ("a", "b")]
    with pytest.raises(DeclarationError, match="SQL speaks of entities of two types"):
        Registry([WIDGET, *tables])


def test_two_types_of_one_collection_are_refused() -> None:
    with pytest.raises(DeclarationError, match="two types have one collection"):
        Registry([WIDGET, replace(WIDGET, name="gadget")])


def test_the_error_lists_every_fault() -> None:
    faulty = replace(WIDGET, children=(Child(field="wheels"),), secrets=("password",))
    with pytest.raises(DeclarationError, match=r"secret password .*; widget: child wheels"):
        Registry([faulty])


def test_one_declared_target_is_enough_for_a_reference() -> None:
    maker = Reference(field="maker", to=("nothing", "widget"))
    assert "widget" in Registry([replace(WIDGET, references=(maker,))])


@pytest.mark.parametrize("word", ["widget", "WIDGET", "widgets", "lab/widgets", "Lab/Widgets"])
def test_a_type_is_found_by_any_of_its_names(word: str) -> None:
    assert Registry([WIDGET, GADGET]).find(word) is WIDGET


def test_an_unknown_word_finds_no_type() -> None:
    registry = Registry([WIDGET])
    assert registry.find("gadget") is None
    assert "gadget" not in registry


def test_a_type_that_nests_in_itself_has_an_order() -> None:
    nested = replace(WIDGET, parents=(Parent(field="maker", to="widget", optional=True),))
    assert Registry([nested]).creation_order == (nested,)


def test_parents_come_first_in_creation_order() -> None:
    below = replace(WIDGET, parents=(Parent(field="service", to="gadget"),))
    assert Registry([below, GADGET]).creation_order == (GADGET, below)


@pytest.mark.parametrize("declared", EVERY_TYPE)
def test_standard_parents_come_first_in_creation_order(declared: EntityType) -> None:
    order = [one.name for one in standard().creation_order]
    for parent in declared.parents:
        assert order.index(parent.to) <= order.index(declared.name)
    assert len(order) == len(set(order)) == len(list(standard()))


@pytest.mark.parametrize(("declared", "seed"), EVERY_SEED)
def test_a_seed_is_a_complete_request(declared: EntityType, seed: Document) -> None:
    assert wire(declared.create.model_validate(seed)) == seed
    assert seed["description"].endswith(".")
    for parent in declared.parents:
        if parent.field in seed:
            assert seed[parent.field] in {above["name"] for above in standard()[parent.to].seeds}


@pytest.mark.parametrize("declared", EVERY_TYPE)
def test_what_a_request_says_can_be_read_back(declared: EntityType) -> None:
    assert wire_members(declared.create) - set(declared.hidden) <= wire_members(declared.entity)


@pytest.mark.parametrize("declared", EVERY_TYPE)
def test_every_member_that_a_declaration_names_exists(declared: EntityType) -> None:
    registry = standard()
    named = {filter_.member for filter_ in declared.filters if filter_.member}
    named |= set(declared.computed)
    named |= {parent.field for parent in declared.parents} | set(declared.copied) | set(declared.defaults)
    assert named <= wire_members(declared.entity)
    for parent in declared.parents:
        assert set(parent.copies) <= wire_members(registry[parent.to].entity)
    for inverse in declared.inverses:
        types = [registry[inverse.of]] if inverse.of else list(registry)
        assert any(inverse.member in wire_members(one.entity) for one in types)
    for narrowing in declared.versions.narrowings:
        assert narrowing.child in {child.field for child in declared.children}


@pytest.mark.parametrize("declared", EVERY_TYPE)
def test_a_flag_names_its_member_and_other_filters_their_type(declared: EntityType) -> None:
    for filter_ in declared.filters:
        if filter_.kind in ("reference", "flag", "value", "item"):
            assert filter_.member
        if filter_.kind == "reference":
            assert filter_.to in standard()
