#!/usr/bin/env python3
"""Starling's libp2p against go-libp2p, js-libp2p, rust-libp2p and py-libp2p, in both directions; with --others these
against each other, which tells whose fault a failure is. Prints what became of each cell of the matrix, and exits 1 when
one failed. A cell that can't be run says why; where CI runs, only what cases.py lists as impossible may be left out.
"""

import argparse
import itertools
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from cases import CASES, Case, Failed, Sides, why_impossible
from peers import BUILDERS, REQUIRED, CommandFailed, PeerFailed, Unavailable

ROOT = Path(__file__).resolve().parents[2]
PEER_BINARY = ROOT / "build" / "release" / "tests" / "interop" / "interop_peer"
OURS = "starling"
# Most cells wait more than they work.
CELLS_AT_ONCE = 6


class Matrix:
    def __init__(self, commands: dict, try_impossible: bool):
        self._commands = commands  # kind of peer: its command line, or why there is none
        self._try_impossible = try_impossible
        self._failures = []
        self._reasons = []  # of skipped cells, in the order of their notes

    def cell(self, case: Case, dialer: str, listener: str) -> str:
        """Runs one; what the table says of it."""
        if (reason := why_impossible(case, dialer, listener)) and not self._try_impossible:
            return self._skipped(reason)
        for kind in (dialer, listener):
            if isinstance(self._commands[kind], Unavailable):
                return self._missing(case, dialer, listener, kind)
        begun = time.monotonic()
        try:
            with ExitStack() as stack:
                case.run(Sides(stack, self._commands, dialer, listener))
        except Unavailable as reason:
            if os.environ.get("CI") == "true":
                return self._failed(case, dialer, listener, reason)
            return self._skipped(str(reason).splitlines()[0])
        except (Failed, CommandFailed, PeerFailed) as reason:
            return self._failed(case, dialer, listener, reason)
        return f"ok {time.monotonic() - begun:.1f} s"

    def _missing(self, case: Case, dialer: str, listener: str, kind: str) -> str:
        reason = self._commands[kind]
        if os.environ.get("CI") == "true" and kind in REQUIRED:
            return self._failed(case, dialer, listener, reason)
        return self._skipped(str(reason).splitlines()[0])

    def _skipped(self, reason: str) -> str:
        if reason not in self._reasons:
            self._reasons.append(reason)
        return f"SKIP [{self._reasons.index(reason) + 1}]"

    def _failed(self, case: Case, dialer: str, listener: str, reason: Exception) -> str:
        self._failures.append(f"{case.title}, {dialer} to {listener}: {reason}")
        return "FAILED"

    def run(self, cases, directions) -> bool:
        begun = time.monotonic()
        told = {}
        with ThreadPoolExecutor(CELLS_AT_ONCE) as pool:
            cells = {pool.submit(self.cell, case, *direction): (case, direction)
                     for case in cases for direction in directions}
            for done in as_completed(cells):
                case, direction = cells[done]
                told[case.title, direction] = done.result()
                if not told[case.title, direction].startswith("SKIP"):
                    print(f"{case.title}, {' → '.join(direction)}: {told[case.title, direction]}", flush=True)
        print()
        print_table([["", *map(" → ".join, directions)],
                     *([case.title, *(told[case.title, direction] for direction in directions)] for case in cases)])
        for number, reason in enumerate(self._reasons, 1):
            print(f"[{number}] {reason}")
        for failure in self._failures:
            print(f"\nFAILED: {failure}")
        passed, skipped = (sum(text.startswith(start) for text in told.values()) for start in ("ok", "SKIP"))
        print(f"\n{passed} passed, {len(self._failures)} failed, {skipped} skipped; {time.monotonic() - begun:.0f} s")
        return not self._failures


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def build(kind: str):
    try:
        return BUILDERS[kind]()
    except Unavailable as reason:
        return reason


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-binary", type=Path, default=PEER_BINARY, help="interop_peer of a build tree")
    parser.add_argument("--against", choices=BUILDERS, action="append", help="only that one")
    parser.add_argument("--others", action="store_true", help="the others among themselves, without Starling")
    parser.add_argument("--only", metavar="TEXT", default="", help="only the cases with that in their name")
    parser.add_argument("--try-impossible", action="store_true", help="run what is listed as impossible too")
    arguments = parser.parse_args()
    if not arguments.others and not arguments.peer_binary.is_file():
        parser.error(f"{arguments.peer_binary} is missing: ./dev build release interop_peer")
    cases = [case for case in CASES if arguments.only in case.title]
    if not cases:
        parser.error(f"--only {arguments.only}: one of {', '.join(case.title for case in CASES)}")
    others = arguments.against or list(BUILDERS)
    commands = {kind: build(kind) for kind in others} | ({} if arguments.others else {OURS: [str(arguments.peer_binary)]})
    directions = (list(itertools.permutations(others, 2)) if arguments.others
                  else [pair for other in others for pair in ((OURS, other), (other, OURS))])
    sys.exit(0 if Matrix(commands, arguments.try_impossible).run(cases, directions) else 1)


if __name__ == "__main__":
    main()
