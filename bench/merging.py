"""F7: what one change costs the merge on a configuration of 500 KB, and what folding all of its history does."""

import json
import subprocess
from pathlib import Path

from figures import Surroundings, median, paragraph, table

HEADING = "F7: the merge of a configuration of 500 KB"
# The name of a benchmark (bench/merge_bench.cpp), what it measures, and the most that it may take in ms.
ROWS = (
    ("WarmLast/0/1", "one change more, level 1", 1),
    ("WarmLast/0/2", "one change more, level 2", 1),
    ("WarmLast/10/2", "one change more, each 10 behind the other writers", 1),
    ("WarmLate/50", "every second change 50 late", None),
    ("ColdFold/0", "10,000 changes, cold", 1000),
    ("ColdFold/1000", "10,000 changes, cold, each 1,000 behind the other writers", 1000),
    ("State", "a checkpoint of them, written and read", None),
)
IN_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}


def measure(binary: Path, rounds: int) -> str:
    surroundings = Surroundings()
    names = "|".join(f"^{name}$" for name, _, _ in ROWS)
    out = subprocess.run(
        [binary, f"--benchmark_filter={names}", f"--benchmark_repetitions={rounds}", "--benchmark_format=json",
         "--benchmark_min_time=0.2"], check=True, capture_output=True, text=True).stdout
    taken = {}
    for run in json.loads(out)["benchmarks"]:
        if run["run_type"] == "iteration":
            taken.setdefault(run["run_name"], []).append(run["cpu_time"] * IN_MS[run["time_unit"]])
    rows = [(what, f"{median(taken[name]):.3f}", f"{max(taken[name]):.3f}", limit or "-") for name, what, limit in ROWS]
    for row in rows:
        print(f"F7 {' | '.join(map(str, row))}", flush=True)
    return (surroundings.text()
            + paragraph(f"Milliseconds of one core's time, {rounds} rounds; of each round the mean. A warm change is all that a fleet asks",
                        "of the merge after it: the tree, the fates that changed, the revision.")
            + "\n"
            + table(("", "median", "most", "goal"), rows))
