# SPDX-License-Identifier: Apache-2.0
"""The attention that users give to entities: they follow them, and vote for or against them.

Neither changes the entity or its version. Both are truths with intervals, and events of the feed.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from headwater.catalog.context import Key, dump
from headwater.catalog.diff import Change
from headwater.catalog.hydrate import References
from headwater.catalog.identity import new_id
from headwater.catalog.writing import Writer
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import documents, relationships
from headwater.store.rows import EntityRow

VoteType = Literal["votedUp", "votedDown", "unVoted"]
LIKED: Mapping[str, bool | None] = {"votedUp": True, "votedDown": False, "unVoted": None}


def follow(writer: Writer, declared: EntityType, key: Key, user_id: str, follows: bool) -> Document:
    """A user follows an entity, or no longer does; the change event."""
    row = writer.find(declared, key)
    writer.check_match(row)
    user = documents.get(writer.transaction, user_id)
    if user is None or user.type != "user" or user.removed:
        raise EntityNotFound.named("user", user_id)
    current = relationships.followers(writer.transaction, row.node, writer.transaction.clock.position)
    writer.names.nodes([user.node])
    value = dump([_references(writer).card(writer.names.by_node[user.node])])
    change = Change()
    if follows and user.node not in current:
        change.added.append({"name": "followers", "newValue": value})
    elif not follows and user.node in current:
        change.deleted.append({"name": "followers", "oldValue": value})
    if change:
        toggle = relationships.follow if follows else relationships.unfollow
        toggle(writer.transaction, row.node, user.node, writer.transaction.tick().position)
    return _announced(writer, row, change)


def vote(writer: Writer, declared: EntityType, key: Key, kind: str) -> Document:
    """The caller votes for an entity or against it, or takes the vote back; the change event."""
    if kind not in LIKED:
        raise InvalidEntity(f"updatedVoteType must be one of {', '.join(get_args(VoteType))}, not {kind!r}")
    row = writer.find(declared, key)
    writer.check_match(row)
    voter = documents.find(writer.transaction, "user", writer.principal.name)
    if voter is None:
        raise EntityNotFound.named("user", writer.principal.name)
    before = relationships.votes(writer.transaction, row.node, writer.transaction.clock.position)
    after = {node: liked for node, liked in before.items() if node != voter.node}
    if (liked := LIKED[kind]) is not None:
        after[voter.node] = liked
    change = Change()
    if before != after:
        references = _references(writer)
        old, new = (dump(references.votes(one)) for one in (before, after))
        change.updated.append({"name": "votes", "oldValue": old, "newValue": new})
        relationships.vote(writer.transaction, row.node, voter.node, liked, writer.transaction.tick().position)
    return _announced(writer, row, change)


def _references(writer: Writer) -> References:
    return References(writer.names, writer.context.collections, writer.write.view.base)


def _announced(writer: Writer, row: EntityRow, change: Change) -> Document:
    """Log what happened, if something did; the event as the caller is answered."""
    version = row.version / 10
    described = change.description(version)
    if change:
        writer.announce("entityUpdated", row, row.version, described)
    return {
        "id": new_id(),
        "eventType": "entityUpdated" if change else "entityNoChange",
        "entityType": row.type,
        "entityId": row.id,
        "entityFullyQualifiedName": row.fqn,
        "previousVersion": version,
        "currentVersion": version,
        "userName": writer.principal.name,
        "timestamp": writer.transaction.clock.timestamp,
        "changeDescription": described,
    }
