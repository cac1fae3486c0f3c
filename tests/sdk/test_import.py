# SPDX-License-Identifier: Apache-2.0
"""What an import of the package costs."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

CODE = """
import json, sys, time
started = time.process_time()
import headwater
print(json.dumps({"seconds": time.process_time() - started, "modules": sorted(sys.modules)}))
"""


def loaded(code: str) -> dict[str, object]:
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    result: dict[str, object] = json.loads(answer.stdout)
    return result


def test_importing_headwater_loads_no_layer_and_no_library() -> None:
    result = loaded(CODE)
    assert float(str(result["seconds"])) < 0.3
    modules = result["modules"]
    assert isinstance(modules, list)
    for heavy in (
        "pydantic",
        "httpx2",
        "sklearn",
        "pandas",
        "numpy",
        "uvicorn",
        "orjson",
        "sqlite3",
        "tantivy",
        "headwater.sdk",
    ):
        assert heavy not in modules


def test_capture_loads_no_library_of_models() -> None:
    modules = loaded(CODE.replace("import headwater\n", "import headwater; headwater.capture\n"))["modules"]
    assert isinstance(modules, list)
    assert "headwater.sdk.capture" in modules
    for heavy in ("sklearn", "pandas", "numpy", "headwater.api", "headwater.store"):
        assert heavy not in modules


def test_a_catalogue_that_is_not_searched_loads_no_search_engine(tmp_path: Path) -> None:
    code = f"""
    with headwater.connect({str(tmp_path / "headwater.db")!r}) as client:
        client.mlmodels.put(name="m")
        client.lineage.get(("mlmodel", "headwater.m"))
    """
    code = "import headwater\n" + dedent(code)
    modules = loaded(CODE.replace("import headwater\n", code))["modules"]
    assert isinstance(modules, list)
    assert "headwater.catalog.search.service" in modules
    assert "tantivy" not in modules
