"""What the end-to-end tests and the demo stand on: waiting, skipping, ending in time, and a clean end whatever happens."""

import argparse
import atexit
import os
import signal
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What ctest takes for "skipped" (SKIP_RETURN_CODE).
SKIPPED = 77

# What must be gone when this process ends, newest last.
_open = []


class Unavailable(Exception):
    """This machine can't run it; the text says why and what would help."""


class OutOfTime(KeyboardInterrupt):
    """The whole run took too long. unittest lets it through, so that everything is cleaned up before ctest kills us."""


def wait_until(predicate, timeout: float, what: str, interval: float = 0.05):
    """The first true value of `predicate()`. It may raise OSError while things come up. AssertionError after `timeout`
    seconds, with what it gave last."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            last = predicate()
            if last:
                return last
        except OSError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s; at last: {last!r}")
        time.sleep(interval)


def keep(thing):
    """`thing.close()` is called when the process ends, unless let_go() was called before; `thing.print_logs()` on failures."""
    _open.append(thing)
    return thing


def let_go(thing):
    if thing in _open:
        _open.remove(thing)


def show_logs(when: str):
    """What the daemons that are still there have said since this was called last."""
    for thing in _open:
        print(f"--- the daemons at {when}", file=sys.stderr, flush=True)
        thing.print_logs()


def _close_all():
    # A second Ctrl-C must not leave namespaces behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while _open:
        _open.pop().close()


def _interrupt(number, _frame):
    if number != signal.SIGALRM:
        raise KeyboardInterrupt(signal.Signals(number).name)
    show_logs("the deadline")
    raise OutOfTime("out of time")


def end_cleanly(deadline_s: int = 0):
    """From here on SIGINT, SIGTERM, SIGHUP and, if it isn't 0, the deadline end the process with everything closed."""
    atexit.register(_close_all)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, _interrupt)
    signal.alarm(deadline_s)


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def skip(what: str, why: str, optional: bool = False):
    """For a part that this machine lacks: says so, and skips. Where CI runs that is a failure, unless it is optional."""
    print(f"SKIP {what}: {why}", flush=True)
    if in_ci() and not optional:
        raise AssertionError(f"{what} is missing, and in CI nothing is skipped: {why}")
    raise unittest.SkipTest(why)


class _Result(unittest.TextTestResult):
    """Prints what the daemons said beside each failure, while they are still there."""

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._show_logs(test)

    def addError(self, test, err):
        super().addError(test, err)
        self._show_logs(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._show_logs(subtest)

    def _show_logs(self, test):
        self.stream.flush()
        show_logs(f"the failure of {test}")


class Options:
    """What the command line said."""

    binary = ROOT / "build" / "release" / "starling"


def add_binary_option(parser: argparse.ArgumentParser):
    parser.add_argument("--binary", type=Path, default=Options.binary, help="the program under test (%(default)s)")


def take_binary(arguments) -> Path:
    binary = arguments.binary.resolve()
    if not os.access(binary, os.X_OK):
        sys.exit(f"{binary} is not there: build it with `cmake --preset release && ninja -C build/release starling`, "
                 "or name it with --binary")
    Options.binary = binary
    return binary


def main(check):
    """Runs the tests of the calling file. `check()` raises Unavailable where they can't run at all."""
    parser = argparse.ArgumentParser()
    add_binary_option(parser)
    parser.add_argument("--deadline", type=int, default=0, metavar="SECONDS", help="end after that long (0: never)")
    arguments, rest = parser.parse_known_args()
    take_binary(arguments)
    end_cleanly(arguments.deadline)
    try:
        check()
    except Unavailable as reason:
        print(f"SKIP e2e: {reason}", flush=True)
        sys.exit(1 if in_ci() else SKIPPED)
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2)
    unittest.main(argv=[sys.argv[0], *rest], testRunner=runner)
