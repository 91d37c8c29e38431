#!/usr/bin/env python3
"""Proves that the checks find what they are for, and leave alone what is fine: a check that never fails is none."""

import sys
import unittest

sys.dont_write_bytecode = True

import rules
from modules import LEVELS, Modules
from source import Source

DECLARED = """\
base libp2p/base - asio
multi libp2p/multi base -
yamux libp2p/yamux base asio
noise libp2p/security/noise base,multi asio
swarm libp2p/swarm base,yamux asio
model starling/model base,multi -
fleet starling/fleet base,model asio
api starling/api base,model,fleet,swarm asio
cli starling/cli base,model,api asio
"""


def said(found) -> str:
    return "\n".join(f"{line}: {wrong}" for line, wrong in found)


class Functions(unittest.TestCase):
    def lengths(self, text: str):
        return [(function.heading, function.lines) for function in Source("libp2p/base/x.cpp", text).functions()]

    def test_each_form_of_a_function_is_measured(self):
        body = " {\n  f();\n}\n"
        for heading in ("void f()", "Task<Result<int>> Swarm::dial(PeerId peer, Options options = {}) const noexcept",
                        "auto f(int a) -> std::map<int, int>", "TEST(Yamux, YM01_SynDataBeyondTheWindow)",
                        "template <class T>\nvoid f(T t)", "template <class T, class = std::enable_if_t<(sizeof(T) > 1)>>\nint f(T t)",
                        "Session::Session(Env env) : env_(env), size_{1}, list_{env, {1, 2}}",
                        "Session::Session(Env env) : env_{env}", "bool operator==(const A& a, const B& b)",
                        "A& A::operator=(A&& other)", "struct stat of(const char* path)", "const auto f = [](int a)",
                        "int f(char quote = '\"', char brace = '{')", "static constexpr std::array<int, size(1)> f()"):
            with self.subTest(heading):
                lines = heading.count("\n") + 3
                self.assertEqual(self.lengths("int before = 1;\n" + heading + body), [(heading.split("\n")[0], lines)])

    def test_functions_within_scopes_are_each_measured(self):
        text = ("namespace libp2p {\nclass A : public B {\n public:\n  explicit A(int n) : n_(n) {}\n  void f() {\n    g([] { h(); });\n"
                "  }\n\n private:\n  int n_{0};\n  std::vector<int> list_ = {1, 2};\n};\nenum class E { a, b };\nvoid g() {\n}\n}  // namespace\n")
        self.assertEqual(self.lengths(text), [("explicit A(int n) : n_(n)", 1), ("void f()", 3), ("void g()", 2)])

    def test_a_table_is_no_function(self):
        self.assertEqual(self.lengths("constexpr std::array<Row, rows(2)> kTable = {{\n  {1, 2},\n  {3, 4},\n}};\n"), [])

    def test_braces_in_comments_and_literals_count_for_nothing(self):
        text = 'void f() {\n  // }\n  g("}", \'}\', R"x(})")x", 10\'000); /* } */\n  h();\n}\n'
        self.assertEqual(self.lengths(text), [("void f()", 5)])

    def test_a_function_that_does_not_fit_a_screen_is_told(self):
        for lines, expected in ((rules.FUNCTION_LINES, 0), (rules.FUNCTION_LINES + 1, 1)):
            text = "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"
            found = said(rules.of_cxx(Source("libp2p/base/x.cpp", text)))
            self.assertEqual(found.count("don't fit a screen"), expected)
            text = "def f():\n" + "    g()\n" * (lines - 1)
            self.assertEqual(said(rules.of_python("x.py", text)).count("don't fit a screen"), expected)


class Bans(unittest.TestCase):
    def found(self, path: str, line: str) -> str:
        return said(rules.of_cxx(Source(path, line + "\n")))

    def test_what_is_banned_is_found(self):
        for line in ("auto now = std::chrono::steady_clock::now();", "auto t = time(nullptr);", "::clock_gettime(CLOCK_REALTIME, &t);",
                     "std::random_device device;", "std::mt19937_64 generator;", "int n = rand();", "::getrandom(p, n, 0);",
                     "RAND_bytes(p, n);", "std::thread worker(f);", "std::jthread worker(f);", "std::mutex m;",
                     "std::condition_variable_any c;", "std::this_thread::sleep_for(1s);", "usleep(10);", "asio::thread_pool pool;",
                     "asio::co_spawn(io, f(), asio::detached);", "asio::steady_timer timer(io);", "std::unordered_map<int, int> m;",
                     "std::unordered_multiset<int> s;", "} catch (...) {", 'std::cout << "x";', "std::gmtime(&t);"):
            with self.subTest(line):
                self.assertNotEqual(self.found("starling/fleet/x.cpp", line), "")

    def test_what_is_fine_is_left_alone(self):
        for line in ("// std::thread is banned", 'log("std::mutex");', "Instant now = env.clock.now();", "Time time() const;",
                     "auto t = status.time(change);", "int operand(int a);", "task_group.spawn(f());", "void detached_state();",
                     "catch (const boost::system::system_error& error)", "std::map<int, int> m;"):
            with self.subTest(line):
                self.assertEqual(self.found("starling/fleet/x.cpp", line), "")

    def test_the_runtime_may_and_tests_on_virtual_time_may_not(self):
        now = "auto now = std::chrono::steady_clock::now();"
        self.assertEqual(self.found("libp2p/base/system_runtime.cpp", now), "")
        self.assertNotEqual(self.found("tests/unit/yamux/x_test.cpp", now), "")
        self.assertEqual(self.found("tests/support/real_unit.cpp", now), "")

    def test_headers(self):
        self.assertIn("#pragma once", self.found("libp2p/base/x.hpp", "int f();"))
        self.assertIn("using namespace", self.found("libp2p/base/x.hpp", "#pragma once\nusing namespace std;"))


class Text(unittest.TestCase):
    def found(self, text: str, path: str = "libp2p/base/x.cpp") -> str:
        return said(rules.of_text(path, text))

    def test_what_is_wrong_is_found(self):
        for text in ("int a; \n", "int a;\t\n", "int a;\r\n", "int a;", "// TO" "DO later\n", "// FIX" "ME\n",
                     "cd /wo" "rk/main\n", "at /ro" "ot/.cache\n", "from " + rules.REGISTRIES[0] + "\n"):
            with self.subTest(text):
                self.assertNotEqual(self.found(text), "")

    def test_what_is_fine_is_left_alone(self):
        for text in ("", "int a;\n", "/config/work/x\n", "$HOME/work/x\n", "to do\n", "starling-XXXXXX\n"):
            with self.subTest(text):
                self.assertEqual(self.found(text), "")

    def test_data_may_be_ugly_but_names_no_host(self):
        self.assertEqual(self.found("a \r", "tests/data/x"), "")
        self.assertNotEqual(self.found(rules.REGISTRIES[1], "tests/data/x"), "")

    def test_a_file_that_is_too_long_is_told(self):
        self.assertEqual(self.found("\n" * rules.FILE_LINES), "")
        self.assertIn("stops at", self.found("\n" * (rules.FILE_LINES + 1)))


class Includes(unittest.TestCase):
    def found(self, path: str, header: str) -> str:
        return said(Modules(DECLARED).wrong_includes(Source(path, f"#include {header}\n")))

    def test_what_the_declarations_do_not_reach_is_found(self):
        for path, header in (("libp2p/base/x.cpp", '"libp2p/multi/cid.hpp"'),  # upward
                             ("libp2p/yamux/x.cpp", '"libp2p/multi/cid.hpp"'),  # not declared
                             ("libp2p/yamux/x.cpp", '"libp2p/security/noise/noise.hpp"'),  # sideways
                             ("libp2p/swarm/x.hpp", '"starling/model/ids.hpp"'),
                             ("starling/api/x.cpp", '"libp2p/yamux/frame.hpp"'),  # reached, but private
                             ("starling/api/x.cpp", '"starling/cli/command.hpp"'),
                             ("starling/model/x.cpp", '"tests/support/run.hpp"'),
                             ("starling/model/x.cpp", '"ids.hpp"'),
                             ("starling/main.cpp", '"libp2p/yamux/frame.hpp"'),
                             ("examples/echo.cpp", '"starling/model/ids.hpp"')):
            with self.subTest(f"{path} {header}"):
                self.assertNotEqual(self.found(path, header), "")

    def test_what_is_declared_or_reached_through_it_is_fine(self):
        for path, header in (("libp2p/yamux/x.cpp", '"libp2p/yamux/frame.hpp"'), ("libp2p/yamux/x.cpp", '"libp2p/base/env.hpp"'),
                             ("starling/fleet/x.cpp", '"libp2p/multi/cid.hpp"'), ("starling/api/x.cpp", '"libp2p/swarm/swarm.hpp"'),
                             ("starling/main.cpp", '"starling/cli/command.hpp"'), ("tests/unit/yamux/x.cpp", '"libp2p/yamux/frame.hpp"')):
            with self.subTest(f"{path} {header}"):
                self.assertEqual(self.found(path, header), "")

    def test_libraries_stay_in_their_places(self):
        for path, header in (("starling/fleet/x.cpp", "<sqlite3.h>"), ("starling/fleet/x.cpp", "<openssl/evp.h>"),
                             ("libp2p/swarm/x.cpp", "<boost/beast/http/read.hpp>"), ("libp2p/multi/x.cpp", "<boost/json/parse.hpp>"),
                             ("libp2p/swarm/x.cpp", "<ngtcp2/ngtcp2.h>"), ("libp2p/swarm/x.cpp", "<usrsctp.h>"),
                             ("libp2p/base/x.cpp", "<gtest/gtest.h>"), ("starling/model/x.cpp", "<boost/asio/post.hpp>"),
                             ("libp2p/multi/x.cpp", "<sys/socket.h>")):
            with self.subTest(f"{path} {header}"):
                self.assertNotEqual(self.found(path, header), "")
        for path, header in (("starling/changelog/x.cpp", "<sqlite3.h>"), ("libp2p/crypto/x.cpp", "<openssl/evp.h>"),
                             ("starling/api/x.cpp", "<boost/beast/http/read.hpp>"), ("tests/unit/api/x.cpp", "<gtest/gtest.h>"),
                             ("libp2p/yamux/x.cpp", "<boost/asio/post.hpp>"), ("libp2p/multi/x.cpp", "<vector>")):
            with self.subTest(f"{path} {header}"):
                self.assertEqual(self.found(path, header), "")

    def test_a_declaration_against_the_direction_is_found(self):
        self.assertEqual(list(Modules(DECLARED).wrong_declarations()), [])
        for line in ("noise libp2p/security/noise base,yamux asio",  # an equal
                     "multi libp2p/multi base,swarm -",  # upward
                     "unheard libp2p/unheard base -"):
            with self.subTest(line):
                kept = [kept for kept in DECLARED.splitlines() if kept.split()[0] != line.split()[0]]
                self.assertEqual(len(list(Modules("\n".join([*kept, line])).wrong_declarations())), 1)

    def test_no_module_has_two_levels(self):
        names = [name for level in LEVELS for name in level]
        self.assertEqual(len(names), len(set(names)))


class Pairs(unittest.TestCase):
    def test_attack_cases_and_tests_are_compared_both_ways(self):
        tests = {"tests/attacks/x_test.cpp": "TEST(Yamux, YM01_A) {}\nTEST_F(Noise,\n       NO01_B) {}\nTEST(X, Control) {}\n"}
        self.assertEqual(list(rules.of_attacks("NO01\nYM01\n", tests)), [])
        self.assertIn("YM02 has no test", str(list(rules.of_attacks("NO01\nYM01\nYM02\n", tests))))
        self.assertIn("NO01 is no case", str(list(rules.of_attacks("YM01\n", tests))))
        self.assertIn("listed twice", str(list(rules.of_attacks("NO01\nYM01\nYM01\n", tests))))

    def test_two_types_of_one_name_in_one_namespace_are_found(self):
        one = "namespace a {\nstruct Thing {\n};\n}\n"
        for other, found in (("namespace a {\nclass Thing final : public Base {\n};\n}\n", 1),
                             ("namespace b {\nstruct Thing {\n};\n}\n", 0), ("namespace a {\nstruct Thing;\n}\n", 0)):
            self.assertEqual(len(list(rules.of_types({"x.hpp": one, "y.hpp": other}))), found, other)

    def test_fuzz_targets_and_files_are_compared_both_ways(self):
        self.assertEqual(list(rules.of_fuzz("fuzz_target(a base)\nfuzz_target(b base)\n", ["a_fuzz.cpp", "b_fuzz.cpp"])), [])
        for declared, files in (("fuzz_target(a base)\n", ["a_fuzz.cpp", "b_fuzz.cpp"]),
                                ("fuzz_target(a base)\nfuzz_target(b base)\n", ["a_fuzz.cpp"]),
                                ("fuzz_target(b base)\nfuzz_target(a base)\n", ["a_fuzz.cpp", "b_fuzz.cpp"])):
            self.assertEqual(len(list(rules.of_fuzz(declared, files))), 1, declared)


if __name__ == "__main__":
    unittest.main()
