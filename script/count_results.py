#!/usr/bin/env python3
"""script/count_results.py FOLDER [FAILED-PHASE…]

Adds up what the test runners of one script/test wrote under FOLDER: GoogleTest's JSON (one file an
executable and engine, of those in unit-ENGINE/expected.txt; one without a file died and counts as a failure) and the
summaries of the system tests and fuzzers. Prints `N passed, N failed` last and fails unless every
phase and test passed and there was at least one test.
"""

import json
import sys
from pathlib import Path


def count_gtest(report):
    cases = [case for suite in report["testsuites"] for case in suite["testsuite"]]
    failed = [case for case in cases if case.get("failures")]
    ran = [case for case in cases if case.get("result") == "COMPLETED"]
    skipped = [case for case in cases if case.get("result") == "SKIPPED"]
    return len(ran) - len(failed), len(failed), len(skipped)


def count(folder):
    """(passed, failed, notes)"""
    passed = failed = 0
    notes = []
    for expected in sorted(folder.glob("unit-*/expected.txt")):
        engine = expected.parent.name.removeprefix("unit-")
        for name in expected.read_text().split():
            report = expected.parent / f"{name}.json"
            if not report.exists():
                failed += 1
                notes.append(f"{name} on {engine} died before it could report")
                continue
            good, bad, skipped = count_gtest(json.loads(report.read_text()))
            passed += good
            failed += bad
            if skipped:
                notes.append(f"{name} on {engine}: {skipped} skipped")
    for summary in sorted(folder.glob("*.json")):
        counts = json.loads(summary.read_text())
        passed += counts["passed"]
        failed += counts["failed"]
        if counts.get("skipped"):
            notes.append(f"{summary.stem}: {counts['skipped']} skipped")
    return passed, failed, notes


def main():
    folder, failed_phases = Path(sys.argv[1]), sys.argv[2:]
    passed, failed, notes = count(folder)
    # A phase that failed without a failed test (a build, a check, a runner that died) counts as one.
    if failed_phases and failed == 0:
        failed = len(failed_phases)
    for note in notes:
        print(note)
    if failed_phases:
        print(f"failed: {', '.join(failed_phases)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or failed_phases or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
