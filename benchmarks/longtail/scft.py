"""What SCFT did on each catalogue: two-view retrieval and crowding of held-out items, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretaste.core.files import read_json, write_json
from longtail.kept import KEPT
from longtail.plan import DATA

REPORT, NAME = "report.json", "scft.json"


def keep_scft(data: str, out: Path) -> None:
    """Keeps the report of the tuned model that the runs on this data set share, where there is one."""
    report = out / "scft" / data / REPORT
    if report.is_file():
        write_json(KEPT / data / NAME, read_json(report))


def scft_lines() -> list[str]:
    """Lines of all kept reports."""
    found = {data: read_json(KEPT / data / NAME) for data in DATA if (KEPT / data / NAME).is_file()}
    if not found:
        return []
    head = (
        f"  {'data':20} {'items':>6} {'held out':>8} {'R@1 before':>10} {'after':>6} "
        f"{'cosine before':>13} {'after':>6} {'steps/s':>8} {'peak MB':>8}"
    )
    title = "SCFT of all-MiniLM-L6-v2, one pass: two-view retrieval R@1 and mean off-diagonal cosine of held-out items"
    return ["", title, head, *(_line(data, report) for data, report in found.items())]


def _line(data: str, report: dict[str, Any]) -> str:
    before, after = report["before"], report["after"]
    return (
        f"  {data:20} {report['items']:6,} {report['heldout']:8} {before['r@1']:10.3f} {after['r@1']:6.3f} "
        f"{before['cosine']:13.3f} {after['cosine']:6.3f} {report['steps_per_second']:8.2f} "
        f"{report['peak_memory_mb']:8,}"
    )
