#!/usr/bin/env python3
"""script/lint.py [ROOT]

The project's own rules, each with the decision it enforces (docs/adr/NNNN-*.md). Prints
`file:line: [ADR-NNNN rule] message` for each finding and fails where there is one. To add a rule,
write a function with @rule and give script/lint_test.py a sample that passes and one that fails.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cpp_source import Cpp, functions_of

# The order of dependence, docs/architecture.md: a folder includes only folders of a lower rank, or
# itself. A feature without a line here stands above messages and below the connectors.
RANKS = {
    "base": 0, "db": 1, "net": 1, "events": 2, "jobs": 3, "workspaces": 4, "people": 5,
    "access": 6, "files": 7, "accounts": 8, "conversations": 9, "messages": 10,
    "connectors": 12, "realtime": 12, "doors": 12, "app": 14, "admin": 15, "main.cpp": 16,
}  # fmt: skip
FEATURE_RANK = 11
TESTING_RANK = 11.5  # the fixtures of tests: over the features, included by tests alone
INFRASTRUCTURE = {"base", "db", "net", "events", "jobs", "connectors", "realtime", "doors", "app",
                  "admin", "testing", "main.cpp", "migrations"}  # fmt: skip

KNOWN = {*RANKS, "testing"}

# Headers that only some folders may include.
HEADER_HOMES = [
    (re.compile(r"boost/beast"), {"net", "realtime"}),
    (re.compile(r"sqlite3\.h|libpq"), {"db"}),
    (re.compile(r"curl/"), {"net"}),
    (re.compile(r"boost/asio"), INFRASTRUCTURE),
]

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


RULES = []


def rule(adr):
    """Registers a check over all sources: `(sources) -> iterable of (path, line, message)`."""

    def register(check):
        name = f"ADR-{adr:04d} {check.__name__.replace('_', '-')}"
        RULES.append((name, check))
        return check

    return register


class Sources:
    """The repository's files as text, by path."""

    def __init__(self, files):
        self.files = files
        self._cpp = {}

    @staticmethod
    def of(root):
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=root, check=True, capture_output=True, text=True,
        ).stdout.splitlines()  # fmt: skip
        files = {}
        for path in listed:
            try:
                files[path] = (Path(root) / path).read_text(encoding="utf-8")
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue
        return Sources(files)

    def matching(self, pattern):
        regex = re.compile(pattern)
        return [(path, text) for path, text in sorted(self.files.items()) if regex.search(path)]

    def cpp(self, path):
        if path not in self._cpp:
            self._cpp[path] = Cpp(self.files[path])
        return self._cpp[path]

    def server_code(self, tests=True):
        for path, text in self.matching(r"^server/.*\.(cpp|hpp)$"):
            if tests or not is_test(path):
                yield path, text


def is_test(path):
    return bool(re.search(r"_(test|fuzz)\.[ch]pp$", path)) or path.startswith("server/testing/")


def layer_of(path):
    """`messages` of `server/messages/store.cpp`."""
    return path.split("/")[1]


def unit_of(path):
    """As layer_of, but each connector and door is a unit of its own."""
    parts = path.split("/")
    return "/".join(parts[1:3]) if parts[1] in ("connectors", "doors") else parts[1]


def rank_of(layer):
    if layer == "testing":
        return TESTING_RANK
    return RANKS.get(layer, FEATURE_RANK)


def lines_matching(text, pattern):
    for match in re.finditer(pattern, text, re.MULTILINE):
        yield text.count("\n", 0, match.start()) + 1, match


def includes_of(text):
    for line, match in lines_matching(text, r'^\s*#\s*include\s+[<"]([^>"]+)[>"]'):
        yield line, match.group(1)


# --- 0001 slices -----------------------------------------------------------------------------------


@rule(1)
def layering(sources):
    """An include goes down the order of dependence, never up or sideways."""
    for path, text in sources.server_code():
        here = layer_of(path)
        for line, header in includes_of(text):
            target = f"server/{header}"
            if "/" not in header or not (target in sources.files or header.split("/")[0] in KNOWN):
                continue
            there = layer_of(target)
            if unit_of(path) == unit_of(target):
                continue
            if there == "testing":
                if not is_test(path):
                    yield path, line, f"{header} is for tests alone"
            elif rank_of(there) >= rank_of(here):
                yield path, line, f"{here} may not include {header}: {there} is not below it"


@rule(1)
def private_headers(sources):
    """A store is its folder's own; a test may look into another's."""
    for path, text in sources.server_code():
        if is_test(path):
            continue
        for line, header in includes_of(text):
            private = re.search(r"(^|[/_])store\.hpp$", header)
            if private and unit_of(path) != unit_of(f"server/{header}"):
                yield path, line, f"{header} is private to its folder; use the feature's header"


@rule(1)
def header_homes(sources):
    """Heavy or foreign headers stay where they are wrapped."""
    for path, text in sources.server_code():
        for line, header in includes_of(text):
            for pattern, homes in HEADER_HOMES:
                if pattern.match(header) and layer_of(path) not in homes:
                    yield path, line, f"<{header}> only in {', '.join(sorted(homes))}"


@rule(1)
def file_size(sources):
    """One file, one thing."""
    for path, text in sources.matching(r"\.(cpp|hpp|ts|tsx|mjs|js|py|sh)$|^script/[a-z-]+$"):
        count = text.count("\n")
        if count > MAX_FILE_LINES and not re.match(r"api/|packages/protocol/src/", path):
            yield path, count, f"{count} lines; at most {MAX_FILE_LINES}"


@rule(1)
def function_size(sources):
    for path, _ in sources.server_code():
        # A macro's lines are not code of their own.
        code = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*$", lambda m: "\n" * m.group().count("\n"),
                      sources.cpp(path).code, flags=re.MULTILINE)  # fmt: skip
        for first, last in functions_of(code):
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield path, first, f"{last - first + 1} lines; at most {MAX_FUNCTION_LINES}"


# --- 0002 synchronous transactions -----------------------------------------------------------------


@rule(2)
def transaction_is_awaited(sources):
    """A λ given to the database lives in the caller's frame: not awaited, it would dangle."""
    for path, _ in sources.server_code():
        if layer_of(path) in {"db", "testing"}:
            continue
        code = sources.cpp(path).code
        for line, match in lines_matching(code, r"\b(?:db|database)\s*(?:\.|->)\s*(?:write|read)\("):
            before = code[max(0, match.start() - 80) : match.start()]
            # A test's `run(db.write(…))` ends before the λ does.
            if not re.search(r"(co_await\s+|\brun\(\s*)[\w.\->()]*$", before):
                yield path, line, "co_await the transaction where it is made"


# --- 0003 throw or return --------------------------------------------------------------------------


@rule(3)
def errors_are_used(sources):
    """A code in the table that nothing answers with misleads clients."""
    table = sources.files.get("server/base/errors.hpp", "")
    code = "\n".join(text for path, text in sources.server_code(tests=False))
    used = set(re.findall(r"\bErrc::(\w+)", code))
    for line, match in lines_matching(table, r"^\s*X\((\w+),"):
        if match.group(1) not in used:
            yield "server/base/errors.hpp", line, f"{match.group(1)} is used nowhere"


# --- 0004 the tenant is in the transaction ---------------------------------------------------------


def tenant_tables(sources):
    """Tables whose primary key begins with the workspace, but those under a `-- Global` comment."""
    tables = set()
    for _, text in sources.matching(r"^server/migrations/.*\.sql$"):
        text = re.sub(r"^-- Global\b.*\n(?:--.*\n)*CREATE TABLE", "CREATE GLOBAL", text, flags=re.MULTILINE)
        text = re.sub(r"--[^\n]*", "", text)
        for match in re.finditer(r"CREATE TABLE (\w+)\s*\((.*?)\n\)", text, re.DOTALL):
            keyed = re.search(
                r"PRIMARY KEY\s*\(\s*workspace_id\b|^\s*workspace_id\b[^,]*PRIMARY KEY",
                match.group(2), re.MULTILINE,
            )  # fmt: skip
            if keyed:
                tables.add(match.group(1))
    return tables


def statements_of(sources):
    """(path, line, SQL) of every statement in the server's own code."""
    for path, _ in sources.server_code(tests=False):
        if layer_of(path) == "db":
            continue
        for line, text in sources.cpp(path).strings:
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text):
                yield path, line, text


@rule(4)
def workspace_first(sources):
    """`$1` is the workspace, and every tenant table of a statement is held to it."""
    tables = tenant_tables(sources)
    for path, line, sql in statements_of(sources):
        named = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)", sql)
        touched = [table for table in named if table in tables]
        held = len(re.findall(r"\bworkspace_id\s*=\s*(?:\$1\b|\w+\.workspace_id\b)", sql))
        inserted = re.findall(r"INSERT INTO \w+\s*\(\s*workspace_id\b.*?(?:VALUES\s*\(|SELECT)\s*\$1\b",
                              sql, re.DOTALL)  # fmt: skip
        if len(touched) > held + len(inserted):
            yield path, line, f"a statement on {', '.join(touched)} without workspace_id = $1"


# --- 0005 the log is the only way out --------------------------------------------------------------


@rule(5)
def features_send_nothing(sources):
    """A use case appends to the log and adds jobs; only connectors and workers reach out."""
    for path, text in sources.server_code(tests=False):
        # Webhooks are a reader of the log whose work is to reach out (ADR 32).
        if layer_of(path) in INFRASTRUCTURE | {"webhooks"}:
            continue
        for line, header in includes_of(text):
            if re.match(r"net/(outgoing|http_client|smtp|guard)", header):
                yield path, line, f"{layer_of(path)} may not reach out: add a job"


# --- 0007 SQL is written once ----------------------------------------------------------------------


@rule(7)
def no_select_star(sources):
    """A column added by a migration must not change what a statement returns."""
    for path, line, sql in statements_of(sources):
        if re.search(r"SELECT\s+(?:\w+\.)?\*", sql):
            yield path, line, "name the columns, or {columns}"


# --- 0008 typed ids --------------------------------------------------------------------------------


@rule(8)
def ids_are_typed(sources):
    """An id in a header of a slice has its type."""
    kinds = "workspace|login|session|person|address|account|conversation|message|event|job|file|api_key"
    for path, text in sources.matching(r"^server/.*\.hpp$"):
        if layer_of(path) in {"base", "db", "net"}:
            continue
        code = sources.cpp(path).code
        for line, match in lines_matching(
            code, rf"std::string(?:_view)?(?:\s+const)?\s*&?\s+((?:{kinds})_id)\b"
        ):
            yield path, line, f"{match.group(1)} is text; give it its Id type"


# --- 0013 time is injected -------------------------------------------------------------------------


@rule(13)
def no_sleep_in_tests(sources):
    """A test that sleeps is slow or flaky; it moves the clock, or waits for what it looks at."""
    for path, _ in sources.server_code():
        if is_test(path):
            for line, match in lines_matching(
                sources.cpp(path).code, r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("
            ):
                if not re.search(r"co_await\s*$", sources.cpp(path).code[: match.start()]):
                    yield path, line, f"{match.group(1)} in a test: move the clock"


@rule(13)
def no_wall_clock(sources):
    """Time comes from base/time.hpp's Clock, which tests move."""
    for path, _ in sources.server_code(tests=False):
        if layer_of(path) in {"base", "admin"}:
            continue
        for line, _ in lines_matching(sources.cpp(path).code, r"\bsystem_clock::now|\btime\(nullptr\)"):
            yield path, line, "ask the injected Clock"


# --- 0014 the configuration is declared once -------------------------------------------------------


def declared_keys(sources):
    text = sources.files.get("server/app/settings.cpp", "")
    for line, match in lines_matching(
        text, r'\b(?:text|secret|database_url|number|flag|choice)\(\s*"([a-z_.]+)",\s*AT\(([a-z_.]+)\)'
    ):
        yield line, match.group(1), match.group(2)


@rule(14)
def keys_are_documented(sources):
    reference = sources.files.get("api/config.md")
    if reference is None:
        return
    for line, key, _ in declared_keys(sources):
        if f"`{key}`" not in reference:
            yield "server/app/settings.cpp", line, f"{key} is not in api/config.md: run script/gen"


@rule(14)
def keys_are_read(sources):
    """A key that nothing reads promises what it does not do."""
    readers = "\n".join(
        text
        for path, text in sources.server_code(tests=False)
        if layer_of(path) in {"app", "admin", "main.cpp"} and not re.search(r"/settings\.", path)
    )
    for line, key, member in declared_keys(sources):
        if not re.search(rf"\.{member.split('.')[-1]}\b", readers):
            yield "server/app/settings.cpp", line, f"nothing reads {key}"


# --- 0015 the project checks itself ----------------------------------------------------------------


@rule(15)
def folders_have_a_line(sources):
    """A stranger finds what each folder is for in the README."""
    readme = sources.files.get("README.md", "")
    folders = {path.split("/")[0] for path in sources.files if "/" in path}
    folders |= {
        "/".join(path.split("/")[:2])
        for path in sources.files
        if path.count("/") > 1 and path.split("/")[0] in {"server", "packages"}
    }
    for folder in sorted(folders):
        if not re.search(rf"^.*`{re.escape(folder)}/?`", readme, re.MULTILINE):
            yield "README.md", 1, f"no line says what `{folder}` is"


def sdk_calls(text):
    """{`GET /api/v1/me`: `auth.me`} of the SDK's resources, by its indentation."""
    calls, scopes, method = {}, [], None
    for line in text.splitlines():
        opened = re.match(r"( +)(\w+): ([{(])", line)
        if opened:
            depth = len(opened.group(1))
            scopes = [scope for scope in scopes if scope[0] < depth]
            if opened.group(3) == "{":
                scopes.append((depth, opened.group(2)))
            else:
                method = ".".join([name for _, name in scopes] + [opened.group(2)])
        for route in re.findall(r"'([A-Z]+ /[^']*)'", line) if method else ():
            calls.setdefault(route, method)
    return calls


@rule(15)
def routes_are_tested(sources):
    """Each route is called by a system test: by the SDK's method, its name, or its path."""
    if "api/openapi.json" not in sources.files:
        return
    calls = sdk_calls(sources.files.get("packages/client/src/resources.ts", ""))
    tests = "\n".join(text for _, text in sources.matching(r"^tests/.*\.ts$"))
    paths = re.sub(r"\$\{[^}]*\}", "{}", tests)
    for path, operations in json.loads(sources.files["api/openapi.json"])["paths"].items():
        for method in operations:
            route = f"{method.upper()} {path}"
            accessor = calls.get(route)
            literal = re.escape(re.sub(r"\{[^}]*\}", "{}", path)) + r"['\"`?]"
            called = accessor and re.search(rf"\.{re.escape(accessor)}\(", tests)
            if not (called or route in tests or re.search(literal, paths)):
                yield "api/openapi.json", 1, f"no system test calls {route}"


@rule(31)
def fields_say_what_they_are(sources):
    """Each field of a schema and each parameter in api/ has a description."""
    for path in ("api/openapi.json", "api/events.json"):
        if path not in sources.files:
            continue
        document = json.loads(sources.files[path])
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            for field, about in schema.get("properties", {}).items():
                if not about.get("description"):
                    yield path, 1, f"{name}.{field} is not described: add it to the field_texts of its struct"
        for route, operations in document.get("paths", {}).items():
            for method, operation in operations.items():
                for parameter in operation.get("parameters", []):
                    if "$ref" not in parameter and not parameter.get("description"):
                        yield path, 1, (f"{method.upper()} {route} does not say what {parameter['name']} is: "
                                        "add it to the field_texts of its query")


@rule(15)
def features_explain_themselves(sources):
    for path, _ in sources.matching(r"^server/\w+/store\.cpp$"):
        if f"server/{layer_of(path)}/README.md" not in sources.files:
            yield path, 1, f"server/{layer_of(path)}/README.md is missing"


@rule(15)
def links_lead_somewhere(sources):
    """A link in our documents names a file that is there."""
    folders = {str(parent) for path in sources.files for parent in Path(path).parents}
    for path, text in sources.matching(r"\.md$"):
        prose = re.sub(r"```.*?```|`[^`\n]*`", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
        for line, match in lines_matching(prose, r"\]\((?!https?:|#|mailto:)([^)#\s]+)"):
            target = str((Path("/") / Path(path).parent / match.group(1)).resolve()).lstrip("/")
            if target not in sources.files and target not in folders:
                yield path, line, f"{match.group(1)} is not there"


def lint(sources):
    findings = []
    for name, check in RULES:
        findings += [Finding(path, line, name, text) for path, line, text in check(sources) or ()]
    return findings


def main():
    if "--help" in sys.argv:
        print(__doc__)
        for name, check in RULES:
            print(f"  {name:42} {(check.__doc__ or '').strip()}")
        return 0
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    findings = lint(Sources.of(root))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
