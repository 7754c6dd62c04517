"""One program, several cases: reads {"case": name, "with": {...}} on standard input, prints what the case returns as JSON."""

import json
import sys


def run(cases):
    request = json.load(sys.stdin)
    print(json.dumps(cases[request["case"]](**request["with"])))


def failure(work):
    """The class and the first line of what `work` raises; None when it raises nothing."""
    try:
        work()
    except Exception as error:  # noqa: BLE001: the test asserts which one it is
        return {"type": type(error).__name__, "message": str(error).split("\n")[0]}
    return None
