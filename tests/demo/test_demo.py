# SPDX-License-Identifier: Apache-2.0
"""The demo: what it registers, what it tells, and that telling it twice changes nothing."""

import io
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

import headwater
from headwater.cli import demo, upkeep
from headwater.cli.demo import questions, register, story, warehouse
from headwater.cli.failures import Failure
from headwater.cli.screen import Screen
from headwater.errors import CatalogError
from headwater.sdk.client import Client
from headwater.settings import Settings

MALE = f"{register.RAW}.male"
MARRIED = f"{register.RAW}.married"


def run(database: str) -> str:
    out = io.StringIO()
    demo.run(Screen(out=out), database)
    return out.getvalue()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A catalogue with the demo in it, for tests that only ask."""
    path = tmp_path_factory.mktemp("demo") / "headwater.db"
    run(str(path))
    return str(path)


@pytest.fixture
def client(database: str) -> Iterator[Client]:
    with headwater.connect(database) as opened:
        yield opened


@pytest.fixture
def answers(client: Client) -> questions.Answers:
    return questions.ask(client, register.MODEL)


def everything(database: str) -> dict[str, object]:
    """The position of the newest event, and every entity's version by type."""
    with headwater.connect(database) as client:
        state: dict[str, object] = {"position": client.health()["position"]}
        for declared in client.registry:
            found = client.collection(declared.name).list(include="all")
            state[declared.name] = {entity.fully_qualified_name: entity.version for entity in found}
    return state


def test_a_second_run_changes_no_count_and_no_version(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run(database_url)
    before = everything(database_url)
    assert run(database_url) == told
    assert everything(database_url) == before


def test_a_run_that_was_interrupted_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    path = str(tmp_path / "headwater.db")
    with monkeypatch.context() as patch:
        patch.setattr(register, "_dashboard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(path)
    run(path)
    with headwater.connect(path) as client:
        assert [model.version for model in client.mlmodels.versions(register.MODEL)] == [1.1, 0.1]


def test_the_answers_are_in_the_catalogue(answers: questions.Answers) -> None:
    model = answers.model
    assert model.server == register.ENDPOINT
    assert model.ml_store is not None
    assert model.ml_store.storage == "headwater-demo/loan_approval-2.pickle"
    assert [questions.shown(owner) for owner in model.owners or ()] == ["Ada Nyström (ada.nystrom)"]
    assert answers.dashboard is not None
    assert answers.dashboard.fully_qualified_name == register.DASHBOARD
    assert len(answers.charts) == 2
    assert [feature.name for feature in model.ml_features or ()] == [
        name for name in sources_in_the_sql() if name not in (warehouse.KEY, warehouse.LABEL)
    ]


def test_columns_have_the_types_that_the_warehouse_reports(client: Client) -> None:
    raw, view = client.tables.get(register.RAW), client.tables.get(register.VIEW)
    assert {column.name: column.data_type for column in raw.columns}["obrat"] == "DOUBLE"
    assert {column.name: column.data_type for column in view.columns}["household_profile"] == "TEXT"
    assert view.table_type == "View"
    assert view.schema_definition == warehouse.VIEW_SQL


def sources_in_the_sql() -> dict[str, set[str]]:
    """The raw columns behind each column of the view, by its words alone: it has no two columns of one name."""
    select = warehouse.VIEW_SQL.partition("SELECT ")[2].rpartition("\n  FROM ")[0]
    raw = {warehouse.KEY, *(column.name for column in warehouse.RAW_COLUMNS)}
    found = {}
    for expression in re.split(r",\n", select):
        words = re.findall(r"\w+", expression)
        found[words[-1]] = {word for word in words if word in raw}
    return found


def test_the_catalogue_reads_off_the_view_what_its_columns_are_made_from(client: Client) -> None:
    edge = client.lineage.edge(("table", register.RAW), ("table", register.VIEW))
    found = {
        str(pair.to_column).rpartition(".")[2]: {name.rpartition(".")[2] for name in pair.from_columns or ()}
        for pair in edge.columns_lineage or ()
    }
    assert found == sources_in_the_sql()
    assert client.governance.unread() == []


def test_sex_and_marital_status_reach_the_model_through_the_household_profile(answers: questions.Answers) -> None:
    assert {tuple(map(str, path)) for path in answers.sensitive} == {
        ("loan_approval.household_profile", "application_features.household_profile", f"applications.{column}")
        for column in ("male", "married")
    }
    assert {path[-1].asserted_by for path in answers.sensitive} == {"ViewLineage"}
    assert answers.complete


def test_nothing_sensitive_reaches_the_model_without_the_household_profile(client: Client) -> None:
    answers = questions.ask(client, register.CHALLENGER)
    assert answers.paths
    assert answers.sensitive == ()


def test_the_self_employed_earn_otherwise_and_work_elsewhere(client: Client) -> None:
    moved = questions.drift(client, register.MODEL)
    assert {row.input: row.verdict for row in moved.data if row.verdict != "steady"} == {
        "industry_unemployment": "alert",
        "household_income": "alert",
        "housing_to_income": "warn",
        "debt_to_income": "warn",
    }
    figures = {row.input: round(row.measures[0].figure, 3) for row in moved.data}
    assert (figures["household_income"], figures["industry_unemployment"]) == (0.341, 0.481)


def test_the_gate_fails_on_the_hidden_path_and_on_nothing_else(client: Client) -> None:
    verdict = questions.judge(client, demo.POLICY)
    assert verdict.status == "violated"
    assert [(rule.rule, rule.status, rule.selected) for rule in verdict.rules] == [
        ("no-protected-attributes", "violated", 1),
        ("watched-over", "holds", 1),
    ]
    found = {violation.tag: violation.proof for violation in verdict.rules[0].violations}
    assert {tag: proof and proof.source.field for tag, proof in found.items()} == {
        "ProtectedAttribute.Sex": MALE,
        "ProtectedAttribute.MaritalStatus": MARRIED,
    }
    model = register.MODEL
    assert all(proof and proof.paths[0][-1].to.field == f"{model}.household_profile" for proof in found.values())


def test_whether_the_models_use_protected_attributes_has_an_answer(client: Client) -> None:
    rows = client.governance.reach("ProtectedAttribute", certainty="column")
    assert {(row.entity.fully_qualified_name, row.tag) for row in rows} == {
        (register.MODEL, "ProtectedAttribute.Sex"),
        (register.MODEL, "ProtectedAttribute.MaritalStatus"),
    }


def test_the_new_algorithm_and_endpoint_are_a_major_version(client: Client, answers: questions.Answers) -> None:
    assert [(model.version, model.algorithm) for model in answers.versions] == [
        (1.1, "GradientBoostingClassifier"),
        (0.1, "LogisticRegression"),
    ]
    before = client.mlmodels.get(register.MODEL, as_of=(answers.model.updated_at or 0) - 1)
    assert (before.algorithm, before.server, before.dashboard) == ("LogisticRegression", None, None)
    assert answers.first.algorithm == "LogisticRegression"


def test_nothing_in_the_catalogue_names_a_folder_of_this_machine(client: Client, database: str) -> None:
    events = orjson.dumps([event.model_dump(mode="json") for event in client.events()])
    assert str(Path(database).parent).encode() not in events


def test_the_story_tells_what_the_catalogue_says_now(tmp_path: Path) -> None:
    path = str(tmp_path / "headwater.db")
    run(path)
    with headwater.connect(path) as client:
        client.mlmodels.patch(register.MODEL, server="https://elsewhere.example.org/", dashboard=None, owners=[])
        table = client.tables.get(register.RAW)
        columns = [column.model_copy(update={"tags": []}) for column in table.columns]
        client.tables.patch(register.RAW, columns=columns)
        told = tell(client)
    assert "https://elsewhere.example.org/" in told
    assert "None that the catalogue knows of" in told
    assert "nobody" in told
    assert "Yes." not in told


def tell(client: Client, *more: object, width: int = 80) -> str:
    answers, other = (questions.ask(client, model) for model in (register.MODEL, register.CHALLENGER))
    verdict, moved = questions.judge(client, demo.POLICY), questions.drift(client, register.MODEL)
    return render(*story.tell(answers, other, verdict, moved), *more, width=width)


def render(*parts: object, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(*parts, sep="\n")
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [80, 120])
def test_the_story_fits_the_screen_and_needs_no_colour(client: Client, width: int) -> None:
    next_ = story.what_next(register.MODEL, Path("headwater-demo/policy.toml"), "http://127.0.0.1:8585")
    told = tell(client, next_, width=width)
    assert max(map(len, told.splitlines())) <= width
    assert "…" not in told
    for answer in (register.ENDPOINT, "Ada Nyström", "← applications.male", "PII.Sensitive", "No.", "curl http://"):
        assert answer in told


def test_the_readme_shows_what_the_demo_tells(client: Client) -> None:
    picture = (Path(__file__).parents[2] / "README.md").read_text().split("```text\n")[1].split("\n```")[0]
    told = tell(client)

    def timeless(text: str) -> str:
        lines = [line.rstrip() for line in text.splitlines()]
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-01 00:00", "\n".join(lines))

    assert timeless(picture) in timeless(told)


def test_a_port_that_is_taken_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=rf"cannot listen on 127.0.0.1 port {port}"):
            upkeep.demo(Screen(), Settings(database=str(tmp_path / "headwater.db"), port=port), serve_after=True)
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named_with_the_command_that_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NEEDED", ("pandas", "no_such_package"))
    with pytest.raises(CatalogError, match=r"needs no_such_package.*pip install 'headwater\[demo\]'"):
        demo.run(Screen(), "never-made.db")


def test_the_command_shows_the_answers_and_serves_them(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "headwater", "demo", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until_answering(url, process)
            with headwater.connect(url) as client:
                found = client.mlmodels.get(register.MODEL)
        finally:
            process.send_signal(2)
            told, noise = process.communicate(timeout=30)
    assert found.version == 1.1
    assert "Is anything sensitive in it?" in told
    assert f"curl {url}/api/v1/mlmodels" in told
    assert "Traceback" not in noise
    assert "Warning" not in noise


def until_answering(url: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with headwater.connect(url) as client:
                client.health()
            return
        except CatalogError:
            time.sleep(0.2)
