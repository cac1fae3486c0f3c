# SPDX-License-Identifier: Apache-2.0
"""What a command says: answers on the standard output, messages on the standard error.

Texts of the catalogue are never trusted: no markup is read in them, and characters that would steer a terminal are
shown by their codes. Without a terminal there are neither colours nor line breaks that the text does not have, and
nothing is cut short.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.schema.fqn import quote

GAP = 2
"""Blanks between columns."""

UNLIMITED = 1_000_000
"""The width, in characters, of an output that is no terminal."""

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What steers a terminal: control characters, and those that turn the direction of writing."""

CONTROLS_IN_JSON = re.compile(CONTROLS.pattern.replace("\x00-\x1f", ""))
"""The same without those that the JSON writer escapes itself."""


def clean(text: object, lines: bool = False) -> str:
    """A text that a terminal can be given. Line breaks and tabs become blanks, unless ``lines`` keeps the breaks."""
    kept = str(text).replace("\r\n", "\n").replace("\t", " ")
    if lines:
        return "\n".join(clean(line) for line in kept.split("\n"))
    return CONTROLS.sub(lambda found: _code(found.group()), kept.replace("\n", " "))


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def styled(text: object, style: str = "", lines: bool = False) -> Text:
    """A clean text in a style; it is folded, never cut, where it does not fit."""
    return Text(clean(text, lines), style=style, overflow="fold")


def words(*parts: tuple[object, str] | str | Text) -> Text:
    """Texts and styled texts in a row."""
    row = Text(overflow="fold")
    for part in parts:
        if isinstance(part, Text):
            row.append_text(part)
        elif isinstance(part, tuple):
            row.append(clean(part[0]), style=part[1])
        else:
            row.append(clean(part))
    return row


def as_json(value: object, indent: int | None = 2) -> str:
    """JSON text that a terminal can be given."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return CONTROLS_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def moment(milliseconds: int | None) -> str:
    """A time in UTC, to the minute."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


STDIN = "<stdin>"
"""What stands for the standard input in the place of a file."""


class Screen:
    """The two outputs of a command. ``json``: answers are JSON."""

    def __init__(self, json: bool = False, out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self.json = json
        self._file = out or sys.stdout
        self.out = _console(self._file)
        self.err = _console(err or sys.stderr)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads the answer as it comes."""
        return self.out.is_terminal

    def show(self, *parts: RenderableType) -> None:
        """Print an answer."""
        if self.is_terminal:
            self.out.print(*parts, sep="\n")
            return
        with self.out.capture() as captured:
            self.out.print(*parts, sep="\n")
        self.write("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def write(self, text: str) -> None:
        """Print text as it is."""
        self._file.write(text)

    def value(self, value: object) -> None:
        """Print a JSON value."""
        self.write(as_json(value) + "\n")

    def values(self, values: Iterable[object]) -> None:
        """Print a JSON list as its items come, one a line."""
        lead = "[\n"
        for value in values:
            self.write(lead + as_json(value, indent=None))
            lead = ",\n"
        self.write("[]\n" if lead == "[\n" else "\n]\n")

    def note(self, text: object) -> None:
        """Tell something beside the answer."""
        self.err.print(styled(text, "dim", lines=True))

    def done(self, text: object) -> None:
        """Tell that something was done, where no answer is printed."""
        self.err.print(styled(text, lines=True))

    def question(self, text: object) -> None:
        """Ask, leaving the cursor behind the question."""
        self.err.print(styled(text), end="")

    def problem(self, text: object, *hints: object) -> None:
        """Tell what went wrong, and what may help."""
        self.err.print(words(("error: ", "bold red"), styled(text, lines=True)))
        for hint in hints:
            self.err.print(styled(hint, lines=True))

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on the standard error for work that may take long; told how much is done of how much."""
        if not self.err.is_terminal:
            yield lambda done, total: None
            return
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(clean(what), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _console(file: IO[str]) -> Console:
    console = Console(file=file, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console = Console(
            file=file, markup=False, emoji=False, highlight=False, width=UNLIMITED, color_system=None, no_color=True
        )
    return console


def grid(rows: Iterable[tuple[RenderableType, ...]]) -> Table:
    """Aligned columns without heads."""
    table = Table.grid(padding=(0, GAP, 0, 0))
    for row in rows:
        while len(table.columns) < len(row):
            table.add_column(overflow="fold")
        table.add_row(*row)
    return table


class Columns:
    """A table without lines, for any width: no name in it is broken. Columns that find no room beside the others
    stand below each row, those that are empty throughout nowhere.
    """

    def __init__(self, heads: Iterable[str], rows: Iterable[Sequence[Text]]) -> None:
        heads, rows = list(heads), list(rows)
        used = [index for index in range(len(heads)) if any(row[index].plain for row in rows)]
        self.heads = [clean(heads[index]) for index in used]
        self.rows = [[row[index] for index in used] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        words = self._widths(_longest_word)
        if sum(words) + GAP * (len(words) - 1) > options.max_width:
            yield from self._rows_with_more(options.max_width)
            return
        shown = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
        for head, width in zip(self.heads, words, strict=True):
            shown.add_column(head, overflow="fold", min_width=width)
        for row in self.rows:
            shown.add_row(*row)
        yield shown

    def _widths(self, measure: Callable[[str], int]) -> list[int]:
        return [
            max(measure(text) for text in (head, *(row[index].plain for row in self.rows)))
            for index, head in enumerate(self.heads)
        ]

    def _rows_with_more(self, room: int) -> Iterator[RenderableType]:
        """Rows of the columns that fit on one line, the narrow ones first, and the others below each."""
        widths = self._widths(_whole)
        beside, left = {0}, room - widths[0]
        for index in sorted(range(1, len(widths)), key=widths.__getitem__):
            left -= widths[index] + GAP
            if left >= 0:
                beside.add(index)
        columns = sorted(beside)
        yield _line([Text(self.heads[index], style="dim") for index in columns], [widths[index] for index in columns])
        for row in self.rows:
            yield _line([row[index].copy() for index in columns], [widths[index] for index in columns])
            others = [index for index in range(len(row)) if index not in beside and row[index].plain]
            if others:
                yield Padding(
                    grid((Text(self.heads[index], style="dim"), row[index]) for index in others), (0, 0, 0, 4)
                )


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text(overflow="fold")
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell)
        line.append(" " * (width + GAP - cell.cell_len))
    line.rstrip()
    return line


def _whole(text: str) -> int:
    """The cells of a text; a text of several lines fits nowhere."""
    return UNLIMITED if "\n" in text else cell_len(text)


def _longest_word(text: str) -> int:
    """The cells of the longest word; the blanks that indent it stay with it."""
    indent = max((cell_len(line) - cell_len(line.lstrip()) for line in text.split("\n")), default=0)
    return indent + max((cell_len(word) for word in text.split()), default=0)


def section(head: str, *body: RenderableType) -> RenderableType:
    """A headed part of a page."""
    return Group(Text(""), Text(head, style="bold"), *(Padding(each, (0, 0, 0, 2)) for each in body))


def reference_name(value: Mapping[str, Any]) -> str | None:
    """The FQN, else the id, of what a JSON object refers to; a single name without its quotes. None if nothing."""
    full, name = value.get("fullyQualifiedName"), value.get("name")
    if isinstance(name, str) and full == quote(name):
        return name
    return full or (value.get("id") if "type" in value else None)


def plain(value: Any) -> str:
    """A JSON value in one line of text: references and labels by their names, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value)
    if isinstance(value, dict):
        name = value.get("tagFQN") or reference_name(value)
        return str(name) if name else as_json(value, indent=None)
    return str(value)
