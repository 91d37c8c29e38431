"""P1: what one connection carries, TCP+Noise+Yamux, on one stream, between two processes on loopback."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from figures import ROOT, Surroundings, median, table

sys.path.insert(0, str(ROOT / "tests" / "interop"))
from peers import Peer, build_go  # noqa: E402

HEADING = "P1: one connection, one stream"
GIB = 1 << 30
CONGESTION = {"STARLING_TCP_CONGESTION": "cubic"}
# The slowest that is waited for; below it something is broken.
LEAST_BYTES_A_SECOND = 8 << 20
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Pair:
    """Two processes of one implementation and a connection between them."""

    def __init__(self, stack: ExitStack, name: str, command: list):
        self.name = name
        self.figures = {"up": [], "down": []}  # MiB/s
        self.cpu_s = {"up": [], "down": []}  # for a GiB, of both processes
        self._server = stack.enter_context(Peer(command, "--listen", "/ip4/127.0.0.1/tcp/0", name=name, env=CONGESTION))
        self._client = stack.enter_context(Peer(command, name=name, env=CONGESTION))

    def _cpu_s(self) -> float:
        total = 0
        for peer in (self._server, self._client):
            # After the name in brackets: utime and stime are the twelfth and thirteenth.
            fields = Path(f"/proc/{peer.pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS_A_SECOND

    def run(self, direction: str, size: int, keep: bool = True):
        self._client.call("dial", addr=self._server.addrs[0])
        before = self._cpu_s()
        took = self._client.call("perf", peer=self._server.id, timeout_ms=30000 + size * 1000 // LEAST_BYTES_A_SECOND,
                                 upload=size if direction == "up" else 0, download=size if direction == "down" else 0)
        seconds = took["upload_s" if direction == "up" else "download_s"]
        if keep:
            self.figures[direction].append(size / (1 << 20) / seconds)
            self.cpu_s[direction].append((self._cpu_s() - before) * GIB / size)
            print(f"P1 {self.name} {direction}: {self.figures[direction][-1]:.0f} MiB/s, "
                  f"{self.cpu_s[direction][-1]:.2f} s of CPU a GiB", flush=True)


def measure(peer_binary: Path, size: int, rounds: int) -> str:
    surroundings = Surroundings()
    with ExitStack() as stack:
        pairs = [Pair(stack, "Starling", [str(peer_binary)]), Pair(stack, "go-libp2p", build_go())]
        for pair in pairs:
            for direction in ("up", "down"):
                pair.run(direction, min(size, GIB // 8), keep=False)  # warm-up
        for _ in range(rounds):
            for direction in ("up", "down"):
                for pair in pairs:
                    pair.run(direction, size)
    return surroundings.text() + _report(pairs, size, rounds)


def _report(pairs: list, size: int, rounds: int) -> str:
    rows = []
    for direction in ("up", "down"):
        base = pairs[-1]
        for pair in pairs:
            rates, cpu = pair.figures[direction], median(pair.cpu_s[direction])
            rows.append((direction, pair.name, f"{median(rates):.0f}", f"{min(rates):.0f} to {max(rates):.0f}",
                         f"{median(rates) / median(base.figures[direction]):.2f}", f"{cpu:.2f}",
                         f"{median(base.cpu_s[direction]) / cpu:.2f}"))
    return (f"\n{size >> 20} MiB × {rounds} in each direction, alternating, after a warm-up; the perf protocol, TCP+Noise+Yamux, two "
            "processes on loopback, cubic.\nA GiB's CPU is that of both processes; it suffers less from a loaded machine than "
            "the rate does.\n\n"
            + table(("direction", "", "MiB/s, median", "spread", "rate ÷ go's", "CPU s a GiB, median", "go's CPU ÷ its own"), rows))
