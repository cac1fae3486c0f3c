# SPDX-License-Identifier: Apache-2.0
"""Where things are kept that settings do not name."""

from pathlib import Path

import pytest

from headwater.settings import Settings


def test_search_indexes_are_kept_as_set_else_beside_the_database_else_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    database = tmp_path / "headwater.db"
    assert Settings(search_folder="/srv/search").search_path(database) == Path("/srv/search")
    assert Settings().search_path(database) == tmp_path / "headwater.db.search"
    assert Settings().search_path(None) == tmp_path / "headwater" / "search"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Settings().search_path(None) == tmp_path / "home" / ".cache" / "headwater" / "search"
