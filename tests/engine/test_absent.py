# SPDX-License-Identifier: Apache-2.0
"""What OpenMetadata has and Headwater has not is said, and said where people look."""

from pathlib import Path

import pytest

from headwater.api.absent import ABSENT

from .wire import Api

PAGE = Path(__file__).parents[2] / "docs/reference/openmetadata-endpoints.md"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "feed"),
        ("POST", "feed/tasks/3/resolve"),
        ("GET", "tables/name/db.shop.main.people/export"),
        ("PUT", "services/databaseServices/name/db/import"),
        ("GET", "databaseServices/name/db/exportAsync"),
        ("POST", "users/login"),
        ("PUT", "tables/00000000-0000-4000-8000-000000000000/customMetric"),
        ("GET", "lineage/getPlatformLineage"),
        ("PUT", "tags/PII.None/assets/add"),
        ("GET", "teams/hierarchy"),
        ("POST", "apps/trigger/x"),
    ],
)
def test_what_only_openmetadata_has_is_named_with_the_reason(api: Api, method: str, path: str) -> None:
    reply = api(method, path, None, expect=501)
    assert reply["code"] == 501
    assert reply["message"].startswith(f"Headwater does not have {method} /api/v1/{path}. ")
    assert any(reply["message"].endswith(absent.reason) for absent in ABSENT)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nowhere", 404),
        ("GET", "tables/name/db.shop.main.people/nothing", 404),
        ("POST", "tables/name/db.shop.main.people", 405),
        ("GET", "teams/name/hierarchy", 404),
        ("GET", "tags/name/PII.None/assets", 200),
    ],
)
def test_what_nobody_has_is_not_found_and_what_there_is_answers(api: Api, method: str, path: str, status: int) -> None:
    assert api(method, path, None, expect=status).body


def test_nothing_that_is_there_is_called_absent(api: Api) -> None:
    """A path in the list that has a route by now misleads people."""
    routes = {tuple(route.pattern.split("/")[3:]) for route in api.application.router.routes}
    for absent in ABSENT:
        for path in absent.paths:
            steps = tuple(path.split("/"))
            assert not [one for one in routes if one[: len(steps)] == steps], path


def test_the_page_shows_the_list() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    expected = [f"| {', '.join(f'`{path}`' for path in absent.paths)} | {absent.reason} |" for absent in ABSENT]
    assert rows == expected
