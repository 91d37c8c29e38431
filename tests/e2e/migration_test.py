#!/usr/bin/env python3
"""A QUIC connection is bound to no address: its client gets another in mid-transfer, and both go on."""

import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import support
from network import HostLan, check_namespaces, peers
from support import Options, Unavailable

CLIENT, SERVER = 0, 1
# Of peers of the LAN, nobody's address.
NEW_HOST_NUMBER = 100
RATE_BYTES_PER_S = 4_000_000
TRANSFER_BYTES = 24_000_000
# A third of what the transfer takes at that rate: well after its start, well before its end.
MOVE_AFTER_S = 2
PERF_TIMEOUT_MS = 60_000


def interop_peer() -> list:
    """The command line of our own peer, of the build tree that the program under test is of."""
    binary = Options.binary.parent / "tests" / "interop" / "interop_peer"
    if not binary.is_file():
        raise Unavailable(f"{binary} is missing: ./dev build release interop_peer")
    return [str(binary)]


class Migration(unittest.TestCase):
    def setUp(self):
        self.lan = self.enterContext(HostLan(2))
        # Else the kernel drops a network's other addresses along with the first.
        self.run_at(CLIENT, "sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1")
        for index in (CLIENT, SERVER):
            self.run_at(index, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", f"{RATE_BYTES_PER_S * 8}bit",
                        "burst", "64kb", "latency", "50ms")

    def run_at(self, index: int, *command: str):
        subprocess.run([*self.lan.prefix(index), *command], check=True)

    def peer(self, index: int, name: str, *flags: str):
        return self.enterContext(peers.Peer(interop_peer(), "--transport", "quic-v1", *flags, name=name,
                                            prefix=self.lan.prefix(index)))

    def move(self, old: str, new: str):
        """The client's machine has another address from now on, and no longer the old one."""
        self.run_at(CLIENT, "ip", "addr", "add", new, "dev", "eth0", *(["nodad"] if ":" in new else []))
        self.run_at(CLIENT, "ip", "addr", "del", old, "dev", "eth0")

    def assert_survives(self, listen: str, old: str, new: str, upload: int, download: int):
        server = self.peer(SERVER, "server", "--listen", listen)
        client = self.peer(CLIENT, "client")
        client.call("dial", addr=server.addrs[0])
        for one, other in ((client, server), (server, client)):
            one.wait_event("identified", peer=other.id)
        with ThreadPoolExecutor(1) as pool:
            begun = time.monotonic()
            transfer = pool.submit(client.call, "perf", peer=server.id, upload=upload, download=download,
                                   timeout_ms=PERF_TIMEOUT_MS)
            time.sleep(MOVE_AFTER_S)
            self.move(old, new)
            self.assertFalse(transfer.done(), "the transfer was over before the address changed")
            transfer.result()
            print(f"{upload or download} bytes, moved in their midst: {time.monotonic() - begun:.1f} s", flush=True)
        # New work as well: on the connection that stood before, for its end would have been told.
        client.call("ping", peer=server.id, count=3)
        for one in (client, server):
            told = [event["event"] for event in one.events]
            self.assertEqual((told.count("connected"), told.count("disconnected")), (1, 0), one.name)

    def assert_survives_over_ip4(self, **sizes: int):
        old, new = (self.lan.ip4(number) for number in (CLIENT, NEW_HOST_NUMBER))
        self.assert_survives(f"/ip4/{self.lan.ip4(SERVER)}/udp/0/quic-v1", f"{old}/24", f"{new}/24", **sizes)

    def assert_survives_over_ip6(self, **sizes: int):
        old, new = (self.lan.ip6(number) for number in (CLIENT, NEW_HOST_NUMBER))
        self.assert_survives(f"/ip6/{self.lan.ip6(SERVER)}/udp/0/quic-v1", f"{old}/64", f"{new}/64", **sizes)

    def test_an_upload_survives_a_change_of_the_clients_ipv4_address(self):
        self.assert_survives_over_ip4(upload=TRANSFER_BYTES, download=0)

    def test_a_download_survives_a_change_of_the_clients_ipv4_address(self):
        self.assert_survives_over_ip4(upload=0, download=TRANSFER_BYTES)

    def test_an_upload_survives_a_change_of_the_clients_ipv6_address(self):
        self.assert_survives_over_ip6(upload=TRANSFER_BYTES, download=0)

    def test_a_download_survives_a_change_of_the_clients_ipv6_address(self):
        self.assert_survives_over_ip6(upload=0, download=TRANSFER_BYTES)


def check():
    check_namespaces()
    interop_peer()


if __name__ == "__main__":
    support.main(check)
