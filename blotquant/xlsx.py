"""XLSX files written row by row: plain cells under a header that is frozen and filterable.

What general writers can do (formats, formulas, charts) costs them a few microseconds a cell, which
is more than all else there is to writing the tables of a long run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import IO, Any
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

__all__ = ["Book", "open_book"]

_MOST_TEXT = 32_767  # characters of a cell
_TOGETHER = 500  # rows that are packed in one go
_LEVEL = 3  # of packing: more takes twice the time for a tenth of the bytes
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Sheets are all other XML there is, so that their number need not be known beforehand.
_CONTENT = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_PACKAGE_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/></Relationships>'
)
# Format 0 is that of cells, 1 that of the header. Excel wants the first two fills to be these.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFEEF1F4"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    '<border><left/><right/><top/><bottom style="thin"><color auto="1"/></bottom><diagonal/>'
    "</border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="1" xfId="0" applyFont="1" applyFill="1" '
    'applyBorder="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_BEFORE_COLUMNS = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>'
    "</sheetView></sheetViews>"
)
_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9a-fA-F]{4}_|^\s|\s$")
_NO_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LIKE_ESCAPED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")


@dataclass
class Book:
    """A workbook under way.

    Parameters
    ----------
    archive : ZipFile
    """

    archive: ZipFile
    _sheets: list[tuple[str, str]] = field(default_factory=list)  # name, cells of the filter

    def add(
        self,
        name: str,
        heading: Sequence[str],
        widths: Sequence[int],
        rows: Iterable[Sequence[Any]],
    ) -> None:
        r"""Write a sheet; rows are taken as they are needed.

        Parameters
        ----------
        name : str
            31 characters at most, none of ``[]:*?/\``.
        heading : sequence of str
            Text of the header, a column each.
        widths : sequence of int
            Of the columns, in characters.
        rows : iterable of sequence
            Numbers, booleans and text, None for an empty cell; numbers that are not finite become
            text.
        """
        letters = [_letters(number) for number in range(len(heading))]
        with self.archive.open(f"xl/worksheets/sheet{len(self._sheets) + 1}.xml", "w") as file:
            cells = "".join(
                f'<c r="{letter}1" s="1" t="inlineStr">{_inline(text)}</c>'
                for letter, text in zip(letters, heading, strict=True)
            )
            before = f'{_columns(widths)}<sheetData><row r="1">{cells}</row>'
            file.write((_BEFORE_COLUMNS + before).encode())
            left, last = iter(rows), 1
            while some := list(islice(left, _TOGETHER)):
                lines = [_row(number, row, letters) for number, row in enumerate(some, last + 1)]
                file.write("".join(lines).encode())
                last += len(some)
            ends = f"A1:{letters[-1]}{max(last, 2)}"
            file.write(f'</sheetData><autoFilter ref="{ends}"/></worksheet>'.encode())
        filtered = f"'{name}'!$A$1:${letters[-1]}${max(last, 2)}"
        self._sheets.append((name, filtered))

    def close(self) -> None:
        """Write what names the sheets."""
        sheets, filters, relations = [], [], []
        for number, (name, filtered) in enumerate(self._sheets, 1):
            sheets.append(f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>')
            filters.append(
                f'<definedName name="_xlnm._FilterDatabase" localSheetId="{number - 1}" '
                f'hidden="1">{_escaped(filtered)}</definedName>'
            )
            relations.append(
                f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" '
                f'Target="worksheets/sheet{number}.xml"/>'
            )
        relations.append(
            f'<Relationship Id="rId{len(self._sheets) + 1}" Type="{_RELATIONS}/styles" '
            'Target="styles.xml"/>'
        )
        book = (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews>'
            f"<workbookView/></bookViews><sheets>{''.join(sheets)}</sheets>"
            f"<definedNames>{''.join(filters)}</definedNames></workbook>"
        )
        named = (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            f"{''.join(relations)}</Relationships>"
        )
        _put(self.archive, "xl/workbook.xml", book)
        _put(self.archive, "xl/_rels/workbook.xml.rels", named)


@contextmanager
def open_book(file: IO[bytes], comment: str) -> Iterator[Book]:
    """A workbook that is written to a file; the same sheets give the same bytes.

    Parameters
    ----------
    file : binary file
        Open for writing.
    comment : str
        Kept in its properties.

    Notes
    -----
    ECMA-376 (Office Open XML), parts 1 and 2.
    """
    properties = (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:description>{_escaped(comment)}</dc:description>"
        '<dcterms:created xsi:type="dcterms:W3CDTF">2000-01-01T00:00:00Z</dcterms:created>'
        "</cp:coreProperties>"
    )
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        _put(archive, "[Content_Types].xml", _CONTENT)
        _put(archive, "_rels/.rels", _PACKAGE_RELATIONS)
        _put(archive, "docProps/core.xml", properties)
        _put(archive, "xl/styles.xml", _STYLES)
        book = Book(archive)
        yield book
        book.close()


def _put(archive: ZipFile, name: str, text: str) -> None:
    with archive.open(name, "w") as file:  # of 1980, whenever it is
        file.write(text.encode())


def _columns(widths: Sequence[int]) -> str:
    """Widths of columns: 7 px a character and 5 px of margin, which Excel wants in characters."""
    columns = [
        f'<col min="{number}" max="{number}" width="{(7 * width + 5) / 7:.4f}" customWidth="1"/>'
        for number, width in enumerate(widths, 1)
    ]
    return f"<cols>{''.join(columns)}</cols>"


def _row(number: int, values: Sequence[Any], letters: Sequence[str]) -> str:
    """A row; the commonest kinds of cells come first."""
    cells = []
    for letter, value in zip(letters, values, strict=True):
        if value is None or value == "":
            continue
        if isinstance(value, float) and math.isfinite(value):
            cells.append(f'<c r="{letter}{number}"><v>{value!r}</v></c>')
        elif isinstance(value, bool):
            cells.append(f'<c r="{letter}{number}" t="b"><v>{value:d}</v></c>')
        elif isinstance(value, int):
            cells.append(f'<c r="{letter}{number}"><v>{value}</v></c>')
        else:
            cells.append(f'<c r="{letter}{number}" t="inlineStr">{_inline(str(value))}</c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


@lru_cache(maxsize=4096)
def _inline(text: str) -> str:
    """Text of a cell, cut to what one can hold."""
    text = text[:_MOST_TEXT]
    if _SPECIAL.search(text) is None:
        return f"<is><t>{text}</t></is>"
    return f'<is><t xml:space="preserve">{_escaped(text)}</t></is>'


def _escaped(text: str) -> str:
    """Text as XML; characters that XML has not are written as Excel does, ``_x0007_``."""
    text = _LIKE_ESCAPED.sub("_x005F_", text)
    text = _NO_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.encode("utf-8", "replace").decode()


def _letters(column: int) -> str:
    """Name of a column, counted from 0: A to Z, AA, AB."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
