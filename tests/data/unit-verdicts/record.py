#!/usr/bin/env python3
"""Asks a running Unit what it makes of configurations, for the structural validator to be compared with.

    unitd --control unix:/run/v.sock --state DIR --no-daemon &
    ./record.py /run/v.sock > unit-1.35.0.json
"""
import http.client
import json
import socket
import sys


class Control(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def put(body):
    control = Control("localhost")
    control.request("PUT", "/config", body.encode())
    reply = control.getresponse()
    answer = json.loads(reply.read())
    return reply.status, answer.get("detail", answer.get("error", ""))


APP = '{"type":"external","executable":"/bin/true","processes":{"spare":0}}'
STEPS = '[{"action":{"return":200}}]'


def listener(text, rest=""):
    return '{"listeners":{"127.0.0.1:21080":%s}%s}' % (text, rest and "," + rest)


def passing(target, rest=""):
    return listener('{"pass":%s}' % json.dumps(target), rest)


def address(text):
    return '{"listeners":{%s:{"pass":"routes"}},"routes":%s}' % (json.dumps(text), STEPS)


ROUTES = '"routes":' + STEPS
NAMED = '"routes":{"main":%s,"a/b":%s,"a$":[],"a`":[]}' % (STEPS, STEPS)
APPS = '"applications":{"a":%s,"a/b":%s,"$x":%s}' % (APP, APP, APP)
UPSTREAM = '"upstreams":{"u":{"servers":{}}}'

PASSES = [
    passing(target, rest)
    for rest in (ROUTES, NAMED, APPS, UPSTREAM, "")
    for target in (
        "routes", "routes/main", "routes/0", "routes/main/0", "routes/", "routes//main", "routes/a%2Fb", "routes/a%2fb",
        "routes/a/b", "routes/%zz", "routes/a%", "routes/a%2", "%72outes", "routes%2Fmain", "routes/a%24", "routes/$host",
        "$host", "routes/a`", "applications", "applications/a", "applications/a/t", "applications/a/b", "applications/a/b/",
        "applications/a/b/c", "applications/b", "applications/", "upstreams", "upstreams/u", "upstreams/u/x", "junk",
        "junk/", "/junk", "", "a/b/c/d", "Routes", "unix:/x",
    )
]
LISTENERS = [listener(text, APPS + "," + ROUTES) for text in (
    "{}", "[]", '"routes"', "null", '{"backlog":5}', '{"pass":5}', '{"pass":null}', '{"pass":[]}', '{"pass":{}}',
    '{"application":"a"}', '{"application":"b"}', '{"application":"a/b"}', '{"application":"$x"}', '{"application":""}',
    '{"application":5}', '{"application":"a","pass":"routes"}', '{"application":"b","pass":"routes"}',
)]
TYPES = ["[]", '"x"', "5", "null", "true", "1.5", "{}"]
TYPES += ['{"%s":%s}' % (name, value)
          for name in ("settings", "listeners", "routes", "applications", "upstreams", "access_log")
          for value in ("{}", "[]", "null", "true", '"x"', "5", "-1", "1.5", "1e3", "1.0", "100e-1")
          if not (name == "access_log" and value in ("{}", '"x"'))]
TYPES += ['{"%s":{"n":%s}}' % (name, value)
          for name in ("routes", "applications", "upstreams") for value in ("{}", "[]", "null", "5", '"x"')]
TYPES += ['{"%s":{}}' % name for name in ("certificates", "js_modules", "status", "isolation", "Listeners", "", "é")]
ACTIONS = ['{"routes":[%s]}' % step for step in (
    "5", "[]", '"x"', '{"action":{"pass":"routes"}}', '{"action":{"pass":"routes/x"}}', '{"action":{"pass":5}}',
    '{"action":{"share":"/x","fallback":{"pass":"upstreams/n"}}}',
    '{"action":{"share":"/x","fallback":{"share":"/y","fallback":{"pass":"upstreams/n"}}}}',
    '{"action":{"share":"/x","fallback":{"share":"/y","fallback":{"pass":"routes"}}}}',
    '{"match":{"headers":{"pass":"routes/none"}},"action":{"return":200}}',
    '{"match":{"arguments":{"pass":"upstreams/none"},"cookies":{"pass":"x"}},"action":{"return":200}}',
    '{"action":{"return":200,"response_headers":{"pass":"routes/none"}}}',
)]
ACTIONS += ['{"routes":{"a":[{"action":{"pass":"routes/%s"}}],"b":[]}}' % name for name in ("a", "b", "c")]
ACTIONS += ['{"routes":{"action":[{"action":{"pass":"routes/action"}}]}}', '{"routes":{"pass":%s}}' % STEPS,
            '{"routes":{"a":[5]}}', '{"routes":{"":[]}}', '{"routes":{"é":[{"action":{"pass":"routes/è"}}]}}']
ELSEWHERE = [
    '{"applications":{"a":{"type":"external","executable":"/bin/true","processes":{"spare":0},'
    '"environment":{"pass":"routes/none"}}}}',
    '{"applications":{"pass":%s}}' % APP, '{"upstreams":{"pass":{"servers":{}}}}',
    '{"settings":{"http":{"static":{"mime_types":{"pass":["routes"]}}}}}', "{}",
]
ADDRESSES = [address(text) for text in (
    "*:21080", "*:80a", "*:", "*", "*:0", "*:00021080", "*:65535", "*:65536", "*:99999999999999999999", "**:21080", "1*:1",
    "127.0.0.1", "127.0.0.1:21080", "127.0.0.1:21080:1", "127.0.0.1 :21080", " 127.0.0.1:21080", "127.0.0.1:+21080",
    "127.0.0.1:-1", "127.0.0.1:21080/", "127.0.0.1:21080 ", "127.000.000.001:21080", "0127.0.0.1:21080", "127..0.1:21080",
    "127.0.0.1.:21080", ".127.0.0:21080", "127.0.1:21080", "127.0.0.0.1:21080", "256.0.0.1:21080", "127.0.0.256:21080",
    "...1:21080", "255.255.255.255:21080", "0.0.0.0:21080", "localhost:21080", ":21080", "", ":", "[::1]:21080", "[::1]",
    "::1", "[::1]:0", "[::1]:", "[::1]21080", "[:1::]:21080", "[1:2:3:4:5:6:7:8]:21080", "[:1:2:3:4:5:6:7:8]:21080",
    "[1:2:3:4:5:6:7]:21080", "[1:2:3:4:5:6:7:8:9]:21080", "[1:2:3:4:5:6:7::]:21080", "[::1:2:3:4:5:6:7]:21080",
    "[1:2:3:4:5:6:7:8::]:21080", "[1::2::3]:21080", "[::ffff:127.0.0.1]:21080", "[::127.0.0.1]:21080", "[::1.2.3]:21080",
    "[1:2:3:4:5:6:127.0.0.1]:21080", "[1:2:3:4:5:6:7:127.0.0.1]:21080", "[12345::]:21080", "[::1%lo]:21080", "[::g]:21080",
    "[]:21080", "[:]:21080", "[::]:21080", "[:::]:21080", "[*]:21080", "[127.0.0.1]:21080", "[1]:21080", "[::1]]:21080",
    "[[::1]:21080", "[::1]:21080x", "[1:]:21080", "[1::]:21080", "[1:2:3:4:5:6:7:]:21080", "[::1.2.3.4.5]:21080",
    "[::1.2.3.4:5]:21080", "[1.2.3.4::]:21080", "[::01.2.3.4]:21080", "[::.1.2.3.4]:21080", "[FFFF::a]:21080",
    "[00000::1]:21080", "unix:", "unix:/", "unix:@", "unix:a", "unix:/tmp/starling-verdict.sock", "unix:@starling-verdict",
    "unix:/tmp/" + "a" * 102, "unix:/tmp/" + "a" * 103, "unix:/tmp/starling\u0000verdict", "UNIX:/tmp/x", "/tmp/x",
    "http://127.0.0.1:21080", "é:1",
)]

verdicts = []
for config in PASSES + LISTENERS + TYPES + ACTIONS + ELSEWHERE + ADDRESSES:
    status, detail = put(config)
    put("{}")
    verdicts.append({"config": config, "status": status, "detail": detail if status != 200 else ""})
json.dump(verdicts, sys.stdout, indent=1, ensure_ascii=False)
sys.stdout.write("\n")
