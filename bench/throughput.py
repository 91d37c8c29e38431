"""P1 to P3: what one connection carries on one stream, between two processes on loopback."""

from contextlib import ExitStack
from pathlib import Path

from figures import Surroundings, median, paragraph, table
from pairs import ALL, Loopback, Pair, Setting, commands, failures, ratio

HEADINGS = {"p1": "P1: one connection, one stream", "p2": "P2: the same over TLS", "p3": "P3: the same over QUIC"}
STACKS = {"p1": "TCP+Noise+Yamux", "p2": "TCP+TLS+Yamux", "p3": "QUIC"}
SETTINGS = {"p1": {}, "p2": {"security": "tls"}, "p3": {"transport": "quic-v1"}}
DIRECTIONS = ("up", "down")
GIB = 1 << 30
# The slowest that is waited for; below it something is broken.
LEAST_BYTES_A_SECOND = 8 << 20


class Throughput(Pair):
    def __init__(self, *args):
        super().__init__(*args)
        self.rates = {direction: [] for direction in DIRECTIONS}  # MiB/s
        self.cpu = {direction: [] for direction in DIRECTIONS}  # s for a GiB, of both processes

    def carry(self, direction: str, size: int, keep: bool = True):
        self.client.call("dial", addr=self.address)
        before = self.cpu_s()
        took = self.client.call("perf", peer=self.server.id, timeout_ms=30000 + size * 1000 // LEAST_BYTES_A_SECOND,
                                upload=size if direction == "up" else 0, download=size if direction == "down" else 0)
        seconds = took["upload_s" if direction == "up" else "download_s"]
        if keep:
            self.rates[direction].append(size / (1 << 20) / seconds)
            self.cpu[direction].append((self.cpu_s() - before) * GIB / size)
            print(f"{self.name} {direction}: {self.rates[direction][-1]:.0f} MiB/s, {self.cpu[direction][-1]:.2f} s of CPU a GiB",
                  flush=True)


def measure(part: str, peer_binary: Path, size: int, rounds: int) -> str:
    found = commands(peer_binary, ALL)
    surroundings = Surroundings()
    with ExitStack() as stack:
        setting = Setting(stack.enter_context(Loopback()), **SETTINGS[part])
        pairs = [Throughput(stack, name, command, setting) for name, command in found.items()]
        for pair in pairs:
            for direction in DIRECTIONS:
                pair.attempt(pair.carry, direction, min(size, GIB // 8), keep=False)  # warm-up
        for _ in range(rounds):
            for direction in DIRECTIONS:
                for pair in pairs:
                    pair.attempt(pair.carry, direction, size)
    return surroundings.text() + _report(STACKS[part], pairs, size, rounds)


def _report(stack: str, pairs: list, size: int, rounds: int) -> str:
    rows = []
    for direction in DIRECTIONS:
        whole = [pair for pair in pairs if not pair.failure]
        rates = {pair.name: median(pair.rates[direction]) for pair in whole}
        cpu = {pair.name: median(pair.cpu[direction]) for pair in whole}
        for pair in whole:
            seen = pair.rates[direction]
            rows.append((direction, pair.name, f"{rates[pair.name]:.0f}", f"{min(seen):.0f} to {max(seen):.0f}",
                         ratio(rates, pair.name), f"{cpu[pair.name]:.2f}", ratio(cpu, pair.name, min)))
    return (paragraph(f"{size >> 20} MiB × {rounds} in each direction, alternating, after a warm-up; the perf protocol, {stack},",
                      "two processes on loopback, TCP with cubic. A GiB's CPU is that of both processes; it suffers less from a",
                      "loaded machine than the rate does. Ratios are to the better of go and rust.")
            + failures(pairs) + "\n"
            + table(("direction", "", "MiB/s, median", "spread", "rate ÷ the better's", "CPU s a GiB, median",
                     "CPU ÷ the better's"), rows))
