# SPDX-License-Identifier: Apache-2.0
"""Whether what entities say is elsewhere answers, as a client asks it."""

from collections.abc import Iterator

from headwater.schema.checks import CheckReport, CheckReports, Look, Looks
from headwater.sdk.lineage import Lineage, Node
from headwater.sdk.wire import Wire, path_of, read

CHECKS = "checks"
PAGE = 1000


class Checks:
    """The endpoints, stores and dashboards of what is in production."""

    def __init__(self, wire: Wire, lineage: Lineage) -> None:
        self._wire = wire
        self._lineage = lineage

    def in_production(self) -> list[CheckReport]:
        """What is known of everything that is in production, by type and name."""
        return read(CheckReports, self._wire.ask("GET", path_of(CHECKS))).data

    def of(self, entity: Node) -> list[CheckReport]:
        """What is known of an entity, and of its parts."""
        return read(CheckReports, self._wire.ask("GET", self._path(entity))).data

    def now(self, entity: Node) -> CheckReport:
        """Look at an entity now, in production or not; what is known then."""
        return read(CheckReport, self._wire.ask("POST", self._path(entity)))

    def results(self, entity: Node, *, start: int = 0, end: int | None = None) -> Iterator[Look]:
        """What came of every look between two moments (milliseconds since 1970), newest first."""
        offset: int | None = 0
        while offset is not None:
            query = {"startTs": start, "endTs": end, "limit": PAGE, "offset": offset}
            found = read(Looks, self._wire.ask("GET", self._path(entity, "results"), query))
            yield from found.data
            offset = found.after

    def _path(self, entity: Node, *more: str) -> str:
        return path_of(CHECKS, *self._lineage.place(entity), *more)
