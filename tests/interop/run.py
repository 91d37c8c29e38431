#!/usr/bin/env python3
"""Starling's libp2p against go-libp2p and js-libp2p, in both directions. Prints what became of each cell of the matrix,
and exits 1 when one failed. A cell that this machine can't run says why; where CI runs, that is a failure.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import peers
from cases import CASES, Failed, Sides
from peers import CommandFailed, PeerFailed, Unavailable

ROOT = Path(__file__).resolve().parents[2]
PEER_BINARY = ROOT / "build" / "release" / "tests" / "interop" / "interop_peer"
OURS = "starling"
OTHERS = {"go": peers.build_go, "js": peers.build_js}


class Matrix:
    def __init__(self, commands: dict):
        self._commands = commands  # kind of peer: its command line, or why there is none
        self._failures = []

    def cell(self, case, dialer: str, listener: str) -> str:
        """Runs one; what the table says of it."""
        begun = time.monotonic()
        try:
            for kind in (dialer, listener):
                if isinstance(self._commands[kind], Unavailable):
                    raise self._commands[kind]
            with ExitStack() as stack:
                note = case(Sides(stack, self._commands, dialer, listener))
            return f"ok {time.monotonic() - begun:.1f} s" + (f" ({note})" if note else "")
        except Unavailable as reason:
            if os.environ.get("CI") == "true":
                return self._failed(case, dialer, listener, reason)
            return f"skipped: {str(reason).splitlines()[0]}"
        except (Failed, CommandFailed, PeerFailed) as reason:
            return self._failed(case, dialer, listener, reason)

    def _failed(self, case, dialer: str, listener: str, reason: Exception) -> str:
        self._failures.append(f"{title(case)}, {dialer} to {listener}: {reason}")
        return "FAILED"

    def run(self, cases, others) -> bool:
        directions = [pair for other in others for pair in ((OURS, other), (other, OURS))]
        rows = [["", *(f"{dialer} → {listener}" for dialer, listener in directions)]]
        for case in cases:
            row = [title(case)]
            for dialer, listener in directions:
                row.append(self.cell(case, dialer, listener))
                print(f"{row[0]}, {dialer} → {listener}: {row[-1]}", flush=True)
            rows.append(row)
        print()
        print_table(rows)
        for failure in self._failures:
            print(f"\nFAILED: {failure}")
        return not self._failures


def title(case) -> str:
    return case.__name__.replace("_", " ")


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def build(kind: str):
    try:
        return OTHERS[kind]()
    except Unavailable as reason:
        return reason


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-binary", type=Path, default=PEER_BINARY, help="interop_peer of a build tree")
    parser.add_argument("--against", choices=OTHERS, action="append", help="only that one")
    parser.add_argument("--only", metavar="TEXT", default="", help="only the cases with that in their name")
    arguments = parser.parse_args()
    if not arguments.peer_binary.is_file():
        parser.error(f"{arguments.peer_binary} is missing: ./dev build release interop_peer")
    cases = [case for case in CASES if arguments.only in title(case)]
    if not cases:
        parser.error(f"--only {arguments.only}: one of {', '.join(map(title, CASES))}")
    others = arguments.against or list(OTHERS)
    commands = {OURS: [str(arguments.peer_binary)]} | {kind: build(kind) for kind in others}
    sys.exit(0 if Matrix(commands).run(cases, others) else 1)


if __name__ == "__main__":
    main()
