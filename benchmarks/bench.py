# SPDX-License-Identifier: Apache-2.0
"""What the lines of one run share: sizes, folders, and an MLflow server that is slow to start."""

import shutil
import tempfile
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import servers
from benchmarks.client import Connection, request
from benchmarks.measure import Sizes
from benchmarks.servers import Server

MLFLOW = "/api/2.0/mlflow"


class Bench(AbstractContextManager["Bench"]):
    """One run."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        servers.CACHE.mkdir(exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def folder(self) -> Path:
        """A new folder that goes when the run ends."""
        folder = Path(tempfile.mkdtemp(dir=servers.CACHE, prefix="run-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def mlflow(self) -> "Mlflow":
        """The MLflow server of this run."""
        server = self._stack.enter_context(servers.mlflow(self.folder()))
        return Mlflow(server, self._stack.enter_context(server.connect()))


class Mlflow:
    """MLflow's registry, and the models that were registered in it so far."""

    def __init__(self, server: Server, connection: Connection) -> None:
        self.server = server
        self.connection = connection
        self.models = 0

    def registrations(self, count: int) -> list[bytes]:
        """Requests for so many new registered models."""
        first, self.models = self.models, self.models + count
        return [
            request("POST", f"{MLFLOW}/registered-models/create", {"name": f"model_{index:07}"})
            for index in range(first, first + count)
        ]

    def versions(self, count: int) -> list[bytes]:
        """Requests for a new version of the first so many models."""
        return [
            request(
                "POST",
                f"{MLFLOW}/model-versions/create",
                {"name": f"model_{index:07}", "source": f"s3://models/churn/{index}", "description": "Predicts churn."},
            )
            for index in range(count)
        ]

    def gets(self, count: int) -> list[bytes]:
        """Requests for the first version of the first so many models."""
        return [
            request("GET", f"{MLFLOW}/model-versions/get?name=model_{index:07}&version=1") for index in range(count)
        ]
