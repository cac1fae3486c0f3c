# SPDX-License-Identifier: Apache-2.0
"""Checks as the client sees them, in process and over HTTP."""

from pathlib import Path

import pytest

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.sdk.client import Client


def test_a_look_is_asked_for_and_told_of(client: Client, tmp_path: Path) -> None:
    model = client.mlmodels.put(name="churn", ml_store={"storage": str(tmp_path / "7.pkl")}, tags=["Tier.Tier1"])
    (before,) = client.checks.in_production()
    assert (before.entity.id, before.in_use, before.due) == (model.id, True, None)
    assert [(one.target, one.last) for one in before.targets] == [("store", None)]
    after = client.checks.now(model)
    (store,) = after.targets
    assert store.last
    assert (store.address, store.state, store.last.outcome) == (str(tmp_path / "7.pkl"), None, "notAllowed")
    assert client.checks.of(("mlmodel", "headwater.churn")) == [after]
    assert list(client.checks.results(model)) == [store.last]
    assert list(client.checks.results(model, end=store.last.timestamp - 1)) == []
    with pytest.raises(EntityNotFound):
        client.checks.now(("mlmodel", "headwater.none"))
    with pytest.raises(InvalidEntity, match="of a user nothing is looked up"):
        client.checks.now(("user", "admin"))
