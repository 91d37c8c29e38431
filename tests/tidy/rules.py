"""What is banned, how long things may be, and what belongs together. Each rule says why in its message."""

import ast
import re
from dataclasses import dataclass

FUNCTION_LINES = 70
FILE_LINES = 800

PRODUCT = ("libp2p/", "starling/", "sim/")
# These run on virtual time; what waits for real processes lives elsewhere.
VIRTUAL = (*PRODUCT, "tests/unit/", "tests/attacks/", "tests/simulation/", "tests/fuzz/")
RUNTIME = ("libp2p/base/system_runtime.cpp",)


@dataclass(frozen=True)
class Ban:
    pattern: str
    why: str
    where: tuple = PRODUCT
    allowed: tuple = ()


BANS = (
    Ban(r"\b(?:system|steady|high_resolution|utc|file)_clock::now\b|\b(?:clock_gettime|gettimeofday)\s*\("
        r"|\b(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&)",
        "reads a clock of the machine: use Env's, so that the simulation replays", VIRTUAL, RUNTIME),
    Ban(r"\brandom_device\b|\bmt19937|\bminstd_rand|\bdefault_random_engine\b|\b(?:std::)?s?rand\s*\(|\bgetrandom\s*\("
        r"|\bgetentropy\s*\(|\barc4random|\"/dev/u?random",
        "draws randomness of its own: use Env's, so that a seed replays", VIRTUAL, RUNTIME),
    # The blinding of secp256k1's context can't be seen from outside, and must not be guessed.
    Ban(r"\bRAND_(?:priv_)?bytes\b", "draws randomness of its own: use Env's", VIRTUAL, ("libp2p/crypto/secp256k1.cpp",)),
    Ban(r"\bstd::(?:j?thread|async|(?:recursive_|shared_|timed_)*mutex|condition_variable\w*|lock_guard|unique_lock"
        r"|scoped_lock|counting_semaphore|binary_semaphore|latch|barrier)\b|\bpthread_\w+\s*\(|\bthread_pool\b",
        "brings in a thread or a lock: one thread owns a host; blocking work goes to Env's workers", VIRTUAL, RUNTIME),
    Ban(r"\bstd::this_thread\b|\b(?:u|nano)?sleep\s*\(", "blocks the thread: await a timer of Env", VIRTUAL,
        # What they start is a process of its own, on the machine's time.
        ("tests/unit/dataplane_nginx/", "tests/unit/dataplane_unit/")),
    Ban(r"\b(?:asio::|net::)detached\b|\(\s*detached\s*\)", "starts what nobody joins: spawn it in a TaskGroup", VIRTUAL),
    Ban(r"\bco_spawn\b", "starts what nobody joins: spawn it in a TaskGroup", PRODUCT, ("libp2p/base/",)),
    Ban(r"\b(?:steady|system|high_resolution)_timer\b|\bbasic_waitable_timer\b|\bdeadline_timer\b",
        "Asio's timers never fire on virtual time: use Env's", VIRTUAL, RUNTIME),
    Ban(r"\bunordered_(?:multi)?(?:map|set)\b",
        "has an order that differs from run to run, and sooner or later that order reaches the outside: use map or set"),
    Ban(r"\bcatch\s*\(\s*\.\.\.\s*\)", "would swallow a cancellation: catch what is meant", PRODUCT,
        ("libp2p/base/uncancelled.hpp", "libp2p/base/deadline.hpp", "libp2p/base/task_group.cpp")),
    Ban(r"\bstd::(?:cout|cerr|clog)\b", "writes past the log and the command line's output: use Env's log, or cli's"),
    Ban(r"\b(?:std::)?(?:strtok|localtime|gmtime|asctime|ctime|inet_ntoa)\s*\(",
        "is shared by all threads, and the workers are some: use the form that isn't"),
)

# Written in parts, as these rules read this file too.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
REGISTRIES = tuple(".".join(parts) for parts in (
    ("registry", "npmjs", "org"), ("npmjs", "com"), ("pypi", "org"), ("pythonhosted", "org"), ("proxy", "golang", "org"),
    ("sum", "golang", "org"), ("crates", "io"), ("repo1", "maven", "org"), ("deb", "debian", "org")))
# A path of some machine's own: where a checkout happened to lie, or someone's home.
MACHINE_PATHS = re.compile(r"(?<![\w./~$}])/(?:wo" r"rk|ro" r"ot|ho" r"me)/[\w.]")
# Recorded from other programs, or made to be ugly: the text in them is data.
DATA = ("tests/data/", "tests/fuzz/corpus/")
CODE_ENDINGS = (".cpp", ".hpp", ".py", ".go", ".js", ".rs")


def of_text(path: str, text: str):
    """(line, what is wrong) in any file of text."""
    for number, line in enumerate(text.split("\n"), 1):
        for host in REGISTRIES:
            if host in line:
                yield number, f"names the host {host}: packages come from wherever the machine's client is set to"
        if path.startswith(DATA):
            continue
        if MACHINE_PATHS.search(line):
            yield number, "names a path of one machine"
        if UNFINISHED.search(line):
            yield number, "is left unfinished: finish it, or leave it out and say so in the issue"
        if line.endswith((" ", "\t", "\r")):
            yield number, "ends in blanks"
    if path.startswith(DATA):
        return
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "doesn't end in a newline"
    if path.endswith(CODE_ENDINGS) and (lines := text.count("\n")) > FILE_LINES:
        yield lines, f"the file has {lines} lines: a file aims at 300 and stops at {FILE_LINES}. Split it by what its parts know"


def of_cxx(source):
    """(line, what is wrong) in a C++ file, by its text alone."""
    if source.path.endswith(".hpp"):
        if "#pragma once" not in source.text:
            yield 1, "a header begins with #pragma once"
        for match in re.finditer(r"^using namespace\b", source.code, re.MULTILINE):
            yield source.line_of(match.start()), "using namespace in a header reaches everyone who includes it"
    for ban in BANS:
        if source.path.startswith(ban.where) and not source.path.startswith(ban.allowed or ("\0",)):
            for match in re.finditer(ban.pattern, source.code):
                yield source.line_of(match.start()), f"{match[0].strip(' (')} {ban.why}"
    for function in source.functions():
        if function.lines > FUNCTION_LINES:
            yield function.first_line, _too_long(function.lines, function.heading)


def of_python(path: str, text: str):
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.lineno, _too_long(lines, node.name)


def _too_long(lines: int, heading: str) -> str:
    return f"a function of {lines} lines: more than {FUNCTION_LINES} don't fit a screen. Name its parts ({heading})"


def of_attacks(cases: str, tests: dict):
    """Compares tests/attacks/CASES with the names of the tests in `tests`, text by path: a case may be shown wherever what
    it attacks is tested."""
    wanted = cases.split()
    for case in sorted({case for case in wanted if wanted.count(case) > 1}):
        yield "tests/attacks/CASES", 1, f"{case} is listed twice"
    found = set()
    for path, text in sorted(tests.items()):
        for match in re.finditer(r"^TEST(?:_F|_P)?\(\s*\w+\s*,\s*([A-Z]{2}\d{2})_\w*\s*\)", text, re.MULTILINE):
            found.add(match[1])
            if match[1] not in wanted:
                line = text.count("\n", 0, match.start()) + 1
                yield path, line, f"{match[1]} is no case: list it in tests/attacks/CASES, or name the test by its case"
    for case in sorted(set(wanted) - found):
        yield "tests/attacks/CASES", wanted.index(case) + 1, f"{case} has no test named by it"


def of_types(headers: dict):
    """Of the headers, text by path: two types of one name in one namespace are one type to the linker, which takes either's
    functions for both."""
    known = {}
    for path, text in sorted(headers.items()):
        namespaces = re.findall(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
        for match in re.finditer(r"^(?:class|struct)(?: \[\[\w+\]\])? (\w+)(?: final)?(?: :[^{;]*)? \{", text, re.MULTILINE):
            name = f"{namespaces[-1] if namespaces else ''}::{match[1]}"
            line = text.count("\n", 0, match.start()) + 1
            if name in known:
                yield path, line, f"{name} is also a type in {known[name]}: the linker would take one's functions for both"
            known.setdefault(name, path)


def of_fuzz(declared: str, files):
    """Compares tests/fuzz/CMakeLists.txt with the files beside it: a target that isn't built finds nothing."""
    path = "tests/fuzz/CMakeLists.txt"
    names = re.findall(r"^fuzz_target\((\w+)", declared, re.MULTILINE)
    targets = {file.removesuffix("_fuzz.cpp") for file in files}
    for name in sorted(targets - set(names)):
        yield path, 1, f"{name}_fuzz.cpp has no fuzz_target line, so it is never run"
    for name in sorted(set(names) - targets):
        yield path, 1, f"fuzz_target({name}) has no file {name}_fuzz.cpp"
    if names != sorted(names):
        wrong = next(a for a, b in zip(names, sorted(names)) if a != b)
        yield path, 1, f"the fuzz targets are kept in alphabetical order: {wrong} is out of it"
