# SPDX-License-Identifier: Apache-2.0
"""The Python client of a catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headwater.errors import CatalogError
from headwater.schema.base import Document, EntityReference
from headwater.schema.change import ChangeEvent
from headwater.schema.entities.access import CreatePolicy, CreateRole, Policy, Role
from headwater.schema.entities.alerts import CreateEventSubscription, EventSubscription
from headwater.schema.entities.apis import (
    ApiCollection,
    ApiEndpoint,
    ApiService,
    CreateApiCollection,
    CreateApiEndpoint,
    CreateApiService,
)
from headwater.schema.entities.dashboards import (
    Chart,
    CreateChart,
    CreateDashboard,
    CreateDashboardDataModel,
    CreateDashboardService,
    Dashboard,
    DashboardDataModel,
    DashboardService,
)
from headwater.schema.entities.data import (
    CreateDatabase,
    CreateDatabaseSchema,
    CreateDatabaseService,
    CreateStoredProcedure,
    Database,
    DatabaseSchema,
    DatabaseService,
    StoredProcedure,
)
from headwater.schema.entities.glossary import CreateGlossary, CreateGlossaryTerm, Glossary, GlossaryTerm
from headwater.schema.entities.governance import (
    Classification,
    CreateClassification,
    CreateDataProduct,
    CreateDomain,
    CreateTag,
    DataProduct,
    Domain,
    Tag,
)
from headwater.schema.entities.ingestion import CreateIngestionPipeline, IngestionPipeline
from headwater.schema.entities.messaging import CreateMessagingService, CreateTopic, MessagingService, Topic
from headwater.schema.entities.mlmodel import CreateMlModel, CreateMlModelService, MlModel, MlModelService
from headwater.schema.entities.modelversions import CreateMlModelDeployment, MlModelDeployment
from headwater.schema.entities.people import Bot, CreateBot, CreatePersona, CreateTeam, CreateUser, Persona, Team, User
from headwater.schema.entities.pipelines import CreatePipeline, CreatePipelineService, Pipeline, PipelineService
from headwater.schema.entities.propagation import CreateStopRule, CreateTagException, StopRule, TagException
from headwater.schema.entities.quality import (
    CreateTestCase,
    CreateTestDefinition,
    CreateTestSuite,
    TestCase,
    TestDefinition,
    TestSuite,
)
from headwater.schema.entities.questions import CreateMetric, CreateQuery, Metric, Query
from headwater.schema.entities.rejections import CreateTagRejection, TagRejection
from headwater.schema.entities.search import CreateSearchIndex, CreateSearchService, SearchIndex, SearchService
from headwater.schema.entities.storage import Container, CreateContainer, CreateStorageService, StorageService
from headwater.schema.entities.types import CreateType, Type
from headwater.schema.history import Log, LogEntry
from headwater.schema.lineage import EntityLineage
from headwater.schema.registry import Registry, snake, standard
from headwater.schema.search import SearchResult
from headwater.sdk.alerts import Alerts
from headwater.sdk.checks import Checks
from headwater.sdk.collection import Collection, Include, Key
from headwater.sdk.governance import Governance
from headwater.sdk.lineage import Lineage
from headwater.sdk.model_versions import ModelVersions
from headwater.sdk.suggestions import Suggestions
from headwater.sdk.tables import Tables
from headwater.sdk.transport import Transport
from headwater.sdk.wire import AsOf, Wire, moment, path_of, read

LOG_PAGE = 1000

COLLECTIONS: Mapping[str, type[Collection[Any, Any]]] = {"mlmodelVersions": ModelVersions, "tables": Tables}
"""The collections that can do more than others."""


class Client:
    """A catalogue: one collection for each type of entity, the lineage graph, governance answers, events and alerts.

    Every type of the registry is an attribute, also those that are not listed here.
    """

    api_collections: Collection[ApiCollection, CreateApiCollection]
    api_endpoints: Collection[ApiEndpoint, CreateApiEndpoint]
    api_services: Collection[ApiService, CreateApiService]
    bots: Collection[Bot, CreateBot]
    charts: Collection[Chart, CreateChart]
    classifications: Collection[Classification, CreateClassification]
    containers: Collection[Container, CreateContainer]
    dashboard_services: Collection[DashboardService, CreateDashboardService]
    dashboards: Collection[Dashboard, CreateDashboard]
    data_products: Collection[DataProduct, CreateDataProduct]
    database_schemas: Collection[DatabaseSchema, CreateDatabaseSchema]
    database_services: Collection[DatabaseService, CreateDatabaseService]
    databases: Collection[Database, CreateDatabase]
    datamodels: Collection[DashboardDataModel, CreateDashboardDataModel]
    domains: Collection[Domain, CreateDomain]
    glossaries: Collection[Glossary, CreateGlossary]
    glossary_terms: Collection[GlossaryTerm, CreateGlossaryTerm]
    ingestion_pipelines: Collection[IngestionPipeline, CreateIngestionPipeline]
    messaging_services: Collection[MessagingService, CreateMessagingService]
    metrics: Collection[Metric, CreateMetric]
    mlmodel_deployments: Collection[MlModelDeployment, CreateMlModelDeployment]
    mlmodel_services: Collection[MlModelService, CreateMlModelService]
    mlmodel_versions: ModelVersions
    mlmodels: Collection[MlModel, CreateMlModel]
    personas: Collection[Persona, CreatePersona]
    pipeline_services: Collection[PipelineService, CreatePipelineService]
    pipelines: Collection[Pipeline, CreatePipeline]
    policies: Collection[Policy, CreatePolicy]
    queries: Collection[Query, CreateQuery]
    roles: Collection[Role, CreateRole]
    search_indexes: Collection[SearchIndex, CreateSearchIndex]
    search_services: Collection[SearchService, CreateSearchService]
    stop_rules: Collection[StopRule, CreateStopRule]
    storage_services: Collection[StorageService, CreateStorageService]
    stored_procedures: Collection[StoredProcedure, CreateStoredProcedure]
    subscriptions: Collection[EventSubscription, CreateEventSubscription]
    tag_exceptions: Collection[TagException, CreateTagException]
    tag_rejections: Collection[TagRejection, CreateTagRejection]
    tables: Tables
    tags: Collection[Tag, CreateTag]
    teams: Collection[Team, CreateTeam]
    test_cases: Collection[TestCase, CreateTestCase]
    test_definitions: Collection[TestDefinition, CreateTestDefinition]
    test_suites: Collection[TestSuite, CreateTestSuite]
    topics: Collection[Topic, CreateTopic]
    types: Collection[Type, CreateType]
    users: Collection[User, CreateUser]

    def __init__(self, transport: Transport, registry: Registry | None = None) -> None:
        self.registry = registry or standard()
        self._wire = Wire(transport, self.registry)
        self.lineage = Lineage(self._wire)
        self.governance = Governance(self._wire, self.lineage)
        self.suggestions = Suggestions(self._wire, self.lineage)
        self.alerts = Alerts(self._wire, self.lineage)
        self.checks = Checks(self._wire, self.lineage)
        self._collections = {
            snake(declared.sdk_name): COLLECTIONS.get(declared.sdk_name, Collection)(self._wire, declared)
            for declared in self.registry
        }

    def __getattr__(self, name: str) -> Collection[Any, Any]:
        collections: dict[str, Collection[Any, Any]] = self.__dict__.get("_collections", {})
        if name in collections:
            return collections[name]
        raise AttributeError(f"a client has no {name}; its collections are {', '.join(sorted(collections))}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._collections]

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections, or the database."""
        self._wire.transport.close()

    def collection(self, word: str) -> Collection[Any, Any]:
        """The collection that a person means: by the name of its type or its own, in any case."""
        if word in self._collections:
            return self._collections[word]
        declared = self.registry.find(word)
        if declared is None:
            known = ", ".join(sorted(each.name for each in self.registry))
            raise CatalogError(f"{word} is no type of entity; there are {known}")
        return self._collections[snake(declared.sdk_name)]

    def search(
        self,
        text: str = "",
        *,
        type: str | Iterable[str] | None = None,
        tag: str | None = None,
        owner: str | None = None,
        service: str | None = None,
        domain: str | None = None,
        tier: str | None = None,
        include: Include = "non-deleted",
        limit: int = 10,
        offset: int = 0,
    ) -> SearchResult:
        """What a text finds, the best first: words of names, descriptions, columns, features, tags, owners and more.

        Words may be begun only, and may have typing mistakes where nothing else is found; a fully qualified name comes
        first. Without a text: everything, by name. Hits can be narrowed to types, and to what carries a tag or one
        below it, belongs to an owner, a service, a domain or a tier; ``facets`` tells which values there are.
        """
        types = type if isinstance(type, str) or type is None else ",".join(type)
        query = {
            "q": text,
            "type": types,
            "tag": tag,
            "owner": owner,
            "service": service,
            "domain": domain,
            "tier": tier,
            "include": include,
            "limit": limit,
            "offset": offset,
        }
        return read(SearchResult, self._wire.ask("GET", path_of("search"), query))

    def events(self, after: int = 0, limit: int = 1000) -> list[ChangeEvent]:
        """The events beyond a position, oldest first; at most 10,000 at once."""
        answer = self._wire.ask("GET", path_of("events"), {"after": after, "limit": limit})
        return [read(ChangeEvent, event) for event in answer["data"]]

    def log(
        self,
        *,
        user: str | None = None,
        type: str | Iterable[str] | None = None,
        entity: Key | None = None,
        field: str | None = None,
        major_only: bool = False,
        since: AsOf | None = None,
        until: AsOf | None = None,
        limit: int | None = None,
    ) -> Iterator[LogEntry]:
        """Who changed what, newest first, at most ``limit`` changes; each part is asked for when it is reached.

        ``entity`` is one of the type that is given; ``field`` a member, such as ``description``, with all that is in
        it. ``since`` and ``until`` are moments: later than the one, not later than the other.
        """
        query = {
            "user": user,
            "type": type if isinstance(type, str) or type is None else ",".join(type),
            "entity": entity if isinstance(entity, str) or entity is None else entity.id,
            "field": field,
            "majorOnly": major_only or None,
            "since": moment(since),
            "until": moment(until),
        }
        left, after = limit, None
        while left is None or left > 0:
            asked = query | {"limit": min(left or LOG_PAGE, LOG_PAGE), "after": after}
            page = read(Log, self._wire.ask("GET", path_of("log"), asked))
            yield from page.data
            after, left = page.paging.after, None if left is None else left - len(page.data)
            if after is None:
                return

    def add_mlmodel_lineage(self, model: Key, description: str | None = None) -> EntityLineage:
        """The graph of a model, each of its sources asserted as upstream, as OpenMetadata's clients do it.

        Edges follow from a model's feature sources anyway; only a description says something new.
        """
        found: MlModel = self.mlmodels.get(model)
        sources = [source for feature in found.ml_features or () for source in feature.feature_sources or ()]
        tables = {
            source.data_source.id: source.data_source
            for source in sources
            if isinstance(source.data_source, EntityReference) and not source.data_source.deleted
        }
        for table in tables.values():
            self.lineage.add(table, found, description=description)
        return self.lineage.get(found)

    def server_version(self) -> str:
        """The OpenMetadata version that the server speaks."""
        return str(self._wire.ask("GET", path_of("system", "version"))["version"])

    def health(self) -> Document:
        """That the catalogue answers, and the position of its newest event; ``StoreError`` if it does not."""
        answer: Document = self._wire.ask("GET", path_of("system", "health"))
        return answer
