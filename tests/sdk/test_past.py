# SPDX-License-Identifier: Apache-2.0
"""Versions compared, gone back to, and the log, near and far."""

from datetime import date

import pytest

from headwater.errors import EntityNotFound, InvalidEntity, VersionConflict
from headwater.sdk import client as module
from headwater.sdk.client import Client


def test_two_versions_are_compared(client: Client) -> None:
    for algorithm in ("A", "B", "C"):
        client.mlmodels.put(name="m", algorithm=algorithm)
    (only,) = client.mlmodels.diff("headwater.m").differences
    assert (only.kind, only.path, only.from_, only.to, only.major) == ("changed", ["algorithm"], "B", "C", True)
    assert [step.version for step in client.mlmodels.diff("headwater.m", 0.1).steps] == [2.1, 1.1]
    back = client.mlmodels.diff("headwater.m", "2.1", 0.1)
    assert (back.from_.version, back.to.version, back.differences[0].to) == (2.1, 0.1, "A")
    assert client.mlmodels.diff("headwater.m", 0.1, date(2999, 1, 1)).to.version == 2.1
    with pytest.raises(EntityNotFound, match=r"has no version 3\.0; there are 0\.1, 1\.1, 2\.1"):
        client.mlmodels.diff("headwater.m", 3.0)
    client.mlmodels.put(name="only")
    assert client.mlmodels.diff("headwater.only").differences == []


def test_an_entity_goes_back_to_a_version(client: Client) -> None:
    first = client.mlmodels.put(name="m", description="a", owners=["admin"])
    client.users.put(name="eve", email="eve@example.org")
    client.mlmodels.put(name="m", description="b", owners=["eve"])
    with pytest.raises(VersionConflict):
        client.mlmodels.revert(first, 0.1, if_match=first)
    reverted = client.mlmodels.revert("headwater.m", 0.1)
    assert (reverted.version, reverted.description) == (0.3, "a")
    client.users.delete("eve", hard=True)
    with pytest.raises(InvalidEntity) as refused:
        client.mlmodels.revert("headwater.m", 0.2)
    assert refused.value.errors == ("owners: user eve was deleted for good",)
    assert client.mlmodels.revert("headwater.m", 0.2, leave_out=True).description == "b"


def test_the_log_is_walked_part_by_part(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in "abcde":
        client.mlmodels.put(name="m", description=text)
    monkeypatch.setattr(module, "LOG_PAGE", 2)
    found = list(client.log(type="mlmodel", entity="headwater.m"))
    assert [entry.version for entry in found] == [0.5, 0.4, 0.3, 0.2, 0.1]
    assert [entry.version for entry in client.log(type=["mlmodel"], field="description", limit=3)] == [0.5, 0.4, 0.3]
    assert list(client.log(user="nobody")) == list(client.log(type="mlmodel", major_only=True)) == []
