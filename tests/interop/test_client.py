# SPDX-License-Identifier: Apache-2.0
"""The tests in ``client``, run by the client's own environment against a server of ours."""

import json
from pathlib import Path

import pytest

from .programs import Catalogue, environment, run

TESTS = Path(__file__).with_name("client")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_client_finds_all_that_it_expects(catalogue: Catalogue) -> None:
    tokens = {name: catalogue.token(name) for name in ("ada", "grace")}
    tokens["ingestion-bot"] = catalogue.token("ingestion-bot", "--bot")
    options = ("-c", TESTS / "pytest.ini", "--confcutdir", TESTS)
    given = {"HEADWATER_URL": catalogue.url, "HEADWATER_TOKENS": json.dumps(tokens)}
    run(environment("client") / "python", "-m", "pytest", *options, TESTS, given=given)
