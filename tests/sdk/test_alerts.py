# SPDX-License-Identifier: Apache-2.0
"""Events and alerts as the client sees them, in process and over HTTP."""

from itertools import islice

import pytest

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.entities.alerts import CreateEventSubscription
from headwater.sdk.client import Client


def test_the_log_is_followed_from_a_position(client: Client) -> None:
    start = client.alerts.feed(10**9).newest
    client.mlmodels.put(name="a")
    client.mlmodels.put(name="b")
    found = client.alerts.feed(start, type="mlmodel", kind="entityCreated")
    assert [event.entity_fully_qualified_name for event in found.data] == ["headwater.a", "headwater.b"]
    following = client.alerts.follow(start, type=["mlmodel", "table"], every=0.01)
    assert [event.position for event in islice(following, 2)] == [event.position for event in found.data]
    assert [event.event_type for event in client.alerts.activity(("mlmodel", "headwater.a"))] == ["entityCreated"]
    with pytest.raises(InvalidEntity, match="no kind of event"):
        client.alerts.feed(kind="entityExploded")


def test_a_subscription_is_looked_after(client: Client) -> None:
    made = client.subscriptions.put(
        CreateEventSubscription.model_validate(
            {"name": "mine", "alertType": "Notification", "resources": ["mlmodel"], "destinations": []}
        )
    )
    for key in (made, made.id, "mine"):
        found = client.alerts.status(key)
        assert (found.subscription, found.enabled, found.sent, found.waiting, found.dead) == ("mine", True, 0, 0, 0)
        assert client.alerts.replay(key) == 0
        assert client.alerts.failed(key) == []
        assert client.alerts.test(key) == []
        client.alerts.skip(key)
    with pytest.raises(EntityNotFound):
        client.alerts.status("yours")
    assert client.alerts.notices() == []
    assert "sourceBreaks" in {one["name"] for one in client.alerts.functions()}
    client.alerts.validate("isMajor() && !isBot()")
    with pytest.raises(InvalidEntity, match="at character 9"):
        client.alerts.validate("isMajor(&&")
