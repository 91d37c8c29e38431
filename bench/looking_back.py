"""F8: looking at the past of a long history, and for how long at a time nothing else can run meanwhile."""

import re
import subprocess
from pathlib import Path

from figures import Surroundings, median, paragraph, table

HEADING = "F8: looking at the past of 60,000 changes"
CHANGES = 60_000
# What history_bench says: "one change back: 1388 ms in all, at most 9.3 ms at a time".
LINE = re.compile(r"(.+): (\d+) ms in all, at most ([\d.]+) ms at a time")
# Of commit 9314cc6, on the same machine: it was one piece of work.
BEFORE_SLICES = {"one change back": 1739, "what the newest change was written upon": 1762, "who made what stands": 120}


def measure(binary: Path, rounds: int) -> str:
    surroundings = Surroundings()
    taken = {}
    for _ in range(rounds):
        out = subprocess.run([binary, str(CHANGES)], check=True, capture_output=True, text=True).stdout
        for what, in_all, at_a_time in LINE.findall(out):
            taken.setdefault(what, []).append((int(in_all), float(at_a_time)))
    rows = [(what, f"{median([all_ms for all_ms, _ in times]):.0f}", f"{max(held for _, held in times):.1f}",
             BEFORE_SLICES.get(what, "-")) for what, times in taken.items()]
    for row in rows:
        print(f"F8 {' | '.join(map(str, row))}", flush=True)
    return (surroundings.text()
            + paragraph(f"Milliseconds, {rounds} rounds: the median of what it takes in all, and the longest that another coroutine of the",
                        "loop waited for its turn. The configuration is that of F7, and enters as one change of 9,000 edits: that change",
                        "alone is the longest slice. Before the fold went in slices all of it was one.")
            + "\n"
            + table(("", "in all", "longest at a time", "before slices"), rows))
