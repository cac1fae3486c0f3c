# SPDX-License-Identifier: Apache-2.0
"""Messages: the services that carry them, and topics with the fields of their messages."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    ReferenceInput,
    TagInput,
)
from headwater.schema.declare import ASSET, SERVICE, Child, EntityType, Filter, Parent, TimeSeries, VersionRules
from headwater.schema.entities.profiling import SampleMessages
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateStyledServiceFields,
    FieldName,
    SourceFields,
    StyledServiceFields,
)


class MessagingServiceType(StrEnum):
    """The kinds of system that carry messages."""

    KAFKA = "Kafka"
    REDPANDA = "Redpanda"
    KINESIS = "Kinesis"
    PUB_SUB = "PubSub"
    CUSTOM_MESSAGING = "CustomMessaging"


class MessagingService(StyledServiceFields, Entity):
    """A system that carries messages."""

    service_type: MessagingServiceType


class CreateMessagingService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that carries messages."""

    service_type: MessagingServiceType


MESSAGING_SERVICE = EntityType(
    name="messagingService",
    collection="services/messagingServices",
    entity=MessagingService,
    create=CreateMessagingService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class SchemaType(StrEnum):
    """The language that the shape of a message is written in."""

    AVRO = "Avro"
    PROTOBUF = "Protobuf"
    JSON = "JSON"
    OTHER = "Other"
    NONE = "None"


class SchemaFieldType(StrEnum):
    """The type of a field in a message, across all languages."""

    RECORD = "RECORD"
    NULL = "NULL"
    BOOLEAN = "BOOLEAN"
    INT = "INT"
    LONG = "LONG"
    BYTES = "BYTES"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMPZ = "TIMESTAMPZ"
    TIME = "TIME"
    DATE = "DATE"
    STRING = "STRING"
    ARRAY = "ARRAY"
    MAP = "MAP"
    ENUM = "ENUM"
    UNION = "UNION"
    FIXED = "FIXED"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


class SchemaField(Model):
    """A field of a message, or a member of a structured one."""

    name: FieldName
    data_type: SchemaFieldType
    display_name: str | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    data_type_display: str | None = Field(None, description="The type as the schema writes it.")
    tags: list[TagInput] | None = None
    children: list["SchemaField"] | None = None


def schema_fields(field: str, segment: str | None = None) -> Child:
    """The child list of message fields at a path."""
    return Child(
        field=field,
        match="key",
        key=("name", "dataType"),
        segment=segment,
        is_field=True,
        tagged=True,
        recursive="children",
    )


class MessageSchema(Model):
    """The shape of a topic's messages: as it is written, and its fields."""

    schema_text: str | None = None
    schema_type: SchemaType | None = None
    schema_fields: list[SchemaField] | None = None


class CleanupPolicy(StrEnum):
    """What becomes of old messages: they go when their time is up, or when a newer one has their key."""

    DELETE = "delete"
    COMPACT = "compact"


class _TopicFields(SourceFields):
    """What a topic says of itself. Times are milliseconds, sizes bytes; -1 stands for without end."""

    message_schema: MessageSchema | None = None
    partitions: int = Field(ge=1)
    cleanup_policies: list[CleanupPolicy] | None = None
    replication_factor: int | None = None
    retention_time: float | None = None
    retention_size: float | None = None
    maximum_message_size: int | None = None
    minimum_in_sync_replicas: int | None = None
    topic_config: Document | None = None


class Topic(_TopicFields, AssetFields, AssetState, Entity):
    """A topic: a stream of messages of one shape."""

    service: EntityReference | None = None
    service_type: MessagingServiceType | None = None
    sample_data: SampleMessages | None = None


class CreateTopic(_TopicFields, CreateAssetFields, CreateRequest):
    """A request to create or update a topic."""

    service: ReferenceInput


TOPIC = EntityType(
    name="topic",
    collection="topics",
    entity=Topic,
    create=CreateTopic,
    parents=(Parent(field="service", to="messagingService", copies=("serviceType",)),),
    children=(schema_fields("messageSchema.schemaFields"),),
    traits=ASSET,
    versions=VersionRules(major_removals=("messageSchema.schemaFields",), unversioned=UNVERSIONED),
    series=(TimeSeries(name="sampleData", entry=SampleMessages, member="sampleData"),),
    filters=(Filter(name="service", kind="ancestor", to="messagingService"),),
)
