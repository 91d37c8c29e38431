#!/usr/bin/env python3
"""Asks a running Unit what it makes of configurations, for the structural validator to be compared with.

    unitd --control unix:/run/v.sock --state DIR --no-daemon &
    ./record.py /run/v.sock references > unit-1.35.0.json
    ./record.py /run/v.sock values > values.unit-1.35.0.json
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
    return reply.status, answer.get("detail", answer.get("error", "")), answer.get("location", {})


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

REFERENCES = PASSES + LISTENERS + TYPES + ACTIONS + ELSEWHERE + ADDRESSES

ANY = ['null', 'true', '5', '-1', '1.5', '1e3', '"x"', '""', '[]', '["x"]', '[5]', '{}', '{"x":"y"}', '{"x":5}', '{"":"y"}']


def step(text):
    return '{"routes":[%s]}' % text


def acting(text):
    return step('{"action":%s}' % text)


def matching(name, value):
    return step('{"match":{"%s":%s},"action":{"return":200}}' % (name, value))


def app(text):
    return '{"applications":{"a":{"type":"external","executable":"/bin/true","processes":{"spare":0},%s}}}' % text


def http(name, value):
    return '{"settings":{"http":{"%s":%s}}}' % (name, value)


VALUES = ["{}"] + [step(text) for text in ("{}", '{"match":{}}', '{"match":5}', '{"action":5}', '{"action":{}}')]
VALUES += [acting(text) for text in (
    '{"rewrite":"/x"}', '{"location":"/x"}', '{"return":200,"share":"/x"}', '{"pass":"routes","proxy":"http://127.0.0.1:1"}',
    '{"share":"/x","fallback":{}}', '{"share":"/x","fallback":5}', '{"share":"/x","fallback":{"return":-1}}',
    '{"share":"/x","fallback":{"share":"/y","fallback":{"return":1000}}}', '{"return":0}', '{"return":999}', '{"return":1000}',
    '{"return":1e2}', '{"share":["/x","/y"]}', '{"share":["/x",5]}', '{"share":"/$"}', '{"share":["/a","/${host"]}',
    '{"pass":"$"}', '{"pass":"${"}', '{"pass":"${}"}', '{"pass":"${host}"}', '{"pass":"routes/$host$"}', '{"pass":"$1"}',
    '{"pass":"$host"}', '{"pass":"routes/${host}x"}', '{"pass":"routes/${host-}"}', '{"pass":"x`$"}',
    '{"return":301,"location":"$"}', '{"return":301,"location":"/$uri"}', '{"return":200,"rewrite":"/${uri"}',
    '{"return":200,"rewrite":"/a%zz"}', '{"proxy":"http://127.0.0.1"}', '{"proxy":"http://[::1]:80"}',
    '{"proxy":"http://unix:/run/x.sock"}', '{"proxy":"unix:/run/x.sock"}', '{"proxy":"http://127.0.0.1:80/"}',
    '{"proxy":"HTTP://127.0.0.1:80"}', '{"proxy":"http://*:80"}', '{"proxy":""}', '{"proxy":"http://"}',
    '{"share":"/x","follow_symlinks":1}', '{"share":"/x","chroot":"/$"}', '{"share":"/x","types":["a","!b"]}',
)]
VALUES += [acting('{"%s":%s}' % (name, value)) for name in ("return", "share", "proxy") for value in ANY]
VALUES += [acting('{"share":"/x","%s":%s}' % (name, value)) for value in ANY
           for name in ("index", "fallback", "chroot", "follow_symlinks", "traverse_mounts", "rewrite", "response_headers")]
VALUES += [acting('{"return":200,"response_headers":{%s}}' % text) for text in (
    '"X":null', '"X":"$"', '"X":"$host"', '"":null', '"Content-Length":null', '"content-length":"1"', '"X":{}', '"X":true')]
VALUES += [matching(name, value) for value in ANY for name in (
    "method", "host", "uri", "query", "arguments", "headers", "cookies", "if", "scheme", "source", "destination")]
VALUES += [matching(name, json.dumps(value)) for name in ("host", "uri", "query") for value in (
    "**", "a*", "*a*", "!**", "!", "!!**", "*a**b", "~", "!~", "~**", "~^/a", "/%41", "/%zz", "%", "~%4", ["/a", "/%"], ["/a", "**"])]
VALUES += [matching(name, json.dumps(value)) for name in ("arguments", "headers", "cookies") for value in (
    {"a": ["x", "**"]}, [{"a": "x"}, {"b": "**"}], {"a": {}}, {"%zz": "x"}, {"a": "%zz"}, {"": "**"}, {"a": []}, [[]])]
VALUES += [matching("scheme", value) for value in ('"HTTP"', '"Https"', '"ftp"', '"http "')]
VALUES += [matching("if", value) for value in ('"$"', '"!$"', '"!!$"', '"!${host}"', '"`"')]
VALUES += [matching("source", json.dumps(value)) for value in (
    "unix", "!unix", "unix:", "!", "1", "*", "*:", "*:80", "*:80-90", "*:90-80", "*:80-", "*:-80", "*:65536", "*:0", "*:x", "*:8-9-10",
    "1.2.3.4", "!1.2.3.4", "!!1.2.3.4", "1.2.3.4:80", "1.2.3.4:", "1.2.3", "1.2.3.4/8", "1.2.3.4/0", "1.2.3.4/32", "1.2.3.4/33",
    "1.2.3.4/", "1.2.3.4/x", "300.2.3.4/8", "300.2.3.4/32", "x/8", "1.2.3.4-1.2.3.9", "1.2.3.9-1.2.3.4", "1.2.3.4-", "-1.2.3.4",
    "1.2.3.4-1.2.3.9/8", "1.2.3.4/8-9", "1.2.3.4-1.2.3.4:80-90", "1.2.3.4/8:80", "1.2.3.4/8:x", "255.255.255.255", "localhost",
    "::1", "[::1]", "[::1]:80", "[::1]:", "[::1]:80-90", "::/0", "::/128", "::/129", "fe80::/10", "[fe80::/10]:80", "::1-::9",
    "::9-::x", "[::1-::9]:80", "[::1-::9]:90-80", "::ffff:1.2.3.4", "::...1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "12345::", "::/x",
    "[::1]x:80", "::1]:80", "", ["1.2.3.4", "x"], ["1.2.3.4", "unix"])]
VALUES += [listener('{"pass":"routes",%s}' % text, '"routes":[]') for text in
           ['"%s":%s' % (name, value) for value in ANY for name in ("backlog", "tls", "forwarded", "client_ip")] + [
    '"backlog":-2', '"backlog":-1.9', '"backlog":2147483647', '"backlog":2147483648', '"backlog":2147483647.5', '"backlog":1.0',
    '"tls":{"certificate":[]}', '"tls":{"certificate":[5]}', '"tls":{"certificate":5}', '"tls":{"certificate":"nope"}',
    '"tls":{"certificate":["nope"]}', '"tls":{"session":{}}', '"forwarded":{"source":"1.2.3.4"}',
    '"forwarded":{"client_ip":"X"}', '"forwarded":{"client_ip":"X","source":"1.2.3.4"}',
    '"forwarded":{"client_ip":5,"source":"1.2.3.4"}', '"forwarded":{"protocol":"X","source":["1.2.3.4","x"]}',
    '"forwarded":{"protocol":"X","source":[5]}', '"forwarded":{"protocol":"X","source":[],"recursive":1}',
    '"client_ip":{"source":"1.2.3.4"}', '"client_ip":{"header":"X"}', '"client_ip":{"header":"X","source":"*:x"}',
    '"client_ip":{"header":"X","source":"unix"}', '"client_ip":{"header":5,"source":"unix"}',
    '"client_ip":{"header":"X","source":"unix","recursive":"yes"}',
]]
VALUES += ['{"upstreams":{"u":%s}}' % text for text in ANY + ['{"servers":%s}' % value for value in ANY] + [
    '{"servers":{"%s":{}}}' % address for address in (
        "127.0.0.1:80", "127.0.0.1", "[::1]:80", "[::1]", "*:80", "unix:/x.sock", "unix:x", "http://127.0.0.1:80", "localhost:80", ":80")
] + ['{"servers":{"127.0.0.1:80":%s}}' % value for value in ANY] + [
    '{"servers":{"127.0.0.1:80":{"weight":%s}}}' % value for value in ANY + ["0", "0.5", "1000000", "1000000.5", "1000001", "-0.1"]]]
VALUES += ['{"applications":{"a":%s}}' % value for value in ANY]
VALUES += ['{"applications":{"a":{"type":%s}}}' % value for value in ANY]
VALUES += ['{"applications":{"a":{"type":"external","processes":{"spare":0},"executable":%s}}}' % value
           for value in ANY if value != '""']
VALUES += [app('"%s":%s' % (name, value)) for value in ANY if value != '""' and value != '"x"' and value != '{"x":"y"}' for name in (
    "arguments", "limits", "user", "group", "working_directory", "environment", "stdout", "stderr", "isolation")]
VALUES += [app('"limits":{"%s":%s}' % (name, value)) for name in ("timeout", "requests", "shm") for value in ('"1"', "1.5", "1.0")]
VALUES += [app('"environment":{%s}' % text) for text in ('"A":"b"', '"A=":"b"', '"":"b"', '"A":5', '"A\\u0000":"b"', '"A":"b\\u0000"')]
VALUES += [app('"arguments":[%s]' % text) for text in ('"a"', '"a",5', '"a\\u0000"')]
VALUES += ['{"applications":{"a":{"type":"external","executable":"/bin/true","processes":%s}}}' % text for text in (
    '0', '-1', '2147483648', '1.5', '"x"', '{"spare":-1}', '{"spare":0,"max":0}', '{"spare":2,"max":1}', '{"spare":2}',
    '{"spare":2147483648}', '{"spare":0,"max":2147483648}', '{"spare":0,"idle_timeout":-1}', '{"spare":0,"idle_timeout":2147483}',
    '{"spare":0,"idle_timeout":2147484}', '{"spare":"0"}', '{"spare":0,"max":1.5}', '{"spare":0,"max":5}')]
VALUES += ['{"settings":{"%s":%s}}' % (name, value) for value in ANY if value != "1e3" for name in ("listen_threads", "http")]
VALUES += ['{"settings":{"listen_threads":%s}}' % value for value in ("0", "1", "2147483648", "-5")]
VALUES += [http(name, value) for value in ANY for name in (
    "header_read_timeout", "body_read_timeout", "send_timeout", "idle_timeout", "large_header_buffer_size", "large_header_buffers",
    "body_buffer_size", "max_body_size", "body_temp_path", "discard_unsafe_fields", "websocket", "static", "log_route",
    "server_version", "chunked_transform", "compression")]
VALUES += [http("websocket", '{"%s":%s}' % (name, value)) for name in ("read_timeout", "keepalive_interval", "max_frame_size")
           for value in ("1", '"1"', "1.5", "null")]
VALUES += [http("static", '{"mime_types":%s}' % value) for value in ANY + ['{"a/b":[".x",""]}', '{"a/b":[".x",5]}', '{"a/b":[]}']]
VALUES += ['{"access_log":%s}' % value for value in ANY if value != '"x"']
VALUES += ['{"access_log":{"path":"/tmp/starling-verdict.log","%s":%s}}' % (name, value) for value in ANY for name in ("format", "if")]
VALUES += ['{"access_log":{"path":%s}}' % value for value in ANY if value not in ('"x"',)]
VALUES += ['{"access_log":{"path":"/tmp/starling-verdict.log",%s}}' % text for text in (
    '"format":"$"', '"format":{"a":"$"}', '"format":"$status"', '"if":"!$"', '"if":"$status"', '"format":{"a":"${status}"}')]
# Twice over is nothing more.
VALUES = list(dict.fromkeys(VALUES))

verdicts = []
for config in {"references": REFERENCES, "values": VALUES}[sys.argv[2]]:
    status, detail, location = put(config)
    put("{}")
    verdict = {"config": config, "status": status, "detail": detail if status != 200 else ""}
    verdicts.append(verdict | ({"location": location} if "path" in location else {}))
print("[" + ",\n".join(json.dumps(verdict, ensure_ascii=False) for verdict in verdicts) + "]")
