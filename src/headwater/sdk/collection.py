# SPDX-License-Identifier: Apache-2.0
"""The entities of one type, as a client works with them. Members are snake_case here and camelCase on the wire."""

import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, faults_of, wire
from headwater.schema.change import BulkResult
from headwater.schema.declare import EntityType
from headwater.schema.history import Diff
from headwater.schema.registry import snake
from headwater.sdk.wire import AsOf, Wire, moment, path_of, read

E = TypeVar("E", bound=Entity)
C = TypeVar("C", bound=CreateRequest)

Include = Literal["non-deleted", "deleted", "all"]

Key = str | Entity | EntityReference
"""Which entity: its FQN, its id, or anything that holds one. A name that looks like an id is written in quotes."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
BULK_BYTES = 4 * 1024 * 1024
"""How large one request of a bulk becomes at most, a single larger row aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[E]):
    """A part of a list, and the cursors of its neighbours."""

    data: list[E]
    total: int
    after: str | None = None
    before: str | None = None


class Collection(Generic[E, C]):
    """The entities of one type."""

    def __init__(self, wire: Wire, declared: EntityType) -> None:
        self.declared = declared
        self._wire = wire

    # reading ------------------------------------------------------------------------------------------------------

    def get(
        self,
        key: Key,
        *,
        fields: str | Iterable[str] | None = None,
        include: Include = "non-deleted",
        as_of: AsOf | None = None,
    ) -> E:
        """One entity; ``fields`` names the optional members wanted (all that are stored if absent, ``*`` for all)."""
        return self._read(self._wire.ask("GET", self._path(key), self._view(fields, include, as_of)))

    def find(
        self,
        key: Key,
        *,
        fields: str | Iterable[str] | None = None,
        include: Include = "non-deleted",
        as_of: AsOf | None = None,
    ) -> E | None:
        """As ``get``, or None where there is no such entity."""
        try:
            return self.get(key, fields=fields, include=include, as_of=as_of)
        except EntityNotFound:
            return None

    def list(
        self,
        *,
        limit: int | None = None,
        fields: str | Iterable[str] | None = None,
        include: Include = "non-deleted",
        as_of: AsOf | None = None,
        page_size: int = 100,
        **filters: object,
    ) -> Iterator[E]:
        """The entities in order of name, at most ``limit``; each page is asked for when it is reached."""
        if page_size < 1:
            raise InvalidEntity(f"page_size must be 1 or more, not {page_size}")
        query = self._view(fields, include, as_of) | self._filters(filters)
        return self._walk(query, limit, page_size)

    def _walk(self, query: Document, limit: int | None, page_size: int) -> Iterator[E]:
        after, left = None, limit
        while left is None or left > 0:
            size = page_size if left is None else min(left, page_size)
            page = self._page(query | {"limit": size, "after": after})
            yield from page.data
            after, left = page.after, None if left is None else left - len(page.data)
            if after is None:
                return

    def page(
        self,
        *,
        limit: int = 10,
        after: str | None = None,
        before: str | None = None,
        fields: str | Iterable[str] | None = None,
        include: Include = "non-deleted",
        as_of: AsOf | None = None,
        **filters: object,
    ) -> Page[E]:
        """One page: the first, or the one after or before a cursor of another page."""
        query = self._view(fields, include, as_of) | self._filters(filters)
        return self._page(query | {"limit": limit, "after": after, "before": before})

    def _page(self, query: Document) -> Page[E]:
        answer = self._wire.ask("GET", path_of(*self._root), query)
        paging = answer["paging"]
        return Page(
            data=[self._read(document) for document in answer["data"]],
            total=paging["total"],
            after=paging.get("after"),
            before=paging.get("before"),
        )

    def count(self, *, include: Include = "non-deleted", as_of: AsOf | None = None, **filters: object) -> int:
        """How many entities there are."""
        return self._page(self._view(None, include, as_of) | self._filters(filters) | {"limit": 0}).total

    def versions(self, key: Key, *, as_of: AsOf | None = None) -> builtins.list[E]:
        """Every version, newest first, each as it was shown when it was recorded."""
        answer = self._wire.ask("GET", self._path(key, "versions"), self._view(None, "non-deleted", as_of))
        return [self._read(orjson.loads(text)) for text in answer["versions"]]

    def version(self, key: Key, number: float | str, *, as_of: AsOf | None = None) -> E:
        """One version as it was shown when it was recorded."""
        query = self._view(None, "non-deleted", as_of)
        return self._read(self._wire.ask("GET", self._path(key, "versions", str(number)), query))

    def diff(
        self,
        key: Key,
        first: float | AsOf | None = None,
        last: float | AsOf | None = None,
        *,
        as_of: AsOf | None = None,
    ) -> Diff:
        """What turns one version into another: the last but one into the last, unless they are named.

        A version is a number or text such as ``0.3``; a date, a time or ``@17`` stands for the state at that moment.
        """
        first, last = self._side(key, first, 1, as_of), self._side(key, last, 0, as_of)
        query = {"asOf": moment(as_of)}
        return read(Diff, self._wire.ask("GET", self._path(key, "versions", f"{first}..{last}"), query))

    def _side(self, key: Key, given: float | AsOf | None, newest: int, as_of: AsOf | None) -> str:
        """A side of a diff as paths name it; the newest version but so many, or the oldest, if none is given."""
        if given is not None:
            return str(given) if isinstance(given, float) else str(moment(given))
        query = {"limit": newest + 1, "asOf": moment(as_of)}
        found = self._wire.ask("GET", self._path(key, "versions"), query)["versions"]
        return str(orjson.loads(found[-1])["version"])

    def etag(self, key: Key) -> str:
        """The mark of the entity's present state, for ``if_match``; every change that is stored alters it."""
        return self._wire.exchange("GET", self._path(key), {"fields": ""})[1]["etag"]

    # writing ------------------------------------------------------------------------------------------------------

    def create(self, request: C | Mapping[str, object] | None = None, /, **members: object) -> E:
        """Add an entity; ``EntityExists`` if its FQN is taken."""
        return self._read(self._wire.ask("POST", path_of(*self._root), body=self._request(request, members)))

    def put(
        self, request: C | Mapping[str, object] | None = None, /, *, override: bool = False, **members: object
    ) -> E:
        """Create or update an entity. ``override`` lets a bot replace what people wrote."""
        query = {"overrideMetadata": override or None}
        return self._read(self._wire.ask("PUT", path_of(*self._root), query, self._request(request, members)))

    def patch(
        self,
        key: Key,
        operations: Sequence[Mapping[str, object]] | None = None,
        /,
        *,
        if_match: str | Entity | None = None,
        **changes: object,
    ) -> E:
        """Change an entity by JSON Patch operations, or by members with their new values; None removes one.

        ``if_match`` is the state that the change is meant for, else ``VersionConflict``: an entity as it was read
        (its version counts), or an ``etag``, which also tells apart changes that raised no version.
        """
        headers = {"content-type": "application/json-patch+json", **_condition(if_match)}
        body = [*(operations or ()), *self._operations(changes)]
        return self._read(self._wire.ask("PATCH", self._path(key), body=body, headers=headers))

    def revert(
        self, key: Key, version: float | str, *, leave_out: bool = False, if_match: str | Entity | None = None
    ) -> E:
        """Make an entity say again what a version said, in a new version.

        What it referred to and is gone since is named by ``InvalidEntity``; ``leave_out`` does without that.
        ``if_match`` is as for ``patch``.
        """
        path, query = self._path(key, "versions", str(version), "revert"), {"leaveOut": leave_out or None}
        return self._read(self._wire.ask("POST", path, query, headers=_condition(if_match)))

    def delete(self, key: Key, *, recursive: bool = False, hard: bool = False) -> E:
        """Delete an entity, with everything below it if ``recursive``; it can be restored unless ``hard``."""
        query = {"recursive": recursive or None, "hardDelete": hard or None}
        return self._read(self._wire.ask("DELETE", self._path(key), query))

    def restore(self, key: Key) -> E:
        """Undo a soft deletion."""
        return self._read(self._wire.ask("PUT", path_of(*self._root, "restore"), body={"id": self._id(key)}))

    def follow(self, key: Key, user: Key) -> None:
        """Make a user follow an entity."""
        self._wire.ask("PUT", self._path(key, "followers"), body=self._user_id(user))

    def unfollow(self, key: Key, user: Key) -> None:
        """Make a user no longer follow an entity."""
        self._wire.ask("DELETE", self._path(key, "followers", self._user_id(user)))

    def vote(self, key: Key, liked: bool | None) -> None:
        """Vote, as the caller, for an entity (True) or against it (False); None takes the vote back."""
        kind = {True: "votedUp", False: "votedDown", None: "unVoted"}[liked]
        self._wire.ask("PUT", self._path(key, "vote"), body={"updatedVoteType": kind})

    def bulk(self, requests: Iterable[C | Mapping[str, object]], *, override: bool = False) -> BulkResult:
        """Create or update many entities; a request that fails is reported and stops no other."""
        results = [self._bulk(chunk, override) for chunk in _chunks(self._row(request) for request in requests)]
        passed = [row for result in results for row in result.success_request]
        failed = [row for result in results for row in result.failed_request]
        return BulkResult(
            dry_run=False,
            status="success" if not failed else "partialSuccess" if passed else "failure",
            number_of_rows_processed=sum(result.number_of_rows_processed for result in results),
            number_of_rows_passed=len(passed),
            number_of_rows_failed=len(failed),
            success_request=passed,
            failed_request=failed,
        )

    def _bulk(self, rows: Sequence[Document], override: bool) -> BulkResult:
        query = {"overrideMetadata": override or None}
        return read(BulkResult, self._wire.ask("PUT", path_of(*self._root, "bulk"), query, rows))

    # translation --------------------------------------------------------------------------------------------------

    @property
    def _root(self) -> Sequence[str]:
        return self.declared.collection.split("/")

    def _path(self, key: Key, *more: str) -> str:
        return path_of(*self._root, *place(self.declared, key), *more)

    def _id(self, key: Key) -> str:
        where = place(self.declared, key)
        return where[0] if len(where) == 1 else self.get(key, fields="", include="all").id

    def _user_id(self, user: Key) -> str:
        return Collection[Entity, CreateRequest](self._wire, self._wire.registry["user"])._id(user)

    def _read(self, document: object) -> E:
        entity: Any = read(self.declared.entity, document)
        checked: E = entity
        return checked

    def _view(self, fields: str | Iterable[str] | None, include: str, as_of: AsOf | None) -> Document:
        query: Document = {"include": None if include == "non-deleted" else include, "asOf": moment(as_of)}
        if fields is not None:
            names = fields.split(",") if isinstance(fields, str) else fields
            query["fields"] = ",".join(_alias(self.declared.entity, name.strip()) for name in names)
        return query

    def _filters(self, given: Mapping[str, object]) -> Document:
        known = {
            word: filter_.name for filter_ in self.declared.filters for word in (filter_.name, snake(filter_.name))
        }
        if unknown := sorted(given.keys() - known.keys()):
            possible = ", ".join(sorted({snake(name) for name in known})) or "none"
            raise InvalidEntity(f"{self.declared.name} entities have no filter {unknown[0]}; possible: {possible}")
        return {known[name]: _filter_value(value) for name, value in given.items()}

    def _request(self, request: C | Mapping[str, object] | None, members: Mapping[str, object]) -> Document:
        if isinstance(request, BaseModel) and not members:
            return wire(request)
        given = wire(request) if isinstance(request, BaseModel) else request or {}
        model = self.declared.create
        named = {_alias(model, name): value for part in (given, members) for name, value in part.items()}
        try:
            return wire(model.model_validate(named))
        except ValidationError as error:
            raise InvalidEntity(errors=faults_of(error)) from error

    def _row(self, request: C | Mapping[str, object]) -> Document:
        """A row of a bulk; what is wrong with it is left to the server to say, as for the other rows."""
        try:
            return self._request(request, {})
        except InvalidEntity:
            row: Document = to_jsonable_python(request, by_alias=True, exclude_none=True, fallback=str)
            return row

    def _operations(self, changes: Mapping[str, object]) -> Iterator[Document]:
        for name, value in changes.items():
            if name not in self._members:
                raise InvalidEntity(f"a {self.declared.name} has no member {name}")
            member, adapter = self._members[name]
            path = f"/{member}"
            if value is None:
                # A member that is not there cannot be removed, so it is put there first.
                yield {"op": "add", "path": path, "value": None}
                yield {"op": "remove", "path": path}
                continue
            try:
                checked = adapter.validate_python(value)
            except ValidationError as error:
                faults = [f"{member}.{fault}".replace(".the body", "", 1) for fault in faults_of(error)]
                raise InvalidEntity(errors=faults) from error
            new = adapter.dump_python(checked, mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
            yield {"op": "add", "path": path, "value": new}

    @cached_property
    def _members(self) -> "dict[str, tuple[str, TypeAdapter[Any]]]":
        fields = self.declared.entity.model_fields
        return {name: (info.alias or name, TypeAdapter(info.annotation or Any)) for name, info in fields.items()}


def place(declared: EntityType, key: Key) -> tuple[str, ...]:
    """The segments that name an entity in a path: its id, or ``name`` and its FQN."""
    if isinstance(key, Entity | EntityReference):
        if key.id:
            return (key.id,)
        key = key.fully_qualified_name or ""
    if UUID.fullmatch(key):
        return (key.lower(),)
    try:
        name = declared.lookup(key)
        fqn.split(name)
    except fqn.InvalidFqn as error:
        raise EntityNotFound.named(declared.name, key) from error
    return ("name", name)


def _condition(if_match: str | Entity | None) -> dict[str, str]:
    """The header that says which state a change is meant for."""
    if if_match is None:
        return {}
    return {"if-match": if_match if isinstance(if_match, str) else f'W/"{if_match.version}"'}


def _alias(model: type[BaseModel], name: str) -> str:
    """The name on the wire of a member; a name that the model does not know stays as it is."""
    info = model.model_fields.get(name)
    return info.alias or name if info else name


def _filter_value(value: object) -> object:
    return value.fully_qualified_name or value.id if isinstance(value, Entity | EntityReference) else value


def _chunks(rows: Iterable[Document]) -> Iterator[Sequence[Document]]:
    chunk: list[Document] = []
    size = 0
    for row in rows:
        length = len(orjson.dumps(row))
        if chunk and size + length > BULK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += length
    if chunk:
        yield chunk
