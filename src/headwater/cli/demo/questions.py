# SPDX-License-Identifier: Apache-2.0
"""What a newcomer asks about a model, answered from the catalogue and nothing else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from headwater.schema import fqn
from headwater.schema.base import EntityReference, TagLabel
from headwater.schema.policy import Policy, Verdict
from headwater.sdk import gate

if TYPE_CHECKING:
    from headwater.schema.drift import DriftReply
    from headwater.schema.entities.dashboards import Chart, Dashboard
    from headwater.schema.entities.data import Table
    from headwater.schema.entities.mlmodel import MlModel
    from headwater.schema.lineage import EntityLineage
    from headwater.sdk.client import Client

SENSITIVE = ("PersonalData.SpecialCategory", "PII.Sensitive")
"""The tags that the demo counts as sensitive."""

HOPS = 20
"""How far upstream the demo looks."""


@dataclass(frozen=True, slots=True)
class Step:
    """A field on the way from a feature to the data; ``asserted_by`` is what leads to it from the step before."""

    entity: str
    field: str
    tags: tuple[str, ...] = ()
    asserted_by: str = ""

    def __str__(self) -> str:
        return f"{fqn.names(self.entity)[-1]}.{self.field}"


Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers about one model.

    ``paths`` lead from each feature to every column that it comes from. ``complete`` says whether they tell all: an
    edge between tables that names no columns may carry more. ``versions`` are newest first, ``first`` is the model
    as the catalogue knew it when the oldest of them was recorded.
    """

    model: "MlModel"
    dashboard: "Dashboard | None"
    charts: "tuple[Chart, ...]"
    tables: "tuple[Table, ...]"
    paths: tuple[Path, ...]
    complete: bool
    versions: "tuple[MlModel, ...]"
    first: "MlModel"

    @property
    def sensitive(self) -> tuple[Path, ...]:
        """The paths that lead to a column with a sensitive tag."""
        return tuple(path for path in self.paths if set(path[-1].tags) & set(SENSITIVE))


def ask(client: "Client", key: str) -> Answers:
    """Ask a catalogue everything about the model with this FQN."""
    model = client.mlmodels.get(key)
    lineage = client.lineage.get(model, upstream=HOPS, downstream=0)
    tables = tuple(client.tables.get(node) for node in lineage.nodes if node.type == "table")
    dashboard = client.dashboards.get(model.dashboard) if model.dashboard else None
    versions = tuple(client.mlmodels.versions(model))
    return Answers(
        model=model,
        dashboard=dashboard,
        charts=tuple(client.charts.get(chart) for chart in (dashboard and dashboard.charts) or ()),
        tables=tables,
        paths=tuple(trace(model, lineage, tables)),
        complete=all(edge.lineage_details and edge.lineage_details.columns_lineage for edge in lineage.upstream_edges),
        versions=versions,
        first=client.mlmodels.get(key, as_of=versions[-1].updated_at),
    )


def drift(client: "Client", model: str) -> "DriftReply":
    """How far the data have moved since the version that decides was trained."""
    return client.mlmodel_versions.drift(client.mlmodel_versions.pick(model, "champion"))


def judge(client: "Client", policy: FilePath) -> Verdict:
    """Check that a catalogue keeps the policy in a file."""
    return gate.check(client, Policy.read(policy.read_text(encoding="utf-8")))


def trace(model: "MlModel", lineage: "EntityLineage", tables: "Iterable[Table]") -> Iterator[Path]:
    """The shortest path from each feature of a model to every field that it comes from, nearest fields first."""
    entities = [name for node in (lineage.entity, *lineage.nodes) if (name := node.fully_qualified_name)]
    tags = {column.fully_qualified_name: tag_names(column.tags) for table in tables for column in table.columns}
    origins = _origins(lineage)
    for feature in model.ml_features or ():
        start = feature.fully_qualified_name or ""
        queue: list[tuple[str, Path]] = [(start, (_step(start, entities),))]
        seen = {start}
        for name, path in queue:
            for origin, asserted_by in origins.get(name, ()):
                if origin not in seen:
                    seen.add(origin)
                    longer = (*path, _step(origin, entities, tags.get(origin, ()), asserted_by))
                    queue.append((origin, longer))
                    yield longer


def _origins(lineage: "EntityLineage") -> Mapping[str, Iterable[tuple[str, str]]]:
    """What flows into each field, and what says so: an edge without a source follows from the model's features."""
    origins = defaultdict(list)
    for edge in lineage.upstream_edges:
        details = edge.lineage_details
        for pair in (details and details.columns_lineage) or ():
            for origin in pair.from_columns or ():
                origins[pair.to_column or ""].append((origin, details.source if details and details.source else ""))
    return origins


def _step(name: str, entities: Iterable[str], tags: tuple[str, ...] = (), asserted_by: str = "") -> Step:
    entity = next(entity for entity in entities if fqn.below(name, entity))
    return Step(entity, fqn.below(name, entity) or "", tags, asserted_by or "declared by the model")


def tag_names(tags: Iterable[TagLabel | str] | None) -> tuple[str, ...]:
    """The FQNs of labels."""
    return tuple(tag if isinstance(tag, str) else tag.tag_fqn for tag in tags or ())


def shown(reference: EntityReference | str) -> str:
    """What people call the target of a reference."""
    if isinstance(reference, str):
        return reference
    name = fqn.names(reference.fully_qualified_name or "?")[-1]
    return f"{reference.display_name} ({name})" if reference.display_name else name
