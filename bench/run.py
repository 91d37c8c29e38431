#!/usr/bin/env python3
"""Measures, and writes what it measured to RESULTS.md: P1 to P7, connections against those of go, rust and js; F1, the
time of a change through a fleet against the experiment; F3, an idle fleet; F5, a node that was away; F6, writes a second; F7,
the merge; F8, looking at the past. Each part of the file is replaced alone."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import catchup
import connections
import figures
import idle
import looking_back
import merging
import propagation
import streams
import throughput
import writes
from figures import ROOT

RESULTS = ROOT / "bench" / "RESULTS.md"
RELEASE = ROOT / "build" / "release"


@dataclass(frozen=True)
class Effort:
    perf_bytes: int
    rounds: int
    probes: int
    reconnects: int
    streams: int
    crowd: int
    changes: int
    fleet_sizes: tuple
    idle_fleet_sizes: tuple
    idle_s: int
    missed: tuple
    writes: int


FULL = Effort(perf_bytes=1 << 30, rounds=10, probes=100, reconnects=1000, streams=10_000, crowd=2000, changes=100,
              fleet_sizes=(3, 20), idle_fleet_sizes=(10, 50), idle_s=60, missed=(1000, 100_000), writes=100)
QUICK = Effort(perf_bytes=128 << 20, rounds=5, probes=20, reconnects=300, streams=4000, crowd=200, changes=20,
               fleet_sizes=(3,), idle_fleet_sizes=(3,), idle_s=15, missed=(1000, 10_000), writes=20)


def peers_part(heading: str, measure):
    """A part about our peer beside the others': `measure` gets its program and the effort."""
    return lambda arguments, effort: (heading, measure(arguments.peer_binary, effort))


def throughput_part(part: str):
    return peers_part(throughput.HEADINGS[part],
                      lambda binary, effort: throughput.measure(part, binary, effort.perf_bytes, effort.rounds))


def fleet_part(module, sizes, much):
    """A part about fleets of our daemon: `sizes` and `much` take what they need from the effort."""
    return lambda arguments, effort: (
        module.HEADING, module.measure(arguments.binary, arguments.nodes or list(sizes(effort)), much(effort)))


# Each gives its heading and its body, or raises Unavailable where this machine can't run it.
PARTS = {
    **{part: throughput_part(part) for part in throughput.HEADINGS},
    "p4": peers_part(connections.P4, lambda binary, effort: connections.probe(binary, effort.probes)),
    "p5": peers_part(connections.P5, lambda binary, effort: connections.handshakes(binary, effort.reconnects, effort.rounds // 2)),
    "p6": peers_part(streams.HEADING, lambda binary, effort: streams.measure(binary, effort.streams, effort.rounds // 2)),
    "p7": peers_part(connections.P7, lambda binary, effort: connections.memory(binary, effort.crowd)),
    "f1": fleet_part(propagation, lambda effort: effort.fleet_sizes, lambda effort: effort.changes),
    "f3": fleet_part(idle, lambda effort: effort.idle_fleet_sizes, lambda effort: effort.idle_s),
    "f5": lambda arguments, effort: (
        catchup.HEADING, catchup.measure(arguments.catchup_binary, list(effort.missed), 3)),
    "f6": lambda arguments, effort: (writes.HEADING, writes.measure(arguments.binary, effort.writes)),
    "f7": lambda arguments, effort: (merging.HEADING, merging.measure(arguments.merge_binary, effort.rounds)),
    "f8": lambda arguments, effort: (looking_back.HEADING, looking_back.measure(arguments.history_binary, effort.rounds // 2)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller: to see that it works")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    parser.add_argument("--nodes", type=int, action="append", help="of the fleets of F1 and F3 (default: 3 and 20; 10 and 50)")
    parser.add_argument("--peer-binary", type=Path, default=RELEASE / "tests" / "interop" / "interop_peer")
    parser.add_argument("--binary", type=Path, default=RELEASE / "starling")
    parser.add_argument("--catchup-binary", type=Path, default=RELEASE / "bench" / "catchup_bench")
    parser.add_argument("--merge-binary", type=Path, default=RELEASE / "bench" / "merge_bench")
    parser.add_argument("--history-binary", type=Path, default=RELEASE / "bench" / "history_bench")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file that is written (%(default)s)")
    arguments = parser.parse_args()
    for binary in (arguments.peer_binary, arguments.binary, arguments.catchup_binary, arguments.merge_binary,
                   arguments.history_binary):
        if not os.access(binary, os.X_OK):
            parser.error(f"{binary} is missing: ./dev build release")
    failed = False
    for part in arguments.only or PARTS:
        print(f"== {part}", flush=True)
        try:
            heading, body = PARTS[part](arguments, QUICK if arguments.quick else FULL)
        except (propagation.Unavailable, propagation.support.Unavailable) as reason:
            print(f"SKIP {part}: {reason}", flush=True)
            failed = True
            continue
        figures.write_part(arguments.results, heading, body)
        print(f"{heading}: written to {arguments.results}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
