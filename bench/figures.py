"""What the benchmarks share: how figures are summed up, where they were taken, and the file that they are written to."""

import datetime
import math
import os
import platform
import re
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARAGRAPH_WIDTH = 128
TITLE = """# Results

As measured by `./dev bench`, never as hoped for. Each part says when and where it was taken: a loaded machine gives other figures,
and a load average far above what the benchmark itself makes means that the figures are worth little.
"""


def percentile(values, share: float) -> float:
    """The smallest value that at least this share of all isn't above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(values) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def paragraph(*sentences: str) -> str:
    return "\n" + textwrap.fill(" ".join(sentences), PARAGRAPH_WIDTH) + "\n"


def table(head, rows) -> str:
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


class Surroundings:
    """Where and when something is measured; told with the load before and after."""

    def __init__(self):
        self._load_before = os.getloadavg()[0]

    def text(self) -> str:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        return (f"{now}, commit {_commit()}, {_processor()}, {os.cpu_count()} CPUs, Linux {platform.release()}; load average "
                f"(1 min) {self._load_before:.1f} before, {os.getloadavg()[0]:.1f} after.\n")


def _commit() -> str:
    def git(*args):
        return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    changed = [line for line in git("status", "--porcelain", "--untracked-files=no").splitlines() if "RESULTS.md" not in line]
    return git("rev-parse", "--short", "HEAD") + (" with local changes" if changed else "")


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def write_part(file: Path, heading: str, body: str):
    """Replaces the part under that heading, or adds it; the others keep what was measured before."""
    text = file.read_text() if file.exists() else TITLE
    head, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    by_heading = {part.split("\n", 1)[0].removeprefix("## "): part for part in parts}
    by_heading[heading] = f"## {heading}\n\n{body}"
    file.write_text("\n".join(part.rstrip("\n") + "\n" for part in (head, *(by_heading[name] for name in sorted(by_heading)))))
