# SPDX-License-Identifier: Apache-2.0
"""The commands about versions of models: moving one on, serving it, setting it beside another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from headwater.cli.changes import change_lines
from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import styled, words
from headwater.cli.session import Session
from headwater.errors import EntityNotFound
from headwater.schema import fqn
from headwater.schema.base import Document, wire
from headwater.schema.declare import VersionRules

if TYPE_CHECKING:
    from headwater.schema.entities.modelversions import MlModelVersion


def picked(session: Session, model: str, word: str) -> "MlModelVersion":
    """The version of a model that a word means; a failure lists those that there are."""
    declared = session.declared("mlmodel")
    with session.naming(declared, model):
        found = session.client.mlmodels.get(model, fields="", as_of=session.as_of)
    versions = session.client.mlmodel_versions
    try:
        return versions.pick(found, word, as_of=session.as_of)
    except EntityNotFound as error:
        known = [_called(each) for each in versions.of(found, as_of=session.as_of)]
        hint = f"It has {', '.join(known)}." if known else "It has no versions yet."
        raise Failure(error.message, hint, code=Exit.NOT_FOUND) from error


def _called(version: "MlModelVersion") -> str:
    return f"{version.name} ({', '.join(version.aliases)})" if version.aliases else version.name


def promote(session: Session, model: str, word: str, alias: str) -> None:
    """Give a version an alias."""
    chosen = picked(session, model, word)
    before = session.client.mlmodel_versions.holder(model, alias)
    version = session.client.mlmodel_versions.set_alias(chosen, alias)
    if session.screen.json:
        session.screen.value(wire(version))
    elif before and before.id == version.id:
        session.screen.done(f"{version.fully_qualified_name} is the {alias} already")
    else:
        instead = f"; {before.name} was it before" if before else ""
        session.screen.done(f"{version.fully_qualified_name} is the {alias} now{instead}")


def approve(session: Session, model: str, word: str, rejected: bool, comment: str | None) -> None:
    """Say that a version may be used, or that it must not."""
    versions = session.client.mlmodel_versions
    version = (versions.reject if rejected else versions.approve)(picked(session, model, word), comment)
    if session.screen.json:
        session.screen.value(wire(version))
    elif version.approval:
        decided = f"{version.approval.status.lower()} by {version.approval.by}"
        session.screen.done(f"{version.fully_qualified_name} is {decided}")


def deploy(session: Session, model: str, word: str, name: str, given: Document, consumers: Sequence[str]) -> None:
    """Serve a version under a name: a new deployment, or one that serves this version from now on."""
    chosen = picked(session, model, word)
    deployments = session.client.mlmodel_deployments
    members = {member: value for member, value in given.items() if value is not None}
    members |= {"consumers": list(consumers)} if consumers else {}
    known = deployments.find(fqn.add(_model_of(chosen), name))
    if known is not None:
        found = deployments.patch(known, model_version=_reference(chosen), **members)
    elif "endpoint" not in members:
        raise Failure(f"{model} has no deployment {name} yet: --endpoint says where it answers", code=Exit.USAGE)
    else:
        found = deployments.put(
            {"name": name, "mlmodel": _model_of(chosen), "model_version": chosen.id, "environment": name, **members}
        )
    if session.screen.json:
        session.screen.value(wire(found))
        return
    share = "" if found.traffic_share is None else f" with {found.traffic_share:g} % of the traffic"
    session.screen.done(f"{found.fully_qualified_name} serves {chosen.name} at {found.endpoint}{share}")


def _model_of(version: "MlModelVersion") -> str:
    return fqn.build(fqn.names(version.fully_qualified_name or "")[:-1])


def _reference(version: "MlModelVersion") -> Document:
    return {"id": version.id, "type": "mlmodelVersion"}


def compare(session: Session, model: str, word: str, other: str) -> None:
    """Print what leads from a version of a model to another one."""
    first, second = (picked(session, model, each) for each in (word, other))
    found = session.client.mlmodel_versions.compare(first, second, as_of=session.as_of)
    if session.screen.json:
        session.screen.value(wire(found))
        return
    # What is major is so in the history of one version; between two, nothing is.
    plain = replace(session.client.mlmodel_versions.declared, versions=VersionRules())
    change = wire(found.change_description)
    lines = change_lines(plain, change, first=False) if any(change.values()) else [styled("nothing differs", "dim")]
    head = words((f"{model} ", "bold"), (_called(first), "cyan"), " → ", (_called(second), "cyan"))
    session.screen.show(head, Text("\n").join(lines))
