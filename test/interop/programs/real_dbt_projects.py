"""(Not named dbt_*: real dbt imports every such module it finds, as a plugin.)

Real dbt through the script of a project; prints what each step left: exit code, lines, statuses, relations.

Input: {"folder", "steps", "unstable"}. Each step runs in a fork, so that dbt is imported once and keeps no state.
"""
import json, os, re, shutil, sys, tempfile

import duckdb
from dbt.cli.main import dbtRunner

given = json.load(sys.stdin)
folder, unstable = given["folder"], set(given["unstable"])
os.chdir(folder)
os.environ.update(TZ="UTC", DBT_SEND_ANONYMOUS_USAGE_STATS="false", DBT_VERSION_CHECK="false", DBT_LOG_LEVEL_FILE="none")


def invoke(argv, env):
    """Exit code and lines of one command line."""
    with tempfile.TemporaryFile("w+") as out:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.environ.update(env)
            result = dbtRunner().invoke([*argv, "--quiet", "--no-use-colors"])
            sys.stdout.flush()
            os._exit(0 if result.success else 2 if result.exception else 1)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        return os.waitstatus_to_exitcode(status), [line.rstrip() for line in out.read().splitlines()]


quoted = lambda name: '"' + name.replace('"', '""') + '"'


def relations(file):
    if not os.path.exists(file):
        return {}
    con = duckdb.connect(file, read_only=True)
    con.execute("SET timezone = 'UTC'")
    found = {}
    for schema, name, kind in con.execute(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables"
        " WHERE table_catalog = current_database() AND table_schema <> '_duckhouse' ORDER BY ALL"
    ).fetchall():
        relation = f"{quoted(schema)}.{quoted(name)}"
        try:
            columns = [list(row[:2]) for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
            sums = [
                f"count({quoted(c)}) || '/' || count(DISTINCT {quoted(c)})"
                if c in unstable
                else f"sum(md5_number_lower(coalesce(CAST({quoted(c)} AS VARCHAR), chr(1) || 'N'))::HUGEINT)::VARCHAR"
                for c, _ in columns
            ]
            row = con.execute(f"SELECT count(*)::VARCHAR, {', '.join(sums)} FROM {relation}").fetchone()
            found[f"{schema}.{name}"] = {"kind": kind, "columns": columns, "hashes": list(row)}
        except duckdb.Error:
            found[f"{schema}.{name}"] = {"kind": kind, "error": True}
    con.close()
    return found


def results(before):
    file = "target/run_results.json"
    if not os.path.exists(file) or os.stat(file).st_mtime_ns == before:
        return None
    return {r["unique_id"]: [r["status"], r["failures"]] for r in json.load(open(file))["results"]}


def edit(step):
    if "sql" in step:
        con = duckdb.connect(step.get("db", "own.duckdb"))
        con.execute(step["sql"])
        con.close()
    if "write" in step:
        open(step["write"][0], "w").write(step["write"][1])
    if "remove" in step:
        os.remove(step["remove"])
    if "copy" in step:
        os.makedirs(os.path.dirname(step["copy"][1]), exist_ok=True)
        shutil.copy(*step["copy"])
    if "replace" in step:
        name, old, new = step["replace"]
        text = open(name).read()
        open(name, "w").write(text.replace(old, new))


outcomes = []
for step in given["steps"]:
    edit(step)
    if "dbt" not in step:
        outcomes.append(None)
        continue
    file = "target/run_results.json"
    before = os.stat(file).st_mtime_ns if os.path.exists(file) else None
    code, lines = invoke(step["dbt"], step.get("env", {}))
    outcomes.append({
        "code": code,
        "lines": sorted(line for line in lines if line) if step["dbt"][0] == "ls" and code == 0 else None,
        "statuses": results(before),
        "relations": {file: relations(file) for file in ("own.duckdb", "prod.duckdb", "other.duckdb")},
    })

nodes = {}
if os.path.exists("target/manifest.json"):
    nodes = {k: n.get("compiled_code") for k, n in json.load(open("target/manifest.json"))["nodes"].items()}
json.dump({"outcomes": outcomes, "nodes": nodes}, sys.stdout)
