"""Tables of measurements in Markdown, what the machine was doing meanwhile, and where they are kept."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows] if head else rows
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine(short=False):
    """The load of the last minute, and unless `short` the day and the processor."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return load if short else f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_processor()}, before the run {load}"


def _processor():
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def replace_section(path, name, text):
    """Put `text` between the marks of section `name`; a section that is not there yet comes last."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section, page = f"{start}\n{text}\n{end}", path.read_text(encoding="utf-8")
    marked = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    page = marked.sub(lambda _: section, page) if marked.search(page) else f"{page.rstrip()}\n\n{section}\n"
    path.write_text(page, encoding="utf-8")
