#!/usr/bin/env python3
"""The REST interface as curl and browsers meet it."""

import http.client
import json
import shutil
import stat
import subprocess
import time
import unittest
from urllib.parse import quote

import support
from data_planes import UnixConnection
from fleet import REQUEST_TIMEOUT_S, Fleet, exchange, listener, redirect
from network import check_namespaces, inside
from support import ROOT

TCP_PORT = 7180
RECORDINGS = ROOT / "tests" / "data" / "unit-api" / "exchanges"


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        flags = ("--take-fleet", "--api", "unix:{state}/api.sock", "--api", f"127.0.0.1:{TCP_PORT}")
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), flags=flags))
        cls.node, cls.other = cls.fleet.nodes

    def setUp(self):
        self.whole = {"listeners": listener(), "routes": {"main": redirect("/api")}}
        self.node.put("/config", self.whole)

    def tcp(self, method: str, path: str, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", TCP_PORT, timeout=REQUEST_TIMEOUT_S)
        inside(self.fleet.lan.names[self.node.index], connection.connect)
        return exchange(connection, method, path, body, headers)

    # ---- who may ask ----

    def test_the_socket_is_its_owners_alone(self):
        self.assertEqual(stat.S_IMODE(self.node.socket.stat().st_mode), 0o600)

    def test_plain_curl_passes(self):
        if shutil.which("curl") is None:
            support.skip("curl", "it is missing (Debian: apt-get install curl)")
        over_tcp = ["curl", "-sS", "--max-time", "30", f"http://127.0.0.1:{TCP_PORT}/config/routes/main"]
        over_unix = ["curl", "-sS", "--max-time", "30", "--unix-socket", str(self.node.socket),
                     "http://localhost/config/routes/main"]
        for command in ([*self.node.prefix, *over_tcp], over_unix, [*over_unix, "-X", "PUT", "-d", json.dumps(redirect("/api"))]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(json.loads(done.stdout), (redirect("/api"), {"success": "Reconfiguration done."}))

    def test_a_listener_that_would_cut_off_the_node_itself_is_refused(self):
        own = [f"127.0.0.1:{TCP_PORT}", f"*:{TCP_PORT}", f"unix:{self.node.socket}"]
        own += [f"*:{address.split('/')[4]}" for address in self.node.addrs if address.startswith("/ip4/0.0.0.0/tcp/")]
        if self.node.data_plane.kind == "unit":
            own.append(f"unix:{self.node.data_plane.control}")
        self.assertGreaterEqual(len(own), 4)
        for address in own:
            reply = self.node.api("PUT", f"/config/listeners/{quote(address, safe='')}", {"pass": "routes/main"})
            self.assertEqual(reply.status, 400, f"{address}: {reply}")
            self.assertIn("could no longer be reached", reply.json["detail"])
        self.assertEqual(self.node.configuration(), self.whole)

    def test_no_page_of_a_browser_passes_over_tcp(self):
        own = f"127.0.0.1:{TCP_PORT}"
        before = self.node.configuration()
        refused = {
            "a rebound name": {"Host": f"evil.example:{TCP_PORT}"},
            "another port": {"Host": "127.0.0.1:80"},
            "a foreign origin": {"Host": own, "Origin": "https://evil.example"},
            "a null origin": {"Host": own, "Origin": "null"},
            "another site": {"Host": own, "Sec-Fetch-Site": "cross-site"},
            "the same site": {"Host": own, "Sec-Fetch-Site": "same-site"},
        }
        for what, headers in refused.items():
            for method, body in (("GET", None), ("PUT", redirect("/evil")), ("DELETE", None), ("POST", b"")):
                with self.subTest(what, method=method):
                    reply = self.tcp(method, "/config/routes/main", body, headers)
                    self.assertIn(reply.status, (403, 421), reply)
                    self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        self.assertEqual(self.node.configuration(), before)
        own_page = {"Host": own, "Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"}
        for headers in ({}, {"Host": f"localhost:{TCP_PORT}"}, own_page):
            self.assertEqual(self.tcp("GET", "/config", None, headers).status, 200, headers)

    # ---- Unit's ways ----

    def test_json_errors_are_units_own_byte_for_byte(self):
        cases = json.loads((RECORDINGS / "06-json-parsing.unit.json").read_text())
        compared = 0
        for case in cases:
            request, response = case["request"], case.get("response") or {}
            if "body" not in request or response.get("status") != 400 or "Invalid JSON." not in response.get("body", ""):
                continue
            with self.subTest(case["name"]):
                reply = self.node.api(request["method"], "/config", request["body"])
                self.assertEqual((reply.status, reply.body.decode()), (400, response["body"]))
                compared += 1
        self.assertGreater(compared, 10)
        self.assertEqual(self.node.configuration(), self.whole)

    def test_answers_are_units_own_byte_for_byte(self):
        """Asked of Starling and of a Unit that runs the same, each request gets the same status and the same text."""
        if self.node.data_plane.kind != "unit":
            support.skip("unit", "no unitd is here (name it with UNITD) to compare with", optional=True)
        unit = self.node.data_plane
        requests = [("GET", "/config", None), ("GET", "/config/", None), ("GET", "/config/routes/main/0", None),
                    ("GET", "/config/routes/main/0/action/return", None), ("GET", "/config/routes/main/00", None),
                    ("GET", "/config/routes/main/1", None), ("GET", "/config/nothing", None), ("GET", "/nothing", None),
                    ("GET", "/config/listeners/%2A:8080", None), ("GET", "/config/routes/../listeners", None),
                    ("PUT", "/config/a/b", b"{}"), ("POST", "/config/routes", b"{}"), ("POST", "/config/nothing", b"{}"),
                    ("DELETE", "/config/nothing", None), ("DELETE", "/config/routes/main/7", None),
                    ("PUT", "/config/routes/main/7", b"{}"), ("PUT", "/config", b""), ("PUT", "/config", b"{]"),
                    ("PUT", "/config/listeners/*:8081", b'{"pass": "routes/nowhere"}'),
                    ("PUT", "/config/listeners/*:8081", b'{"pass": "routes/main", "wings": 2}'),
                    ("PUT", "/config/routes/main/0/action/return", b'"x"'), ("DELETE", "/config/routes/main", None)]
        for method, path, body in requests:
            with self.subTest(f"{method} {path}", body=body):
                reply = self.node.api(method, path, body)
                self.assertEqual((reply.status, reply.body.decode()), self.unit_says(unit, method, path, body))
        self.assertEqual(self.node.configuration(), self.whole)

    @staticmethod
    def unit_says(unit, method: str, path: str, body):
        status, text = unit.request(method, path, body or b"")
        return status, text.decode()

    def test_a_put_below_a_scalar_is_404_and_never_reaches_unit(self):
        controller = self.node.data_plane.controller_pid() if self.node.data_plane.kind == "unit" else None
        for path in ("/config/listeners/*:8080/pass/x", "/config/routes/main/0/action/return/0"):
            reply = self.node.api("PUT", path, b'"x"')
            self.assertEqual((reply.status, reply.json), (404, {"error": "Value doesn't exist."}))
        if controller is not None:
            self.assertEqual(self.node.data_plane.controller_pid(), controller)

    def test_root_is_units_object_and_a_page_only_where_html_is_preferred(self):
        plain = self.node.api("GET", "/")
        self.assertEqual(plain.headers["Content-Type"], "application/json")
        self.assertLessEqual({"certificates", "config", "status"}, set(plain.json))
        self.assertEqual(plain.json["config"], self.whole)
        page = self.node.api("GET", "/", None, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        self.assertTrue(page.headers["Content-Type"].startswith("text/html"), page.headers["Content-Type"])
        self.assertIn(b"<html", page.body.lower())
        self.assertEqual(self.node.api("GET", "/", None, {"Accept": "*/*"}).headers["Content-Type"], "application/json")

    # ---- what Starling adds ----

    def test_prometheus_is_told_of_the_node(self):
        told = self.node.api("GET", "/metrics")
        self.assertEqual(told.status, 200)
        self.assertEqual(told.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        samples = dict(line.rsplit(" ", 1) for line in told.body.decode().splitlines() if not line.startswith("#"))
        self.assertEqual(samples["starling_members"], "2")
        self.assertEqual(samples["libp2p_connected_peers"], "1")
        self.assertGreater(int(samples["libp2p_received_bytes_total"]), 0)
        self.assertEqual(self.node.api("POST", "/metrics", b"").status, 405)

    def test_if_match_is_strict(self):
        first = self.node.put("/config/routes/main", redirect("/one"))
        etag = first.headers["ETag"]
        self.assertEqual(self.node.api("GET", "/config").headers["ETag"], etag)
        self.assertEqual(f'"{self.node.api("GET", "/config/routes").headers["Starling-Revision"]}"', etag)
        self.node.put("/config/routes/main", redirect("/two"), headers={"If-Match": etag})
        stale = self.node.api("PUT", "/config/routes/main", redirect("/three"), {"If-Match": etag})
        self.assertEqual(stale.status, 412, stale)
        self.assertIn(self.node.peer, stale.json["detail"], "it says who moved it")
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/two"))
        self.node.put("/config/routes/main", redirect("/four"), headers={"If-Match": stale.headers["ETag"]})

    def test_a_change_is_named_and_can_be_looked_at(self):
        reply = self.node.put("/config/routes/named", redirect("/n"), headers={"Starling-Message": "why"})
        change = self.node.get(f"/v1/changes/{reply.headers['Starling-Change']}")
        self.assertEqual((change["author"], change["message"], change["state"]), (self.node.peer, "why", "applied"))
        self.assertEqual([(edit["op"], edit["path"]) for edit in change["edits"]], [("set", "/routes/named")])
        self.assertEqual(self.node.get("/v1/changes?limit=1")["changes"][0]["id"], change["id"])

    def test_a_write_that_changes_nothing_is_answered_as_any_other(self):
        answer = self.node.api("POST", "/v1/changes", {"edits": [{"path": "/routes/main", "op": "set", "value": self.node.get("/config/routes/main")}]}).json
        self.assertEqual(set(answer), {"change", "state", "reason", "conflicts", "revision"})
        self.assertEqual((answer["change"], answer["state"], answer["reason"], answer["conflicts"]), (None, None, None, []))

    def test_of_a_method_that_is_none_the_possible_ones_are_told(self):
        for method, path, allowed in (("DELETE", "/v1/changes", "GET, POST"), ("GET", "/v1/rollback", "POST"), ("POST", "/v1/nodes", "GET"),
                                      ("PUT", "/v1/changes/HEAD", "GET"), ("GET", "/v1/changes/HEAD/revert", "POST"),
                                      ("DELETE", "/v1/diff", "GET"), ("PUT", "/v1/anchors", "GET, POST"), ("POST", "/metrics", "GET"),
                                      ("POST", "/v1/layers", "GET")):
            reply = self.node.api(method, path)
            self.assertEqual((reply.status, reply.headers["Allow"]), (405, allowed), (method, path))
            self.assertEqual(reply.json["code"], "method")
        for path in ("/v1/nothing", "/v1/changes/a/b"):
            self.assertEqual(self.node.api("GET", path).status, 404, path)

    def test_changes_are_told_page_by_page(self):
        for number in range(5):
            self.node.put("/config/routes/paged", redirect(f"/{number}"))
        everything = [change["id"] for change in self.node.get("/v1/changes?limit=1000")["changes"]]
        paged, path = [], "/v1/changes?limit=2"
        while path:
            page = self.node.get(path)
            paged += [change["id"] for change in page["changes"]]
            path = f"/v1/changes?limit=2&after={page['next']}" if page["next"] else None
        self.assertEqual(paged, everything)

    def test_acknowledgement_by_all(self):
        reply = self.node.put("/config/routes/main?ack=applied:all&timeout=30s", redirect("/by-all"))
        self.assertEqual(self.other.serve().location, "/by-all")
        self.assertEqual(self.other.get("/v1/status")["revision"], reply.headers["ETag"].strip('"'))
        self.node.put("/config/routes/main?ack=replicated:2&timeout=30s", redirect("/by-two"))
        self.assertEqual(self.other.get("/config/routes/main"), redirect("/by-two"))
        for query in ("ack=some", "ack=replicated:0", "timeout=soon"):
            self.assertEqual(self.node.api("PUT", f"/config/routes/main?{query}", redirect("/no")).status, 400, query)
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/by-two"))

    def test_a_wait_that_ends_without_all_is_504_and_the_change_stands(self):
        self.fleet.cut(self.other)
        self.addCleanup(self.fleet.heal)
        reply = self.node.api("PUT", "/config/routes/main?ack=applied:all&timeout=300ms", redirect("/alone"))
        self.assertEqual(reply.status, 504, reply)
        self.assertIn(reply.headers["Starling-Change"], reply.json["detail"])
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/alone"))

    def test_an_emptying_change_must_be_meant(self):
        refused = self.node.api("PUT", "/config", {})
        self.assertEqual(refused.status, 400, refused)
        self.assertIn("allow-empty=1", refused.json["detail"])
        self.assertEqual(self.node.configuration(), self.whole)
        self.node.put("/config?allow-empty=1", {})
        self.assertEqual(self.node.configuration(), {})

    def test_events_resume_where_a_watcher_left_off(self):
        first = self.events_after(None, lambda: self.node.put("/config/routes/seen", redirect("/1")))
        self.node.put("/config/routes/seen", redirect("/2"))
        self.node.put("/config/routes/seen", redirect("/3"))
        resumed = self.events_after(first[-1]["id"], lambda: None, wanted=4)
        epoch, number = first[-1]["id"].split("-")
        self.assertEqual([event["id"] for event in resumed], [f"{epoch}-{int(number) + i}" for i in range(1, len(resumed) + 1)])
        self.assertIn("revision", {event["event"] for event in resumed})

    def test_a_watcher_of_the_process_before_is_told_of_a_gap_and_of_all_since(self):
        seen = self.events_after(None, lambda: self.node.put("/config/routes/seen", redirect("/1")))[-1]["id"]
        self.node.terminate()
        self.node.restart()
        self.fleet.wait_together()
        told = self.events_after(seen, lambda: None, wanted=2)
        self.assertEqual([event["event"] for event in told].count("gap"), 1)
        self.assertEqual(told[0]["event"], "gap")
        self.assertNotEqual(told[1]["id"].split("-")[0], seen.split("-")[0])
        self.assertEqual(told[1]["id"].split("-")[1], "1")
        self.assertEqual(self.node.api("GET", "/v1/events?since=yesterday").status, 400)

    def test_the_command_follows_events_until_the_daemon_ends(self):
        def follow(*more):
            command = [str(self.node.binary), "events", "--state", str(self.node.state), *more]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            return process

        told = follow("--json", "--since", "0")
        first = json.loads(told.stdout.readline())
        self.assertLessEqual({"id", "event", "time", "data"}, set(first))
        resumed = follow("--since", first["id"])
        self.assertEqual(resumed.stdout.readline().split()[0], json.loads(told.stdout.readline())["id"])
        self.node.terminate()
        for process in (told, resumed):
            last = process.stdout.read().splitlines()[-1]
            cursor = json.loads(last)["id"] if process is told else last.split()[0]
            self.assertEqual(process.wait(REQUEST_TIMEOUT_S), 1)
            self.assertIn(f"starling events --since {cursor}", process.stderr.read())
        self.node.restart()
        self.fleet.wait_together()
        again = follow("--since", first["id"])
        self.assertIn("gap: something is not kept", again.stdout.readline())
        refused = self.node.starling("events", "--since", "yesterday", ok=False)
        self.assertIn("the id of an event", refused.stderr)

    def test_the_command_for_events_says_that_no_daemon_answers(self):
        for more in ((), ("--since", "0")):
            command = [str(self.node.binary), "events", "--api", f"unix:{self.fleet.directory / 'no.sock'}", *more]
            done = subprocess.run(command, capture_output=True, text=True, timeout=REQUEST_TIMEOUT_S, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no daemon answers", done.stderr)

    def events_after(self, cursor, act, wanted: int = 1) -> list:
        connection = UnixConnection(self.node.socket, REQUEST_TIMEOUT_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events", headers={"Last-Event-ID": cursor} if cursor else {})
        stream = connection.getresponse()
        self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
        act()
        events, fields = [], {}
        deadline = time.monotonic() + REQUEST_TIMEOUT_S
        while len(events) < wanted and time.monotonic() < deadline:
            line = stream.readline().decode().rstrip("\n")
            if not line and "id" in fields:
                events.append(fields)
            if not line:
                fields = {}
            elif ": " in line:
                name, value = line.split(": ", 1)
                fields[name] = value
        self.assertGreaterEqual(len(events), wanted)
        return events


if __name__ == "__main__":
    support.main(check_namespaces)
