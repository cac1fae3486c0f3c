# SPDX-License-Identifier: Apache-2.0
"""Tests of data: what can be tested, the tests of a table or column, and the suites that they form.

They are documents: who runs them writes them here.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput, TagInput
from headwater.schema.declare import (
    DATA_PRODUCTS,
    DOMAINS,
    FOLLOWERS,
    OWNERS,
    SOFT_DELETE,
    TAGS,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    TimeSeries,
)
from headwater.schema.entities.data import DataType
from headwater.schema.entities.governance import REVIEWERS
from headwater.schema.entities.shared import EntityStatus, Provider

# definitions ------------------------------------------------------------------------------------------------------


class TestedEntity(StrEnum):
    """What a test looks at."""

    TABLE = "TABLE"
    COLUMN = "COLUMN"


class TestPlatform(StrEnum):
    """What runs a test."""

    OPEN_METADATA = "OpenMetadata"
    GREAT_EXPECTATIONS = "GreatExpectations"
    DBT = "dbt"
    DEEQU = "Deequ"
    SODA = "Soda"
    OTHER = "Other"


class DataQualityDimension(StrEnum):
    """Which side of quality a test speaks for."""

    COMPLETENESS = "Completeness"
    ACCURACY = "Accuracy"
    CONSISTENCY = "Consistency"
    VALIDITY = "Validity"
    UNIQUENESS = "Uniqueness"
    INTEGRITY = "Integrity"
    SQL = "SQL"
    NO_DIMENSION = "NoDimension"


class ParameterType(StrEnum):
    """The type of a parameter's value, which is written as text."""

    NUMBER = "NUMBER"
    INT = "INT"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    DECIMAL = "DECIMAL"
    TIMESTAMP = "TIMESTAMP"
    TIME = "TIME"
    DATE = "DATE"
    DATETIME = "DATETIME"
    ARRAY = "ARRAY"
    MAP = "MAP"
    SET = "SET"
    STRING = "STRING"
    BOOLEAN = "BOOLEAN"


class TestParameter(Model):
    """A parameter of a test: what has to be known before it can run."""

    name: str | None = None
    display_name: str | None = None
    data_type: ParameterType | None = None
    description: str | None = None
    required: bool = False
    option_values: list[Any] | None = None
    validation_rule: Document | None = None


class _TestDefinitionFields(Model):
    """What a test definition says of itself."""

    test_platforms: list[TestPlatform]
    supported_data_types: list[DataType] | None = None
    parameter_definition: list[TestParameter] | None = None
    data_quality_dimension: DataQualityDimension | None = None
    owners: list[ReferenceInput] | None = None
    provider: Provider = Provider.USER
    domains: list[ReferenceInput] | None = None
    supported_services: list[str] | None = None
    sql_expression: str | None = None
    validator_class: str | None = None


class TestDefinition(_TestDefinitionFields, Entity):
    """A kind of test."""

    entity_type: TestedEntity | None = None
    supports_row_level_passed_failed: bool | None = None
    supports_dynamic_assertion: bool | None = None
    enabled: bool | None = None


class CreateTestDefinition(_TestDefinitionFields, CreateRequest):
    """A request to create or update a test definition."""

    entity_type: TestedEntity


TEST_DEFINITION = EntityType(
    name="testDefinition",
    collection="dataQuality/testDefinitions",
    entity=TestDefinition,
    create=CreateTestDefinition,
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    filters=(Filter(name="entityType", kind="value", member="entityType"),),
    defaults={"provider": "user"},
)


# suites -----------------------------------------------------------------------------------------------------------


class _TestSuiteFields(Model):
    """What a suite says of itself; ``basic``: it is the one of a table, with all of its tests."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    reviewers: list[ReferenceInput] | None = None
    data_contract: EntityReference | None = None


class TestSuite(_TestSuiteFields, Entity):
    """Tests that belong together."""

    basic: bool | None = None
    executable: bool | None = None
    basic_entity_reference: EntityReference | None = None
    executable_entity_reference: EntityReference | None = None
    tests: list[EntityReference] | None = None
    connection: Document | None = None
    test_connection_result: Document | None = None
    pipelines: list[EntityReference] | None = None
    service_type: str | None = None
    summary: Document | None = None
    test_case_result_summary: list[Document] | None = None
    inherited: bool | None = None
    ingestion_runner: EntityReference | None = None


class CreateTestSuite(_TestSuiteFields, CreateRequest):
    """A request to create or update a suite. With ``basicEntityReference`` it is the one of that table, whatever its
    name; ``executableEntityReference`` is an older word for the same."""

    basic: bool | None = None
    basic_entity_reference: ReferenceInput | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_whether_it_is_basic(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        rest = {member: value for member, value in given.items() if member != "executableEntityReference"}
        table = given.get("basicEntityReference") or given.get("executableEntityReference")
        return {**rest, "basicEntityReference": table, "basic": table is not None}


TEST_SUITE = EntityType(
    name="testSuite",
    collection="dataQuality/testSuites",
    aliases=("dataQuality/testSuites/basic", "dataQuality/testSuites/executable"),
    entity=TestSuite,
    create=CreateTestSuite,
    parents=(Parent(field="basicEntityReference", to="table", optional=True, only="testSuite"),),
    references=(REVIEWERS,),
    traits=(OWNERS, DOMAINS, TAGS, SOFT_DELETE),
    inverses=(
        Inverse(field="tests", of="testCase", member="testSuite"),
        Inverse(field="pipelines", of="ingestionPipeline", member="service"),
    ),
)


# cases ------------------------------------------------------------------------------------------------------------


class ParameterValue(Model):
    """The value of a parameter, as text."""

    name: str | None = None
    value: str | None = None


class _TestCaseFields(Model):
    """What a test case says of itself."""

    test_definition: ReferenceInput
    parameter_values: list[ParameterValue] | None = None
    owners: list[ReferenceInput] | None = None
    reviewers: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    compute_passed_failed_row_count: bool | None = None
    use_dynamic_assertion: bool | None = None
    dimension_columns: list[str] | None = None
    top_dimensions: int | None = None


class TestResultValue(Model):
    """A number that a test found, as text, and what was expected."""

    __test__ = False

    name: str | None = None
    value: str | None = None
    predicted_value: str | None = None


class TestCaseResult(Model):
    """What one run of a test case found. ``timestamp`` is when it ran, in milliseconds since 1970."""

    __test__ = False

    id: str | None = None
    test_case_fqn: str | None = Field(None, alias="testCaseFQN")
    timestamp: int
    test_case_status: Literal["Success", "Failed", "Aborted", "Queued"] | None = None
    result: str | None = None
    sample_data: str | None = None
    test_result_value: list[TestResultValue] | None = None
    passed_rows: int | None = None
    failed_rows: int | None = None
    passed_rows_percentage: float | None = None
    failed_rows_percentage: float | None = None
    incident_id: str | None = None
    max_bound: float | None = None
    min_bound: float | None = None
    test_case: EntityReference | None = None
    test_definition: EntityReference | None = None
    dimension_results: list[Document] | None = None


class TestCase(_TestCaseFields, Entity):
    """A test of one table or column."""

    entity_link: str | None = None
    entity_fqn: str | None = Field(None, alias="entityFQN")
    test_suite: EntityReference | None = None
    test_suites: list[Document] | None = None
    test_case_result: TestCaseResult | None = None
    test_case_status: str | None = None
    created_by: str | None = None
    auto_close_incident: bool | None = None
    incident_id: str | None = None
    incident_status: Document | None = None
    failed_rows_sample: Document | None = None
    inspection_query: str | None = None
    domains: list[ReferenceInput] | None = None
    data_products: list[ReferenceInput] | None = None
    followers: list[EntityReference] | None = None
    entity_status: EntityStatus | None = None


class CreateTestCase(_TestCaseFields, CreateRequest):
    """A request to create or update a test case of the table or column that ``entityLink`` names."""

    entity_link: str


TEST_CASE = EntityType(
    name="testCase",
    collection="dataQuality/testCases",
    entity=TestCase,
    create=CreateTestCase,
    parents=(Parent(field="entityLink", to="table", link="entityFQN"),),
    references=(
        Reference(field="testDefinition", to=("testDefinition",), keep_removed=True),
        Reference(field="testSuite", to=("testSuite",), beside=True, keep_removed=True),
        REVIEWERS,
    ),
    traits=(OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, FOLLOWERS, SOFT_DELETE),
    series=(
        TimeSeries(
            name="testCaseResults",
            entry=TestCaseResult,
            moment="timestamp",
            key=("timestamp",),
            member="testCaseResult",
            above=True,
        ),
    ),
    filters=(
        Filter(name="testSuiteId", kind="reference", to="testSuite", member="testSuite"),
        Filter(name="testDefinitionId", kind="reference", to="testDefinition", member="testDefinition"),
        Filter(name="entityFQN", kind="parent"),
    ),
    renamable=True,
)
