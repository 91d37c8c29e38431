#!/usr/bin/env python3
"""Joining, the gate and sync over each transport alone; and a fleet that has several takes the best that works."""

import subprocess
import time
import unittest

import support
from fleet import Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

# A connection that died is noticed within 15 s, and then dialled anew; ten times that would be no test.
LOST_TIMEOUT_S = 90
CERTIFICATE_DAYS = 30


def edit_config(node, extra: str):
    """More lines for the top of a node's config.toml."""
    file = node.state / "config.toml"
    file.write_text(extra + file.read_text())


def make_certificate(folder):
    """A certificate of nobody in particular for a secure WebSocket: (file, key file)."""
    certificate, key = folder / "web.pem", folder / "web.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=starling-test", "-days", str(CERTIFICATE_DAYS), "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True)
    return certificate, key


class Transport(unittest.TestCase):
    """What each must do. The classes below say over what."""

    listen = ()
    transport = ""
    security = ""
    extra_config = ""
    init_flags = ()

    @classmethod
    def setUpClass(cls):
        if cls is Transport:
            raise unittest.SkipTest("what the others have in common")
        cls.fleet = cls.enterClassContext(Fleet(listen=cls.listen, prepare=cls.prepare, init_flags=cls.init_flags))

    @classmethod
    def prepare(cls, node):
        edit_config(node, cls.extra_config)

    def connections(self) -> set:
        """The (transport, security) of all that the nodes have with one another."""
        return {(connection["transport"], connection["security"]) for node in self.fleet.nodes
                for member in node.get("/v1/nodes")["nodes"] for connection in member["connections"]}

    def test_it_carries_a_fleet(self):
        self.fleet[0].put("/config", {"listeners": listener(), "routes": {"main": redirect("/begin")}})
        for number, node in enumerate(self.fleet.nodes):
            location = f"/{self.transport}-{number}"
            node.put("/config/routes/main", redirect(location))
            for other in self.fleet.nodes:
                other.wait_serves(location)
        wait_until(self.fleet.agree, 30, "all agree")
        self.assertEqual(self.connections(), {(self.transport, self.security)})


class TcpWithNoise(Transport):
    listen = ("/ip4/0.0.0.0/tcp/0",)
    transport, security = "tcp", "/noise"


class TcpWithTls(Transport):
    listen = ("/ip4/0.0.0.0/tcp/0",)
    transport, security = "tcp", "/tls/1.0.0"
    extra_config = 'security = ["tls"]\n'


class Quic(Transport):
    listen = ("/ip4/0.0.0.0/udp/0/quic-v1",)
    transport, security = "quic", "/tls/1.0.0"


class WebSocket(Transport):
    listen = ("/ip4/0.0.0.0/tcp/0/ws",)
    transport, security = "websocket", "/noise"


class SecureWebSocket(Transport):
    listen = ("/ip4/0.0.0.0/tcp/0/tls/ws",)
    transport, security = "secure_websocket", "/noise"

    @classmethod
    def prepare(cls, node):
        certificate, key = make_certificate(node.state)
        edit_config(node, f'websocket_certificate = "{certificate}"\nwebsocket_key = "{key}"\n')


class PrivateWebSocket(Transport):
    """The network key lies within the WebSocket's frames."""

    listen = ("/ip4/0.0.0.0/tcp/0/ws",)
    transport, security = "websocket", "/noise"
    init_flags = ("--private",)


class Overlapping(Transport):
    """All at once, TCP and WebSocket on one port: what is best is used."""

    listen = ("/ip4/0.0.0.0/udp/7117/quic-v1", "/ip4/0.0.0.0/tcp/7117", "/ip4/0.0.0.0/tcp/7117/ws")
    transport, security = "quic", "/tls/1.0.0"

    def test_without_udp_it_is_tcp(self):
        self.fleet[0].put("/config", {"listeners": listener(), "routes": {"main": redirect("/udp")}})
        for node in self.fleet.nodes:
            node.wait_serves("/udp")
        self.addCleanup(self.let_udp_through)
        for node in self.fleet.nodes:
            self.nft(node, "add table inet t; add chain inet t in { type filter hook input priority 0; }; "
                           "add chain inet t out { type filter hook output priority 0; }; "
                           "add rule inet t in meta l4proto udp drop; add rule inet t out meta l4proto udp drop")
        begun = time.monotonic()
        written = [node.put("/config/routes/main", redirect(f"/no-udp-{number}")).headers["Starling-Change"]
                   for number, node in enumerate(self.fleet.nodes)]
        wait_until(lambda: self.connections() == {("tcp", "/noise")}, LOST_TIMEOUT_S, "all connections are TCP")
        wait_until(self.fleet.agree, LOST_TIMEOUT_S, "all agree")
        print(f"all over TCP and agreed {time.monotonic() - begun:.1f} s after UDP was lost", flush=True)
        for node in self.fleet.nodes:
            known = {change["id"] for change in node.get("/v1/changes")["changes"]}
            self.assertLessEqual(set(written), known, node.name)

    def nft(self, node, commands: str):
        subprocess.run([*node.prefix, "nft", "-f", "-"], input=commands.replace("; add", "\nadd"), text=True, check=True)

    def let_udp_through(self):
        for node in self.fleet.nodes:
            self.nft(node, "delete table inet t")


if __name__ == "__main__":
    support.main(check_namespaces)
