# SPDX-License-Identifier: Apache-2.0
"""Entity links: texts that name an entity, or a field of it.

``<#E::table::db.shop.main.people>`` is a table, ``<#E::table::db.shop.main.people::columns::age>`` one of its columns.
A stored link holds the entity by id, the list that the field is in, and the field's path.
"""

import re

from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document

LINK = re.compile(r"<#E::(\w+)::((?:[^:]|:(?!:))+)(?:::(\w+)::((?:[^:]|:(?!:))+))?>", re.DOTALL)


def parse(member: str, text: str) -> Document:
    """What a link names: a reference by FQN and, of a field, ``list`` and ``path``."""
    match = LINK.fullmatch(text)
    if match is None:
        raise InvalidEntity(
            f"{member}: {text!r} is not an entity link; write <#E::type::fqn> or <#E::type::fqn::list::field>"
        )
    kind, name, list_, path = match.groups()
    link = {"type": kind, "fullyQualifiedName": name}
    return link | {"list": list_, "path": _path(path)} if path else link


def _path(text: str) -> str:
    """The path of a field, whether it is written as one or as a plain name."""
    try:
        return fqn.normal(text)
    except fqn.InvalidFqn:
        return fqn.quote(text)


def place(link: Document) -> Document:
    """The part of a link that says which field is meant."""
    return {member: link[member] for member in ("list", "path") if member in link}


def write(stored: Document, entity_fqn: str) -> tuple[str, str]:
    """A stored link as text, and the FQN of what it names."""
    if "path" not in stored:
        return f"<#E::{stored['type']}::{entity_fqn}>", entity_fqn
    text = f"<#E::{stored['type']}::{entity_fqn}::{stored['list']}::{stored['path']}>"
    return text, f"{entity_fqn}.{stored['path']}"
