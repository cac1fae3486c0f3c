# SPDX-License-Identifier: Apache-2.0
"""The client starts, refuses a server of another version, and tells a refused token from a missing entity."""

from typing import Any

import pytest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.ingestion.ometa.client import APIError
from metadata.ingestion.ometa.mixins.server_mixin import VersionMismatchException

from .conftest import Connect


def test_the_client_accepts_the_version_and_finds_the_server_healthy(connect: Connect) -> None:
    om = connect(enableVersionValidation=True)
    assert om.health_check()
    assert om.client_version.startswith(om.server_version)
    assert om.watch.calls() == ["GET /system/version -> 200"]


def test_a_client_of_another_version_says_so(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "metadata.ingestion.ometa.mixins.server_mixin.OMetaServerMixin.client_version", property(lambda _: "1.5.0")
    )
    with pytest.raises(VersionMismatchException):
        connect(enableVersionValidation=True)
    connect(enableVersionValidation=False)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_a_wrong_token_is_refused_in_words(connect: Connect, token: str) -> None:
    om = connect(token)
    with pytest.raises(APIError, match="token") as refused:
        om.list_entities(MlModel)
    assert (refused.value.code, refused.value.status_code) == (401, 401)


def test_what_is_not_there_is_none(om: Any) -> None:
    assert om.get_by_name(MlModel, "no.such.model") is None
    assert om.get_by_id(MlModel, "00000000-0000-0000-0000-000000000000") is None
    with pytest.raises(APIError, match=r"instance for no\.such\.model not found"):
        om.get_by_name(MlModel, "no.such.model", nullable=False)


@pytest.mark.parametrize("path", ["/nowhere", "/mlmodels/name/a.b/nowhere", "/feed/1/posts", "/apps"])
def test_what_the_server_does_not_have_is_a_refusal_in_json(om: Any, path: str) -> None:
    with pytest.raises(APIError) as refused:
        om.client.get(path)
    assert refused.value.code in (404, 501)
    assert path.split("/")[1] in str(refused.value)
