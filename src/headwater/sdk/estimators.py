# SPDX-License-Identifier: Apache-2.0
"""What a fitted estimator and the frame that it was fitted on say of themselves.

Everything is told from scikit-learn's protocol (``get_params``, ``fit``, members that end in ``_``), so that other
libraries which follow it, such as XGBoost, are read too; nothing of theirs is imported.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from headwater.errors import InvalidEntity

CATEGORICAL = ("bool", "boolean", "category", "categorical", "object", "str", "string", "utf8", "enum", "dictionary")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
LONGEST = 2000
"""How many characters of a hyper-parameter are kept; a vocabulary can have millions."""

DROPPED = "dropped"
"""What happens to a column that a column transformer leaves out."""

Steps = tuple[str, ...]
"""What is done to a column, one transformer after the other."""


def is_estimator(value: object) -> bool:
    """Whether a value is an estimator, not a class of them."""
    return not isinstance(value, type) and hasattr(value, "get_params") and hasattr(value, "fit")


def check_fitted(model: object) -> None:
    """Refuse what is no estimator, or has not been fitted."""
    kind = type(model).__name__
    if not is_estimator(model):
        raise InvalidEntity(f"model: a {kind} is no estimator: it has no get_params and fit")
    if not _is_fitted(model):
        raise InvalidEntity(f"model: the {kind} is not fitted; capture it after fit")
    if hasattr(model, "cv_results_") and not hasattr(model, "best_estimator_"):
        raise InvalidEntity(
            f"model: the {kind} kept no model (refit=False); capture the one that you fit with its result"
        )


def _is_fitted(model: Any) -> bool:
    for told in ("__sklearn_is_fitted__", "is_fitted"):
        if callable(ask := getattr(model, told, None)):
            return bool(ask())
    if steps := _steps(model):
        return _is_fitted(steps[-1][1])
    return any(name.endswith("_") and not name.startswith("__") for name in getattr(model, "__dict__", {}))


# the estimator itself ---------------------------------------------------------------------------------------------


def final(model: Any) -> Any:
    """The estimator that predicts: the last of a pipeline, the best of a search, the one inside a wrapper."""
    while (inner := _inner(model)) is not None or (steps := _steps(model)):
        model = inner if inner is not None else steps[-1][1]
    return model


def _inner(model: Any) -> Any:
    """The estimator that a wrapper holds. Ensembles hold many: they are algorithms of their own.

    Only the wrapper's own members count: a frozen estimator answers with those of the one inside.
    """
    members = getattr(model, "__dict__", {})
    if "estimators_" in members:
        return None
    if calibrated := members.get("calibrated_classifiers_"):
        return calibrated[0].estimator
    for name in ("best_estimator_", "estimator_", "regressor_", "estimator"):
        if is_estimator(inner := members.get(name)):
            return inner
    return None


def _steps(model: Any) -> list[tuple[str, Any]]:
    """The named steps of a pipeline that do something; empty for anything else."""
    if not hasattr(model, "named_steps"):
        return []
    return [(name, step) for name, step in model.steps if is_estimator(step)]


def parameters(model: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The settings of the estimator that predicts; those of a pipeline's steps under ``step__``."""
    while (inner := _inner(model)) is not None:
        model = inner
    if steps := _steps(model):
        for name, step in steps:
            yield prefix + name, type(step).__name__
            yield from parameters(step, f"{prefix}{name}__")
        return
    for name, value in model.get_params(deep=True).items():
        if not _holds_estimators(value):
            yield prefix + name, _shortened(text(value))


def _holds_estimators(value: object) -> bool:
    """Whether a value lists estimators: each of them is a parameter of its own as well."""
    if isinstance(value, tuple | list):
        return any(is_estimator(item) or _holds_estimators(item) for item in value)
    return False


def text(value: Any) -> str:
    """A setting as text that is the same in every process: without addresses in memory, sets in order."""
    if isinstance(value, float | int | str) or value is None:
        return str(value)
    if is_estimator(value):
        return type(value).__name__
    if isinstance(value, partial):
        given = [_quoted(item) for item in value.args]
        given += [f"{name}={_quoted(item)}" for name, item in value.keywords.items()]
        return f"partial({', '.join([text(value.func), *given])})"
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "tolist"):
        return text(value.tolist())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(key)}: {_quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(_quoted, value))) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_quoted, value))}{',' if len(value) == 1 else ''})"
    return ADDRESS.sub("", str(value))


def _quoted(value: object) -> str:
    return repr(value) if isinstance(value, str) else text(value)


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value)} characters)"


# columns ----------------------------------------------------------------------------------------------------------


def columns(frame: Any, model: Any) -> dict[str, bool]:
    """The columns of a frame in order, each with whether it is categorical; a bare array's are named by the model."""
    names = _names(getattr(frame, "columns", None)) or _names(getattr(final_input(model), "feature_names_in_", None))
    if names is None:
        raise InvalidEntity("X: its columns have no names; pass the data frame that the model was fitted on")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidEntity(f"X: two columns are called {repeated[0]}")
    shape = getattr(frame, "shape", (0, len(names)))
    expected = getattr(model, "n_features_in_", None)
    width = shape[1] if len(shape) > 1 else 1
    if len(names) != width:
        raise InvalidEntity(f"X: it has {width} columns, but the model was fitted on {len(names)}: {', '.join(names)}")
    if expected is not None and expected != width:
        raise InvalidEntity(f"X: it has {width} columns, but the model was fitted on {expected}")
    fitted_on = _names(getattr(model, "feature_names_in_", None)) or names
    if strange := [name for name in names if name not in fitted_on]:
        raise InvalidEntity(f"X: the model was not fitted on a column {strange[0]}, but on {', '.join(fitted_on)}")
    kinds = getattr(frame, "dtypes", None)
    listed = [getattr(frame, "dtype", "")] * len(names) if kinds is None else list(kinds)
    return {name: _is_categorical(kind) for name, kind in zip(names, listed, strict=True)}


def final_input(model: Any) -> Any:
    """The estimator that met the columns: the first of a pipeline where the pipeline does not tell."""
    steps = _steps(model)
    return model if hasattr(model, "feature_names_in_") or not steps else steps[0][1]


def _names(labels: Any) -> list[str] | None:
    """Labels as names, if all of them are."""
    if labels is None:
        return None
    names = [str(label) if isinstance(label, str) else None for label in labels]
    return [name for name in names if name is not None] if names and None not in names else None


def _is_categorical(kind: object) -> bool:
    words = re.findall(r"[a-z]+", str(kind).lower().removeprefix("sparse"))
    return bool(words) and words[0] in CATEGORICAL


def name_of(target: Any) -> str | None:
    """What a target is called: a series by its name, a frame by its columns."""
    if names := _names(getattr(target, "columns", None)):
        return ", ".join(names)
    name = getattr(target, "name", None)
    return str(name) if name is not None and not callable(name) else None


# transformers -----------------------------------------------------------------------------------------------------


def treatments(model: Any, names: Sequence[str]) -> dict[str, str]:
    """What a model's transformers do to each column before it predicts, such as ``SimpleImputer → OneHotEncoder``.

    A column that takes several ways has them side by side.
    """
    while (inner := _inner(model)) is not None:
        model = inner
    ways = _through([step for _, step in _steps(model)[:-1]], names)
    found = {name: ", ".join(dict.fromkeys(" → ".join(way) for way in ways[name] if way)) for name in names}
    return {name: said for name, said in found.items() if said}


def _through(steps: Sequence[Any], names: Sequence[str]) -> dict[str, list[Steps]]:
    """The ways that columns take through one step after the other."""
    ways: dict[str, list[Steps]] = {name: [()] for name in names}
    for index, step in enumerate(steps):
        known = index == 0 or _names(getattr(step, "feature_names_in_", None)) == list(names)
        more = _ways(step, names) if known else {name: [_title(step)] for name in names}
        ways = {
            name: [way if way[-1:] == (DROPPED,) else way + next_ for way in ways[name] for next_ in more[name]]
            for name in names
        }
    return ways


def _ways(step: Any, names: Sequence[str]) -> dict[str, list[Steps]]:
    """The ways that columns take through one transformer."""
    if steps := _steps(step):
        return _through([one for _, one in steps], names)
    if parts := _parts(step, names):
        ways: dict[str, list[Steps]] = {name: [] for name in names}
        for transformer, chosen in parts:
            for name, found in (_ways(transformer, chosen) if is_estimator(transformer) else {}).items():
                ways[name] += found
            if transformer == "passthrough":
                for name in chosen:
                    ways[name].append(())
        return {name: found or [(DROPPED,)] for name, found in ways.items()}
    return {name: [_title(step)] for name in names}


def _parts(step: Any, names: Sequence[str]) -> list[tuple[Any, list[str]]]:
    """The transformers that share the columns of a step, each with its columns; empty if there are none."""
    if hasattr(step, "transformer_list"):
        return [(transformer, list(names)) for _, transformer in step.transformer_list]
    return [(transformer, chosen(names, which)) for _, transformer, which in getattr(step, "transformers_", ())]


def chosen(names: Sequence[str], which: Any) -> list[str]:
    """The columns that a column transformer's choice means: names, places, a slice of either, or a mask."""
    if isinstance(which, slice):
        if isinstance(which.start, str) or isinstance(which.stop, str):
            start = names.index(which.start) if which.start is not None else 0
            stop = names.index(which.stop) + 1 if which.stop is not None else len(names)
            return list(names[start : stop : which.step])
        return list(names[which])
    if isinstance(which, str | int):
        which = [which]
    listed = list(which.tolist() if hasattr(which, "tolist") else which)
    if listed and all(isinstance(one, bool) for one in listed):
        return [name for name, taken in zip(names, listed, strict=True) if taken]
    return [one if isinstance(one, str) else names[one] for one in listed]


def _title(step: Any) -> Steps:
    """What a transformer is called; a function by its own name. One that does nothing has no name."""
    function: Callable[..., Any] | None = getattr(step, "func", None)
    if type(step).__name__ != "FunctionTransformer":
        return (type(step).__name__,)
    return (f"FunctionTransformer({getattr(function, '__name__', text(function))})",) if function else ()
