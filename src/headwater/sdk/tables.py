# SPDX-License-Identifier: Apache-2.0
"""Tables, and the profiles that are taken of them."""

from typing import Any

from headwater.schema.base import wire
from headwater.schema.entities.data import CreateTable, Table
from headwater.schema.entities.profiling import DISTRIBUTION, CreateDistribution
from headwater.sdk import profiles
from headwater.sdk.collection import Collection, Key


class Tables(Collection[Table, CreateTable]):
    """The tables of all databases."""

    def profile(self, table: Key, frame: Any, *, timestamp: int | None = None) -> Table:
        """Record what a frame holds as the profile of a table, of now or of a moment in milliseconds since 1970.

        The columns of the frame are columns of the table. Values are recorded in few numbers: quantiles of numbers,
        the commonest of texts, and nothing of a text that stands in fewer than five rows.
        """
        moment = profiles.now() if timestamp is None else timestamp
        taken = profiles.of_frame(frame)
        return self.record_profile(table, profiles.told(taken, moment, len(frame)))

    def record_profile(self, table: Key, measured: CreateDistribution) -> Table:
        """Record what was measured of a table."""
        return self._read(self._wire.ask("PUT", self._path(table, DISTRIBUTION), body=wire(measured)))
