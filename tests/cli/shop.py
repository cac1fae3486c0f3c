# SPDX-License-Identifier: Apache-2.0
"""A catalogue for the tests: a model made from two tables, which feeds a third and lies on a cycle."""

from typing import Any, NamedTuple, Protocol

from headwater.sdk.client import Client

PUBLIC = "shop.main.public"
EVIL = "[bold red]not bold[/] \x1b[31mred\x1b[0m \x9b31m :smile: \u202eabc"


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """Runs a command with these arguments; ``stdin`` is what it reads."""

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result: ...


def feature(name: str, kind: str, *columns: str) -> dict[str, Any]:
    """A feature made from columns, each written ``table:column``."""
    sources = [column.split(":") for column in columns]
    return {
        "name": name,
        "dataType": kind,
        "featureSources": [
            {"name": column, "dataSource": {"type": "table", "fullyQualifiedName": f"{PUBLIC}.{table}"}}
            for table, column in sources
        ],
    }


def churn() -> dict[str, Any]:
    """A request for the model that most tests are about."""
    return {
        "name": "churn",
        "service": "mlflow",
        "displayName": "Customer churn",
        "description": "Predicts which customers will leave.\n\nTrained weekly.",
        "algorithm": "XGBoost",
        "server": "http://serving/churn",
        "target": "churned",
        "dashboard": "superset.churn",
        "mlStore": {"storage": "s3://models/churn/7"},
        "mlHyperParameters": [{"name": "max_depth", "value": "6"}],
        "owners": ["alice"],
        "domains": ["Sales"],
        "tags": ["Sensitive.Gender"],
        "mlFeatures": [
            feature("household", "numerical", "profile:household"),
            feature("zip", "categorical", "people:address.zip"),
            feature("size", "numerical", "profile:size"),
        ],
    }


def fill(client: Client) -> None:
    """Put the shop into a catalogue."""
    client.users.put(name="alice", email="alice@example.com")
    client.classifications.put(name="Sensitive", description="Sensitive data")
    client.tags.put(name="Gender", classification="Sensitive", description="Gender")
    client.domains.put(name="Sales", description="Sales", domain_type="Consumer-aligned")
    client.database_services.put(name="shop", service_type="Postgres")
    client.databases.put(name="main", service="shop")
    client.database_schemas.put(name="public", database="shop.main")
    address = {
        "name": "address",
        "dataType": "STRUCT",
        "children": [{"name": "street", "dataType": "STRING"}, {"name": "zip", "dataType": "STRING"}],
    }
    gender = {"name": "gender", "dataType": "STRING", "tags": ["Sensitive.Gender"]}
    people = [{"name": "id", "dataType": "INT"}, gender, address]
    profile = [{"name": "household", "dataType": "INT"}, {"name": "size", "dataType": "INT"}]
    score = [{"name": "score", "dataType": "FLOAT"}]
    for name, columns in (("people", people), ("profile", profile), ("predictions", score)):
        client.tables.put({"name": name, "databaseSchema": PUBLIC, "columns": columns})
    ends = ("table", f"{PUBLIC}.people"), ("table", f"{PUBLIC}.profile")
    client.lineage.add(*ends, columns={"household": "gender"}, source="ViewLineage", sql="SELECT 1")
    client.dashboard_services.put(name="superset", service_type="Superset")
    client.dashboards.put(name="churn", service="superset")
    client.mlmodel_services.put(name="mlflow", service_type="Mlflow")
    client.mlmodels.put({"name": "churn", "service": "mlflow"})
    client.mlmodels.put(churn())
    model = churn()
    model["mlFeatures"][1]["description"] = "Post code"
    model["mlFeatures"].append(feature("age", "numerical", "people:id"))
    client.mlmodels.put(model)
    client.lineage.add(("mlmodel", "mlflow.churn"), ("table", f"{PUBLIC}.predictions"))
    client.lineage.add(("table", f"{PUBLIC}.predictions"), ("table", f"{PUBLIC}.people"))
    client.tables.patch(f"{PUBLIC}.profile", [{"op": "remove", "path": "/columns/1"}])
    client.mlmodels.put(name="evil", description=EVIL)
