"""CSV records one by one, for blocks whose quotes are broken: what can be read is read, the rest is named.

A quote inside an unquoted field is plain text (``12" disc``). A quoted field that never closes, that is followed by
other text than a separator, or that swallows lines and then has the wrong number of fields, spoils only the line in
which it starts: reading goes on with the next line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNCLOSED, MALFORMED, COUNT = "unclosed quote", "malformed quotes", "wrong column count"
UTF8, NUL = "invalid UTF-8", "NUL byte"


@dataclass
class Parsed:
    """What a careful pass found.

    Attributes:
        rows: The fields of each good record.
        spans: First byte and end of each good record.
        lines: Line in which it starts.
        refused: Line, reason, first byte and end of the others.
        consumed: Bytes read; the rest belongs to a record that may go on in the next block.
        newlines: Line breaks in these bytes.
        blank: Lines with nothing on them.
    """

    rows: list[list[str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[tuple[int, str, int, int]] = field(default_factory=list)
    consumed: int = 0
    newlines: int = 0
    blank: int = 0


def parse_carefully(data: bytes, separator: bytes, width: int, first_line: int, final: bool) -> Parsed:
    """Reads records until ``data`` ends, or until a quoted field is still open there and more data may follow.

    Args:
        data: Text with ``\\n`` line breaks that ends with one.
        separator: The byte between fields.
        width: Fields that a record must have.
        first_line: Line of the file in which ``data`` starts.
        final: Whether an open quote at the end is an error rather than a reason to wait.
    """
    out = Parsed()
    at, line = 0, first_line
    while at < len(data):
        line_end = data.index(b"\n", at)
        fields, end = split_record(data, at, line_end, separator)
        if end < 0 and not final and fields is None:
            break
        if fields is None or (len(fields) != width and end > line_end):
            reason = UNCLOSED if end < 0 else MALFORMED if fields is None else COUNT
            out.refused.append((line, reason, at, line_end))
            end = line_end
        elif end == at or data[at:end].isspace():
            out.blank += 1
        else:
            _keep(out, data, fields, at, end, line, width)
        line += data.count(b"\n", at, end + 1)
        at = end + 1
    out.consumed, out.newlines = at, line - first_line
    return out


def _keep(out: Parsed, data: bytes, fields: list[bytes], at: int, end: int, line: int, width: int) -> None:
    if b"\0" in data[at:end]:
        out.refused.append((line, NUL, at, end))
        return
    if len(fields) != width:
        out.refused.append((line, COUNT, at, end))
        return
    try:
        texts = [part.decode() for part in fields]
    except UnicodeDecodeError:
        out.refused.append((line, UTF8, at, end))
        return
    out.rows.append(texts)
    out.spans.append((at, end))
    out.lines.append(line)


def split_record(data: bytes, at: int, line_end: int, separator: bytes) -> tuple[list[bytes] | None, int]:
    """The fields of the record that starts at ``at``, and the line break that ends it.

    Returns:
        ``(fields, end)``; ``(None, -1)`` when a quote never closes, ``(None, line_end)`` when text follows a closing
        quote.
    """
    if data.find(b'"', at, line_end) < 0:
        return data[at:line_end].split(separator), line_end
    fields: list[bytes] = []
    while True:
        if data[at : at + 1] == b'"':
            close = _closing(data, at + 1)
            if close < 0:
                return None, -1
            fields.append(data[at + 1 : close].replace(b'""', b'"'))
            at = close + 1
            if data[at : at + 1] not in (separator, b"\n"):
                return None, line_end
        else:
            stop = data.index(b"\n", at)
            cut = data.find(separator, at, stop)
            cut = stop if cut < 0 else cut
            fields.append(data[at:cut])
            at = cut
        if data[at : at + 1] == b"\n":
            return fields, at
        at += 1


def _closing(data: bytes, at: int) -> int:
    """The quote that closes a field whose text starts at ``at``, or -1; doubled quotes are text."""
    while (close := data.find(b'"', at)) >= 0:
        if data[close + 1 : close + 2] != b'"':
            return close
        at = close + 2
    return -1
