#!/usr/bin/env python3
"""Measures, and writes what it measured to RESULTS.md: P1, a connection's throughput against go-libp2p, and F1, the
time of a change through a fleet against the experiment. Each part of the file is replaced alone."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import figures
import propagation
import throughput
from figures import ROOT

RESULTS = ROOT / "bench" / "RESULTS.md"
RELEASE = ROOT / "build" / "release"


@dataclass(frozen=True)
class Effort:
    perf_bytes: int
    perf_rounds: int
    changes: int
    fleet_sizes: tuple


FULL = Effort(perf_bytes=1 << 30, perf_rounds=10, changes=100, fleet_sizes=(3, 20))
QUICK = Effort(perf_bytes=128 << 20, perf_rounds=5, changes=20, fleet_sizes=(3,))


def measure(name: str, arguments, effort: Effort):
    """Heading and body of a part. Raises Unavailable where this machine can't run it."""
    if name == "p1":
        return throughput.HEADING, throughput.measure(arguments.peer_binary, effort.perf_bytes, effort.perf_rounds)
    return propagation.HEADING, propagation.measure(arguments.binary, arguments.nodes or list(effort.fleet_sizes), effort.changes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller: to see that it works")
    parser.add_argument("--only", choices=("p1", "f1"))
    parser.add_argument("--nodes", type=int, action="append", help="of the fleets of F1 (default: 3 and 20; quick: 3)")
    parser.add_argument("--peer-binary", type=Path, default=RELEASE / "tests" / "interop" / "interop_peer")
    parser.add_argument("--binary", type=Path, default=RELEASE / "starling")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file that is written (%(default)s)")
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else ["p1", "f1"]
    failed = False
    for part in parts:
        binary = {"p1": arguments.peer_binary, "f1": arguments.binary}[part]
        if not os.access(binary, os.X_OK):
            parser.error(f"{binary} is missing: ./dev build release")
    for part in parts:
        try:
            heading, body = measure(part, arguments, QUICK if arguments.quick else FULL)
        except (propagation.Unavailable, propagation.support.Unavailable) as reason:
            print(f"SKIP {part}: {reason}", flush=True)
            failed = True
            continue
        figures.write_part(arguments.results, heading, body)
        print(f"{heading}: written to {arguments.results}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
