"""The language of scenarios: sections, patterns, what a command's body expects. README.md has the table."""

import difflib
import re
from dataclasses import dataclass, field

KINDS = (
    "file append remove cd set $ start signal wait query lines absent iterable admin users requests "
    "await s3 upload violations"
).split()


class ScenarioError(Exception):
    """The scenario itself is wrong."""


class Failure(Exception):
    """The product did something else than the scenario says."""


@dataclass
class Section:
    kind: str
    argument: str
    body: list = field(default_factory=list)  # lines, without the blank ones at the end
    line: int = 0

    def text(self):
        return "".join(line + "\n" for line in self.body)


def parse(text):
    """The sections of a scenario; ScenarioError with the line of what is not understood."""
    sections = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("==="):
            if sections:
                sections[-1].body.append(line)
            continue
        kind, _, argument = line[3:].strip().partition(" ")
        if kind not in KINDS:
            raise ScenarioError(f"line {number}: unknown section {kind!r}; known: {', '.join(KINDS)}")
        sections.append(Section(kind, argument.strip(), line=number))
    for section in sections:
        while section.body and not section.body[-1].strip():
            section.body.pop()
    if not any(section.kind in ("$", "start") for section in sections):
        raise ScenarioError("it runs no command")
    return sections


def substitute(text, variables):
    """{NAME} becomes the variable; ${NAME} and braces around anything else stay."""
    return re.sub(r"(?<!\$)\{([A-Z][A-Z0-9_]*)\}", lambda m: variables.get(m[1], m[0]), text)


def matches(pattern, line):
    expression = ".*".join(re.escape(part) for part in pattern.rstrip().split("*"))
    return re.fullmatch(expression, line.rstrip(), re.DOTALL) is not None


@dataclass
class Expected:
    exit_code: int
    patterns: list
    forbidden: list


def expected_of(body):
    expected = Expected(0, [], [])
    for line in body:
        code = re.fullmatch(r"exit (\d+)", line)
        if code:
            expected.exit_code = int(code[1])
        elif line.startswith("! "):
            expected.forbidden.append(line[2:])
        elif line.strip():
            expected.patterns.append(line)
    return expected


def check_output(expected, exit_code, output):
    """Raises Failure with the whole output when it is not as expected."""
    problems = []
    if exit_code != expected.exit_code:
        problems.append(f"exit code {exit_code}, expected {expected.exit_code}")
    lines = output.splitlines()
    at = 0
    for pattern in expected.patterns:
        found = next((i for i in range(at, len(lines)) if matches(pattern, lines[i])), None)
        if found is None:
            earlier = any(matches(pattern, line) for line in lines)
            problems.append(("out of order: " if earlier else "missing: ") + pattern)
        else:
            at = found + 1
    for pattern in expected.forbidden:
        problems += [f"must not be there: {line}" for line in lines if matches(pattern, line)]
    if problems:
        shown = "\n".join("  | " + line for line in lines[-60:]) or "  (no output)"
        raise Failure("\n".join(problems) + "\n" + shown)


def check_lines(patterns, lines, what):
    """Every line fits its pattern, and there are as many."""
    if len(patterns) == len(lines) and all(map(matches, patterns, lines)):
        return
    # A line that fits is shown as equal, whatever its wildcard stood for.
    shown = [next((p for p in patterns if matches(p, line)), line) for line in lines]
    diff = difflib.unified_diff(patterns, shown, "expected", "found", lineterm="", n=2)
    raise Failure(f"{what} is not as expected\n" + "\n".join("  " + line for line in diff))
