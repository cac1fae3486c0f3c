# SPDX-License-Identifier: Apache-2.0
"""What the how-to says about OpenMetadata's clients is true."""

import re
from pathlib import Path

import pytest

from .programs import Start, environment, run, serve

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "openmetadata-clients.md"


@pytest.mark.slow
def test_the_python_of_the_how_to_runs(start: Start, tmp_path: Path) -> None:
    catalogue = serve(start, f"sqlite:///{tmp_path / 'headwater.db'}")
    given = {"OPENMETADATA_HOST": f"{catalogue.url}/api", "OPENMETADATA_JWT_TOKEN": catalogue.token("ada")}
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
    output = run(environment("client") / "python", "-W", "ignore", "-c", code, given=given)
    assert [line.strip() for line in output.splitlines()[-2:]] == ["root=0.1", "root='Decides about loans'"]
