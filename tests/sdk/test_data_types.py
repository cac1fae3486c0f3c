# SPDX-License-Identifier: Apache-2.0
"""The collections of data around models, by their Python names."""

from headwater.sdk.client import Client


def test_data_around_models_has_collections_in_snake_case(client: Client) -> None:
    client.storage_services.put(name="s3", service_type="S3")
    client.containers.put(name="lake", service="s3")
    columns = [{"name": "id", "data_type": "INT"}]
    sales = client.containers.put(name="sales", service="s3", parent="s3.lake", data_model={"columns": columns})
    assert sales.fully_qualified_name == "s3.lake.sales"
    assert sales.data_model is not None
    assert sales.data_model.columns[0].fully_qualified_name == "s3.lake.sales.id"
    assert [one.name for one in client.containers.list(root=True)] == ["lake"]
    client.search_services.put(name="es", service_type="OpenSearch")
    index = client.search_indexes.put(name="i", service="es", fields=[{"name": "title", "data_type": "TEXT"}])
    client.lineage.add(sales, index, columns={"title": "id"})
    (edge,) = client.lineage.get(sales).downstream_edges
    assert edge.lineage_details is not None
    (pair,) = edge.lineage_details.columns_lineage or []
    assert (pair.from_columns, pair.to_column) == (["s3.lake.sales.id"], "es.i.title")
    client.dashboard_services.put(name="bi", service_type="Superset")
    assert (
        client.datamodels.put(
            name="m", service="bi", data_model_type="SupersetDataModel", columns=columns
        ).fully_qualified_name
        == "bi.model.m"
    )
