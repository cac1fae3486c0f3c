# SPDX-License-Identifier: Apache-2.0
"""What reaches what, as a client asks it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from headwater.schema.base import Document, Model
from headwater.schema.entities.propagation import TagException
from headwater.schema.governance import (
    CONSUMERS,
    Certainty,
    Change,
    ImpactReply,
    ImpactRow,
    ReachReply,
    ReachRow,
    Unread,
    UnreadReply,
)
from headwater.sdk.lineage import Lineage, Node
from headwater.sdk.wire import AsOf, Wire, moment, path_of, read
from headwater.transformation import Transformation

PAGE = 1000


class Governance:
    """Answers that come with the paths that prove them."""

    def __init__(self, wire: Wire, lineage: Lineage) -> None:
        self._wire = wire
        self._lineage = lineage

    def reach(
        self,
        tag: str | None = None,
        *,
        column: str | None = None,
        entity: tuple[str, str] | None = None,
        type: str | Iterable[str] = "mlmodel",
        tier: str | None = None,
        domain: str | None = None,
        owner: str | None = None,
        service: str | None = None,
        certainty: Certainty = "table",
        stop: Iterable[Transformation | str] = (),
        policy: bool = True,
        accepted: bool = True,
        suggested: bool = False,
        subgraph: bool = False,
        as_of: AsOf | None = None,
        max_nodes: int | None = None,
    ) -> "Reach":
        """Everything that a tag, a column (its FQN) or an entity (its type and FQN) reaches, at any number of hops.

        ``type`` names the types of the far end, ``*`` means all. ``certainty`` column leaves out what is known
        between tables only. ``stop`` lists transformations that end the way; ``policy``: the catalogue's own stop
        rules and exceptions count as well. ``accepted``: what is reached only where somebody accepts it is told too.
        ``suggested``: labels that nobody has confirmed count too. ``subgraph``: beside the shortest path, every edge
        on any path.
        """
        query = {
            "tag": tag,
            "column": column,
            "entity": entity[1] if entity else None,
            "entityType": entity[0] if entity else None,
            "type": type if isinstance(type, str) else ",".join(type),
            "tier": tier,
            "domain": domain,
            "owner": owner,
            "service": service,
            "certainty": certainty,
            "stop": ",".join(stop) or None,
            "policy": policy,
            "accepted": accepted,
            "suggested": suggested,
            "subgraph": subgraph,
            "asOf": moment(as_of),
            "maxNodes": max_nodes,
        }
        pages = [read(ReachReply, page) for page in self._pages("GET", "reach", query)]
        return Reach([row for page in pages for row in page.data], pages[-1])

    def impact(
        self,
        changes: Iterable[Change | Document],
        *,
        type: str | Iterable[str] = CONSUMERS.types,
        tier: str | None = None,
        domain: str | None = None,
        owner: str | None = None,
        service: str | None = None,
        as_of: AsOf | None = None,
        max_nodes: int | None = None,
    ) -> "Impact":
        """Everything that changes would break, change or tag, the gravest first. Nothing is changed.

        The changes are values of ``headwater.schema.governance``, such as ``DropColumn(column=…)``, or as on the
        wire. ``type`` names the types that are told of, ``*`` means all.
        """
        query = {
            "type": type if isinstance(type, str) else ",".join(type),
            "tier": tier,
            "domain": domain,
            "owner": owner,
            "service": service,
            "asOf": moment(as_of),
            "maxNodes": max_nodes,
        }
        told = [
            change.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(change, Model) else change
            for change in changes
        ]
        pages = [read(ImpactReply, page) for page in self._pages("POST", "impact", query, {"changes": told})]
        return Impact([row for page in pages for row in page.data], pages[-1])

    def _pages(
        self, method: str, what: str, query: Mapping[str, object], body: Document | None = None
    ) -> Iterator[Document]:
        """The pages of an answer, one after the other."""
        after: str | None = None
        while True:
            asked = {**query, "limit": PAGE, "after": after}
            page: Document = self._wire.ask(method, path_of("governance", what), asked, body)
            yield page
            after = page["paging"].get("after")
            if after is None:
                return

    def tags(
        self,
        entity: Node,
        field: str | None = None,
        *,
        stop: Iterable[Transformation | str] = (),
        policy: bool = True,
        suggested: bool = False,
        as_of: AsOf | None = None,
        max_nodes: int | None = None,
    ) -> "Reach":
        """Every tag that reaches an entity, or one field of it (its path), its own tags included; see ``reach``."""
        query = {
            "field": field,
            "stop": ",".join(stop) or None,
            "policy": policy,
            "suggested": suggested,
            "asOf": moment(as_of),
            "maxNodes": max_nodes,
        }
        path = path_of("governance", "tags", *self._lineage.place(entity))
        found = read(ReachReply, self._wire.ask("GET", path, query))
        return Reach(found.data, found)

    def unread(self, *, as_of: AsOf | None = None) -> list[Unread]:
        """The views of whose SQL something was not understood."""
        found = self._wire.ask("GET", path_of("governance", "unread"), {"asOf": moment(as_of)})
        return read(UnreadReply, found).data

    def accept(
        self,
        entity: Node,
        tag: str,
        *,
        by: str,
        until: date | str,
        reason: str,
        field: str | None = None,
    ) -> TagException:
        """A person accepts, up to and including a day, that a tag reaches an entity or one field of it (its path).

        ``tag`` may be a classification, glossary or term as well: it stands for all below it. There is one exception
        for each place and tag; another one takes its place.
        """
        link = self._lineage.link(entity, field)
        request = {
            "name": tag,
            "entityLink": link,
            "label": tag,
            "acceptedBy": by,
            "until": str(until),
            "reason": reason,
        }
        return read(TagException, self._wire.ask("PUT", path_of("governance", "tagExceptions"), body=request))


class Reach(list[ReachRow]):
    """What is reached. ``truncated`` says why there may be more, and so does ``unread``: views on the way of whose
    SQL something was not understood."""

    def __init__(self, rows: Iterable[ReachRow], reply: ReachReply) -> None:
        super().__init__(rows)
        self.truncated = reply.truncated
        self.unread = reply.unread or []


class Impact(list[ImpactRow]):
    """What changes would affect. ``truncated`` and ``unread`` say why there may be more, as for ``Reach``, and so does
    ``unclear``: what was not understood of the changes themselves."""

    def __init__(self, rows: Iterable[ImpactRow], reply: ImpactReply) -> None:
        super().__init__(rows)
        self.truncated = reply.truncated
        self.unread = reply.unread or []
        self.unclear = reply.unclear or []

    @property
    def complete(self) -> bool:
        """Whether this is all."""
        return not (self.truncated or self.unread or self.unclear)

    @property
    def broken(self) -> list[ImpactRow]:
        """What would break."""
        return [row for row in self if row.effect == "breaks"]
