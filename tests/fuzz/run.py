#!/usr/bin/env python3
"""Runs every fuzz target of a build tree for some seconds, a few at a time, and prints a table.

What a target discovers is kept beside the tree and is where the next run begins; what it finds wrong is kept in
findings/, as TARGET-crash-HASH and the like. Exits 1 if there is a finding: `BINARY FILE` shows it again.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "corpus"
# Beyond its own time: to load the corpus, to end, and to say what was found.
GRACE_S = 120
TAIL_LINES = 60
PROGRESS_EVERY_S = 30
FLAGS = ("-print_final_stats=1", "-timeout=5", "-rss_limit_mb=2048", "-malloc_limit_mb=64")


@dataclass
class Outcome:
    name: str
    seconds: float
    log: str
    fault: str  # empty: nothing found

    def figure(self, pattern: str) -> int:
        found = re.findall(pattern, self.log)
        return int(found[-1]) if found else 0

    def row(self) -> str:
        runs = self.figure(r"stat::number_of_executed_units:\s*(\d+)")
        covered, kept = self.figure(r"cov: (\d+)"), self.figure(r"corp: (\d+)")
        return (f"{self.name:<22}{self.seconds:>6.0f} s{runs:>12,}{runs / self.seconds:>10,.0f}/s{covered:>7}{kept:>8}"
                f"  {self.fault or 'ok'}")


def run(binary: Path, seconds: int, kept: Path) -> Outcome:
    name = binary.name.removeprefix("fuzz_")
    discovered = kept / "corpus" / name
    findings = kept / "findings"
    for folder in (discovered, findings):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [str(SEEDS / name)] if (SEEDS / name).is_dir() else []
    argv = [str(binary), f"-max_total_time={seconds}", f"-artifact_prefix={findings}/{name}-", *FLAGS, str(discovered), *seeds]
    begun = time.monotonic()
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds + GRACE_S)
        log, fault = done.stdout.decode(errors="replace"), "" if done.returncode == 0 else f"exit {done.returncode}"
    except subprocess.TimeoutExpired as stuck:
        log, fault = (stuck.stdout or b"").decode(errors="replace"), f"still running after {seconds + GRACE_S} s"
    if fault and (kept_inputs := re.findall(r"written to (\S+)", log)):
        fault += f": {kept_inputs[-1]}"
    return Outcome(name, time.monotonic() - begun, log, fault)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, required=True, help="a build tree of the asan preset")
    parser.add_argument("--seconds", type=int, required=True, help="for each target")
    parser.add_argument("--kept", type=Path, required=True, help="the folder for what is discovered and found")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    binaries = sorted(file for file in (arguments.tree / "tests" / "fuzz").glob("fuzz_*") if os.access(file, os.X_OK) and file.is_file())
    if not binaries:
        sys.exit(f"no fuzz target is built in {arguments.tree}")
    print(f"{'target':<22}{'time':>8}{'runs':>12}{'rate':>12}{'cov':>7}{'corpus':>8}", flush=True)
    outcomes, begun = [], time.monotonic()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        left = {pool.submit(run, binary, arguments.seconds, arguments.kept) for binary in binaries}
        while left:
            done, left = wait(left, timeout=PROGRESS_EVERY_S, return_when=FIRST_COMPLETED)
            for finished in done:
                outcomes.append(finished.result())
                print(f"{outcomes[-1].row()}  [{len(outcomes)}/{len(binaries)}]", flush=True)
            if not done:
                print(f"   [{len(outcomes)}/{len(binaries)}] {time.monotonic() - begun:.0f} s", flush=True)
    faults = [outcome for outcome in outcomes if outcome.fault]
    for outcome in faults:
        print(f"\n--- {outcome.name}: {outcome.fault}; the end of what it said:")
        print("\n".join(outcome.log.splitlines()[-TAIL_LINES:]))
    print(f"{len(outcomes)} fuzz targets, {len(faults)} with a finding")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
