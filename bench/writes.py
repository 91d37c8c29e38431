"""F6: writes a second that one node accepts durably, with and without a Unit, and until a whole fleet holds them."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import ROOT, Surroundings, paragraph, table

sys.path[:0] = [str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "e2e")]
import data_planes  # noqa: E402
import network  # noqa: E402
import support  # noqa: E402
from fleet import Fleet  # noqa: E402

HEADING = "F6: writes a second"
LOAD = ROOT / "build" / "release" / "bench" / "write_load"
CLIENTS = 100
WARM_UP_WRITES = 2
LOAD_TIMEOUT_S = 600
HOLD_TIMEOUT_S = 120
CONFIGURATION = {"listeners": {"*:8080": {"pass": "routes/c0"}},
                 "routes": {f"c{i}": [{"action": {"return": 302, "location": "/0"}}] for i in range(CLIENTS)}}


def load(socket: Path, clients: int, writes: int) -> dict:
    done = subprocess.run([str(LOAD), str(socket), str(clients), str(writes)], capture_output=True, text=True, check=True,
                          timeout=LOAD_TIMEOUT_S)
    return json.loads(done.stdout)


def row(name: str, loaded: dict, clients: int, seconds: float) -> dict:
    """`seconds` from the first write on: until the last answer, or until all hold them."""
    return {"name": name, "clients": clients, "rate": loaded["accepted"] / seconds, "lost": loaded["others"], **loaded}


def unit_alone(writes: int) -> dict:
    """One client at a time: Unit's controller doesn't live through concurrent writes, and does them one by one anyway."""
    with tempfile.TemporaryDirectory(prefix="starling-bench-") as directory:
        Path(directory).chmod(0o755)
        unit = data_planes.maker("unit")(Path(directory), [])
        unit.start()
        try:
            unit.put("/config", {**CONFIGURATION, "listeners": {}})
            load(unit.control, 1, WARM_UP_WRITES)
            loaded = load(unit.control, 1, writes)
        finally:
            unit.stop()
    return row("Unit alone", loaded, 1, loaded["seconds"])


def starling(name: str, nodes: int, data_plane: str, writes: int) -> dict:
    with Fleet(names=tuple(f"n{i + 1}" for i in range(nodes)), data_plane=data_plane) as fleet:
        first = fleet[0]
        first.put("/config?ack=applied:all&timeout=30s", CONFIGURATION)
        load(first.socket, CLIENTS, WARM_UP_WRITES)
        changes = first.get("/v1/status")["changes"]
        begun = time.monotonic()
        loaded = load(first.socket, CLIENTS, writes)
        seconds = loaded["seconds"]
        for node in fleet.nodes[1:]:
            support.wait_until(lambda: node.get("/v1/status")["changes"] == changes + loaded["accepted"], HOLD_TIMEOUT_S,
                               f"{node.name} holds all", interval=0.01)
            seconds = time.monotonic() - begun
    return row(name, loaded, CLIENTS, seconds)


def measure(binary: Path, writes: int) -> str:
    support.Options.binary = binary
    support.end_cleanly()
    network.check_namespaces()
    surroundings = Surroundings()
    taken = [unit_alone(CLIENTS * writes // 10), starling("one node, without a data plane", 1, "none", writes),
             starling("one node and its Unit", 1, "unit", writes),
             starling("three nodes and their Units, until all three hold them", 3, "unit", writes)]
    base = taken[0]["rate"]
    rows = [(one["name"], one["clients"], f"{one['rate']:.0f}", f"{one['rate'] / base:.2f}", f"{one['p50_ms']:.1f}",
             f"{one['p99_ms']:.1f}", one["lost"]) for one in taken]
    for one in rows:
        print(f"F6 {' | '.join(map(str, one))}", flush=True)
    return (surroundings.text()
            + paragraph(f"{CLIENTS} clients on kept connections, {writes} writes each, each once its last one is answered, of one",
                        "value of its own in a document of 8 KB; on disk before it is answered. Unit alone has one client, since",
                        "its controller does one write at a time and doesn't live through concurrent ones; it doesn't sync.",
                        "Milliseconds of one write. Lost: answered by anything but 200, or not at all.")
            + "\n"
            + table(("", "clients", "writes a second", "÷ Unit alone", "p50 ms", "p99 ms", "lost"), rows))
