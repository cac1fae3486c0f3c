# SPDX-License-Identifier: Apache-2.0
"""A full catalogue entry from training code: the fitted model says what it is, the frame what it was fed."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from headwater.errors import CatalogError, EntityExists, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document, Entity, EntityReference, TagLabel, wire
from headwater.schema.entities.data import Column, DataType, Table
from headwater.schema.entities.mlmodel import (
    CreateMlModel,
    FeatureSource,
    FeatureSourceDataType,
    FeatureType,
    MlFeature,
    MlHyperParameter,
    MlModel,
    MlStore,
)
from headwater.schema.entities.modelversions import CreateMlModelVersion, MlModelVersion
from headwater.sdk import estimators, profiles, training
from headwater.sdk import openlineage as sending
from headwater.sdk.client import Client
from headwater.sdk.collection import Key

Sources = Key | Iterable[Key]
FeatureSources = Mapping[str, str | Iterable[str] | None]
Metrics = Mapping[str, float | Mapping[str, float]]

KINDS: dict[FeatureSourceDataType, str] = {
    FeatureSourceDataType.INTEGER: "TINYINT SMALLINT INT BIGINT BYTEINT LONG LARGEINT UINT YEAR",
    FeatureSourceDataType.NUMBER: "NUMBER NUMERIC DECIMAL FIXED FLOAT DOUBLE MONEY",
    FeatureSourceDataType.STRING: (
        "STRING TEXT NTEXT MEDIUMTEXT CLOB CHAR VARCHAR ENUM SET UUID XML LOWCARDINALITY TIME"
    ),
    FeatureSourceDataType.BOOLEAN: "BOOLEAN BIT",
    FeatureSourceDataType.DATE: "DATE",
    FeatureSourceDataType.TIMESTAMP: "DATETIME TIMESTAMP TIMESTAMPZ",
    FeatureSourceDataType.ARRAY: "ARRAY TUPLE",
    FeatureSourceDataType.OBJECT: "MAP STRUCT UNION RECORD JSON VARIANT SUPER",
}
"""What a feature source is of, for the types of columns; other columns leave it open."""

KIND_OF = {DataType(word): kind for kind, words in KINDS.items() for word in words.split()}


def capture(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    name: str,
    sources: Sources | None = None,
    client: Client | None = None,
    service: Key | None = None,
    target: str | None = None,
    description: str | None = None,
    store: str | MlStore | None = None,
    server: str | None = None,
    dashboard: Key | None = None,
    owners: Key | Iterable[Key] | None = None,
    tags: str | TagLabel | Iterable[str | TagLabel] | None = None,
    feature_sources: FeatureSources | None = None,
    version: str | None = None,
    alias: str | Iterable[str] | None = None,
    metrics: Metrics | None = None,
    validation: Any = None,
    test: Any = None,
    author: str | None = None,
    run_id: str | None = None,
    run_url: str | None = None,
    trained_at: int | None = None,
    openlineage: str | None = None,
    **more: object,
) -> MlModel:
    """Put a fitted estimator or pipeline into the catalogue, with what it was fitted on.

    ``X`` is the frame that the model was fitted on, before any transformation of the model's own; ``y`` the target.
    ``sources`` names the tables that the frame came from: each feature gets the column of its name, from the first
    table that has one. ``feature_sources`` maps a feature to other columns (``table.column``), or to None where no
    column stands behind it. ``store`` tells where the model's file is; ``more`` are further members of the request.
    What is not given stays as the catalogue has it; a capture that says nothing new changes no version.

    The model gets a version as well, the next number unless ``version`` names it, with digests of the frames, the
    library and the packages of this process; a capture that says the same as the newest version adds none. ``metrics``
    are figures by name, or by the name of a dataset and then by name. ``validation`` and ``test`` are further frames,
    or pairs of a frame and a target. ``alias`` is what the version then holds, such as ``challenger``. How the
    values of a frame with named columns are distributed is kept with the version, in few numbers: that is what drift is
    measured against.

    Where ``OPENLINEAGE_URL`` or ``openlineage``, a URL, says where to, the training is told as an OpenLineage run as
    well. If nobody answers at ``OPENLINEAGE_URL``, that is a warning.
    """
    if client is None:
        raise CatalogError("no catalogue: give a client, or call headwater.capture, which connects to the default one")
    estimators.check_fitted(model)
    categorical = estimators.columns(X, model)
    _check_length(X, y)
    known = _known(client, name, service)
    tables = _Tables(client, sources)
    features = _features(model, categorical, known)
    _give_sources(features, tables, feature_sources or {})
    given: Document = {
        "service": service,
        "description": description,
        "target": target or estimators.name_of(y),
        "ml_store": MlStore(storage=store) if isinstance(store, str) else store,
        "server": server,
        "dashboard": dashboard,
        "owners": None if owners is None else _each(owners),
        "tags": [tags] if isinstance(tags, str | TagLabel) else tags,
        **more,
    }
    told = {member: _plain(value) for member, value in given.items() if value is not None}
    found = {
        "name": name,
        "algorithm": type(estimators.final(model)).__name__,
        "ml_features": list(features.values()),
        "ml_hyper_parameters": _parameters(model, known),
    }
    captured = client.mlmodels.put({**_kept(known), **found, **told})
    tried = {"validation": validation, "test": test}
    said: Document = {
        "store": store if isinstance(store, str) else store and store.storage,
        "metrics": _metrics(metrics or {}),
        "author": author,
        "run_id": run_id,
        "run_url": run_url,
        "trained_at": trained_at,
        **{f"{role}_datasets": [_frame(role, frame)] for role, frame in tried.items() if frame is not None},
    }
    about = _about(model, X, y, list(categorical), captured) | {
        "training_datasets": _trained_on(X, y, tables.given or ())
    }
    about |= {name: value for name, value in said.items() if value}
    made, is_new = _put_version(client, captured, version, about)
    if profiles.is_frame(X) and (is_new or not client.mlmodel_versions.distributions(made, str(X.columns[0]), limit=1)):
        client.mlmodel_versions.profile(made, X, timestamp=trained_at)
    for each in _each(alias or ()):
        client.mlmodel_versions.set_alias(made, str(each))
    _tell(client, captured, made, run_id, openlineage)
    return captured


def _tell(client: Client, model: MlModel, version: MlModelVersion, run_id: str | None, url: str | None) -> None:
    """Tell others that a version was trained, if somebody says where to."""
    if not url and not sending.wanted():
        return
    name = model.fully_qualified_name or model.name
    about = [
        event
        for entity in (model, version)
        for event in client.lineage.events(entity)
        if event["job"]["namespace"] == "headwater"
    ]
    try:
        sending.emit([sending.run_of(name, about, run_id)], url)
    except CatalogError as error:
        if url:
            raise
        warnings.warn(f"{name} is captured, but OpenLineage was not told: {error}", stacklevel=3)


def _check_length(frame: Any, target: Any) -> None:
    rows = getattr(frame, "shape", (None,))[0]
    if rows is not None and hasattr(target, "__len__") and len(target) != rows:
        raise InvalidEntity(f"y: it has {len(target)} rows, but X has {rows}")


def _each(value: Key | Iterable[Key]) -> list[Key]:
    return [value] if isinstance(value, str | Entity | EntityReference) else list(value)


def _plain(value: object) -> object:
    """Entities as references to them."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.fully_qualified_name if isinstance(value, Entity) else value


# what the catalogue has already -----------------------------------------------------------------------------------


def _known(client: Client, name: str, service: Key | None) -> MlModel | None:
    """The model as it is in the catalogue."""
    default = next((parent.default for parent in client.mlmodels.declared.parents), None)
    above = service.fully_qualified_name if isinstance(service, Entity | EntityReference) else service
    return client.mlmodels.find(fqn.add(above or default, name))


def _kept(known: MlModel | None) -> Document:
    """The members of a known model that a PUT which omits them would remove."""
    if known is None:
        return {}
    sayable = CreateMlModel.model_fields.keys() - {"name", "service", "owners", "domains", "tags", "extension"}
    members = {member: getattr(known, member) for member in sayable}
    return {member: value for member, value in members.items() if value is not None}


def _parameters(model: Any, known: MlModel | None) -> list[MlHyperParameter]:
    before = {each.name: each.description for each in (known.ml_hyper_parameters if known else None) or ()}
    return [
        MlHyperParameter(name=name, value=value, description=before.get(name))
        for name, value in estimators.parameters(model)
    ]


def _features(model: Any, categorical: Mapping[str, bool], known: MlModel | None) -> dict[str, MlFeature]:
    treated = estimators.treatments(model, list(categorical))
    before = {feature.name: feature for feature in (known.ml_features if known else None) or ()}
    features = {}
    for name, is_category in categorical.items():
        said: Document = {
            "name": name,
            "data_type": FeatureType.CATEGORICAL if is_category else FeatureType.NUMERICAL,
            "feature_algorithm": treated.get(name),
        }
        twin = before.get(name)
        kept = {"description": twin.description, "feature_sources": twin.feature_sources} if twin else {}
        features[name] = MlFeature.model_validate({**kept, **said})
    return features


# the version ------------------------------------------------------------------------------------------------------


def _about(model: Any, frame: Any, target: Any, names: Sequence[str], captured: MlModel) -> Document:
    """What a version says of itself: its settings, what it takes and answers, and where it was trained."""
    made_from = {feature.name: feature.feature_sources for feature in captured.ml_features or ()}
    kinds = training.types(frame) or [""] * len(names)
    inputs = [
        {"name": name, "data_type": kind or None, **_sources_of(made_from[name])}
        for name, kind in zip(names, kinds, strict=True)
    ]
    outputs = (
        [] if target is None else [{"name": captured.target or "prediction", "data_type": training.type_of(target)}]
    )
    framework = training.framework(model)
    return {
        "algorithm": captured.algorithm,
        "target": captured.target,
        "ml_hyper_parameters": [{"name": one.name, "value": one.value} for one in captured.ml_hyper_parameters or ()],
        "signature": {"inputs": inputs, **({"outputs": outputs} if outputs else {})},
        "framework": framework and wire(framework),
        "environment": wire(training.environment(model, frame)),
    }


def _sources_of(sources: Iterable[FeatureSource] | None) -> Document:
    """The sources of a feature that are still there, if any were told."""
    if sources is None:
        return {}
    live = [
        {"name": source.name, "data_type": source.data_type, "data_source": _pointer(source.data_source)}
        for source in sources
        if isinstance(source.data_source, EntityReference) and not source.data_source.deleted
    ]
    return {"feature_sources": live}


def _pointer(reference: EntityReference) -> Document:
    return {"id": reference.id, "type": reference.type}


def _trained_on(frame: Any, target: Any, tables: Sequence[Table]) -> list[Document]:
    """The frame, and the tables that it came from: one entry where it came from one."""
    fitted = {"digest": training.digest(frame, target), "rows": training.rows(frame)}
    names = [table.name for table in tables]
    known: list[Document] = [
        {
            "name": table.name if names.count(table.name) == 1 else table.fully_qualified_name,
            "dataset": {"id": table.id, "type": "table"},
        }
        for table in tables
    ]
    return [{**known[0], **fitted}] if len(known) == 1 else [*known, {"name": "training frame", **fitted}]


def _frame(role: str, given: Any) -> Document:
    frame, target = given if isinstance(given, tuple) else (given, None)
    return {"name": role, "digest": training.digest(frame, target), "rows": training.rows(frame)}


def _metrics(given: Metrics) -> list[Document]:
    """Figures with the datasets that they were measured on."""
    found: list[Document] = []
    for name, value in given.items():
        if isinstance(value, Mapping):
            found += [{"name": inner, "value": float(figure), "dataset": name} for inner, figure in value.items()]
        else:
            found.append({"name": name, "value": float(value)})
    return found


def _put_version(client: Client, model: MlModel, name: str | None, about: Document) -> tuple[MlModelVersion, bool]:
    """The version as it is to be; the newest one where that says the same, else one with the next number. And whether
    that says something new."""
    request = {"mlmodel": EntityReference(id=model.id, type="mlmodel"), **about}
    request = {member: value for member, value in request.items() if value is not None}
    if name is not None:
        before = client.mlmodel_versions.find(fqn.add(model.fully_qualified_name, name))
        made = client.mlmodel_versions.put({"name": name, **request})
        return made, before is None or before.version != made.version
    while True:
        known = client.mlmodel_versions.of(model, include="all")
        said = CreateMlModelVersion.model_validate({"name": "0", **request})
        told = {member: value for member, value in wire(said).items() if member != "name"}
        if known and not known[0].deleted and _says(wire(known[0]), told):
            return known[0], False
        taken = [int(version.name) for version in known if version.name.isdecimal()]
        try:
            return client.mlmodel_versions.create({"name": str(max(taken, default=0) + 1), **request}), True
        except EntityExists:
            continue


def _says(known: Any, told: Any) -> bool:
    """Whether everything that is told is known: the catalogue adds names, pins and more."""
    if isinstance(told, dict):
        return isinstance(known, dict) and all(_says(known.get(member), value) for member, value in told.items())
    if isinstance(told, list):
        alike = isinstance(known, list) and len(known) == len(told)
        return alike and all(_says(one, other) for one, other in zip(known, told, strict=True))
    return bool(known == told)


# sources ----------------------------------------------------------------------------------------------------------


class _Tables:
    """The tables that features come from, each asked for once."""

    def __init__(self, client: Client, sources: Sources | None) -> None:
        self._client = client
        self.given = None if sources is None else [self._get(key) for key in _each(sources)]
        self._by_fqn: dict[str, Table | None] = {table.fully_qualified_name or "": table for table in self.given or ()}

    def _get(self, key: Key) -> Table:
        if isinstance(key, Table) and key.columns:
            return key
        return self._client.tables.get(key, fields="columns")

    def named(self, table_fqn: str) -> Table | None:
        """A table by FQN."""
        if table_fqn not in self._by_fqn:
            self._by_fqn[table_fqn] = self._client.tables.find(table_fqn, fields="columns")
        return self._by_fqn[table_fqn]


def _give_sources(features: dict[str, MlFeature], tables: _Tables, mapped: FeatureSources) -> None:
    """Every feature gets its sources; ``InvalidEntity`` lists all those for which there is no column."""
    faults = [
        f"feature_sources: the model has no feature {name}{_nearest(name, features)}"
        for name in mapped
        if name not in features
    ]
    for name, feature in features.items():
        if name in mapped:
            said = mapped[name]
            columns = [said] if isinstance(said, str) else list(said or ())
            found = [_column_named(column, tables) for column in columns]
        elif tables.given is not None:
            found = [_column_like(name, tables.given)]
        else:
            continue
        faults += [f"feature {name}: {each}" for each in found if isinstance(each, str)]
        feature.feature_sources = [each for each in found if not isinstance(each, str)]
    if faults:
        raise InvalidEntity(errors=faults)


def _column_like(name: str, tables: Sequence[Table]) -> FeatureSource | str:
    """The column of a name in the first table that has one, else what is wrong."""
    for table in tables:
        for path, column in _paths(table).items():
            if path.casefold() == name.casefold():
                return _source(table, path, column)
    known = {path: None for table in tables for path in _paths(table)}
    names = ", ".join(table.fully_qualified_name or table.name for table in tables) or "no table"
    return (
        f"no column of this name in {names}{_nearest(name, known)}. Map it to a column with feature_sources, or to "
        "None if no column stands behind it"
    )


def _column_named(column_fqn: str, tables: _Tables) -> FeatureSource | str:
    """The column with this FQN, else what is wrong. Members of structured columns have longer names."""
    try:
        segments = fqn.split(fqn.normal(column_fqn))
    except fqn.InvalidFqn as error:
        return str(error)
    for length in range(len(segments) - 1, 0, -1):
        table = tables.named(".".join(segments[:length]))
        if table is None:
            continue
        path = ".".join(segments[length:])
        known = _paths(table)
        plain = fqn.unquote(path) if len(segments) - length == 1 else path
        for candidate, column in known.items():
            if candidate.casefold() == plain.casefold():
                return _source(table, candidate, column)
        return f"{table.fully_qualified_name} has no column {plain}{_nearest(plain, known)}"
    return f"{column_fqn} is no column of a known table"


def _paths(table: Table) -> dict[str, Column]:
    """The columns of a table by name, and the members of structured ones by dotted path."""
    found: dict[str, Column] = {}

    def walk(columns: Iterable[Column] | None, above: str | None) -> None:
        for column in columns or ():
            path = fqn.add(above, column.name)
            found[column.name if above is None else path] = column
            walk(column.children, path)

    walk(table.columns, None)
    return found


def _source(table: Table, path: str, column: Column) -> FeatureSource:
    said: Document = {
        "name": path,
        "data_type": KIND_OF.get(DataType(column.data_type)),
        "data_source": EntityReference(id=table.id, type="table"),
    }
    return FeatureSource.model_validate({member: value for member, value in said.items() if value is not None})


def _nearest(name: str, known: Iterable[str]) -> str:
    folded = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)
    return f"; the nearest is {folded[near[0]]}" if near else ""
