# SPDX-License-Identifier: Apache-2.0
"""OpenLineage's own client sends to a real server, and lineage goes from one catalogue to another."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset
from openlineage.client.transport.http import HttpCompression, HttpConfig, HttpTransport
from sklearn.linear_model import LogisticRegression

import headwater
from headwater.errors import CatalogError, RequestRefused, StoreError
from headwater.sdk.client import Client

Serve = Callable[[], tuple[Client, str]]
SHOP = "postgres://db:5432"
RUN_ID = "01890000-0000-7000-8000-000000000002"
PEOPLE, PROFILE = f"{SHOP}.shop.public.people", f"{SHOP}.shop.public.profile"


def schema(*names: str) -> Any:
    return schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields(one, "text") for one in names])


def lineage(target: str, source: str, step: column_lineage_dataset.Transformation) -> Any:
    field = column_lineage_dataset.InputField(SHOP, "shop.public.people", source, [step])
    return column_lineage_dataset.ColumnLineageDatasetFacet({target: column_lineage_dataset.Fields([field])})


def send(url: str, compression: HttpCompression | None = None) -> None:
    """A run of two events, a job and a dataset, by the transport that producers use."""
    client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=url, compression=compression)))
    run, job = Run("01890000-0000-7000-8000-000000000001"), Job("airflow", "dag.load")
    masked = column_lineage_dataset.Transformation("DIRECT", "TRANSFORMATION", "HASHING", masking=True)
    inputs = [InputDataset(SHOP, "shop.public.people", facets={"schema": schema("sex", "na.me")})]
    facets = {"schema": schema("sex", "who"), "columnLineage": lineage("sex", "sex", masked)}
    outputs = [OutputDataset(SHOP, "shop.public.profile", facets=facets)]
    for state, minute in ((RunState.START, 1), (RunState.COMPLETE, 2)):
        event = RunEvent(
            eventType=state,
            eventTime=f"2026-03-01T10:0{minute}:00Z",
            run=run,
            job=job,
            inputs=inputs,
            outputs=outputs,
        )
        client.emit(event)
    copied = column_lineage_dataset.Transformation("DIRECT", "IDENTITY")
    who = [OutputDataset(SHOP, "shop.public.profile", facets={"columnLineage": lineage("who", "na.me", copied)})]
    client.emit(JobEvent(eventTime="2026-03-01T10:03:00Z", job=Job("airflow", "names"), inputs=inputs, outputs=who))
    pets = StaticDataset("s3://raw", "pets.csv", facets={"schema": schema("name")})
    client.emit(DatasetEvent(eventTime="2026-03-01T10:03:00Z", dataset=pets))


def hops(client: Client, column: str) -> set[tuple[str | None, str | None, str, str | None]]:
    """All steps from a column onwards: both ends, the last part of the job's name, and the transformation."""
    found = client.governance.reach(column=column, type="*", subgraph=True)
    return {
        (
            hop.from_.field,
            hop.to.field,
            one.pipeline.name or "" if one.pipeline else "headwater.risk",
            one.transformation,
        )
        for row in found
        for hop in row.subgraph or ()
        for one in hop.evidence
    }


def test_the_real_client_sends_to_a_real_server_and_a_second_catalogue_learns_all_of_it(serve: Serve) -> None:
    (first, url), (second, other) = serve(), serve()
    send(url)
    assert [one.name for one in first.containers.list()] == ["pets.csv", "raw"]
    status = first.pipelines.get('airflow."dag.load"', fields="pipelineStatus").pipeline_status
    assert status is not None
    assert (status.execution_status, status.execution_id) == ("Successful", "01890000-0000-7000-8000-000000000001")
    source = {"name": "sex", "dataSource": {"type": "table", "fullyQualifiedName": PROFILE}}
    first.mlmodels.put(name="risk", ml_features=[{"name": "house.hold", "featureSources": [source]}])
    assert first.lineage.emit(("mlmodel", "headwater.risk"), 3, url=other) == (3, other)
    for column in (f"{PEOPLE}.sex", f'{PEOPLE}."na.me"'):
        assert hops(second, column) == hops(first, column) != set()
    model = second.mlmodels.get("headwater.risk")
    assert [one.name for one in model.ml_features or ()] == ["house.hold"]
    assert model.service is not None
    types = [{one.name: one.data_type for one in each.tables.get(PEOPLE).columns or ()} for each in (first, second)]
    assert types[0] == types[1]
    before = second.lineage.events(("mlmodel", "headwater.risk"), 3)
    first.lineage.emit(("mlmodel", "headwater.risk"), 3, url=other)
    after = second.lineage.events(("mlmodel", "headwater.risk"), 3)
    assert [one["job"]["name"] for one in after] == [one["job"]["name"] for one in before]


def test_where_events_go_to_is_what_the_client_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, url), (second, other) = serve(), serve()
    send(url)
    monkeypatch.setenv("OPENLINEAGE_URL", other)
    assert first.lineage.emit(("table", PROFILE)) == (2, other)
    assert second.tables.get(PROFILE).columns
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    with pytest.raises(CatalogError, match="nobody says where to"):
        first.lineage.emit(("table", PROFILE))


def test_what_goes_wrong_on_the_way_is_said(serve: Serve) -> None:
    client, url = serve()
    send(url)
    with pytest.raises(StoreError, match="gave no answer"):
        client.lineage.emit(("table", PROFILE), url="http://127.0.0.1:9")
    with pytest.raises(RequestRefused, match="404"):
        client.lineage.emit(("table", PROFILE), url=url + "/nowhere/")


def test_the_real_client_may_send_gzip(serve: Serve) -> None:
    client, url = serve()
    send(url, HttpCompression.GZIP)
    assert {how for *_, how in hops(client, f"{PEOPLE}.sex")} == {"HASHING"}


def test_a_capture_tells_of_the_training_where_the_environment_or_the_caller_says(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, url), (second, other) = serve(), serve()
    send(url)
    frame = pd.DataFrame({"sex": [0.0, 1.0, 0.0, 1.0]})
    model = LogisticRegression().fit(frame, [0, 1, 0, 1])

    def capture(**more: Any) -> None:
        headwater.capture(model, frame, name="risk", sources=PROFILE, client=first, run_id=RUN_ID, **more)

    capture(openlineage=other)
    feature, version = "headwater.risk.sex", "headwater.risk.1.sex"
    for kind, name in (("mlmodel", feature), ("mlmodelVersion", version)):
        (row,) = second.governance.reach(column=f"{PROFILE}.sex", type=kind)
        assert [hop.to.field for hop in row.paths[0]] == [name]
    assert [one.name for one in second.tables.get(PROFILE).columns or ()] == ["sex", "who"]
    status = second.pipelines.get('headwater."headwater.risk"', fields="pipelineStatus").pipeline_status
    assert status is not None
    assert (status.execution_status, status.execution_id) == ("Successful", RUN_ID)

    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="is captured, but OpenLineage was not told"):
        capture()
    with pytest.raises(StoreError, match="gave no answer"):
        capture(openlineage="http://127.0.0.1:9")
    third, third_url = serve()
    monkeypatch.setenv("OPENLINEAGE_URL", third_url)
    capture()
    assert [one.name for one in third.mlmodel_versions.list()] == ["1"]
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    capture()
