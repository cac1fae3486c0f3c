# SPDX-License-Identifier: Apache-2.0
"""How often entities are used: reports, sums and ranks."""

from typing import Any

import pytest

from .wire import Api, named


def report(api: Api, name: str, day: str, count: int, method: str = "POST") -> Any:
    return api(method, f"usage/mlmodel/name/headwater.{name}", {"date": day, "count": count}, expect=201)


def summary(api: Api, name: str = "m", **query: str) -> Any:
    return api.get(named("mlmodels", f"headwater.{name}"), fields="usageSummary", **query).body.get("usageSummary")


def test_use_is_summed_over_a_day_a_week_and_a_month(api: Api) -> None:
    model = api.model()
    assert summary(api) is None
    for day, count in (("2026-03-30", 1), ("2026-03-24", 10), ("2026-03-23", 100), ("2026-03-01", 1000)):
        report(api, "m", day, count)
    report(api, "m", "2026-02-28", 10_000)
    found = summary(api)
    assert found == {
        "date": "2026-03-30",
        "dailyStats": {"count": 1},
        "weeklyStats": {"count": 11},
        "monthlyStats": {"count": 1111},
    }
    usage = api.get(f"usage/mlmodel/{model['id']}", date="2026-03-24", days="3").body
    assert usage["entity"]["fullyQualifiedName"] == "headwater.m"
    assert [(one["date"], one["weeklyStats"]["count"]) for one in usage["usage"]] == [
        ("2026-03-24", 110),
        ("2026-03-23", 100),
    ]
    assert api.get("usage/mlmodel/name/headwater.m")["usage"] == []
    assert api.get(named("mlmodels", "headwater.m"))["version"] == 0.1


def test_a_post_says_all_of_a_day_and_a_put_adds_to_it(api: Api) -> None:
    api.model()
    report(api, "m", "2026-03-01", 5)
    then = f"@{api.position()}"
    assert report(api, "m", "2026-03-01", 7)["usage"][0]["dailyStats"] == {"count": 7}
    assert report(api, "m", "2026-03-01", 3, "PUT")["usage"][0]["dailyStats"] == {"count": 10}
    assert summary(api, asOf=then)["dailyStats"]["count"] == 5
    position = api.position()
    report(api, "m", "2026-03-01", 10)
    assert api.position() == position


def test_ranks_are_shares_of_the_others_that_were_used_less(api: Api) -> None:
    for name, count in (("a", 1), ("b", 5), ("c", 5), ("d", 9), ("e", 0)):
        api.model(name)
        report(api, name, "2026-03-01", count)
    api.model("never")
    report(api, "a", "2026-02-28", 100)
    assert api.post("usage/compute.percentile/mlmodel/2026-03-01", None)["ranked"] == 5
    daily = {name: summary(api, name)["dailyStats"]["percentileRank"] for name in "abcde"}
    assert daily == {"e": 0.0, "a": 25.0, "b": 50.0, "c": 50.0, "d": 100.0}
    assert summary(api, "a")["weeklyStats"] == {"count": 101, "percentileRank": 100.0}
    assert summary(api, "never") is None


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("usage/mlmodel/name/headwater.m", {"date": "yesterday", "count": 1}, 400, "date:"),
        ("usage/mlmodel/name/headwater.m", {"date": "2026-03-01", "count": -1}, 400, "count:"),
        ("usage/mlmodel/name/headwater.x", {"date": "2026-03-01", "count": 1}, 404, "mlmodel instance for headwater.x"),
        ("usage/tag/name/PII.None", {"date": "2026-03-01", "count": 1}, 400, "the use of a tag is not counted"),
        ("usage/planet/name/x", {"date": "2026-03-01", "count": 1}, 404, "Entity type planet not found"),
        ("usage/compute.percentile/mlmodel/today", None, 400, "today is not a day; write 2026-03-01"),
    ],
)
def test_reports_that_say_nothing_right(api: Api, path: str, body: Any, status: int, message: str) -> None:
    api.model()
    assert api.post(path, body, expect=status)["message"].startswith(message)
