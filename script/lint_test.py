#!/usr/bin/env python3
"""Each rule of script/lint.py finds its failing sample and nothing in its passing one."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import count_results
import lint
import quotes

MIGRATION = """CREATE TABLE people (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE TABLE memberships (
    login_id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    PRIMARY KEY (login_id, workspace_id)
);
-- Global: which workspaces there are,
-- on every shard.
CREATE TABLE directory (
    workspace_id UUID NOT NULL PRIMARY KEY
);
"""


def sql(statement):
    return {
        "server/migrations/0001_create.sql": MIGRATION,
        "server/people/store.cpp": f'auto x = tx.all(R"sql({statement})sql");\n',
    }


def schema(field):
    return json.dumps({"components": {"schemas": {"Person": {"properties": {"id": field}}}}})


def parameters(*list_of_them):
    return json.dumps({"paths": {"/people": {"get": {"parameters": list_of_them}}}})


def config(doc="| `net.threads` |", use="config.net.threads"):
    return {
        "server/app/settings.cpp": 'number(\n    "net.threads", AT(net.threads), 0, 1, "doc");\n',
        "server/app/app.cpp": f"auto n = {use};\n",
        "api/config.md": doc,
    }


def api(test):
    return {
        "api/openapi.json": '{"paths": {"/api/v1/people/{person_id}": {"get": {}}}}',
        "packages/client/src/resources.ts": """
    people: {
      addresses: {
        list: (person_id: string) =>
          list('GET /api/v1/people/{person_id}/addresses', { path: { person_id } }),
      },
      get: (person_id: string) =>
        call('GET /api/v1/people/{person_id}', { path: { person_id } }),
    },
""",
        "tests/system/people.test.ts": test,
    }


def function_of(lines):
    return "template <class T>\nstatic void f(int a)\n{\n" + "    a();\n" * (lines - 4) + "}\n"


# rule: (files that pass, files that fail)
SAMPLES = {
    "layering": [
        (
            {
                "server/messages/a.cpp": '#include "people/people.hpp"\n#include "messages/b.hpp"\n',
                "server/people/people.hpp": "",
                "server/messages/a_test.cpp": '#include "testing/world.hpp"\n',
                "server/testing/world.hpp": '#include "conversations/conversations.hpp"\n',
            },
            {"server/people/a.cpp": '#include "messages/messages.hpp"\n'},
        ),
        ({}, {"server/db/a.cpp": '#include "net/request.hpp"\n'}),
        ({}, {"server/messages/a.cpp": '#include "connectors/email/email.hpp"\n'}),
        ({}, {"server/connectors/email/a.cpp": '#include "connectors/sandbox/sandbox.hpp"\n'}),
        ({}, {"server/messages/a.cpp": '#include "testing/world.hpp"\n'}),
    ],
    "private_headers": [
        (
            {"server/people/list.cpp": '#include "people/store.hpp"\n'},
            {"server/messages/a.cpp": '#include "people/store.hpp"\n'},
        ),
    ],
    "header_homes": [
        ({"server/net/a.cpp": "#include <boost/beast/http.hpp>\n"},
         {"server/people/a.cpp": "#include <boost/beast/http.hpp>\n"}),
        ({"server/db/sqlite/a.cpp": "#include <sqlite3.h>\n"},
         {"server/people/a.cpp": "#include <sqlite3.h>\n"}),
        ({"server/db/postgres/a.cpp": "#include <libpq-fe.h>\n"},
         {"server/net/a.cpp": "#include <libpq-fe.h>\n"}),
        ({"server/net/a.cpp": "#include <curl/curl.h>\n"},
         {"server/connectors/email/a.cpp": "#include <curl/curl.h>\n"}),
        ({"server/jobs/a.cpp": "#include <boost/asio/post.hpp>\n"},
         {"server/people/a.cpp": "#include <boost/asio/post.hpp>\n"}),
    ],
    "file_size": [({"server/db/a.cpp": "\n" * 500, "api/x.ts": "\n" * 900}, {"a.ts": "\n" * 501})],
    "function_size": [
        ({"server/db/a.cpp": function_of(60)}, {"server/db/a.cpp": function_of(61)}),
        (
            {"server/db/a.cpp": "struct A {\n" + "    int f() { return 1; }\n" * 80 + "};\n"},
            {"server/db/a.cpp": "namespace a {\nstruct A {\n" + function_of(61) + "};\n}\n"},
        ),
        ({"server/db/a.cpp": 'R"({)"; // {\n' + function_of(60) + "\n" * 9}, {}),
    ],
    "transaction_is_awaited": [
        (
            {"server/people/a.cpp": "co_return co_await deps.db.write(w, [&](Tx& tx) {});\n",
             "server/people/a_test.cpp": "run(db.read(w, body));"},
            {"server/people/a.cpp": "return deps.db.write(w, [&](Tx& tx) {});\n"},
        ),
    ],
    "errors_are_used": [
        (
            {"server/base/errors.hpp": '    X(gone, 404, "x")\n', "server/net/a.cpp": "Errc::gone"},
            {"server/base/errors.hpp": '    X(gone, 404, "x")\n', "server/net/a.cpp": "Errc::gon"},
        ),
    ],
    "workspace_first": [
        (sql("SELECT id FROM people WHERE workspace_id = $1 AND id = $2"),
         sql("SELECT id FROM people WHERE id = $1")),
        (sql("INSERT INTO people (workspace_id, id) VALUES ($1, $2)"),
         sql("INSERT INTO people (id, workspace_id) VALUES ($2, $1)")),
        (sql("SELECT a.id FROM people a JOIN people b ON b.workspace_id = a.workspace_id\n"
             "WHERE a.workspace_id = $1"),
         sql("SELECT a.id FROM people a JOIN people b ON b.id = a.id WHERE a.workspace_id = $1")),
        (sql("SELECT login_id FROM memberships WHERE login_id = $1"),
         sql("UPDATE people SET id = $2 WHERE workspace_id = $2")),
        (sql("SELECT workspace_id FROM directory"), {}),
        (sql("DELETE FROM people WHERE workspace_id = $1"), sql("DELETE FROM people")),
    ],
    "features_send_nothing": [
        (
            {"server/connectors/email/a.cpp": '#include "net/outgoing.hpp"\n'},
            {"server/messages/a.cpp": '#include "net/outgoing.hpp"\n'},
        ),
    ],
    "no_select_star": [
        (sql("SELECT count(*) FROM people WHERE workspace_id = $1"),
         sql("SELECT * FROM people WHERE workspace_id = $1")),
        ({}, sql("SELECT p.* FROM people p WHERE p.workspace_id = $1")),
    ],
    "ids_are_typed": [
        (
            {"server/people/people.hpp": "PersonId person_id;\nstd::string external_id;\n"},
            {"server/people/people.hpp": "std::string person_id;\n"},
        ),
        ({}, {"server/people/people.hpp": "void f(std::string const& account_id);\n"}),
    ],
    "no_sleep_in_tests": [
        (
            {"server/db/a_test.cpp": "// sleep(1)\nco_await sleep_until(clock, t);\n"},
            {"server/db/a_test.cpp": "std::this_thread::sleep_for(1s);\n"},
        ),
    ],
    "no_wall_clock": [
        (
            {"server/base/time.cpp": "system_clock::now();\n", "server/net/a.cpp": "clock.now();\n"},
            {"server/net/a.cpp": "std::chrono::system_clock::now();\n"},
        ),
    ],
    "keys_are_documented": [(config(), config(doc="| `net.thread` |"))],
    "keys_are_read": [(config(), config(use="4"))],
    "folders_have_a_line": [
        (
            {"README.md": "- `server` x\n- `server/db` y\n", "server/db/a.cpp": ""},
            {"README.md": "- `server` x\n", "server/db/a.cpp": ""},
        ),
        ({}, {"README.md": "", "bench/a.cpp": ""}),
    ],
    "routes_are_tested": [
        (api("await owner.people.get(id);"), api("await owner.people.list();")),
        (api("fetch(`${base}/api/v1/people/${id}`)"), api("fetch(`${base}/api/v1/people/${id}/x`)")),
        (api("call('GET /api/v1/people/{person_id}')"), api("owner.addresses.get(id)")),
    ],
    "fields_say_what_they_are": [
        (
            {"api/openapi.json": schema({"description": "Who", "type": "string"})},
            {"api/openapi.json": schema({"type": "string"})},
        ),
        (
            {"api/events.json": schema({"description": "Who", "type": "string"})},
            {"api/events.json": schema({"description": "", "type": "string"})},
        ),
        (
            {"api/openapi.json": parameters({"name": "limit", "description": "How many"}, {"$ref": "#/x"})},
            {"api/openapi.json": parameters({"name": "limit"})},
        ),
    ],
    "features_explain_themselves": [
        (
            {"server/people/store.cpp": "", "server/people/README.md": ""},
            {"server/people/store.cpp": ""},
        ),
    ],
    "links_lead_somewhere": [
        (
            {"docs/a.md": "[x](../server/db/a.cpp) [y](https://e.org) [z](#x) [w](../server) `[&](Tx& tx)`",
             "server/db/a.cpp": ""},
            {"docs/a.md": "[x](server/db/a.cpp)", "server/db/a.cpp": ""},
        ),
    ],
}  # fmt: skip


class LintTest(unittest.TestCase):
    def test_every_rule_has_a_sample(self):
        self.assertEqual({check.__name__ for _, check in lint.RULES}, set(SAMPLES))


class QuotesTest(unittest.TestCase):
    SOURCE = "x\n    // region a\n    int a;\n        b;\n    // endregion\n"

    def test_a_region_is_quoted_without_its_indentation(self):
        page = "<!-- quote a.cpp#a -->\n```cpp\nold\n```\n"
        filled = quotes.fill(page, lambda path: self.SOURCE)
        self.assertEqual(filled, "<!-- quote a.cpp#a -->\n```cpp\nint a;\n    b;\n```\n")

    def test_a_region_that_is_gone_is_an_error(self):
        with self.assertRaises(LookupError):
            quotes.fill("<!-- quote a.cpp#b -->\n```cpp\n```\n", lambda path: self.SOURCE)


class CountTest(unittest.TestCase):
    def test_a_runner_that_died_counts_as_a_failure(self):
        def case(result, failures=()):
            return {"result": result, "failures": list(failures)}

        cases = [case("COMPLETED"), case("COMPLETED", ["x"]), case("SKIPPED"), case("SUPPRESSED")]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "unit-sqlite").mkdir()
            (folder / "unit-sqlite" / "expected.txt").write_text("db_test\nnet_test\n")
            report = {"testsuites": [{"testsuite": cases}]}
            (folder / "unit-sqlite" / "db_test.json").write_text(json.dumps(report))
            (folder / "system.json").write_text('{"passed": 5, "failed": 2, "skipped": 0}')
            passed, failed, notes = count_results.count(folder)
        self.assertEqual((passed, failed), (1 + 5, 1 + 1 + 2))
        self.assertEqual(notes, ["db_test on sqlite: 1 skipped", "net_test on sqlite died before it could report"])


def sample_test(check, passing, failing):
    def test(self):
        self.assertEqual(list(check(lint.Sources(passing)) or ()), [])
        if failing:
            self.assertTrue(list(check(lint.Sources(failing)) or ()), "the failing sample passes")

    return test


for _, rule in lint.RULES:
    for number, (good, bad) in enumerate(SAMPLES.get(rule.__name__, [])):
        setattr(LintTest, f"test_{rule.__name__}_{number}", sample_test(rule, good, bad))

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
