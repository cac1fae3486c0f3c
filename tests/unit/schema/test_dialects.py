# SPDX-License-Identifier: Apache-2.0
import pytest

from headwater.schema.entities.data import DIALECTS, DatabaseServiceType
from headwater.sql import lineage


@pytest.mark.parametrize("system", DIALECTS)
def test_the_dialect_of_a_system_is_one_that_is_read(system: str) -> None:
    assert system in set(DatabaseServiceType)
    (statement,) = lineage("SELECT 1 AS a", dialect=DIALECTS[system])
    assert statement.problems == ()
