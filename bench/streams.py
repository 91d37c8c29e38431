"""P6: many short streams on one connection."""

import itertools
from contextlib import ExitStack
from pathlib import Path

from figures import Surroundings, median, paragraph, table
from pairs import ALL, Loopback, Pair, Setting, commands, failures, ratio

HEADING = "P6: streams on one connection"
BYTES = 1024
AT_ONCE = (1, 64)
COMMAND_TIMEOUT_MS = 600_000


class Streamer(Pair):
    def __init__(self, *args):
        super().__init__(*args)
        self.rates = {at_once: [] for at_once in AT_ONCE}  # streams a second
        self.cpu = {at_once: [] for at_once in AT_ONCE}  # us for a stream, of both processes

    def stream(self, at_once: int, count: int, keep: bool = True):
        self.client.call("dial", addr=self.address)
        before = self.cpu_s()
        took = self.client.call("streams", peer=self.server.id, count=count, at_once=at_once, bytes=BYTES,
                                timeout_ms=COMMAND_TIMEOUT_MS)
        if keep:
            self.rates[at_once].append(count / took["total_s"])
            self.cpu[at_once].append((self.cpu_s() - before) * 1e6 / count)
            print(f"P6 {self.name}, {at_once} at a time: {self.rates[at_once][-1]:.0f} streams/s, "
                  f"{self.cpu[at_once][-1]:.0f} us of CPU", flush=True)


def measure(peer_binary: Path, count: int, rounds: int) -> str:
    found = commands(peer_binary, ALL)
    surroundings = Surroundings()
    with ExitStack() as stack:
        setting = Setting(stack.enter_context(Loopback()))
        pairs = [Streamer(stack, name, command, setting) for name, command in found.items()]
        # What fails many at a time has been measured one by one before.
        for at_once in AT_ONCE:
            for pair in pairs:
                pair.attempt(pair.stream, at_once, count // 10, keep=False)  # warm-up
            for _, pair in itertools.product(range(rounds), pairs):
                pair.attempt(pair.stream, at_once, count)
    return surroundings.text() + _report(pairs, count, rounds)


def _report(pairs: list, count: int, rounds: int) -> str:
    rows = []
    for at_once in AT_ONCE:
        whole = [pair for pair in pairs if len(pair.rates[at_once]) == rounds]
        rates = {pair.name: median(pair.rates[at_once]) for pair in whole}
        cpu = {pair.name: median(pair.cpu[at_once]) for pair in whole}
        rows += [(at_once, name, f"{rates[name]:.0f}", ratio(rates, name), f"{cpu[name]:.0f}", ratio(cpu, name, min))
                 for name in rates]
    return (paragraph(f"{count} streams on one connection, {rounds} times, alternating, after a warm-up; TCP+Noise+Yamux, two",
                      f"processes on loopback. A stream is opened, carries {BYTES} bytes up and then {BYTES} down, by the perf",
                      "protocol, and is closed. Medians; CPU is that of both processes.")
            + failures(pairs) + "\n"
            + table(("at a time", "", "streams a second", "÷ the better's", "CPU us a stream", "CPU ÷ the better's"), rows))
