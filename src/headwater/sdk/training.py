# SPDX-License-Identifier: Apache-2.0
"""What training leaves behind: digests of frames, types of columns, the library and where it ran.

As in ``estimators``, frames and models are asked by what they have in common; nothing of theirs is imported.
"""

import hashlib
import platform
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from typing import Any

from headwater.schema.entities.modelversions import Environment, Framework
from headwater.sdk import estimators

TYPES = (
    (re.compile("bool"), "boolean"),
    (re.compile("u?int64"), "long"),
    (re.compile(r"u?int(8|16|32)"), "integer"),
    (re.compile("float64"), "double"),
    (re.compile(r"float(16|32)"), "float"),
    (re.compile("datetime"), "datetime"),
    (re.compile("object|str|string|utf8|categor|enum|dictionary"), "string"),
)
"""MLflow's words for the types of columns, by how a frame calls them."""

REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def digest(frame: Any, target: Any = None) -> str:
    """A digest of what a model was fitted on: names, types and values of all columns in order, and of the target."""
    seen = hashlib.sha256()
    for part in (frame, target):
        for name, values in _columns(part) if part is not None else ():
            for piece in (name.encode(), *_bytes(values)):
                seen.update(len(piece).to_bytes(8, "big"))
                seen.update(piece)
    return f"sha256:{seen.hexdigest()}"


def _columns(part: Any) -> Iterator[tuple[str, Any]]:
    names = getattr(part, "columns", None)
    if names is None:
        yield str(getattr(part, "name", None) or ""), part
        return
    for name in names:
        yield str(name), part[name]


def _bytes(values: Any) -> Iterator[bytes]:
    """The type and the values of a column."""
    if hasattr(values, "tocsr"):
        rows = values.tocsr()
        for array in (rows.data, rows.indices, rows.indptr):
            yield from _bytes(array)
        return
    array = values.to_numpy() if hasattr(values, "to_numpy") else values
    kind = getattr(array, "dtype", None)
    yield str(kind).encode()
    if kind is None or kind.hasobject or not hasattr(array, "tobytes"):
        listed = array.tolist() if hasattr(array, "tolist") else list(array)
        yield "\x1f".join(map(repr, listed)).encode()
    else:
        yield array.tobytes()


def rows(frame: Any) -> int | None:
    """How many rows a frame has."""
    shape = getattr(frame, "shape", None)
    return int(shape[0]) if shape else None


def types(frame: Any) -> list[str]:
    """What the columns of a frame hold, in order."""
    kinds = getattr(frame, "dtypes", None)
    if kinds is None:
        return [type_of(frame)] * (frame.shape[1] if hasattr(frame, "dtype") else 0)
    return [_word(kind) for kind in kinds]


def type_of(values: Any) -> str:
    """What a target, or an array, holds."""
    return _word(getattr(values, "dtype", None) or getattr(values, "dtypes", type(next(iter(values), None)).__name__))


def _word(kind: Any) -> str:
    text = str(kind)
    return next((word for pattern, word in TYPES if pattern.match(text.lower())), text)


def framework(model: Any) -> Framework | None:
    """The library that the estimator comes from; None for one that no installed package brought."""
    package = type(estimators.final(model)).__module__.partition(".")[0]
    found = _distributions().get(package)
    return Framework(name=found[0], version=metadata.version(found[0])) if found else None


def environment(model: Any, frame: Any) -> Environment:
    """Python, the machine, and the packages that the estimator and the frame need."""
    packages = [framework(model), *_brought_by(frame)]
    names = {package.name for package in packages if package}
    names |= {needed for name in names for needed in _needed(name)}
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()}-{platform.machine()}",
        packages=sorted(f"{name}=={found}" for name in names if (found := _version(name))),
    )


def _brought_by(frame: Any) -> list[Framework]:
    found = _distributions().get(type(frame).__module__.partition(".")[0])
    return [Framework(name=found[0])] if found else []


@cache
def _distributions() -> dict[str, list[str]]:
    """The installed distributions by the packages that they bring."""
    return {package: sorted(set(names)) for package, names in metadata.packages_distributions().items()}


def _needed(name: str) -> Iterator[str]:
    for text in metadata.requires(name) or ():
        if "extra ==" not in text and (found := REQUIREMENT.match(text)):
            yield found.group().lower()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
