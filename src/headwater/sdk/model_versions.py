# SPDX-License-Identifier: Apache-2.0
"""The versions of models: which there are, which holds an alias, and moving one on."""

from collections.abc import Sequence
from typing import Any

from headwater.errors import EntityNotFound
from headwater.schema import fqn
from headwater.schema.base import Entity, EntityReference, wire
from headwater.schema.change import Comparison
from headwater.schema.drift import DriftReply, DriftThresholds, MeasureName
from headwater.schema.entities.modelversions import (
    ApprovalStatus,
    CreateMlModelVersion,
    Dataset,
    MlModelVersion,
    ModelStage,
)
from headwater.schema.entities.profiling import DISTRIBUTION, ColumnDistribution
from headwater.sdk import profiles
from headwater.sdk.collection import Collection, Include, Key, place
from headwater.sdk.wire import AsOf, path_of, read


class ModelVersions(Collection[MlModelVersion, CreateMlModelVersion]):
    """The versions of all models. A version is named by its FQN (``service.model.7``), or in a model by its own name
    or an alias."""

    def of(
        self,
        model: Key,
        *,
        fields: str | None = None,
        include: Include = "non-deleted",
        as_of: AsOf | None = None,
    ) -> Sequence[MlModelVersion]:
        """The versions of a model, the newest first: numbers by their size, other names after them."""
        found = self.list(mlmodel=model, fields=fields, include=include, as_of=as_of)
        return sorted(found, key=lambda version: (version.name.isdecimal(), _number(version), version.name))[::-1]

    def holder(self, model: Key, alias: str, *, as_of: AsOf | None = None) -> MlModelVersion | None:
        """The version of a model that holds an alias, now or then; None if there is none."""
        return next(iter(self.list(mlmodel=model, alias=alias, as_of=as_of)), None)

    def pick(self, model: Key, word: str, *, as_of: AsOf | None = None) -> MlModelVersion:
        """The version of a model with this name, else the one that holds this alias."""
        name = model.fully_qualified_name or model.id if isinstance(model, Entity | EntityReference) else model
        found = self.find(fqn.add(name, word), as_of=as_of) or self.holder(model, word, as_of=as_of)
        if found is None:
            raise EntityNotFound(f"{name} has no version and no alias {word}")
        return found

    def set_alias(self, version: Key, alias: str) -> MlModelVersion:
        """Give a version an alias; whichever version of the model held it loses it at the same moment."""
        return self._read(self._wire.ask("PUT", self._path(version, "aliases"), body=[alias]))

    def remove_alias(self, version: Key, alias: str) -> MlModelVersion:
        """Take an alias from a version; ``EntityNotFound`` if it does not hold it."""
        return self._read(self._wire.ask("DELETE", self._path(version, "aliases", alias)))

    def set_stage(self, version: Key, stage: ModelStage | str) -> MlModelVersion:
        """Put a version into a stage."""
        return self.patch(version, stage={"name": stage})

    def approve(self, version: Key, comment: str | None = None) -> MlModelVersion:
        """Say, as the caller, that a version may be used."""
        return self._decide(version, ApprovalStatus.APPROVED, comment)

    def reject(self, version: Key, comment: str | None = None) -> MlModelVersion:
        """Say, as the caller, that a version must not be used."""
        return self._decide(version, ApprovalStatus.REJECTED, comment)

    def _decide(self, version: Key, status: ApprovalStatus, comment: str | None) -> MlModelVersion:
        return self.patch(version, approval={"status": status, **({"comment": comment} if comment else {})})

    def profile(self, version: Key, frame: Any, *, timestamp: int | None = None) -> MlModelVersion:
        """Record what the frame that a version was fitted on holds of its inputs: what drift is measured against."""
        moment = profiles.now() if timestamp is None else timestamp
        found = [wire(one.distribution(moment)) for one in profiles.of_frame(frame)]
        return self._read(self._wire.ask("PUT", self._path(version, DISTRIBUTION, "bulk"), body=found))

    def distributions(self, version: Key, name: str, *, limit: int = 1000) -> Sequence[ColumnDistribution]:
        """How the values of one input of a version were distributed when they were measured, newest first."""
        known = version.fully_qualified_name if isinstance(version, Entity | EntityReference) else version
        path = path_of(*self._root, "name", fqn.add(known, name), DISTRIBUTION)
        return [read(ColumnDistribution, one) for one in self._wire.ask("GET", path, {"limit": limit})["data"]]

    def drift(
        self, version: Key, *, thresholds: DriftThresholds | None = None, as_of: AsOf | None = None
    ) -> DriftReply:
        """How far the columns behind a version have moved from what it was trained on, by the catalogue's thresholds
        or others."""
        query = self._view(None, "non-deleted", as_of)
        limits = {measure: thresholds.of(measure) for measure in MeasureName} if thresholds else {}
        for measure, levels in limits.items():
            query |= {f"{measure}.warn": levels.warn, f"{measure}.alert": levels.alert}
        where = place(self.declared, version)
        path = path_of("governance", "drift", self.declared.name, *where)
        return read(DriftReply, self._wire.ask("GET", path, query))

    def drift_thresholds(self) -> DriftThresholds:
        """From which figures on the catalogue tells of drift."""
        return read(DriftThresholds, self._wire.ask("GET", path_of("governance", "drift", "thresholds")))

    def set_drift_thresholds(self, thresholds: DriftThresholds) -> DriftThresholds:
        """Say from which figures on the catalogue tells of drift; a measure that is left out has the usual ones."""
        path = path_of("governance", "drift", "thresholds")
        return read(DriftThresholds, self._wire.ask("PUT", path, body=wire(thresholds)))

    def compare(self, version: Key, other: Key, *, as_of: AsOf | None = None) -> Comparison:
        """What leads from a version to another one of the model, which may be given by its name alone."""
        far = other.id if isinstance(other, Entity | EntityReference) else other
        query = self._view(None, "non-deleted", as_of)
        return read(Comparison, self._wire.ask("GET", self._path(version, "compare", str(far)), query))

    def open_dataset(self, dataset: Dataset) -> Entity:
        """What the catalogue knew of a dataset when the version was trained; ``EntityNotFound`` if it is not in it."""
        reference = dataset.dataset
        declared = self._wire.registry.find(reference.type) if isinstance(reference, EntityReference) else None
        if declared is None or not isinstance(reference, EntityReference):
            raise EntityNotFound(f"the catalogue does not know the dataset {dataset.name}")
        collection = Collection[Any, Any](self._wire, declared)
        found: Entity = collection.get(reference, include="all", as_of=dataset.as_of)
        return found


def _number(version: MlModelVersion) -> int:
    return int(version.name) if version.name.isdecimal() else -1
