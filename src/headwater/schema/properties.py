# SPDX-License-Identifier: Apache-2.0
"""Custom properties: what types their values may have, how such a type is configured, and which values fit.

A property is a member of ``extension`` that somebody declared for an entity type. Its ``propertyType`` names one of
``PROPERTY_TYPES``; some of these need ``customPropertyConfig.config``.
"""

import re
from calendar import isleap, month_abbr, month_name
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headwater.schema.base import Document

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _\-.,;%#@!'(){}\[\]|=+?`]*")
"""How a custom property may be called."""

EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/]\S*")
DURATION = re.compile(r"-?P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
TABLE_COLUMNS = 3
"""How many columns a property that is a table may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyType:
    """A type of values. ``fault`` tells why a value does not fit under a configuration, and ``misconfigured`` why the
    configuration makes no sense; None if all is well. ``refers``: a value points to one entity or to several."""

    name: str
    description: str
    fault: Callable[[Any, Any], str | None]
    misconfigured: Callable[[Any], str | None]
    refers: bool = False


def _unconfigured(config: Any) -> str | None:
    return None if config is None else "it takes no configuration"


def _is(kind: type | tuple[type, ...], what: str) -> Callable[[Any, Any], str | None]:
    def fault(value: Any, config: Any) -> str | None:
        return None if isinstance(value, kind) and not isinstance(value, bool) else f"{_short(value)} is not {what}"

    return fault


def _matches(pattern: re.Pattern[str], what: str) -> Callable[[Any, Any], str | None]:
    def fault(value: Any, config: Any) -> str | None:
        fits = isinstance(value, str) and pattern.fullmatch(value)
        return None if fits else f"{_short(value)} is not {what}"

    return fault


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# enumerations -----------------------------------------------------------------------------------------------------


def _enum_misconfigured(config: Any) -> str | None:
    values = config.get("values") if isinstance(config, dict) else None
    if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
        return "it needs a config with values, a list of texts"
    if len(set(values)) < len(values):
        return "a value stands twice in its config"
    if config.keys() - {"values", "multiSelect"} or not isinstance(config.get("multiSelect", False), bool):
        return "its config has values and multiSelect, which is true or false"
    return None


def _enum_fault(value: Any, config: Mapping[str, Any]) -> str | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return f"{_short(value)} is not a list of texts"
    if unknown := [one for one in value if one not in config["values"]]:
        return f"{unknown[0]!r} is not one of {', '.join(config['values'])}"
    if len(value) > 1 and not config.get("multiSelect"):
        return "only one value may be chosen"
    return "a value is chosen twice" if len(set(value)) < len(value) else None


# dates and times --------------------------------------------------------------------------------------------------

TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<short_year>\d{2})",
    "MMMM": "(?P<month_name>" + "|".join(month_name[1:]) + ")",
    "MMM": "(?P<month_abbr>" + "|".join(month_abbr[1:]) + ")",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DDD": r"(?P<day_of_year>\d{3})",
    "dd": r"(?P<day>\d{2})",
    "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{2})",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<half_hour>\d{2})",
    "h": r"(?P<half_hour>\d{1,2})",
    "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
    "SSSSSS": r"\d{6}",
    "SSS": r"\d{3}",
    "a": "(?P<half>AM|PM)",
    "XXX": r"(Z|[+-]\d{2}:\d{2})",
    "Z": r"[+-]\d{4}",
}
"""The letters of a format, as in Java's ``DateTimeFormatter``, and the texts that they stand for."""


def _pattern(form: str) -> re.Pattern[str] | str:
    """The texts of a format, or why it makes none."""
    parts = []
    for match in re.finditer(r"'([^']*)'|(([A-Za-z])\3*)|(.)", form, re.DOTALL):
        quoted, letters, other = match[1], match[2], match[4]
        if letters and letters not in TOKENS:
            return f"{letters} means nothing in a format; it is made of {', '.join(TOKENS)}"
        parts.append(TOKENS[letters] if letters else re.escape(quoted or other or ""))
    try:
        return re.compile("".join(parts))
    except re.error:
        return f"{form} names one part twice"


def _format_misconfigured(config: Any) -> str | None:
    if not isinstance(config, str) or not config:
        return "it needs a format as its config, such as yyyy-MM-dd or HH:mm:ss"
    pattern = _pattern(config)
    return pattern if isinstance(pattern, str) else None


def _format_fault(value: Any, config: str) -> str | None:
    pattern = _pattern(config)
    assert isinstance(pattern, re.Pattern)
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None or not _exists(match.groupdict()):
        return f"{_short(value)} is not of the format {config}"
    return None


def _exists(parts: Mapping[str, str | None]) -> bool:
    """Whether there is a day with these parts, and a time of the day."""
    given = {name: text for name, text in parts.items() if text is not None}
    year = int(given.get("year") or given.get("short_year") or "2000")
    month = int(given.get("month", "1"))
    if "month_name" in given:
        month = list(month_name).index(given["month_name"])
    if "month_abbr" in given:
        month = list(month_abbr).index(given["month_abbr"])
    hour = int(given.get("hour", given.get("half_hour", "0")))
    if "half_hour" in given and not 1 <= hour <= 12:
        return False
    try:
        datetime(
            year, month, int(given.get("day", "1")), hour, int(given.get("minute", 0)), int(given.get("second", 0))
        )
    except ValueError:
        return False
    return 1 <= int(given.get("day_of_year", 1)) <= (366 if isleap(year) else 365)


# tables, intervals, links -----------------------------------------------------------------------------------------


def _table_misconfigured(config: Any) -> str | None:
    columns = config.get("columns") if isinstance(config, dict) else None
    if not isinstance(columns, list) or not 1 <= len(columns) <= TABLE_COLUMNS:
        return f"it needs a config with columns, 1 to {TABLE_COLUMNS} names"
    if not all(isinstance(column, str) and column for column in columns) or len(set(columns)) < len(columns):
        return "its columns must be texts that differ"
    if config.keys() - {"columns", "minColumns", "maxColumns"}:
        return "its config has columns, minColumns and maxColumns"
    return None


def _table_fault(value: Any, config: Mapping[str, Any]) -> str | None:
    if not isinstance(value, dict) or value.keys() - {"columns", "rows"}:
        return f"{_short(value)} is not an object of columns and rows"
    columns = value.get("columns", config["columns"])
    if columns != config["columns"]:
        return f"its columns are {', '.join(config['columns'])}, not {_short(columns)}"
    rows = value.get("rows", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return "its rows are not a list of objects"
    for number, row in enumerate(rows, 1):
        if unknown := row.keys() - set(columns):
            return f"row {number} has {min(unknown)}, which is none of its columns ({', '.join(columns)})"
        if wrong := next((column for column, cell in row.items() if not isinstance(cell, str)), None):
            return f"row {number}: {wrong} is not a text"
    return None


def _interval_fault(value: Any, config: Any) -> str | None:
    if not isinstance(value, dict) or value.keys() - {"start", "end"}:
        return f"{_short(value)} is not an object of start and end"
    for member, time in value.items():
        if not isinstance(time, int) or isinstance(time, bool):
            return f"{member} is not a whole number of milliseconds since 1970"
    if value.keys() == {"start", "end"} and value["end"] < value["start"]:
        return "it ends before it starts"
    return None


def _link_fault(value: Any, config: Any) -> str | None:
    if not isinstance(value, dict) or value.keys() - {"url", "displayText"}:
        return f"{_short(value)} is not an object of url and displayText"
    if not isinstance(value.get("url"), str) or not URL.fullmatch(value["url"]):
        return f"{_short(value.get('url'))} is not an absolute URL"
    return None if isinstance(value.get("displayText", ""), str) else "displayText is not a text"


# references -------------------------------------------------------------------------------------------------------


def _types_misconfigured(config: Any) -> str | None:
    """Which types of entity a reference may point to: any if there is no configuration."""
    if config is None or (isinstance(config, list) and all(isinstance(one, str) for one in config)):
        return None
    return "its config is a list of entity types"


def _reference_fault(value: Any, config: list[str] | None) -> str | None:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return f"{_short(value)} is not a reference: an object with type, and id or fullyQualifiedName"
    if not any(isinstance(value.get(member), str) for member in ("id", "fullyQualifiedName", "name")):
        return "the reference has neither id nor fullyQualifiedName"
    if config and value["type"] not in config:
        return f"it refers to a {value['type']}, not to a {' or '.join(config)}"
    return None


def _references_fault(value: Any, config: list[str] | None) -> str | None:
    if not isinstance(value, list):
        return f"{_short(value)} is not a list of references"
    return next((fault for one in value if (fault := _reference_fault(one, config))), None)


_ALL = (
    PropertyType(name="string", description="A text.", fault=_is(str, "a text"), misconfigured=_unconfigured),
    PropertyType(
        name="markdown",
        description="A text in Markdown.",
        fault=_is(str, "a text"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="sqlQuery", description="A statement in SQL.", fault=_is(str, "a text"), misconfigured=_unconfigured
    ),
    PropertyType(
        name="integer",
        description="A whole number.",
        fault=_is(int, "a whole number"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="number",
        description="A number, whole or not.",
        fault=_is((int, float), "a number"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="email",
        description="A mail address.",
        fault=_matches(EMAIL, "a mail address"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="duration",
        description="A length of time in the form of ISO 8601.",
        fault=_matches(DURATION, "a duration such as P3DT12H"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="timestamp",
        description="A moment in milliseconds since 1970, UTC.",
        fault=_is(int, "a whole number of milliseconds since 1970"),
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="timeInterval",
        description="The time between two moments, each in milliseconds since 1970.",
        fault=_interval_fault,
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="date-cp",
        description="A date in a format of one's own.",
        fault=_format_fault,
        misconfigured=_format_misconfigured,
    ),
    PropertyType(
        name="dateTime-cp",
        description="A date and time in a format of one's own.",
        fault=_format_fault,
        misconfigured=_format_misconfigured,
    ),
    PropertyType(
        name="time-cp",
        description="A time of the day in a format of one's own.",
        fault=_format_fault,
        misconfigured=_format_misconfigured,
    ),
    PropertyType(
        name="enum",
        description="One value of a list, or several.",
        fault=_enum_fault,
        misconfigured=_enum_misconfigured,
    ),
    PropertyType(
        name="table-cp",
        description="A small table with columns of one's own.",
        fault=_table_fault,
        misconfigured=_table_misconfigured,
    ),
    PropertyType(
        name="hyperlink-cp",
        description="A link, and what it says.",
        fault=_link_fault,
        misconfigured=_unconfigured,
    ),
    PropertyType(
        name="entityReference",
        description="An entity of this catalogue.",
        fault=_reference_fault,
        misconfigured=_types_misconfigured,
        refers=True,
    ),
    PropertyType(
        name="entityReferenceList",
        description="Entities of this catalogue.",
        fault=_references_fault,
        misconfigured=_types_misconfigured,
        refers=True,
    ),
)
PROPERTY_TYPES: Mapping[str, PropertyType] = {one.name: one for one in _ALL}
"""The types of custom properties, by name."""


def config_of(declared: Document) -> Any:
    """The configuration of a custom property."""
    return (declared.get("customPropertyConfig") or {}).get("config")
