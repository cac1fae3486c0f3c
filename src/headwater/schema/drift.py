# SPDX-License-Identifier: Apache-2.0
"""How far data have moved from those that something was made from: the thresholds, and the answer."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from headwater.schema.base import EntityReference, Model

Figure = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MeasureName(StrEnum):
    """A measure of the distance between two distributions."""

    STABILITY = "psi"
    KOLMOGOROV_SMIRNOV = "ks"
    CHI_SQUARE = "chiSquare"


class DriftVerdict(StrEnum):
    """What a figure says, from the least to the gravest."""

    STEADY = "steady"
    UNKNOWN = "unknown"
    WARN = "warn"
    ALERT = "alert"

    @property
    def crossed(self) -> bool:
        """Whether a threshold is crossed."""
        return self in (DriftVerdict.WARN, DriftVerdict.ALERT)

    @property
    def rank(self) -> int:
        """How grave it is."""
        return list(DriftVerdict).index(self)


class Threshold(Model):
    """From which figure on one is warned, and from which on it is an alert; never, where nothing is said."""

    warn: Figure | None = None
    alert: Figure | None = None

    @model_validator(mode="after")
    def _rises(self) -> "Threshold":
        if self.warn is not None and self.alert is not None and self.warn > self.alert:
            raise ValueError(f"warn is {self.warn:g}, which is above alert, {self.alert:g}")
        return self

    def verdict(self, figure: float) -> DriftVerdict:
        """What a figure says."""
        if self.alert is not None and figure >= self.alert:
            return DriftVerdict.ALERT
        return DriftVerdict.WARN if self.warn is not None and figure >= self.warn else DriftVerdict.STEADY


class DriftThresholds(Model):
    """The thresholds of each measure: of the index, of the distance, of Cramér's V.

    Those of the index are the customary ones: 0.1 for a shift to look into (E. M. Lewis, "An Introduction to Credit
    Scoring", 1994), and 0.2, the stricter of the two in use, for one to act upon (he has 0.25). The others have none,
    for the same shift would be told twice; whoever wants them says so.
    """

    psi: Threshold = Threshold(warn=0.1, alert=0.2)
    ks: Threshold = Threshold()
    chi_square: Threshold = Threshold()

    def of(self, measure: MeasureName) -> Threshold:
        """The thresholds of a measure."""
        return {MeasureName.STABILITY: self.psi, MeasureName.KOLMOGOROV_SMIRNOV: self.ks}.get(measure, self.chi_square)


class Measured(Model):
    """What two distributions come to by one measure.

    ``figure`` is what thresholds are about: the index, the distance, or Cramér's V. ``error`` is how far the distance
    between all the values can be from the figure, which is computed from stored distributions.
    """

    measure: MeasureName
    figure: float
    error: float | None = None
    statistic: float | None = None
    degrees: int | None = None
    p_value: float | None = None
    threshold: Threshold
    verdict: DriftVerdict


class Profiled(Model):
    """One of the distributions that were compared: when it was measured, on how many rows, and of what it is."""

    timestamp: int
    rows: int
    entity: EntityReference


class DriftRow(Model):
    """A column behind something that a model takes. ``reason`` says why nothing is known, where that is so."""

    input: str = Field(description="The feature, or the input of the signature.")
    column: str = Field(description="The fully qualified name of the column.")
    verdict: DriftVerdict
    reason: str | None = None
    baseline: Profiled | None = None
    current: Profiled | None = None
    measures: list[Measured] = Field(default_factory=list)


class DriftReply(Model):
    """How far the data have moved from those that an entity was made from; the verdict is the gravest of all."""

    entity: EntityReference
    verdict: DriftVerdict
    data: list[DriftRow]
