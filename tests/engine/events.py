# SPDX-License-Identifier: Apache-2.0
"""OpenLineage events, made with the classes of its own client and written by its own serializer."""

from collections.abc import Mapping, Sequence
from typing import Any

from openlineage.client.event_v2 import InputDataset, Job, JobEvent, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset as columns
from openlineage.client.facet_v2 import schema_dataset
from openlineage.client.serde import Serde

Json = Any
SHOP = "postgres://db:5432"
RUN = "01890000-0000-7000-8000-00000000000"

Flows = Mapping[str, Sequence[Any]]
"""Of each output column its inputs: ``(table, column)``, or with a transformation behind."""


def table(name: str) -> str:
    """The FQN of a table of the shop."""
    return f"{SHOP}.shop.public.{name}"


def at(minute: int) -> str:
    """A moment of one hour."""
    return f"2026-03-01T10:{minute:02}:00Z"


def schema(*names: str) -> Json:
    """The facet of columns that are whole numbers."""
    return schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields(one, "int") for one in names])


def flow(source: Any) -> Json:
    """An input column of the column lineage facet."""
    name, column, *steps = source
    return columns.InputField(SHOP, f"shop.public.{name}", column, list(steps))


def lineage(flows: Flows, everywhere: Sequence[Any] = ()) -> Json:
    """The column lineage facet."""
    return columns.ColumnLineageDatasetFacet(
        {target: columns.Fields([flow(one) for one in sources]) for target, sources in flows.items()},
        [flow(one) for one in everywhere],
    )


def read(name: str, *names: str, namespace: str = SHOP, prefix: str = "shop.public.", **facets: Json) -> InputDataset:
    """A table that a job reads, with its columns."""
    return InputDataset(namespace, prefix + name, facets={**({"schema": schema(*names)} if names else {}), **facets})


def written(name: str, *names: str, flows: Flows | None = None, **facets: Json) -> OutputDataset:
    """A table that a job writes, with its columns and what flows into them."""
    facets |= {"schema": schema(*names)} if names else {}
    facets |= {"columnLineage": lineage(flows)} if flows is not None else {}
    return OutputDataset(SHOP, f"shop.public.{name}", facets=facets)


def run(
    inputs: Sequence[InputDataset] = (),
    outputs: Sequence[OutputDataset] = (),
    *,
    job: str = "load",
    number: int = 1,
    minute: int = 5,
    state: str = "COMPLETE",
    facets: Json = None,
    job_facets: Json = None,
) -> Json:
    """An event of a run, as it goes over the wire."""
    event = RunEvent(
        eventTime=at(minute),
        eventType=RunState[state],
        run=Run(f"{RUN}{number}", facets=facets or {}),
        job=Job("airflow", job, facets=job_facets or {}),
        inputs=list(inputs),
        outputs=list(outputs),
    )
    return Serde.to_dict(event)


def design(inputs: Sequence[InputDataset], outputs: Sequence[OutputDataset], *, job: str = "load", minute: int) -> Json:
    """An event that describes a job."""
    event = JobEvent(eventTime=at(minute), job=Job("airflow", job), inputs=list(inputs), outputs=list(outputs))
    return Serde.to_dict(event)
