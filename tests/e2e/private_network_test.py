#!/usr/bin/env python3
"""A fleet with a network of its own: who has its key is in it, and who hasn't gets not a byte through."""

import json
import re
import socket
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import support
from capture import Capture
from fleet import JOIN_TIMEOUT_S, Fleet, listener, read_token, redirect
from network import check_namespaces, inside
from support import Options, wait_until

KEY_FILE = re.compile(r"/key/swarm/psk/1\.0\.0/\n/base16/\n([0-9a-f]{64})\n")
FINGERPRINT = r"[0-9a-f]{32}"
GREETING = b"\x13/multistream/1.0.0\n"
NONCE_BYTES = 24
# In which a node with another key would have joined many times over.
LONG_ENOUGH_S = 15
NOT_FOUND, USAGE = 3, 2


def starling(*args):
    return subprocess.run([str(Options.binary), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def key_in(state: Path) -> bytes:
    return bytes.fromhex(KEY_FILE.fullmatch((state / "swarm.key").read_text()).group(1))


class Alone(unittest.TestCase):
    """What the commands do with the key."""

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="starling-")))
        self.state = self.directory / "state"
        self.founded = json.loads(starling("init", "--private", "--state", self.state, "--json").stdout)

    def test_init_makes_a_key_that_its_owner_alone_can_read(self):
        self.assertEqual(stat.S_IMODE((self.state / "swarm.key").stat().st_mode), 0o600)
        other = self.directory / "other"
        said = starling("init", "--private", "--state", other).stderr
        self.assertRegex(said, rf"private \(fingerprint {FINGERPRINT}\): its key is {other}/swarm.key")
        self.assertNotIn(key_in(other).hex(), said)
        self.assertNotEqual(key_in(self.state), key_in(other))

    def test_every_token_carries_it_to_the_next_machine(self):
        tokens = [self.founded["join-operator"], self.founded["join-node"],
                  starling("invite", "--state", self.state).stdout.strip()]
        for number, token in enumerate(tokens):
            self.assertEqual(read_token(token).network_key, key_in(self.state))
            joined = self.directory / f"joined{number}"
            done = starling("join", token, "--state", joined)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual((joined / "swarm.key").read_bytes(), (self.state / "swarm.key").read_bytes())
            self.assertEqual(stat.S_IMODE((joined / "swarm.key").stat().st_mode), 0o600)

    def test_without_the_flag_there_is_none(self):
        public = self.directory / "public"
        token = json.loads(starling("init", "--state", public, "--json").stdout)["join-node"]
        self.assertFalse((public / "swarm.key").exists())
        self.assertIsNone(read_token(token).network_key)

    def test_a_key_that_is_lost_or_too_many_stops_the_daemon(self):
        key = self.state / "swarm.key"
        text = key.read_text()
        key.unlink()
        done = starling("run", "--state", self.state)
        self.assertEqual(done.returncode, NOT_FOUND, done.stderr)
        self.assertRegex(done.stderr, "swarm.key is missing")
        key.write_text(text.replace("/base16/", "/base17/"))
        done = starling("run", "--state", self.state)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertRegex(done.stderr, "swarm.key: .*line 2")
        self.assertNotIn(text.splitlines()[2], done.stderr, "an error never shows the key")
        public = self.directory / "public"
        starling("init", "--state", public)
        (public / "swarm.key").write_text(text)
        done = starling("run", "--state", public)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertRegex(done.stderr, "private_network = true")


class InAPrivateFleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), data_plane="none", spare=2, init_flags=("--private",)))
        cls.joiner_at, cls.stranger_at = 2, 3

    def fingerprint(self, node) -> str:
        return node.get("/v1/status")["private_network"]["fingerprint"]

    def test_status_tells_the_fingerprint_and_what_is_off(self):
        told = self.fleet[0].get("/v1/status")["private_network"]
        self.assertRegex(told["fingerprint"], f"^{FINGERPRINT}$")
        self.assertIs(told["quic"], False)
        for node in self.fleet.nodes:
            self.assertEqual(self.fingerprint(node), told["fingerprint"])
            text = node.starling("status").stdout
            self.assertRegex(text, rf"(?m)^private network +yes \(fingerprint {told['fingerprint']}\), QUIC off$")
            self.assertIn(f"fingerprint={told['fingerprint']}", "\n".join(node.said()))
            self.assertNotIn(key_in(node.state).hex(), node.log.read_text(errors="replace"), "the key is in no log")

    def test_the_fleet_works_as_any_other(self):
        first, second = self.fleet.nodes
        first.put("/config", {"listeners": listener(), "routes": {"main": redirect("/in-private")}})
        wait_until(self.fleet.agree, JOIN_TIMEOUT_S, "both have the change")
        self.assertIn("main", second.configuration()["routes"])

    def test_a_join_is_nothing_but_noise_on_the_wire(self):
        joiner = self.fleet.add_node("late", self.joiner_at)
        self.addCleanup(self.fleet.nodes.remove, joiner)
        token = self.fleet.invite("node")
        with Capture(self.fleet.lan.names[self.joiner_at]) as capture:
            joiner.starling("join", token, *self.fleet.node_flags(joiner))
            joiner.start()
            joiner.wait_ready()
            joiner.wait_joined()
        self.addCleanup(joiner.terminate)
        streams = capture.streams().values()
        self.assertGreater(sum(len(data) for data in streams), 1000, "no connection was captured")
        for name in (b"/multistream", b"/noise", b"/yamux", key_in(joiner.state)):
            self.assertFalse(any(name in data for data in streams), f"{name} can be read on the wire")

    def test_a_node_with_another_key_gets_no_byte_through(self):
        node = self.fleet.add_node("stranger", self.stranger_at)
        self.fleet.nodes.remove(node)
        token = self.fleet.invite("node", "--uses", "2")
        node.starling("join", token, *self.fleet.node_flags(node))
        key = node.state / "swarm.key"
        right = key.read_text()
        key.write_text(right.replace(key_in(node.state).hex(), "5" * 64))
        node.start()
        node.wait_ready()
        # By mDNS they never hear of each other, so each address is tried by hand, too.
        for member in self.fleet.nodes:
            with self.subTest(member.name):
                self.assertLessEqual(len(self.bytes_got(member, b"\x00" * 200)), NONCE_BYTES)
                self.assertLessEqual(len(self.bytes_got(member, GREETING + b"\x07/noise\n")), NONCE_BYTES)
        time.sleep(LONG_ENOUGH_S)
        status = node.get("/v1/status")
        self.assertFalse(status["joined"])
        self.assertEqual(status["members"], 0)
        for member in self.fleet.nodes:
            names = [one["name"] for one in member.get("/v1/nodes")["nodes"]]
            self.assertNotIn("stranger", names)
        # With the fleet's key the same node is let in: it was the key.
        node.terminate()
        key.write_text(right)
        node.restart()
        node.wait_joined()
        node.terminate()

    def bytes_got(self, member, say: bytes) -> bytes:
        """All that a member sends to whoever says that, until it hangs up."""
        port = next(re.search(r"/tcp/(\d+)", address).group(1) for address in member.addrs if "/ip4/" in address)
        with inside(self.fleet.lan.names[self.stranger_at], socket.create_connection, (member.ip4, int(port)),
                    LONG_ENOUGH_S) as connection:
            got = b""
            try:
                connection.sendall(say)
                while data := connection.recv(4096):
                    got += data
            except ConnectionError:
                pass
            return got


if __name__ == "__main__":
    support.main(check_namespaces)
