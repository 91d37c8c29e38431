"""F3: what a node costs in a fleet in which nothing happens."""

import re
import time
from pathlib import Path

from figures import Surroundings, median, paragraph, table
from pairs import cpu_s, resident_bytes

import network  # noqa: E402  (pairs.py has made it importable)
import support  # noqa: E402
from fleet import Fleet  # noqa: E402

HEADING = "F3: an idle node"
# Until nobody still asks who is there and what they know.
SETTLE_S = 30
COUNTERS = re.compile(r"^libp2p_(?:sent|received)_bytes_total(?:{.*})? (\S+)$", re.MULTILINE)


class Reading:
    """What a node has used until now."""

    def __init__(self, node):
        self.at = time.monotonic()
        self.cpu_s = cpu_s(node.pid)
        text = node.api("GET", "/metrics").body.decode()
        self.bytes = sum(float(value) for value in COUNTERS.findall(text))


class Spent:
    """What it has used between two readings, the last one now."""

    def __init__(self, node, before: Reading):
        now = Reading(node)
        seconds = now.at - before.at
        self.mib = resident_bytes(node.pid) / (1 << 20)
        self.cpu_percent = 100 * (now.cpu_s - before.cpu_s) / seconds
        self.bytes_a_second = (now.bytes - before.bytes) / seconds


def take(nodes: int, seconds: int) -> list:
    with Fleet(names=tuple(f"n{i + 1}" for i in range(nodes)), data_plane="none") as fleet:
        time.sleep(SETTLE_S)
        before = [Reading(node) for node in fleet.nodes]
        time.sleep(seconds)
        return [Spent(node, reading) for node, reading in zip(fleet.nodes, before)]


def measure(binary: Path, sizes: list, seconds: int) -> str:
    support.Options.binary = binary
    support.end_cleanly()
    network.check_namespaces()
    surroundings = Surroundings()
    rows = []
    for nodes in sizes:
        try:
            rows.append(_row(nodes, take(nodes, seconds)))
        except AssertionError as error:
            # A fleet that doesn't come up is a result too.
            rows.append((nodes, "-", "-", "-", str(error).splitlines()[0]))
        print(f"F3 {' | '.join(map(str, rows[-1]))}", flush=True)
    return (surroundings.text()
            + paragraph("All nodes on this machine, each in a network namespace and without a data plane; over",
                        f"{seconds} s, {SETTLE_S} s after all have met. Of one node: the median of all, and the most. Bytes are",
                        "those of its connections, in and out, with their encryption and without the headers below.")
            + "\n"
            + table(("nodes", "resident MiB", "CPU, % of a core", "bytes a second", ""), rows))


def _row(nodes: int, spent: list) -> tuple:
    def figure(value, digits: int) -> str:
        values = [value(one) for one in spent]
        return f"{median(values):.{digits}f} (most {max(values):.{digits}f})"
    return (nodes, figure(lambda one: one.mib, 1), figure(lambda one: one.cpu_percent, 2),
            figure(lambda one: one.bytes_a_second, 0), "")
