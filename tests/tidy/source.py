"""A C++ file without what is no code, and the functions in it.

Good enough for code that clang-format has laid out; it is no parser. What it can't tell apart it leaves unreported.
"""

import re
from dataclasses import dataclass
from functools import cached_property

# A number comes first, so that the ' in 10'000 begins no character literal.
_NOT_CODE = re.compile(
    r"(?P<number>\b\d(?:'?[\w.])*)"
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_TEMPLATE = re.compile(r"\btemplate\s*<")
_SCOPE = re.compile(r'^(?:inline\s+|typedef\s+)*(?:namespace|class|struct|union|enum|extern\s*"\s*")\b')
_ACCESS = re.compile(r"\b(?:public|private|protected)\s*:")
_MEMBER_LIST = re.compile(r"\)[^()]*[^:(),]:[^:]")
_TOP_LEVEL_EQUALS = re.compile(r"(?<![=<>!+\-*/%&|^])=(?!=)")


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_literals(match: re.Match) -> str:
    if match["number"]:
        return match[0]
    blanked = _blank(match[0])
    # The quotes stay: a literal is still an operand.
    return '"' + blanked[1:-1] + '"' if match[0][-1] == '"' and len(blanked) > 1 else blanked


@dataclass(frozen=True)
class Function:
    first_line: int
    lines: int
    heading: str


class Source:
    """One file's text, and its code: the same lines and columns, with comments, literals and directives blanked."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text

    @cached_property
    def code(self) -> str:
        return _DIRECTIVE.sub(lambda match: _blank(match[0]), _NOT_CODE.sub(_without_literals, self.text))

    def line_of(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        """(line, path, is it in quotes) of each include."""
        for match in _INCLUDE.finditer(self.text):
            yield self.line_of(match.start()), match[2], match[1] == '"'

    def functions(self):
        """Each function that isn't inside another: what a lambda or a local class holds counts as its function's."""
        code = self.code
        begin = 0  # where the declaration at hand begins
        parens = 0
        depth = 0  # inside a body or an initialiser: how deep
        started = None  # where the function at hand began
        for match in re.finditer(r"[{}();]", code):
            sign, at = match[0], match.start()
            if depth > 0:
                depth += {"{": 1, "}": -1}.get(sign, 0)
                if depth == 0 and started is not None:
                    yield self._function(started, at)
                    started, begin = None, at + 1
            elif sign in "()":
                parens = max(0, parens + (1 if sign == "(" else -1))
            elif parens > 0:
                depth = 1 if sign == "{" else 0
            elif sign in ";}":
                begin = at + 1
            else:
                kind = _kind(code[begin:at])
                if kind == "scope":
                    begin = at + 1
                else:
                    depth = 1
                    started = begin if kind == "function" else None

    def _function(self, begin: int, end: int) -> Function:
        begin += re.match(r"\s*(?:(?:public|private|protected)\s*:\s*)*", self.code[begin:end]).end()
        first = self.line_of(begin)
        heading = self.text[begin:].split("\n", 1)[0].removesuffix(" {}").removesuffix(" {")
        return Function(first, self.line_of(end) - first + 1, heading)


def _kind(header: str) -> str:
    """What the brace after `header` opens, outside any function: a scope, a function, or a value."""
    header = _without_template(_ACCESS.sub(" ", header)).strip()
    if _SCOPE.match(header) and not re.search(r"\)\s*(?:const|noexcept|override|final|\s)*$", header):
        return "scope"
    flat = re.sub(r"\boperator\s*[^\s\w(]+", "operator_", _outside_parentheses(header))
    if equals := _TOP_LEVEL_EQUALS.search(flat):
        return "function" if "[" in flat[equals.end():] else "value"
    if "(" not in header:
        return "value"
    if _MEMBER_LIST.search(flat) and re.search(r"[\w>]$", header):
        return "value"  # a member's initialiser, as in `: a_(1), b_{2} {`
    return "function"


def _without_template(header: str) -> str:
    while match := _TEMPLATE.search(header):
        depth, at = 1, match.end()
        while depth > 0 and at < len(header):
            depth += {"<": 1, ">": -1}.get(header[at], 0)
            at += 1
        header = header[: match.start()] + " " + header[at:]
    return header


def _outside_parentheses(header: str) -> str:
    depth, kept = 0, []
    for sign in header:
        depth -= sign == ")"
        if depth <= 0:
            kept.append(sign)
        depth += sign == "("
    return "".join(kept)
