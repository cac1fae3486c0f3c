# SPDX-License-Identifier: Apache-2.0
"""Requests that schemathesis makes up from the server's own description, right ones and wrong ones.

Whatever is asked, the server never fails, and answers what it describes. Left to chance, nearly every request would
name something that is not there; so the places of a request take what earlier answers have shown.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from headwater.schema.declare import EntityType
from headwater.schema.registry import standard

if TYPE_CHECKING:
    from tests.acceptance.conftest import Launch

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TYPES = {f"/api/v1/{declared.collection}": declared for declared in standard()}
EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 2}
Case = Any


class Known:
    """The entities that answers have shown, by type, oldest first."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, str]] = {declared.name: {} for declared in standard()}

    def learn(self, declared: EntityType, reply: Any) -> None:
        """Remember what an answer shows."""
        for each in [*reply.get("data", ()), reply]:
            if "fullyQualifiedName" in each and "version" in each:
                self.entities[declared.name][each["id"]] = each["fullyQualifiedName"]

    def improve(self, case: Case, declared: EntityType | None, draw: Any) -> None:
        """Let the places of a request name what there is."""
        kind = declared.name if declared else draw(st.sampled_from(sorted(self.entities)))
        path = case.path_parameters or {}
        for ends, name_of_type in ((("id", "fqn", "fromId"), "type"), (("toId", "toFqn"), "toType")):
            if name_of_type in path:
                path[name_of_type] = kind
            for member in ends:
                if member in path and (known := self.entities[kind]):
                    entity_id = draw(st.sampled_from(sorted(known)))
                    path[member] = entity_id if member.lower().endswith("id") else quote(known[entity_id], safe="")
        if "version" in path:
            path["version"] = "0.1"
        if "user" in path and self.entities["user"]:
            path["user"] = draw(st.sampled_from(sorted(self.entities["user"])))
        if declared and isinstance(case.body, dict):
            self.improve_body(case.body, declared)
        if case.method == "PATCH":
            case.body = [{"op": "add", "path": "/description", "value": draw(st.text())}]

    def improve_body(self, body: dict[str, Any], declared: EntityType) -> None:
        """A request for an entity below what there is, with no references left to chance."""
        left_out = {reference.field for reference in declared.all_references}
        for member in left_out | {parent.field for parent in declared.parents} | {"tags"}:
            body.pop(member, None)
        for parent in declared.parents:
            if self.entities[parent.to]:
                body[parent.field] = next(iter(self.entities[parent.to].values()))
                break


def type_of(operation: Any) -> tuple[EntityType | None, str]:
    """The entity type that an operation is about, and the rest of its path."""
    root = max((root for root in TYPES if f"{operation.path}/".startswith(f"{root}/")), key=len, default="")
    return TYPES.get(root), operation.path.removeprefix(root)


def chosen(operations: list[Any]) -> Iterator[Any]:
    """What speaks of the entities themselves for every type, and what is the same for all types once; makers first."""
    seen = set()
    order = ("post", "put", "get", "patch", "delete")
    for operation in sorted(operations, key=lambda each: order.index(each.method)):
        _, rest = type_of(operation)
        if rest in ("", "/{id}") or (operation.method, rest) not in seen:
            seen.add((operation.method, rest))
            yield operation


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_made_up_requests_are_answered_as_described(launch: "Launch", database_url: str) -> None:
    server = launch(database_url)
    address = f"http://127.0.0.1:{server.port}"
    known, answers = Known(), Counter[tuple[GenerationMode, bool]]()

    def try_out(operation: Any, mode: GenerationMode) -> None:
        declared, _ = type_of(operation)

        @settings(
            max_examples=EXAMPLES[mode],
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        def ask(case: Case, data: st.DataObject) -> None:
            if mode is GenerationMode.POSITIVE and data.draw(st.integers(0, 3)):
                known.improve(case, declared, data.draw)
            response = case.call(base_url=address)
            succeeded = response.status_code < 300
            answers[mode, succeeded] += 1
            case.validate_response(response, checks=CHECKS)
            if declared and succeeded and response.content and isinstance(answer := response.json(), dict):
                known.learn(declared, answer)

        ask()

    schema: Any = schemathesis.openapi.from_url(f"{address}/openapi.json")
    for operation in chosen([result.ok() for result in schema.get_all_operations()]):
        try_out(operation, GenerationMode.POSITIVE)
        with suppress(Unsatisfiable):  # there is nothing to get wrong in a request without parameters and body
            try_out(operation, GenerationMode.NEGATIVE)
    assert answers[GenerationMode.POSITIVE, True] > answers[GenerationMode.POSITIVE, False] / 3, answers
