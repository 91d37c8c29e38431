#!/usr/bin/env python3
"""The command line as scripts know it: what it prints, its exit codes, and what it says when it refuses."""

import io
import json
import os
import re
import secrets
import socket
import stat
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

import forgery
import support
from data_planes import UnixConnection
from fleet import JOIN_TIMEOUT_S, SERVE_PORT, START_TIMEOUT_S, Fleet, exchange, listener, peer_id_of, read_token, redirect
from network import check_namespaces
from support import Options, wait_until

DONE, ERROR, USAGE, NOT_FOUND, CONFLICT, INVALID, NOT_ALLOWED, TIMED_OUT = 0, 1, 2, 3, 4, 5, 6, 124
FLEET_ID = r"b[a-z2-7]{50,}"
PEER_ID = r"12D3Koo[1-9A-HJ-NP-Za-km-z]{45}"
STOP_S = 1


def starling(*args, **more):
    return subprocess.run([str(Options.binary), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, **more)


class Folders(unittest.TestCase):
    """A folder of each test's own, and one in it for a node."""

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="starling-")))
        self.state = self.directory / "state"

    def assert_exit(self, code: int, says: str, *args):
        done = starling(*args)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        self.assertRegex(done.stderr, says)
        self.assertEqual(done.stdout, "", "what fails prints nothing on standard output")


class Alone(Folders):
    """Commands that need no fleet."""

    def test_version(self):
        text = starling("version")
        self.assertEqual(text.returncode, DONE)
        number = re.fullmatch(r"starling (\d+\.\d+\.\d+)\n", text.stdout).group(1)
        self.assertEqual(json.loads(starling("version", "--json").stdout), {"version": number})

    def test_init_prints_one_a_line_and_the_same_as_json(self):
        done = starling("init", "--state", self.state)
        self.assertEqual(done.returncode, DONE, done.stderr)
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        self.assertEqual([line[0] for line in lines], ["fleet", "peer", "join-operator", "join-node"])
        values = dict(lines)
        self.assertRegex(values["fleet"], FLEET_ID)
        self.assertRegex(values["peer"], PEER_ID)
        self.assertNotEqual(read_token(values["join-operator"]).seed, read_token(values["join-node"]).seed)
        self.assertIn("root.key", done.stderr)
        as_json = starling("init", "--state", self.directory / "other", "--json")
        self.assertEqual(set(json.loads(as_json.stdout)), set(values))

    def test_keys_are_readable_by_their_owner_alone(self):
        starling("init", "--state", self.state)
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o700)
        for name in ("identity.key", "root.key", "encryption.key"):
            self.assertEqual(stat.S_IMODE((self.state / name).stat().st_mode), 0o600, name)

    def test_init_never_overwrites_a_node(self):
        starling("init", "--state", self.state)
        key = (self.state / "identity.key").read_bytes()
        self.assert_exit(ERROR, "holds a node already", "init", "--state", self.state)
        token = starling("invite", "--state", self.state).stdout.strip()
        self.assert_exit(ERROR, "holds a node already", "join", token, "--state", self.state)
        self.assertEqual((self.state / "identity.key").read_bytes(), key)

    def test_what_is_said_wrongly_is_usage(self):
        state = ("--state", self.state)
        self.assert_exit(USAGE, "subcommand", "fly")
        self.assert_exit(USAGE, "--wings", "init", *state, "--wings", "2")
        self.assert_exit(USAGE, "--listen", "init", *state, "--listen", "/ip4/1.2.3.4/tcp/x")
        self.assert_exit(USAGE, "unit:PATH|data plane", "init", *state, "--data-plane", "apache:/etc")
        self.assert_exit(USAGE, "loopback only", "init", *state, "--api", "0.0.0.0:7118")
        self.assert_exit(USAGE, "loopback only", "init", *state, "--api", "192.0.2.1:7118")
        self.assertFalse(self.state.exists(), "a refused init leaves nothing behind")
        starling("init", *state)
        self.assert_exit(USAGE, "--ttl", "invite", *state, "--ttl", "25h")
        self.assert_exit(USAGE, "--role", "invite", *state, "--role", "root")

    def test_an_api_that_is_not_on_loopback_is_refused_by_run_too(self):
        starling("init", "--state", self.state)
        config = self.state / "config.toml"
        config.write_text(re.sub(r"'unix:[^']*'|\"unix:[^\"]*\"", '"0.0.0.0:7118"', config.read_text()))
        self.assert_exit(USAGE, "loopback only", "run", "--state", self.state)

    def test_a_mistyped_token_is_told_apart_from_a_cut_one(self):
        starling("init", "--state", self.state)
        token = starling("invite", "--state", self.state).stdout.strip()
        other = ("--state", self.directory / "other")
        wrong = token[:60] + ("a" if token[60] != "a" else "b") + token[61:]
        self.assert_exit(USAGE, "checksum|mistyped", "join", wrong, *other)
        self.assert_exit(USAGE, "cut", "join", token[:-9], *other)
        self.assert_exit(USAGE, "character 1\\b", "join", "!" + token, *other)

    def test_where_there_is_no_node_it_is_not_found(self):
        for command in (("run",), ("status",), ("get", "/"), ("invite",)):
            self.assert_exit(NOT_FOUND, "starling init", *command, "--state", self.state)

    def test_where_no_daemon_runs_it_says_so(self):
        starling("init", "--state", self.state)
        self.assert_exit(ERROR, "starling run", "status", "--state", self.state)
        self.assert_exit(ERROR, "starling run", "status", "--api", f"unix:{self.directory}/nobody")

    def test_the_supervisor_is_told(self):
        starling("init", "--state", self.state, "--listen", "/ip4/127.0.0.1/tcp/0")
        path = self.directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(str(path))
            supervisor.settimeout(START_TIMEOUT_S)
            daemon = subprocess.Popen([str(Options.binary), "run", "--state", str(self.state)], stderr=subprocess.DEVNULL,
                                      env={**os.environ, "NOTIFY_SOCKET": str(path)})
            self.addCleanup(daemon.wait)
            self.addCleanup(daemon.kill)
            self.assertIn(b"READY=1", supervisor.recv(4096))
            self.assertIn(b"joined", supervisor.recv(4096))
            daemon.terminate()
            self.assertIn(b"STOPPING=1", supervisor.recv(4096))


class OneNode(Folders):
    """A node that is a fleet by itself."""

    def setUp(self):
        super().setUp()
        starling("init", "--state", self.state, "--listen", "/ip4/127.0.0.1/tcp/0")

    def run_daemon(self, state):
        daemon = subprocess.Popen([str(Options.binary), "run", "--state", str(state)], stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        while not daemon.stderr.readline().startswith("joined"):
            self.assertIsNone(daemon.poll())
        return daemon

    def set(self, state, path: str, value: str = "[]"):
        done = starling("set", path, value, "--state", state)
        self.assertEqual(done.returncode, DONE, done.stderr)


class Kept(OneNode):
    """Backups."""

    def setUp(self):
        super().setUp()
        self.kept = self.directory / "kept.tar"
        self.restored = self.directory / "restored"

    def backup(self, *args) -> dict:
        done = starling("backup", self.kept, "--state", self.state, "--json", *args)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return json.loads(done.stdout)

    def test_a_backup_taken_from_a_running_daemon_becomes_the_node_again_and_writes_on(self):
        daemon = self.run_daemon(self.state)
        self.set(self.state, "/routes", '{"before": []}')
        facts = self.backup()
        self.assertEqual(set(facts), {"fleet", "peer", "records"})
        self.assertEqual(stat.S_IMODE(self.kept.stat().st_mode), 0o600)
        with tarfile.open(self.kept) as archive:
            self.assertNotIn("root.key", archive.getnames())
        self.set(self.state, "/routes/after")
        daemon.terminate()
        daemon.wait()
        done = starling("restore", self.kept, "--state", self.restored)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn(f"peer {facts['peer']}", done.stdout.splitlines())
        self.assertEqual((self.restored / "identity.key").read_bytes(), (self.state / "identity.key").read_bytes())
        self.run_daemon(self.restored)
        self.set(self.restored, "/routes/on")
        self.assertEqual(set(json.loads(starling("get", "/routes", "--state", self.restored).stdout)), {"before", "on"})

    def test_the_logs_backup_brings_a_node_what_it_has_forgotten(self):
        self.backup()
        daemon = self.run_daemon(self.state)
        self.set(self.state, "/routes", '{"later": []}')
        self.kept.unlink()
        log = self.directory / "log.tar"
        kept = json.loads(starling("backup", log, "--state", self.state, "--log-only", "--json").stdout)
        self.assert_exit(ERROR, "stop it first", "restore", log, "--state", self.state, "--log-only")
        daemon.terminate()
        daemon.wait()
        self.assertNotIn((self.state / "identity.key").read_bytes(), log.read_bytes())
        self.assert_exit(USAGE, "--log-only", "restore", log, "--state", self.restored)
        (self.state / "starling.db").unlink()
        tried = starling("restore", log, "--state", self.state, "--log-only", "--json")
        self.assertEqual(json.loads(tried.stdout), {"fleet": kept["fleet"], "added": kept["records"], "held": 0, "waiting": 0})
        self.run_daemon(self.state)
        self.assertIn("later", starling("get", "/routes", "--state", self.state).stdout)
        self.assert_exit(NOT_ALLOWED, "(?s)this node is of", "restore", log, "--log-only", "--state", self.other_fleet())

    def other_fleet(self) -> Path:
        other = self.directory / "other"
        starling("init", "--state", other)
        return other

    def test_a_backup_may_be_named_without_its_folder(self):
        done = starling("backup", "here.tar", "--state", self.state, cwd=self.directory)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["here.tar", "state"])

    def test_nothing_is_overwritten_and_a_rehearsal_writes_nothing(self):
        self.backup()
        self.assert_exit(ERROR, "is there already", "backup", self.kept, "--state", self.state)
        self.assert_exit(ERROR, "move it away", "restore", self.kept, "--state", self.state)
        done = starling("restore", self.kept, "--state", self.restored, "--dry-run")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("Nothing has been written", done.stderr)
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["kept.tar", "state"])
        occupied = starling("restore", self.kept, "--state", self.state, "--dry-run")
        self.assertEqual(occupied.returncode, DONE, occupied.stderr)
        self.assertRegex(occupied.stderr, "(?s)move it away.*The backup is in order. Nothing has been written")
        self.assertIn("records", occupied.stdout)
        damaged = self.directory / "damaged.tar"
        damaged.write_bytes(self.kept.read_bytes()[:-2000])
        self.assert_exit(INVALID, "damaged", "restore", damaged, "--state", self.state, "--dry-run")
        self.assert_exit(USAGE, "No such file", "restore", self.directory / "none.tar", "--state", self.restored)
        self.assert_exit(NOT_FOUND, "starling init", "backup", self.directory / "x.tar", "--state", self.restored)

    def test_an_archive_that_leaves_the_folder_or_was_tampered_with_is_refused_by_name(self):
        self.backup()
        whole = self.kept.read_bytes()
        self.kept.write_bytes(whole.replace(b"name = ", b"nome = ", 1))
        self.assert_exit(INVALID, "config.toml is not what the manifest says", "restore", self.kept, "--state", self.restored)
        self.kept.write_bytes(whole[: len(whole) // 2])
        self.assert_exit(INVALID, "damaged", "restore", self.kept, "--state", self.restored)
        for name, link in (("/etc/cron.d/x", ""), ("../x", ""), ("identity.key", "/etc/passwd")):
            self.kept.write_bytes(whole)
            with tarfile.open(self.kept, "a") as archive:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
                archive.addfile(member, io.BytesIO())
            self.assert_exit(INVALID, f'"{name}"', "restore", self.kept, "--state", self.restored)
        self.assertFalse(self.restored.exists())


class Forged(OneNode):
    """What is said of forks and of changes from the future, and that it is done."""

    def setUp(self):
        super().setUp()
        self.run_daemon(self.state)

    def run_json(self, *args) -> dict:
        done = starling(*args, "--state", self.state, "--json")
        self.assertEqual(done.returncode, DONE, done.stderr)
        return json.loads(done.stdout)

    def written(self, message: str) -> str:
        return self.run_json("set", f"/routes/{secrets.token_hex(4)}", "[]", "-m", message)["change"]

    def post_record(self, envelope: bytes):
        return exchange(UnixConnection(self.state / "api.sock", 10), "POST", "/v1/records", envelope)

    def send(self, envelope: bytes) -> str:
        """The record's id."""
        reply = self.post_record(envelope)
        self.assertEqual(reply.status, 200, reply)
        return reply.json["id"]

    def state_of(self, change: str) -> str:
        return self.run_json("show", change)["state"]

    def test_a_fork_is_ruled_on_by_the_root_key_wherever_it_is(self):
        self.run_json("set", "/routes", "{}")
        ours = self.written("ours")
        theirs = self.send(forgery.rival_of(self.state, b"ours", b"them"))
        wait_until(lambda: self.state_of(ours) == "quarantined", START_TIMEOUT_S, "neither counts")
        fork = self.run_json("fork", "show")["forks"][0]
        self.assertEqual({branch["last"] for branch in fork["branches"]}, {ours, theirs})
        other = self.written("other")  # in another chain
        moved = (self.state / "root.key").rename(self.directory / "root.key")
        self.assert_exit(NOT_ALLOWED, "--key FILE", "fork", "rule", ours, "--stands", ours, "--state", self.state)
        self.assert_exit(NOT_FOUND, "no record of that chain", "fork", "rule", ours, "--stands", other, "--key", moved, "--state", self.state)
        ruling = self.run_json("fork", "rule", fork["chain"], "--stands", theirs, "--key", moved)["id"]
        self.assertEqual(self.run_json("fork", "show")["forks"][0]["ruling"], ruling)
        self.assertEqual((self.state_of(ours), self.state_of(theirs)), ("void", "applied"))

    def test_a_fork_is_ruled_on_by_the_key_in_the_folder_or_over_the_api_alone(self):
        self.run_json("set", "/routes", "{}")
        api = ("--api", f"unix:{self.state / 'api.sock'}")
        for message, more in (("first", ()), ("second", (*api, "--key", self.state / "root.key"))):
            ours = self.written(message)
            theirs = self.send(forgery.rival_of(self.state, message.encode(), b"x" * len(message)))
            wait_until(lambda: self.state_of(ours) == "quarantined", START_TIMEOUT_S, "neither counts")
            done = starling("fork", "rule", ours, "--stands", "none", *(more or ("--state", self.state)))
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertRegex(done.stdout, FLEET_ID)
            self.assertEqual((self.state_of(ours), self.state_of(theirs)), ("void", "void"))

    def test_what_is_held_is_discarded_or_proposed_anew_and_history_says_so(self):
        self.run_json("set", "/routes", "{}")
        self.written("early")
        held = [self.send(forgery.from_the_future(self.state, b"early", seconds)) for seconds in (3600, 3601)]
        self.assertEqual([self.state_of(change) for change in held], ["held", "held"])
        discard = self.run_json("discard", held[0])["id"]
        self.assertEqual(self.state_of(held[0]), "void")
        self.assertEqual(self.run_json("show", discard)["voids"], [held[0]])
        self.assertRegex(starling("show", discard, "--state", self.state).stdout, f"voids +{held[0]}")
        self.assertRegex(starling("history", "--state", self.state).stdout, f"voids {held[0]} +{discard}")
        anew = self.run_json("repropose", held[1])["id"]
        self.assertEqual(self.run_json("show", anew)["voids"], [held[1]])

    def test_a_record_that_waits_for_another_is_said_to(self):
        self.run_json("set", "/routes", "{}")
        self.written("orphan")
        reply = self.post_record(forgery.after_what_nobody_has(self.state, b"orphan"))
        self.assertEqual((reply.status, reply.json["code"]), (409, "not-here"))
        self.assertIn("is taken if they come", reply.json["detail"])

    def test_the_commands_that_sign_say_with_which_key(self):
        for command in (("grant",), ("invite",), ("label",), ("fleet", "raise-level")):
            self.assertRegex(starling(*command, "--help").stdout, r"else\s+the\s+node's\s+own")

    def test_what_root_signs_is_told_as_json(self):
        self.run_json("set", "/routes", "{}")
        checkpoint, anchor = self.run_json("checkpoint")["id"], self.run_json("anchor")["id"]
        listed = self.run_json("anchors")["anchors"]
        root = peer_id_of(self.state / "root.key")
        self.assertEqual([(one["id"], one["author"], one["kind"]) for one in listed[:2]],
                         [(anchor, root, "anchor"), (checkpoint, root, "checkpoint")])
        name = self.run_json("nodes")["nodes"][0]["name"]
        self.assertEqual(self.run_json("label", name, "site=syd")["labels"], {"site": "syd"})
        self.assertEqual(self.run_json("fleet", "raise-level"), {"level": 2})
        token = self.run_json("invite")["token"]
        joined = starling("join", token, "--state", self.directory / "other", "--json")
        self.assertRegex(json.loads(joined.stdout)["peer"], PEER_ID)


class InAFleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(followers=1, spare=1))
        cls.spare_at = 3
        cls.operator, cls.second, cls.follower = cls.fleet.nodes
        cls.operator.put("/config", {"listeners": listener(), "routes": {"main": redirect("/cli")}})

    def assert_exit(self, code: int, says: str, node, *args):
        done = node.starling(*args, ok=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        self.assertRegex(done.stderr, says)
        return done

    def test_set_get_and_rm(self):
        change = self.operator.starling("set", "/routes/x", json.dumps(redirect("/x"))).stdout.strip()
        self.assertRegex(change, FLEET_ID)
        self.assertEqual(json.loads(self.operator.starling("get", "/routes/x").stdout), redirect("/x"))
        self.assertEqual(self.operator.starling("get", "/routes/x/0/action/location", "--json").stdout, '"/x"\n')
        self.assertEqual(self.operator.starling("set", "/routes/x", json.dumps(redirect("/x"))).stdout, "nothing to change\n")
        removed = json.loads(self.operator.starling("rm", "/routes/x", "--json", "--message", "not needed").stdout)
        self.assertEqual(self.operator.get(f"/v1/changes/{removed['change']}")["message"], "not needed")
        self.assert_exit(NOT_FOUND, "doesn't exist", self.operator, "get", "/routes/x")
        self.assert_exit(NOT_FOUND, "doesn't exist", self.operator, "rm", "/routes/x")

    def test_set_may_wait_until_all_have_applied_it(self):
        self.second.starling("set", "/routes/main", json.dumps(redirect("/waited")), "--ack", "applied:all", "--timeout", "30s")
        for node in self.fleet.nodes:
            self.assertEqual(node.serve().location, "/waited", node.name)

    def test_apply_replaces_the_whole(self):
        whole = {"listeners": listener(), "routes": {"main": redirect("/applied")}}
        file = self.fleet.directory / "whole.json"
        file.write_text(json.dumps(whole))
        self.operator.starling("apply", file)
        self.assertEqual(json.loads(self.operator.starling("get", "--json").stdout), whole)
        self.assert_exit(USAGE, "No such file", self.operator, "apply", self.fleet.directory / "nothing.json")

    def test_a_write_against_a_revision_that_has_passed_is_a_conflict(self):
        seen = json.loads(self.operator.starling("status", "--json").stdout)["revision"]
        self.operator.starling("set", "/routes/first", "[]", "--if-match", seen)
        self.assert_exit(CONFLICT, "(?s)has moved since.*last changed by", self.operator, "set", "/routes/second", "[]", "--if-match", seen)
        self.assert_exit(NOT_FOUND, "doesn't exist", self.operator, "get", "/routes/second")
        now = json.loads(self.operator.starling("status", "--json").stdout)["revision"]
        change = self.operator.starling("set", "/routes/second", "[]", "--if-match", now[:8]).stdout.strip()
        self.operator.starling("set", "/routes/third", "[]", "--if-match", change)
        self.assert_exit(CONFLICT, "has moved since", self.operator, "rm", "/routes/third", "--if-match", now[:8])
        self.assert_exit(CONFLICT, "has moved since", self.operator, "rm", "/routes/third", "--if-match", "HEAD~1")
        self.operator.starling("rm", "/routes/third", "--if-match", "HEAD")
        self.assert_exit(NOT_FOUND, "01234567", self.operator, "rm", "/routes/second", "--if-match", "01234567")

    def test_what_is_no_configuration_is_invalid(self):
        self.assert_exit(INVALID, "(?s)Invalid JSON.*line 1", self.operator, "set", "/routes/bad", "[")
        self.assert_exit(INVALID, "routes/nowhere", self.operator, "set", "/listeners/*:8081", '{"pass": "routes/nowhere"}')
        self.assert_exit(INVALID, "with --allow-empty", self.operator, "set", "/listeners", "{}")
        taken = {f"*:{SERVE_PORT + 1}": {"pass": "routes/main"}, f"127.0.0.1:{SERVE_PORT + 1}": {"pass": "routes/main"}}
        self.assert_exit(INVALID, "Failed to apply", self.operator, "set", "/listeners", json.dumps({**listener(), **taken}))

    def test_what_is_asked_in_a_wrong_form_is_usage(self):
        for wrong in (["diff", "nonsense"], ["blame", "routes"], ["set", "/routes/x", "[]", "--ack", "foo"],
                      ["layer", "set", "bad name!", "--selector", "a"], ["set", "/routes/x", "[]", "--if-match", "nonsense"]):
            self.assert_exit(USAGE, ".", self.operator, *wrong)
        self.assert_exit(NOT_FOUND, "nothing is there", self.operator, "change", "--rm", "/applications")
        self.assert_exit(NOT_FOUND, "--removed tells", self.operator, "blame", "/nothing")
        for text in ("two\nlines", "a\ttab"):
            self.assert_exit(USAGE, "--message is one line", self.operator, "set", "/routes/x", "[]", "-m", text)
        missing = self.fleet.directory / "no.key"
        for command in (["label", "n1", "a=b"], ["anchor"], ["invite"], ["grant", "n1", "--role", "admin"]):
            self.assert_exit(USAGE, "no.key", self.operator, *command, "--key", missing)

    def test_what_a_name_holds_never_becomes_a_header(self):
        name = "a HTTP/1.1\r\nX-Injected: y"
        for command in (["layer", "get", name], ["layer", "rm", name]):
            self.assert_exit(NOT_FOUND, "no layer", self.operator, *command)
        self.assert_exit(USAGE, "layer's name", self.operator, "layer", "set", name, "--selector", "a")
        self.assert_exit(USAGE, "variable's name", self.operator, "var", "set", name, "x")
        self.assert_exit(USAGE, "control characters", self.operator, "get", "/" + name)
        self.assert_exit(USAGE, "multibase|not the id", self.operator, "fork", "rule", name, "--stands", "none")

    def test_ids_that_are_unknown_and_that_are_none(self):
        change = self.operator.starling("set", "/routes/known", "[]").stdout.strip()
        unknown = change[:-8] + ("aaaaaaaa" if change[-8:] != "aaaaaaaa" else "baaaaaaa")
        for verb in ("discard", "repropose"):
            self.assert_exit(NOT_FOUND, "no change has the id", self.operator, verb, unknown)
            self.assert_exit(USAGE, "multibase|not the id", self.operator, verb, "x")
            self.assert_exit(USAGE, "HEAD is not the id of a record.*give a whole one", self.operator, verb, "HEAD")
        self.assert_exit(NOT_FOUND, "no record here", self.operator, "fork", "rule", unknown, "--stands", "none")
        self.assert_exit(NOT_FOUND, "is not forked", self.operator, "fork", "rule", change, "--stands", "none")
        self.assert_exit(USAGE, "multibase|not the id", self.operator, "fork", "rule", "x", "--stands", "none")
        self.assert_exit(USAGE, "multibase|not the id", self.operator, "fork", "rule", change, "--stands", "x")

    def test_a_follower_may_look_but_not_write(self):
        self.assertEqual(self.follower.starling("get", "/listeners").returncode, DONE)
        self.assert_exit(NOT_ALLOWED, "(?s)role node.*operator", self.follower, "set", "/routes/y", "[]")

    def test_views_and_their_json(self):
        status = json.loads(self.second.starling("status", "--json").stdout)
        self.assertEqual((status["name"], status["role"], status["joined"], status["members"]), ("n2", "operator", True, 3))
        self.assertEqual(status["fleet"], self.fleet.founded["fleet"])
        text = self.second.starling("status").stdout
        self.assertIn("3 of 3 online", text)
        self.assertIn(self.second.peer, text)
        rows = self.second.starling("nodes").stdout.splitlines()
        self.assertEqual(rows[0].split()[0], "NAME")
        self.assertEqual(sorted(row.split()[0] for row in rows[1:]), ["n1", "n2", "n3"])
        nodes = json.loads(self.second.starling("nodes", "--json").stdout)["nodes"]
        self.assertEqual(sorted(node["name"] for node in nodes), ["n1", "n2", "n3"])
        version = json.loads(starling("version", "--json").stdout)["version"]
        self.assertEqual({node["version"] for node in nodes}, {version})
        self.assertRegex("\n".join(rows), rf"n3 +node +{re.escape(version)} ")
        change = self.operator.starling("set", "/routes/seen", "[]", "--message", "to be seen").stdout.strip()
        newest = self.operator.starling("history").stdout.splitlines()[1]
        self.assertRegex(newest, f"n1 +applied +to be seen +{change}")
        listed = json.loads(self.operator.starling("history", "--json").stdout)["changes"]
        self.assertEqual((listed[0]["id"], listed[0]["author_name"]), (change, "n1"))
        self.assertEqual(json.loads(self.operator.starling("conflicts", "--json").stdout), {"conflicts": []})

    def test_the_api_may_be_named_instead_of_the_state(self):
        done = self.operator.starling("status", "--api", f"unix:{self.operator.socket}", "--json", with_state=False)
        self.assertEqual(json.loads(done.stdout)["name"], "n1")

    def test_a_wait_that_is_too_long_times_out_and_the_change_stands(self):
        self.fleet.cut(self.follower)
        self.addCleanup(self.fleet.heal)
        done = self.assert_exit(TIMED_OUT, "change stands", self.operator, "set", "/routes/late", "[]", "--ack", "applied:all",
                                "--timeout", "500ms")
        change = re.search(FLEET_ID, done.stderr).group()
        self.assertEqual(self.operator.get(f"/v1/changes/{change}")["state"], "applied")

    # ---- invites and joining ----

    def test_inviting_an_operator_takes_the_root_key(self):
        root, kept = self.operator.state / "root.key", self.fleet.directory / "kept.key"
        root.rename(kept)
        self.addCleanup(lambda: kept.exists() and kept.rename(root))
        self.assert_exit(NOT_ALLOWED, "root key.*--key", self.operator, "invite", "--role", "operator")
        self.assertTrue(read_token(self.operator.starling("invite", "--role", "node").stdout.strip()).seed)
        token = self.operator.starling("invite", "--role", "operator", "--key", kept).stdout
        self.assertEqual(token, token.strip() + "\n", "the token alone is on standard output")
        self.assert_exit(NOT_ALLOWED, "role node can't invite", self.follower, "invite", "--role", "node")

    def joining(self, name: str, token: str):
        """A new node in the spare namespace that tries to join with that token."""
        node = self.fleet.add_node(name, self.spare_at, folder=f"late-{name}")
        self.fleet.nodes.remove(node)
        self.addCleanup(node.close)
        node.starling("join", token, *self.fleet.node_flags(node))
        node.start()
        return node

    def assert_refused(self, name: str, token: str, why: str):
        node = self.joining(name, token)
        self.assertEqual(node.wait_exit(JOIN_TIMEOUT_S), NOT_ALLOWED, node.log_text())
        self.assertRegex(node.log_text(), why)
        self.assertIn(f"issued by {peer_id_of(self.operator.state / 'root.key')}", node.log_text())

    def test_an_expired_token_says_so(self):
        token = self.fleet.invite("node", "--ttl", "1s")
        time.sleep(1.5)
        self.assert_refused("tardy", token, "expired")

    def test_a_used_token_says_so(self):
        self.assert_refused("copycat", self.fleet.tokens["n2"], "used")

    def test_a_taken_name_is_refused(self):
        node = self.joining("n1", self.fleet.invite("node"))
        self.assertEqual(node.wait_exit(JOIN_TIMEOUT_S), NOT_ALLOWED, node.log_text())
        self.assertRegex(node.log_text(), f"name n1 is taken by {self.operator.peer}")

    # ---- the daemon's end ----

    def test_sigterm_ends_it_within_a_second(self):
        took = []
        for _ in range(3):
            took.append(self.second.terminate())
            self.assertEqual(self.second.exit_code, DONE)
            self.assertFalse(self.second.socket.exists(), "the API's socket is gone")
            self.second.restart()
            self.second.wait_joined()
        # A machine that is busy with something else may stretch one of them.
        self.assertLess(min(took), STOP_S, took)
        self.fleet.wait_together()


if __name__ == "__main__":
    support.main(check_namespaces)
