#!/usr/bin/env python3
"""The fleet's memory: what was changed by whom, going back, and writes that are worked out against an older version."""

import json
import threading
import time
import unittest

import support
from data_planes import UnixConnection
from fleet import APPLY_TIMEOUT_S, REQUEST_TIMEOUT_S, Fleet, redirect
from network import check_namespaces
from support import wait_until

CONFLICT, INVALID, NOT_FOUND, USAGE = 4, 5, 3, 2
UNKNOWN_REVISION = "0123456789abcdef" * 4
# Clocks of changes count milliseconds: of two within one it is chance which is the later.
CLOCK_TICK_S = 0.003


class Pair(unittest.TestCase):
    """Two operators without a data plane, and the same configuration before each test."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), data_plane="none"))
        cls.node, cls.other = cls.fleet.nodes

    def setUp(self):
        self.start = {"listeners": {"*:8080": {"pass": "routes/main"}}, "routes": {"main": redirect("/start")},
                      "settings": {"http": {"header_read_timeout": 10, "body_read_timeout": 20}}}
        self.settle_all()
        self.node.put("/config", self.start)
        self.wait_agree()

    def settle_all(self):
        for conflict in self.node.get("/v1/conflicts")["conflicts"]:
            self.post(f"/v1/conflicts/{conflict['id']}/keep")
        self.wait_agree()

    def wait_agree(self):
        wait_until(self.fleet.agree, APPLY_TIMEOUT_S, "both know the same")

    def post(self, path: str, body=b"", node=None, status: int = 200, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = (node or self.node).api("POST", path, body, headers)
        self.assertEqual(reply.status, status, reply)
        return reply.json

    def revision(self, node=None) -> str:
        return (node or self.node).get("/v1/status")["revision"]

    def set(self, path: str, value, node=None, **headers) -> str:
        """The change's id."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return (node or self.node).put("/config" + path, value, headers=headers).headers["Starling-Change"]

    def apart(self, *writes):
        """Each write is made while no other node hears of it, later than the one before; then all know all."""
        self.fleet.cut(self.other)
        try:
            ids = []
            for node, path, value in writes:
                ids.append(self.set(path, value, node))
                time.sleep(CLOCK_TICK_S)
        finally:
            self.fleet.heal()
        for node in self.fleet.nodes:
            for change in ids:
                wait_until(lambda: node.api("GET", f"/v1/changes/{change}").status == 200, APPLY_TIMEOUT_S, "it comes")
        self.wait_agree()
        return ids


class History(Pair):
    # ---- what happened ----

    def test_history_says_who_what_why_and_what_it_came_to(self):
        change = self.set("/settings/http/body_read_timeout", 21, Starling_Message="slow clients", Starling_Actor="alice")
        newest = self.node.get("/v1/history?limit=1")["changes"][0]
        self.assertEqual((newest["id"], newest["author"], newest["author_name"]), (change, self.node.peer, "n1"))
        self.assertEqual((newest["message"], newest["actor"], newest["state"]), ("slow clients", "alice", "applied"))
        self.assertEqual(newest["edits"], [{"scope": "base", "path": "/settings/http/body_read_timeout", "op": "set", "value": 21}])
        self.assertEqual(newest["revision"], self.revision())
        self.assertEqual(self.node.get("/v1/changes?limit=1"), self.node.get("/v1/history?limit=1"))
        wait_until(lambda: self.other.get("/v1/history?limit=1")["changes"][0]["id"] == change, APPLY_TIMEOUT_S, "n2 knows it")
        self.assertEqual(self.other.get(f"/v1/changes/{change}")["message"], "slow clients")

    def test_a_message_that_no_change_can_hold_is_refused(self):
        before = self.revision()
        for header, value, said in (("Starling-Message", b"caf\xe9", "UTF-8"), ("Starling-Message", b"m" * 4097, "4096"),
                                    ("Starling-Actor", b"a" * 257, "256"), ("Starling-Actor", "é".encode()[:1], "UTF-8")):
            reply = self.node.api("PUT", "/config/routes/other", [], {header: value})
            self.assertEqual(reply.status, 400, (header, reply))
            self.assertIn(said, reply.json["detail"])
            self.post("/v1/rollback", {"to": "HEAD~1"}, status=400, **{header: value})
        self.assertEqual(self.revision(), before)
        change = self.set("/routes/other", [], Starling_Message="café".encode())
        told = self.node.get(f"/v1/changes/{change}")
        self.assertEqual((told["message"], told["state"]), ("café", "applied"))

    def test_history_of_one_place(self):
        inside = self.set("/settings/http/body_read_timeout", 22)
        self.set("/routes/other", [])
        changes = self.node.get("/v1/history?path=/settings/http&limit=1")["changes"]
        self.assertEqual([change["id"] for change in changes], [inside])
        above = self.set("/settings", {"http": {"header_read_timeout": 1}})
        self.assertEqual(self.node.get("/v1/history?path=/settings/http/body_read_timeout&limit=1")["changes"][0]["id"], above)
        self.assertEqual(self.node.get("/v1/history?scope=edge")["changes"], [])
        for query in ("path=settings", "path=/~2", "scope=No", "limit=0", "limit=1001", "limit=abc", "limit=", "after=x"):
            self.assertEqual(self.node.api("GET", f"/v1/history?{query}").status, 400, query)

    def test_a_change_tells_what_it_took_away_and_whose(self):
        theirs = self.set("/settings/http/header_read_timeout", 11, self.other, Starling_Message="theirs")
        self.wait_agree()
        without = {**self.start, "settings": {"http": {"body_read_timeout": 99}}}
        change = self.node.get(f"/v1/changes/{self.set('', without)}")
        displaced = {entry["path"]: entry for entry in change["displaced"]}
        removed = displaced["/settings/http/header_read_timeout"]
        self.assertEqual((removed["change"], removed["author_name"], removed["message"]), (theirs, "n2", "theirs"))
        self.assertEqual((removed["before"], removed["removed"]), (11, True))
        replaced = displaced["/settings/http/body_read_timeout"]
        self.assertEqual((replaced["before"], replaced["removed"], replaced["author_name"]), (20, False, "n1"))
        self.assertEqual(len(displaced), 2)
        self.assertIn({"scope": "base", "path": "/settings/http/body_read_timeout", "before": 20, "after": 99},
                      change["differences"])

    def test_diff_of_two_points(self):
        before = self.revision()
        change = self.set("/settings/http/body_read_timeout", 23)
        self.set("/routes/other", [])
        told = self.node.get(f"/v1/diff?from={before}&to={change}")
        self.assertEqual(told["differences"],
                         [{"scope": "base", "path": "/settings/http/body_read_timeout", "before": 20, "after": 23}])
        self.assertEqual(told["from"], before)
        self.assertEqual(self.node.get("/v1/diff?from=HEAD~1")["differences"],
                         [{"scope": "base", "path": "/routes/other", "after": []}])
        self.assertEqual(self.node.get(f"/v1/diff?from={before[:8]}&to=HEAD~2")["differences"], [])
        backwards = self.node.get(f"/v1/diff?from=HEAD&to={change}")
        self.assertEqual(backwards["differences"], [{"scope": "base", "path": "/routes/other", "before": []}])
        self.assertEqual(backwards["from"], self.revision())
        for query, status in (("", 400), ("from=x", 400), ("from=0123", 400), ("from=HEAD~x", 400), ("from=HEAD~100000", 404),
                              (f"from={UNKNOWN_REVISION}", 404), (f"from=HEAD&to={UNKNOWN_REVISION}", 404)):
            self.assertEqual(self.node.api("GET", f"/v1/diff?{query}").status, status, query)

    def test_blame_names_whose_each_leaf_is(self):
        change = self.set("/settings/http/body_read_timeout", 24, self.other, Starling_Message="why")
        self.wait_agree()
        leaves = {leaf["path"]: leaf for leaf in self.node.get("/v1/blame?path=/settings")["leaves"]}
        self.assertEqual(set(leaves), {"/settings/http/body_read_timeout", "/settings/http/header_read_timeout"})
        leaf = leaves["/settings/http/body_read_timeout"]
        self.assertEqual((leaf["change"], leaf["author_name"], leaf["message"], leaf["removed"]), (change, "n2", "why", False))
        within = self.node.get("/v1/blame?path=/routes/main/0/action")["leaves"]
        self.assertEqual([leaf["path"] for leaf in within], ["/routes/main"], "an array is one leaf")
        self.node.api("DELETE", "/config/settings/http/body_read_timeout")
        removal = self.node.get("/v1/history?limit=1")["changes"][0]["id"]
        self.assertEqual(self.node.api("GET", "/v1/blame?path=/settings/http/body_read_timeout").status, 404)
        gone = self.node.get("/v1/blame?path=/settings/http/body_read_timeout&removed=1")["leaves"]
        self.assertEqual([(leaf["removed"], leaf["change"]) for leaf in gone], [(True, removal)])
        for query, status in (("path=settings", 400), ("scope=No", 400), ("path=/nothing", 404), ("scope=edge", 404)):
            self.assertEqual(self.node.api("GET", f"/v1/blame?{query}").status, status, query)

    def test_every_change_of_fate_is_told(self):
        connection = UnixConnection(self.node.socket, REQUEST_TIMEOUT_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events")
        stream = connection.getresponse()
        mine, theirs = self.apart((self.node, "/settings/http/body_read_timeout", 31),
                                  (self.other, "/settings/http/body_read_timeout", 32))
        fates = {mine: [], theirs: []}
        while not (fates[theirs] and fates[mine][-1:] == ["lost"]):
            line = stream.readline().decode()
            if line.startswith("data: ") and '"state"' in line:
                data = json.loads(line[6:])["data"]
                fates.setdefault(data["id"], []).append(data["state"])
        # It was acknowledged as applied before the other one came.
        self.assertEqual(fates[mine], ["applied", "lost"])
        self.assertEqual(fates[theirs], ["applied"])
        told = self.node.get(f"/v1/changes/{mine}")
        self.assertEqual(told["state"], "lost")
        self.assertIn("/settings/http/body_read_timeout", told["reason"])
        self.assertEqual([conflict["winner"] for conflict in told["conflicts"]], [theirs])

    # ---- going back ----

    def test_rollback_is_a_new_change_to_the_old_state(self):
        before = self.revision()
        self.set("/settings/http/body_read_timeout", 25)
        self.node.api("DELETE", "/config/settings/http/header_read_timeout")
        moved = self.revision()
        plan = self.post("/v1/rollback?dry-run=1", {"to": before})
        self.assertEqual(plan["present"], moved)
        self.assertEqual({entry["path"] for entry in plan["differences"]},
                         {"/settings/http/body_read_timeout", "/settings/http/header_read_timeout"})
        self.assertEqual(self.revision(), moved, "a dry run changes nothing")
        done = self.post("/v1/rollback", {"to": before}, Starling_Message="it was slow")
        self.assertEqual((done["state"], done["revision"]), ("applied", before))
        self.assertEqual(self.node.configuration(), self.start)
        self.assertEqual(self.node.get(f"/v1/changes/{done['change']}")["message"], "it was slow")
        again = self.post("/v1/rollback", {"to": before})
        self.assertIsNone(again["change"], "it is there already")
        back = self.post("/v1/rollback", {"to": "HEAD~1"})
        self.assertEqual(back["revision"], moved)
        self.assertIn(moved, self.node.get(f"/v1/changes/{back['change']}")["message"])
        self.wait_agree()

    def test_rollback_refuses_what_it_does_not_know(self):
        before = self.revision()
        for body, status in ((b"", 400), (b"{}", 400), (b"[]", 400), (b'{"to": 1}', 400), (b'{"to": "x"}', 400),
                             (b'{"to": "HEAD", "from": "HEAD"}', 400), ({"to": UNKNOWN_REVISION}, 404),
                             ({"to": "HEAD~100000"}, 404), ({"to": before[:7]}, 400)):
            self.assertEqual(self.node.api("POST", "/v1/rollback", body).status, status, body)
        stale = self.node.api("POST", "/v1/rollback", {"to": before}, {"If-Match": f'"{UNKNOWN_REVISION}"'})
        self.assertEqual(stale.status, 412)
        self.assertEqual(self.node.api("GET", "/v1/rollback").status, 405)
        self.assertEqual(self.revision(), before)

    def test_rollback_to_before_the_first_listener_must_be_meant(self):
        self.node.put("/config?allow-empty=1", {})
        self.node.put("/config", self.start)
        refused = self.post("/v1/rollback", {"to": "HEAD~1"}, status=400)
        self.assertIn("allow-empty", refused["detail"])
        self.assertEqual(self.node.configuration(), self.start)
        self.post("/v1/rollback?allow-empty=1", {"to": "HEAD~1"})
        self.assertEqual(self.node.configuration(), {})

    def test_a_revision_is_known_over_restarts(self):
        before = self.revision()
        self.set("/settings/http/body_read_timeout", 26)
        self.set("/settings/http/body_read_timeout", 27)
        self.node.kill()
        self.node.restart()
        self.assertEqual(self.post("/v1/rollback", {"to": before})["revision"], before)
        self.fleet.wait_together()

    def test_revert_undoes_one_change_and_leaves_the_rest(self):
        change = self.set("/settings", {"http": {"header_read_timeout": 1, "idle_timeout": 5}})
        self.set("/routes/later", [])
        done = self.post(f"/v1/changes/{change}/revert")
        self.assertEqual(self.node.configuration(), {**self.start, "routes": {**self.start["routes"], "later": []}})
        self.assertIn(change, self.node.get(f"/v1/changes/{done['change']}")["message"])

    def test_revert_names_what_has_been_changed_since(self):
        change = self.set("/settings/http", {"header_read_timeout": 1, "body_read_timeout": 2})
        later = self.set("/settings/http/body_read_timeout", 3, self.other)
        self.wait_agree()
        refused = self.post(f"/v1/changes/{change}/revert", status=409)
        self.assertEqual([(entry["path"], entry["change"], entry["author_name"]) for entry in refused["changed"]],
                         [("/settings/http/body_read_timeout", later, "n2")])
        self.assertIn("force=1", refused["detail"])
        plan = self.post(f"/v1/changes/{change}/revert?force=1&dry-run=1")
        self.assertEqual(len(plan["differences"]), 2)
        self.post(f"/v1/changes/{change}/revert?force=1")
        self.assertEqual(self.node.configuration(), self.start)

    def test_revert_takes_an_appended_element_from_an_array_that_grew(self):
        append = self.node.api("POST", "/config/routes/main", redirect("/mine")[0]).headers["Starling-Change"]
        self.node.api("POST", "/config/routes/main", redirect("/later")[0])
        self.post(f"/v1/changes/{append}/revert")
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/start") + redirect("/later"))

    def test_revert_of_what_is_needed_now_or_unknown_is_refused(self):
        change = self.set("/routes/needed", redirect("/x"))
        self.set("/listeners/*:8081", {"pass": "routes/needed"})
        self.assertEqual(self.post(f"/v1/changes/{change}/revert", status=400)["location"]["path"], "/listeners/*:8081/pass")
        for unknown in (UNKNOWN_REVISION, "x", ""):
            self.assertEqual(self.node.api("POST", f"/v1/changes/{unknown}/revert").status, 404, unknown)

    # ---- several edits at once ----

    def test_several_edits_are_one_change(self):
        done = self.post("/v1/changes", {
            "message": "move it", "actor": "bob", "edits": [
                {"path": "/routes/new", "op": "set", "value": redirect("/new")},
                {"path": "/listeners/*:8080/pass", "op": "set", "value": "routes/new"},
                {"path": "/routes/main", "op": "remove"},
                {"scope": "base", "path": "/routes/new", "op": "append", "value": redirect("/2")[0]}]})
        change = self.node.get(f"/v1/changes/{done['change']}")
        self.assertEqual((change["message"], change["actor"], change["state"]), ("move it", "bob", "applied"))
        self.assertEqual(self.node.get("/config/routes"), {"new": redirect("/new") + redirect("/2")})
        self.assertEqual(self.node.get("/v1/history?limit=2")["changes"][0]["id"], done["change"])

    def test_an_append_that_stands_alone_stays_one(self):
        done = self.post("/v1/changes", {"edits": [{"path": "/routes/main", "op": "append", "value": redirect("/2")[0]},
                                                   {"path": "/settings/http/body_read_timeout", "op": "remove"}]})
        edits = self.node.get(f"/v1/changes/{done['change']}")["edits"]
        self.assertEqual({(edit["op"], edit["path"]) for edit in edits},
                         {("append", "/routes/main"), ("remove", "/settings/http/body_read_timeout")})

    def test_all_edits_are_made_or_none_and_each_fault_is_named(self):
        before = self.revision()
        refused = self.post("/v1/changes", {"edits": [
            {"path": "/settings/http/body_read_timeout", "op": "set", "value": 1},
            {"path": "/nothing", "op": "remove"},
            {"path": "/settings", "op": "append", "value": 1}]}, status=400)
        self.assertEqual([(fault["index"], fault["place"]) for fault in refused["errors"]], [(1, "/nothing"), (2, "/settings")])
        absent = self.post("/v1/changes", {"edits": [{"path": "/nothing", "op": "remove"}]}, status=404)
        self.assertEqual((absent["code"], absent["errors"][0]["place"]), ("no-such-value", "/nothing"))
        refused = self.post("/v1/changes", {"edits": [{"path": "x", "op": "set", "value": 1}, {"op": "fly"}, 7]}, status=400)
        self.assertEqual([fault["index"] for fault in refused["errors"]], [0, 1, 2])
        for body in (b"", b"[]", b"{}", b'{"edits": []}', b'{"edits": 1}', b'{"edits": [{}], "messsage": ""}',
                     b'{"message": 1, "edits": [{"path": "/a", "op": "remove"}]}'):
            self.assertEqual(self.node.api("POST", "/v1/changes", body).status, 400, body)
        self.post("/v1/changes", {"edits": [{"path": "/listeners/*:9", "op": "set", "value": {"pass": "routes/no"}}]}, status=400)
        plan = self.post("/v1/changes?dry-run=1", {"edits": [{"path": "/routes/x", "op": "set", "value": []}]})
        self.assertEqual(plan["differences"], [{"scope": "base", "path": "/routes/x", "after": []}])
        for path, value in (("/listeners/*:9", {"pass": "routes/no"}), ("/listeners", {}), ("/routes/x", "{{vars.none}}")):
            for query in ("", "?dry-run=1"):
                self.post("/v1/changes" + query, {"edits": [{"path": path, "op": "set", "value": value}]}, status=400)
                self.assertEqual(self.node.api("PUT", "/config" + path + query, value).status, 400, (path, query))
        self.assertEqual(self.revision(), before)

    # ---- conflicts ----

    def test_what_lost_is_applied_after_all_by_one_request(self):
        mine, theirs = self.apart((self.node, "/settings/http/body_read_timeout", 41),
                                  (self.other, "/settings/http/body_read_timeout", 42))
        conflict, = self.node.get("/v1/conflicts")["conflicts"]
        self.assertEqual((conflict["path"], conflict["scope"], conflict["base"], conflict["mine"], conflict["theirs"]),
                         ("/settings/http/body_read_timeout", "base", 20, 41, 42))
        self.assertEqual((conflict["loser"], conflict["winner"]), (mine, theirs))
        done = self.post(f"/v1/conflicts/{conflict['id']}/reapply", node=self.other)
        self.assertEqual((done["state"], done["conflicts"]), ("applied", []))
        self.wait_agree()
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 41)
        for node in self.fleet.nodes:
            self.assertEqual(node.get("/v1/conflicts")["conflicts"], [], "it is settled everywhere")
        self.assertEqual(self.node.api("POST", f"/v1/conflicts/{conflict['id']}/reapply").status, 404)

    def test_what_stands_is_kept_by_one_request(self):
        self.apart((self.node, "/settings/http/body_read_timeout", 43), (self.other, "/settings/http/body_read_timeout", 44))
        conflict, = self.node.get("/v1/conflicts")["conflicts"]
        self.post(f"/v1/conflicts/{conflict['id']}/keep")
        wait_until(lambda: not self.other.get("/v1/conflicts")["conflicts"], APPLY_TIMEOUT_S, "it is settled at n2 too")
        self.assertEqual(self.other.get("/config/settings/http/body_read_timeout"), 44)
        for path in ("/v1/conflicts/x/keep", "/v1/conflicts//reapply", "/v1/conflicts/0/reapply"):
            self.assertEqual(self.node.api("POST", path).status, 404, path)

    def test_a_removal_that_lost_is_made_after_all(self):
        self.fleet.cut(self.other)
        self.node.api("DELETE", "/config/settings/http/body_read_timeout")
        time.sleep(CLOCK_TICK_S)
        self.set("/settings/http/body_read_timeout", 45, self.other)
        self.fleet.heal()
        wait_until(lambda: self.node.get("/v1/conflicts")["conflicts"], APPLY_TIMEOUT_S, "there is a conflict")
        self.wait_agree()
        conflict, = self.node.get("/v1/conflicts")["conflicts"]
        self.assertEqual((conflict["op"], conflict["stands"]), ("remove", 45))
        self.post(f"/v1/conflicts/{conflict['id']}/reapply")
        self.assertEqual(self.node.api("GET", "/config/settings/http/body_read_timeout").status, 404)
        self.assertEqual(self.node.get("/v1/conflicts")["conflicts"], [])


class Versions(Pair):
    """Writes that name the version that they were worked out against (M3)."""

    def etag(self, path: str = "") -> str:
        return self.node.api("GET", "/config" + path).headers["ETag"]

    def test_a_part_has_an_etag_of_its_own(self):
        routes, whole = self.etag("/routes"), self.etag()
        self.assertEqual(whole, f'"{self.revision()}"')
        self.assertNotEqual(routes, whole)
        self.set("/settings/http/body_read_timeout", 51)
        self.assertEqual(self.etag("/routes"), routes, "nothing there has changed")
        self.assertNotEqual(self.etag("/settings"), whole)
        reply = self.node.api("GET", "/config/routes")
        self.assertEqual(reply.headers["Starling-Revision"], self.revision())
        more = {**self.start["routes"], "x": []}
        self.set("/routes", more, If_Match=routes)
        stale = self.node.api("PUT", "/config/routes", self.start["routes"], {"If-Match": routes})
        self.assertEqual(stale.status, 412)
        self.assertEqual(self.node.get("/config/routes"), more)
        self.set("/routes/y", [], If_Match=f'"other", {self.etag("/routes/main")}, {self.etag()}')

    def test_what_has_not_changed_is_not_sent_again(self):
        for path in ("", "/routes/main"):
            etag = self.etag(path)
            for header in (etag, f"W/{etag}", f'"x", {etag}', "*"):
                reply = self.node.api("GET", "/config" + path, None, {"If-None-Match": header})
                self.assertEqual((reply.status, reply.body, reply.headers["ETag"]), (304, b"", etag), header)
            self.assertEqual(self.node.api("GET", "/config" + path, None, {"If-None-Match": '"x"'}).status, 200)

    def test_412_says_what_moved_and_who_did_it(self):
        whole, part = self.etag(), self.etag("/settings")
        change = self.set("/settings/http/body_read_timeout", 52, self.other)
        self.wait_agree()
        for etag in (whole, part):
            stale = self.node.api("PUT", "/config/settings", {}, {"If-Match": etag})
            self.assertEqual(stale.status, 412, etag)
            self.assertEqual({(entry["change"], entry["author_name"]) for entry in stale.json["moved"]}, {(change, "n2")})
            self.assertIn("n2", stale.json["detail"])
            self.assertIn(change, stale.json["detail"])
        # Of another place it says nothing of this one, and of nobody that he has changed it.
        for path, etag in (("/settings/http/body_read_timeout", self.etag("/settings")), ("", self.etag("/routes"))):
            stale = self.node.api("PUT", "/config" + path, 53, {"If-Match": etag})
            self.assertEqual((stale.status, stale.json["moved"]), (412, []), path)
            self.assertIn("ETag in If-Match is that of another place", stale.json["detail"])
        self.assertEqual([entry["path"] for entry in self.node.api("PUT", "/config/settings", {}, {"If-Match": whole}).json["moved"]],
                         ["/settings/http/body_read_timeout"])
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 52)

    def test_preconditions_on_what_is_not_there(self):
        for header, value, path, status in (
                ("If-Match", "*", "/routes/nothing", 412), ("If-Match", "*", "/routes/main", 200),
                ("If-None-Match", "*", "/routes/main", 412), ("If-None-Match", "*", "/routes/fresh", 200),
                ("If-Match", "unquoted", "/routes/main", 400), ("If-None-Match", '"x"', "/routes/main", 400),
                ("If-Match", f'W/"{self.revision()}"', "/routes/main", 412), ("Starling-Base", "x", "/routes/main", 400)):
            reply = self.node.api("PUT", "/config" + path, redirect("/x"), {header: value})
            self.assertEqual(reply.status, status, (header, value, path, reply))

    def test_of_many_that_name_one_version_one_passes(self):
        for path, first in (("", 1000), ("/settings/http/body_read_timeout", 2000)):
            with self.subTest(path):
                self.race(self.etag(path), first)

    def race(self, etag: str, first: int, writers: int = 24):
        """Each writes a value of its own, which is not there yet: one that changes nothing would leave the version as it is."""
        replies = [None] * writers
        begin = threading.Barrier(writers)

        def write(number: int):
            begin.wait()
            replies[number] = self.node.api("PUT", "/config/settings/http/body_read_timeout", first + number, {"If-Match": etag})

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = [number for number, reply in enumerate(replies) if reply.status == 200]
        self.assertEqual(len(passed), 1, replies)
        self.assertTrue(all(reply.status == 412 for number, reply in enumerate(replies) if number not in passed), replies)
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), first + passed[0])

    def put_on_base(self, base: str, path: str, value, status: int = 200):
        reply = self.node.api("PUT", "/config" + path, value, {"Starling-Base": f'"{base}"'})
        self.assertEqual(reply.status, status, reply)
        return reply.json

    def test_a_write_on_an_older_version_merges_with_what_has_come_since(self):
        base = self.revision()
        self.set("/settings/http/header_read_timeout", 61, self.other)
        self.wait_agree()
        whole = {**self.start, "routes": {**self.start["routes"], "mine": []}}
        outcome = self.put_on_base(base, "", whole)["outcome"]
        self.assertEqual((outcome["state"], outcome["conflicts"]), ("applied", []))
        merged = self.node.configuration()
        self.assertEqual(merged["settings"]["http"]["header_read_timeout"], 61, "what the writer had not seen stays")
        self.assertIn("mine", merged["routes"])
        edits = self.node.get(f"/v1/changes/{outcome['change']}")["edits"]
        self.assertEqual([edit["path"] for edit in edits], ["/routes/mine"], "the smallest set of edits against its base")
        self.wait_agree()

    def test_a_write_on_an_older_version_that_overlaps_is_a_conflict_and_says_so(self):
        base = self.revision()
        theirs = self.set("/settings/http/body_read_timeout", 62, self.other)
        self.wait_agree()
        outcome = self.put_on_base(base, "/settings/http/body_read_timeout", 63)["outcome"]
        self.assertEqual(outcome["state"], "applied")
        conflict, = outcome["conflicts"]
        self.assertEqual((conflict["loser"], conflict["mine"], conflict["theirs"], conflict["base"]), (theirs, 62, 63, 20))
        self.wait_agree()
        self.assertEqual(self.other.get(f"/v1/changes/{theirs}")["state"], "lost")

    def test_a_removal_on_an_older_version_loses_to_what_needs_it(self):
        self.set("/routes/shared", [])
        base = self.revision()
        self.wait_agree()
        self.set("/listeners/*:8082", {"pass": "routes/shared"}, self.other)
        self.wait_agree()
        whole = {**self.start, "settings": {"http": {"body_read_timeout": 64}}}
        outcome = self.put_on_base(base, "", whole)["outcome"]
        self.assertEqual(outcome["state"], "partly")
        self.assertEqual([(entry["kind"], entry["path"]) for entry in outcome["conflicts"]], [("removal-dropped", "/routes/shared")])
        self.assertIn("shared", self.node.get("/config/routes"))
        self.assertEqual(self.node.get("/config/settings"), {"http": {"body_read_timeout": 64}})

    def test_a_base_that_is_not_known_is_refused(self):
        before = self.revision()
        refused = self.put_on_base(UNKNOWN_REVISION, "/routes/main", redirect("/no"), 412)
        self.assertIn("upon that base", refused["detail"])
        self.assertEqual(self.revision(), before)

    def test_what_this_node_built_on_since_is_not_overwritten_unseen(self):
        base = self.revision()
        seen = self.set("/settings/http/body_read_timeout", 65, self.other)
        self.wait_agree()
        self.set("/routes/own", [])
        refused = self.put_on_base(base, "/settings/http/body_read_timeout", 66, 412)
        self.assertEqual([(entry["path"], entry["change"]) for entry in refused["moved"]],
                         [("/settings/http/body_read_timeout", seen)])
        self.assertIn("n2", refused["detail"])
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 65)
        self.other.api("POST", "/config/routes/main", redirect("/theirs")[0])
        self.wait_agree()
        self.set("/routes/own", redirect("/"))
        append = self.node.api("POST", "/config/routes/main", redirect("/ours")[0], {"Starling-Base": f'"{base}"'})
        self.assertEqual(append.status, 200, "appends get along")
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/start") + redirect("/theirs") + redirect("/ours"))
        outcome = self.put_on_base(base, "/settings/http/header_read_timeout", 67)["outcome"]
        self.assertEqual(outcome["state"], "applied", "elsewhere nothing is in the way")
        self.put_on_base(base, "/settings/http/body_read_timeout", 65)
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 65, "what is so already harms nobody")

    def test_several_edits_take_a_base_and_a_precondition_too(self):
        base = self.revision()
        self.set("/settings/http/header_read_timeout", 68, self.other)
        self.wait_agree()
        edits = {"edits": [{"path": "/routes/batch", "op": "set", "value": []}]}
        self.assertEqual(self.post("/v1/changes", edits, Starling_Base=base)["state"], "applied")
        stale = self.post("/v1/changes", edits, status=412, If_Match=f'"{base}"')
        self.assertEqual(stale["code"], "moved-on")
        self.assertGreaterEqual(len(stale["moved"]), 2)


class Commands(Pair):
    """The same by the command line."""

    def run_json(self, *args):
        return json.loads(self.node.starling(*args, "--json").stdout)

    def assert_exit(self, code: int, says: str, *args):
        done = self.node.starling(*args, ok=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        self.assertRegex(done.stderr, says)

    def test_history_show_diff_and_blame(self):
        before = self.revision()
        change = self.node.starling("set", "/settings/http/body_read_timeout", "71", "-m", "why it is", "--actor", "eve").stdout.strip()
        newest = self.node.starling("history", "--path", "/settings", "--limit", "1").stdout.splitlines()[1]
        self.assertRegex(newest, f"{self.revision()[:8]} +n1/eve +applied +why it is +{change}")
        self.assertEqual(self.run_json("history", "--limit", "1")["changes"][0]["id"], change)
        shown = self.node.starling("show", change).stdout
        for part in (change, "why it is", "n1/eve", "applied", "~ /settings/http/body_read_timeout", "-   20", "+   71"):
            self.assertIn(part, shown)
        self.assertIn("/settings/http/body_read_timeout, of n1", shown, "whose it replaced")
        for name in (change, change[:16], "HEAD"):
            self.assertEqual(self.run_json("show", name)["id"], change)
        older = self.run_json("history", "--limit", "3")["changes"][1:]
        self.assertEqual(self.run_json("history", "--after", change, "--limit", "2")["changes"], older)
        self.assertIn(f"--after {change}", self.node.starling("history", "--limit", "1").stderr)
        self.assertEqual(self.run_json("show", "HEAD~1")["id"], older[0]["id"])
        self.assert_exit(NOT_FOUND, "HEAD~N", "show", change[:11])
        self.assert_exit(NOT_FOUND, "The history holds", "show", "HEAD~100000")
        diff = self.node.starling("diff", before[:8]).stdout
        self.assertEqual(diff.splitlines(), ["~ /settings/http/body_read_timeout", "-   20", "+   71"])
        self.assertEqual(self.run_json("diff", "HEAD", "HEAD~1")["differences"][0]["after"], 20)
        blame = self.node.starling("blame", "/settings").stdout
        self.assertRegex(blame, f"/settings/http/body_read_timeout +[^ ]+ +n1/eve +why it is +{change}")
        self.node.starling("rm", "/settings/http/body_read_timeout")
        self.assertIn("(removed)", self.node.starling("blame", "/settings", "--removed").stdout)
        self.assertTrue(any(leaf["removed"] for leaf in self.run_json("blame", "/", "--removed")["leaves"]))
        self.assert_exit(NOT_FOUND, "never at a revision", "diff", UNKNOWN_REVISION)
        self.assert_exit(NOT_FOUND, "No change", "show", "x")
        self.assert_exit(NOT_FOUND, "Nothing is at", "blame", "/nothing")
        self.assert_exit(USAGE, "limit", "history", "--limit", "0")

    def test_rollback_shows_what_it_does_and_needs_a_yes(self):
        before = self.revision()
        self.node.starling("set", "/settings/http/body_read_timeout", "72")
        moved = self.revision()
        done = self.node.starling("rollback", ok=False)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(done.stdout.splitlines(), ["~ /settings/http/body_read_timeout", "-   72", "+   20"])
        self.assertEqual(self.revision(), moved, "nothing has changed")
        self.node.starling("rollback", "--dry-run")
        self.assertEqual(self.run_json("rollback", "--dry-run")["present"], moved)
        self.assertEqual(self.revision(), moved)
        change = self.run_json("rollback", "--yes", "-m", "back")["change"]
        self.assertEqual(self.revision(), before)
        self.assertEqual(self.node.get(f"/v1/changes/{change}")["message"], "back")
        self.node.starling("rollback", moved[:12], "--yes")
        self.assertEqual(self.revision(), moved)
        self.assert_exit(CONFLICT, "moved since", "rollback", "--yes", "--if-match", before)
        self.assert_exit(NOT_FOUND, "further back", "rollback", "HEAD~100000", "--yes")
        self.assert_exit(USAGE, "names no state", "rollback", "yesterday", "--yes")

    def test_revert(self):
        change = self.node.starling("set", "/settings/http/body_read_timeout", "73").stdout.strip()
        self.assertIn("+   20", self.node.starling("revert", change, "--dry-run").stdout)
        self.node.starling("set", "/settings/http/body_read_timeout", "74")
        self.assert_exit(CONFLICT, "changed since.*n1", "revert", change)
        self.assert_exit(CONFLICT, "with --force", "revert", change[:20])
        self.node.starling("revert", change[:20], "--force")
        self.assertEqual(self.node.configuration(), self.start)
        self.node.starling("set", "/settings/http/body_read_timeout", "75")
        self.node.starling("revert", "HEAD")
        self.assertEqual(self.node.configuration(), self.start)

    def test_change_makes_several_edits_in_the_order_given(self):
        change = self.node.starling("change", "-m", "all at once", "--set", '/routes/a=[{"action": {"return": 200}}]', "--append",
                                    '/routes/a={"action": {"return": 404}}', "--rm", "/settings", "--set",
                                    '/listeners/*:8080={"pass": "routes/a"}', "--rm", "/routes/main").stdout.strip()
        self.assertEqual(self.node.configuration(), {"listeners": {"*:8080": {"pass": "routes/a"}},
                                                     "routes": {"a": [{"action": {"return": 200}}, {"action": {"return": 404}}]}})
        self.assertEqual(self.node.get(f"/v1/changes/{change}")["message"], "all at once")
        self.assertIn("+ /routes/b", self.node.starling("change", "--set", "/routes/b=[]", "--dry-run").stdout)
        self.assert_exit(NOT_FOUND, "edit 0, /nothing", "change", "--rm", "/nothing")
        self.assert_exit(USAGE, "nothing to change", "change")
        self.assert_exit(USAGE, "PATH=VALUE", "change", "--set", "/routes")
        self.assert_exit(USAGE, "is not JSON", "change", "--set", "/routes=[")

    def test_a_write_names_its_base(self):
        base = self.revision()
        self.set("/settings/http/header_read_timeout", 75, self.other)
        self.wait_agree()
        self.node.starling("set", "/routes/b", "[]", "--base", base)
        self.assertEqual(self.node.get("/config/settings/http/header_read_timeout"), 75)
        self.assert_exit(CONFLICT, "upon that base", "set", "/routes/c", "[]", "--base", UNKNOWN_REVISION)

    def test_conflicts_are_listed_and_settled(self):
        self.apart((self.node, "/settings/http/body_read_timeout", 76), (self.other, "/settings/http/body_read_timeout", 77))
        conflict = self.run_json("conflicts")["conflicts"][0]["id"]
        self.assertRegex(self.node.starling("conflicts").stdout, f"{conflict} +/settings/http/body_read_timeout +overlap +77 +76")
        self.assert_exit(NOT_FOUND, "No conflict", "keep", "nosuch")
        change = self.node.starling("reapply", conflict, "-m", "it was right").stdout.strip()
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 76)
        self.assertEqual(self.node.get(f"/v1/changes/{change}")["message"], "it was right")
        self.assertEqual(self.run_json("conflicts")["conflicts"], [])


if __name__ == "__main__":
    support.main(check_namespaces)
