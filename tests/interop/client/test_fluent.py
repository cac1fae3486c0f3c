# SPDX-License-Identifier: Apache-2.0
"""The fluent ``metadata.sdk``: its calls for models send what they send to OpenMetadata, and end as they do there."""

from collections.abc import Iterator
from typing import Any

import metadata.sdk
import pytest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.sdk import MLModels
from metadata.sdk.entities.base import BaseEntity

from .conftest import TOKENS
from .making import model_service, reference, text, user
from .watching import URL, Watch


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The SDK's one client for the process, configured as its users do."""
    om = metadata.sdk.configure(host=f"{URL}/api", jwt_token=TOKENS["ada"]).ometa
    BaseEntity.use_client(om)
    session = om.client._session
    session.headers["Authorization"] = f"Bearer {TOKENS['ada']}"
    watch = Watch(session)
    session.hooks["response"].append(watch)
    yield watch
    assert not watch.faults, "\n".join(watch.faults)


def test_the_life_of_a_model(watch: Watch, om: Any, unique: str) -> None:
    model_service(om, unique, "Sklearn")
    follower = user(om, f"{unique}-follower")
    made = MLModels.create(CreateMlModelRequest(name="f1", algorithm="a", service=unique))
    place, name = f"/mlmodels/{text(made.id)}", f"/mlmodels/name/{unique}.f1"
    assert text(made.version) == 0.1

    def ends(*calls: str) -> None:
        """What was asked since the last time."""
        assert watch.calls() == list(calls)
        watch.exchanges.clear()

    ends("PUT /mlmodels -> 201")
    assert MLModels.retrieve(made.id) == made
    ends(f"GET {place} -> 200")
    found = MLModels.retrieve_by_name(f"{unique}.f1", fields=["owners", "tags"])
    assert (found.tags, found.owners) == ([], None)
    ends(f"GET {name} -> 200")
    found.description = "x"
    assert text(MLModels.update(found).description) == "x"
    ends(f"GET {place} -> 200", f"PATCH {place} -> 200")
    assert len(MLModels.list(limit=5).entities) > 0
    ends("GET /mlmodels -> 200")
    assert f"{unique}.f1" in {text(each.fullyQualifiedName) for each in MLModels.list_all()}
    watch.exchanges.clear()
    assert len(MLModels.get_versions(made.id)) == 2
    ends(f"GET {place}/versions -> 200")
    assert MLModels.get_specific_version(made.id, "0.1").description is None
    ends(f"GET {place}/versions/0.1 -> 200")
    assert [each.id for each in text(MLModels.add_followers(made.id, [follower.id]).followers)] == [follower.id]
    ends(f"PUT {place}/followers -> 200", f"GET {place} -> 200")
    assert text(MLModels.remove_followers(made.id, [follower.id]).followers) == []
    ends(f"DELETE {place}/followers/{text(follower.id)} -> 200", f"GET {place} -> 200")
    MLModels.delete(made.id)
    ends(f"DELETE {place} -> 200")
    assert MLModels.restore(made.id).deleted is False
    ends("PUT /mlmodels/restore -> 200")
    MLModels.delete(made.id, recursive=True, hard_delete=True)
    ends(f"DELETE {place} -> 200")
    assert MLModels.retrieve(made.id) is None


def test_owners_by_update(watch: Watch, om: Any, unique: str) -> None:
    model_service(om, unique)
    owner = user(om, f"{unique}-owner")
    made = MLModels.create(CreateMlModelRequest(name="m", service=unique))
    made.owners = [reference(owner, "user")]
    assert [each.id for each in text(MLModels.update(made).owners)] == [owner.id]
