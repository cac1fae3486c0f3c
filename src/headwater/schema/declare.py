# SPDX-License-Identifier: Apache-2.0
"""The words in which an entity type is declared.

One ``EntityType`` value says everything that the engine needs to know of a type: routes, FQNs, ``fields=``, edges,
diff, version bump, events, OpenAPI, SDK collection and CLI follow from it. A new type is one file in ``entities/``.

Paths name members of the JSON document, in camelCase, joined by dots; lists are walked through.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pydantic.alias_generators import to_snake

from headwater.schema import fqn
from headwater.schema.base import CreateRequest, Document, Entity, Model, TagSource, held


@cache
def _index_name(entity_type: str) -> str:
    return f"{to_snake(entity_type)}_search_index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A member that points to other entities. Stored by id, written back in full on every read.

    ``to`` lists the types that it may point to, in the order in which a bare FQN is looked up.
    ``keep_removed`` keeps a reference whose target was deleted for good, marked ``deleted``; else it disappears.
    ``inherited`` takes the value of the parent where the entity has none of its own, at read time.
    ``put`` tells what a PUT does to a stored value: ``replace`` it (absent removes), ``keep`` it when absent or
    empty, or ``absent`` (keep only when absent). ``bot_keeps``: an automatic PUT never replaces one.
    ``is_field`` makes each target a field of this entity: a node of the lineage graph that is called by its own FQN.
    ``essential``: in a child list, an item disappears together with the target.
    ``needs`` names a flag that the target must have, ``exclusive`` allows it one referrer of this kind.
    ``beside``: it always points to the only entity of its type under the same parent, which is made where it is not.
    ``sibling``: its target lives under the same parent.
    """

    field: str
    to: tuple[str, ...]
    many: bool = False
    keep_removed: bool = False
    inherited: bool = False
    put: Literal["replace", "keep", "absent"] = "replace"
    bot_keeps: bool = False
    is_field: bool = False
    essential: bool = False
    needs: str | None = None
    exclusive: bool = False
    beside: bool = False
    sibling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The entity under which this one lives: it gives the first part of the FQN. Several with one ``field`` are
    alternatives: the type of what a request names tells which.

    ``default`` is the FQN of the parent taken when a request names none; ``optional`` allows there to be none.
    ``copies`` lists members of the parent that are copied when the entity is created (they cannot change later); a
    request that names another value is refused.
    ``only`` is the name of the one entity that lives here, whatever requests call it.
    ``link``: requests name the parent, or a field of it, by an entity link (``<#E::type::fqn>`` or
    ``<#E::type::fqn::list::field>``); the field's path then stands in the FQN between the parent and the entity. It
    is the member of replies that shows the FQN of what is linked to.
    ``part``: the entity is a part of its parent and goes with it: that can be deleted as if it were empty.
    """

    field: str
    to: str
    optional: bool = False
    default: str | None = None
    copies: tuple[str, ...] = ()
    only: str | None = None
    link: str | None = None
    part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A list of named parts inside a document: columns, features, hyper-parameters.

    ``field`` is the path of the list: it may sit inside objects (``dataModel.columns``), and is compared there.
    ``match`` says when an item of the old list and one of the new are the same item for the change description:
    ``equal`` (the whole object, so an edit reads as one removed and one added) or ``key`` (the members of ``key``
    agree, so an edit reads as an update of ``<list>.<name>.<member>``). The first member of ``key`` tells which item
    of a PUT's list stands for which stored one.
    ``paired`` members are recorded as updates of ``<list>.<name>.<member>`` as well, for items of one name.
    ``folded`` names are the same when they differ in case only.
    ``is_field`` makes each item a field: a node of the lineage graph with an FQN of its own.
    ``fqn_under`` names the item's reference under which its FQN stands, instead of the containing entity.
    ``segment`` is a name between the FQN of the entity and those of the items.
    ``identified``: the server gives each item an ``id``. One that a request sends without takes over the id of a
    stored item that has the same values in these members.
    ``recursive`` names the member that holds items of the same shape (nested columns).
    ``place`` names the member that says at which place of the list an item stands. A PUT that omits it keeps it for
    items that stay where they are.
    ``qualifier`` names a member of ``key`` that tells apart items of one name: it follows the name in the paths of the
    change description.
    ``pinned`` names the member that says as of which position (``@17``) the item's reference is meant. Where a request
    does not say it is the present one, and stays so until something else of the item changes.
    """

    field: str
    match: Literal["equal", "key"] = "equal"
    key: tuple[str, ...] = ("name",)
    paired: tuple[str, ...] = ()
    named: bool = True
    folded: bool = False
    is_field: bool = False
    tagged: bool = False
    fqn_under: str | None = None
    segment: str | None = None
    identified: tuple[str, ...] = ()
    recursive: str | None = None
    place: str | None = None
    qualifier: str | None = None
    pinned: str | None = None
    references: tuple[Reference, ...] = ()
    children: tuple["Child", ...] = ()
    path: tuple[str, ...] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", tuple(self.field.split(".")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """A number of a child item whose change can break readers: the listed kinds of change are major."""

    child: str
    member: str
    when: tuple[Literal["added", "reduced", "removed"], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRules:
    """Which changes are major (+1.0 instead of +0.1) and which raise no version at all.

    ``major``: members whose change is major. ``major_removals``: lists whose removals are major.
    ``unversioned``: members that are stored without a new version. ``put_sticky``: members that a PUT which omits
    them leaves alone (others are removed by omission, as upstream).
    """

    major: tuple[str, ...] = ()
    major_removals: tuple[str, ...] = ()
    narrowings: tuple[Narrowing, ...] = ()
    unversioned: tuple[str, ...] = ("sourceHash", "lifeCycle")
    put_sticky: tuple[str, ...] = ("extension", "style", "lifeCycle", "provider", "connection")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLineage:
    """Edges that follow from a child list: every source of an item flows into that item.

    For each item of ``child`` and each of its ``sources``: the column ``<reference>.<name>`` flows into the item,
    and the referenced entity into this one. A source without the reference says nothing. ``kinds`` tells, for a data
    type of a source, which data types of a column it can be made from; others are worth a warning.
    ``otherwise`` names the parent that flows into this entity, as a whole, unless every item says its sources (an empty
    list says that there are none).
    """

    child: str
    sources: str
    reference: str
    name: str = "name"
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    otherwise: str | None = None

    @property
    def member(self) -> str:
        """The path of member names that the edges follow from."""
        return f"{self.child}.{self.sources}.{self.reference}"

    @property
    def path(self) -> list[str]:
        """The path of the child list."""
        return self.child.split(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLineage:
    """Edges that follow from a child list: what an item refers to flows into this entity as a whole."""

    child: str
    reference: str

    @property
    def member(self) -> str:
        """The path of member names that the edges follow from."""
        return f"{self.child}.{self.reference}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLineage:
    """Edges that follow from a reference: this entity flows into its targets (``downstream``) or they into this one."""

    reference: str
    side: Literal["upstream", "downstream"] = "downstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlLineage:
    """Entities of this type are what SQL calls tables and views, and edges follow from the SQL that defines some.

    ``definition`` is the member that holds it; it is read where the member ``kind`` is one of ``kinds`` or absent.
    ``columns`` is the list of their columns. ``system`` is the member that names the system, and ``dialects`` tells
    which SQL each speaks, as sqlglot calls it; others are read as SQL that most understand. Names in SQL are looked
    up under ``service``, a reference to the entity at the top of what they live under. ``source`` is what the edges
    are said to rest on.
    """

    definition: str
    kind: str
    kinds: frozenset[str]
    columns: str
    service: str
    system: str
    dialects: Mapping[str, str]
    source: str


LineageRule = FieldLineage | ItemLineage | ReferenceLineage


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A query parameter of the list: entities below an ancestor, with a reference, or with a plain value.

    ``ancestor``: the parameter is the FQN of an entity of type ``to`` somewhere above; ``parent``: right above. Of
    any of the types under which these entities may live, if ``to`` is empty.
    ``reference``: the parameter is the FQN of an entity of type ``to`` in the member ``member``.
    ``id``: the parameter is the id of an entity of any type in the member ``member``.
    ``flag``: the parameter is true or false and must equal the member (absent counts as false).
    ``value``: the parameter must equal the text of the member. ``item``: it must be one of the member's texts.
    ``root``: true leaves those that have no parent in ``member``; false leaves all.
    """

    name: str
    kind: Literal["ancestor", "parent", "reference", "id", "flag", "value", "item", "root"]
    to: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """A list of the entities of type ``of`` whose reference (or parent) ``member`` is this entity; of any type, if
    ``of`` is empty.

    It follows from the other entities, and can only be read; unless it is ``settable``: a request that gives it
    changes those entities, so that exactly the ones that it names refer to this one. ``single``: there is one at most.
    ``paged`` gives the list a route of its own, ``…/<field>``, for there may be very many.
    """

    field: str
    member: str
    of: str = ""
    settable: bool = False
    single: bool = False
    paged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A route by which items are added to the list ``member``: ``PUT …/<path>``. What is there already stays.

    ``removable``: texts are taken out of the list by ``DELETE …/<path>/<text>``.
    """

    path: str
    member: str
    removable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number that adds up: over all live entities of the type that agree in ``per``, ``member`` comes to ``most`` at
    most."""

    member: str
    per: str
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A read-only list of what others bring: the references ``member`` of the entities that this one refers to by
    ``through``, and of all that these refer to by ``up``."""

    field: str
    through: str
    up: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCount:
    """A read-only number.

    ``usage``: how many entities and fields carry this label, by themselves or because one of their labels brings it;
    ``usageBelow``: or a label that lives below this entity. ``children``: how many entities live right below.
    ``inverse``: how many entities the inverse ``of`` lists.
    """

    field: str
    counts: Literal["usage", "usageBelow", "children", "inverse"]
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries:
    """Facts about an entity that pile up beside its document: measurements, runs, samples. They raise no version.

    ``name`` is the path below the entity, ``entry`` the model of one fact. ``moment``: the member of an entry that
    says when it holds, in milliseconds; None: it holds from when it is recorded. ``key``: the members that tell
    entries apart, so that a newer one with the same values takes the place of the older; without any, only the
    newest entry is kept and what it replaces is erased. ``member``: where the newest entry is shown, on request, by
    itself or (``listed``) in a list.
    ``child``: the entries are about items of this child list, each by its ``name``, and are shown on them.
    ``request``: the body of a PUT, where it holds entries of several series, each series under its name; those have
    no PUT of their own. ``above``: the path stands above the entity's name (``<collection>/<name>/{fqn}``), and
    entries are added there by POST. ``told``: the members that tell people of an entry, in this order.
    """

    name: str
    entry: type[Model]
    moment: str | None = None
    key: tuple[str, ...] = ()
    member: str | None = None
    listed: bool = False
    child: str | None = None
    request: type[Model] | None = None
    above: bool = False
    told: tuple[str, ...] = ()

    def words(self, entry: Document) -> str:
        """An entry in a few words; none where the declaration does not say how to tell of one."""
        return " · ".join(str(entry[member]) for member in self.told if entry.get(member) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that an entity says is elsewhere: a URL or a path, of which can be looked up whether it answers.

    ``path`` leads to it; ``of``: in the entity that the reference at ``path`` means, to its member of this name.
    ``must_exist``: an answer that there is no such thing (404, 410) is none: the address is not one for other methods.
    """

    name: str
    path: str
    of: str = ""
    must_exist: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What of an entity is looked up while it is in use: while ``used`` (the path of a text) is one of the environments
    of production, it has one of the tiers of production, or one of its parts is in use. ``idle`` is the path of a text
    and its values with which the entity is not meant to answer.
    """

    targets: tuple[Target, ...]
    used: str = ""
    idle: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Entities of this type were made from data as they were, and go wrong when the data come to look otherwise.

    ``inputs`` is the list of what they take, each item with its ``sources``: items that refer to an entity by
    ``reference`` and name a column of it. Of an item that does not say its sources, the item of its name in the list
    ``otherwise`` of the parent (the member, and the list) does; where there are no items at all, all of that list.
    ``trained`` is the list of data that they were made from, each with a reference ``dataset``, pinned.
    ``used``: an entity is in use if one of these members holds one of these values, or, without values, anything.
    """

    inputs: str
    sources: str
    reference: str
    trained: str
    dataset: str
    otherwise: tuple[str, str]
    used: tuple[tuple[str, tuple[str, ...]], ...]

    def in_use(self, document: Document) -> bool:
        """Whether an entity is in use, so that its drift matters to somebody."""
        found = ((held(document, path.split(".")), values) for path, values in self.used)
        return any(value and (not values or value in values) for value, values in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """Optional behaviour that several types share. What it adds to a document is data here: the references, and other
    ``members``. What it checks or computes stands in ``catalog/traits.py`` under its name. ``apart``: its members are
    never stored in the document, and shown on request."""

    name: str
    references: tuple[Reference, ...] = ()
    members: tuple[str, ...] = ()
    apart: bool = False


OWNERS = Trait(
    name="owners",
    references=(Reference(field="owners", to=("user", "team"), many=True, inherited=True, put="keep"),),
)
DOMAINS = Trait(
    name="domains",
    references=(
        Reference(
            field="domains",
            to=("domain",),
            many=True,
            inherited=True,
            put="absent",
            bot_keeps=True,
        ),
    ),
)
DATA_PRODUCTS = Trait(
    name="dataProducts",
    references=(Reference(field="dataProducts", to=("dataProduct",), many=True, put="absent", bot_keeps=True),),
)
"""Data products that an entity is part of. It needs a domain then, of its own or inherited."""
TAGS = Trait(name="tags", members=("tags",))
FOLLOWERS = Trait(name="followers", members=("followers",), apart=True)
VOTES = Trait(name="votes", members=("votes",), apart=True)
USAGE = Trait(name="usage", members=("usageSummary",), apart=True)
EXTENSION = Trait(name="extension", members=("extension",))
CERTIFICATION = Trait(name="certification", members=("certification",))
"""One tag of the classification ``Certification``, with the times between which it holds."""
LIFE_CYCLE = Trait(name="lifeCycle", members=("lifeCycle",))
"""When an entity was made, changed and used. The later time wins, whoever reports it."""
CUSTOM_PROPERTIES = Trait(name="customProperties", members=("customProperties",))
"""An entity of this type describes a type of entities, and which properties their ``extension`` may hold."""
SOFT_DELETE = Trait(name="softDelete", members=("deleted",))

LABELS = "tags"
"""The member of entities and their fields that holds labels."""

ASSET = (OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, FOLLOWERS, VOTES, EXTENSION, CERTIFICATION, LIFE_CYCLE, SOFT_DELETE)
"""The traits of an ordinary data asset."""

SERVICE = (OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, FOLLOWERS, SOFT_DELETE)
"""The traits of a service: what an asset has, but for custom properties, a certification and a life cycle."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntityType:
    """One declared kind of entity. ``collection`` is its path under ``/api/v1`` and its name in the SDK.
    ``aliases`` are other paths that clients know it by.

    ``parents``: where it may live; the first that a request gives is the FQN parent, others are plain references.
    ``copied``: members that come from the parent and never from a request (``service``, ``serviceType``).
    ``segment`` is a name between the FQN of the parent and the entity's own (``service.model.name``).
    ``indexed_as`` is what OpenMetadata calls the type in the name of its search index, where that is not its name.
    ``searched``: whether people look for such entities; search leaves others out.
    ``unique_name`` lower-cases names (users). ``renamable`` lets a PATCH change ``name``.
    ``fixed``: members that never change once they are set.
    ``hidden``: members of requests that are kept but never shown: replies have no place for them in the standard.
    ``sql`` says how SQL speaks of entities of this type, and which of them are defined by SQL.
    ``endpoint``: the member with the URL at which the entity is served to others.
    ``secrets``: members whose passwords and keys are stored encrypted, apart from the document.
    ``takes``: a child list of which a PUT on the entity itself adds one item, or replaces the one of its name.
    ``seeds``: requests for the entities that every catalogue holds from its first start; they cannot be deleted.
    ``seed_each`` makes one more of them for every declared type.
    ``defaults``: values that the stored document takes where a request leaves them out.
    ``labels``: the source of the labels that name entities of this type. Tags that such an entity carries itself come
    along with its label wherever that is put, as derived labels.
    ``checked``: what can be looked up of it, to see whether it answers.
    ``type_names``: lists that hold names of entity types; others are refused, but for those of ``other_names``.
    ``series``: facts that pile up beside the document. ``put_alone``: members of the document that have a path of
    their own below the entity, to be put and deleted there.
    ``assets``: the member of other entities that holds this one and thereby makes them its assets: ``tags`` for a
    label, else a reference (``owners``, ``domains``), through which assets can also be added and removed.
    ``held_once``: lists of texts of which, among the entities under one parent, each has one holder: who comes to hold
    a text takes it from whoever held it, in the same transaction, soft-deleted ones included.
    ``stamped``: objects in which ``by`` and ``at`` tell who gave the other members their values, and when. They are
    noted by the catalogue, whatever a request says.
    ``limits``: numbers that must not add up to too much.
    ``drift`` says what entities of the type were made from, so that changes of the data can be measured.
    ``compared``: entities under one parent are alternatives, and can be compared with each other.
    ``brief``: the paths of the members that lists show, where an entity is a part of another one.
    ``own``: OpenMetadata has no such type, so what it asks of all types is answered without it.
    """

    name: str
    collection: str
    aliases: tuple[str, ...] = ()
    entity: type[Entity]
    create: type[CreateRequest]
    parents: tuple[Parent, ...] = ()
    segment: str | None = None
    indexed_as: str | None = None
    searched: bool = True
    references: tuple[Reference, ...] = ()
    children: tuple[Child, ...] = ()
    traits: tuple[Trait, ...] = ()
    versions: VersionRules = VersionRules()
    lineage: tuple[LineageRule, ...] = ()
    sql: SqlLineage | None = None
    filters: tuple[Filter, ...] = ()
    inverses: tuple[Inverse, ...] = ()
    additions: tuple[Addition, ...] = ()
    gathered: tuple[Gathered, ...] = ()
    counts: tuple[UsageCount, ...] = ()
    lower_case: bool = False
    renamable: bool = False
    fixed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    endpoint: str | None = None
    secrets: tuple[str, ...] = ()
    defaults: Document = field(default_factory=dict)
    takes: str | None = None
    seeds: tuple[Document, ...] = ()
    seed_each: "Callable[[EntityType], Document] | None" = None
    labels: TagSource | None = None
    checked: Checked | None = None
    type_names: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    series: tuple[TimeSeries, ...] = ()
    put_alone: tuple[str, ...] = ()
    assets: str = ""
    held_once: tuple[str, ...] = ()
    stamped: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    drift: Drift | None = None
    compared: bool = False
    brief: tuple[str, ...] = ()
    own: bool = False

    def has(self, trait: Trait) -> bool:
        """Whether the type has a trait."""
        return trait in self.traits

    @property
    def all_references(self) -> tuple[Reference, ...]:
        """The references of the declaration and of its traits."""
        return self.references + tuple(reference for trait in self.traits for reference in trait.references)

    @property
    def computed(self) -> tuple[str, ...]:
        """Members that no document holds: they are found out when somebody asks."""
        found: tuple[Inverse | Gathered | UsageCount, ...] = (*self.inverses, *self.gathered, *self.counts)
        apart = [member for trait in self.traits if trait.apart for member in trait.members]
        series = [one.member for one in self.series if one.member and not one.child]
        return (*(one.field for one in found), *apart, *series)

    @property
    def copied(self) -> tuple[str, ...]:
        """Members that are taken from the parent."""
        return tuple(dict.fromkeys(member for parent in self.parents for member in parent.copies))

    def fqn_of(self, above: str | None, name: str, document: Document) -> str:
        """The FQN of an entity of this type under the FQN of its parent."""
        for member in {parent.field for parent in self.parents if parent.link}:
            if path := document[member].get("path"):
                above = f"{above}.{path}"
        return fqn.add(fqn.add(above, self.segment) if self.segment else above, name)

    def lookup(self, name: str) -> str:
        """The FQN that a person means by ``name``: a root may be given unquoted, users in any case."""
        if self.lower_case:
            name = name.lower()
        if not self.parents and not name.startswith('"'):
            return fqn.quote(name)
        return fqn.normal(name)

    def lookup_or_none(self, name: str) -> str | None:
        """As ``lookup``, or None for a text that is no FQN."""
        try:
            return self.lookup(name)
        except fqn.InvalidFqn:
            return None

    def is_part_of(self, other: "EntityType") -> bool:
        """Whether entities of this type are parts of entities of the other."""
        return any(parent.part and parent.to == other.name for parent in self.parents)

    @property
    def search_index(self) -> str:
        """What OpenMetadata calls the index in which entities of this type are found."""
        return _index_name(self.indexed_as or self.name)

    @property
    def sdk_name(self) -> str:
        """The last part of the collection: what the SDK and the CLI call it."""
        return self.collection.rsplit("/", 1)[-1]
