"""F5: a node that missed many changes, until it holds them all and is at the fleet's revision."""

import json
import subprocess
from pathlib import Path

from figures import Surroundings, median, paragraph, table

HEADING = "F5: catching up"
RUN_TIMEOUT_S = 900


def measure(binary: Path, sizes: list, rounds: int) -> str:
    surroundings = Surroundings()
    rows = []
    for changes in sizes:
        ran = subprocess.run([str(binary), *[str(changes)] * rounds], capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=True)
        taken = [json.loads(line) for line in ran.stdout.splitlines()]
        rows.append((changes, *(_figure(taken, name, digits) for name, digits in
                                (("revision_s", 2), ("records_s", 2), ("cpu_s", 2), ("stall_ms", 0), ("peak_mib", 0)))))
        print(f"F5 {' | '.join(map(str, rows[-1]))}", flush=True)
    return (surroundings.text()
            + paragraph(f"Two whole nodes, each a process with an SQLite store, over TCP on loopback; {rounds} times each, median and",
                        "most. Four authors wrote while one node was away; seconds from its dial until it holds all of it, and until it",
                        "is at their revision, too. CPU is that of its process. Stall: the longest that its loop let a timer of 5 ms wait.")
            + "\n"
            + table(("changes missed", "s to the same revision", "s to all records", "CPU s", "stall, ms", "peak resident MiB"), rows))


def _figure(taken: list, name: str, digits: int) -> str:
    values = [one[name] for one in taken]
    return f"{median(values):.{digits}f} (most {max(values):.{digits}f})"
