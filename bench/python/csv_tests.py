"""A CSV file into a table: read in the client and put, and read_csv inside the server. BENCH_CSV names the file, BENCH_COMMAND ours.

As a program, with a server as `name=port,pid`, it puts the file once.
"""
import os
import subprocess
import sys
import time

import duckdb

from flight import ingest_command, parse_servers

TYPES = {"int64": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "date32[day]": "DATE"}


def figures(seconds):
    return {"s": seconds, "CSV MB/s": os.path.getsize(os.environ["BENCH_CSV"]) / 1e6 / seconds}


def put(server):
    """CSV to Arrow by DuckDB in this client, DoPut."""
    start = time.perf_counter()
    reader = duckdb.connect().execute(f"SELECT * FROM read_csv('{os.environ['BENCH_CSV']}')").to_arrow_reader(32768)
    columns = ", ".join(f'"{f.name}" {TYPES[str(f.type)]}' for f in reader.schema)
    server.update(server.main, f"CREATE OR REPLACE TABLE csv_t({columns})")
    writer, results = server.main.do_put(ingest_command("csv_t"), reader.schema)
    for batch in reader:
        writer.write_batch(batch)
    writer.done_writing()
    results.read()
    writer.close()
    return figures(time.perf_counter() - start)


def command(server):
    """A program a file, its start included: our command against our server, the Python client against the peer."""
    ours = os.environ["BENCH_COMMAND"].split()
    options = ["--server", server.uri, "--table", "csv_t", "--mode", "replace", "--again", "--quiet"]
    load = [*ours, "ingest", os.environ["BENCH_CSV"], *options]
    port = server.uri.rpartition(":")[2]
    start = time.perf_counter()
    program = load if server.name == "duckhouse" else [sys.executable, __file__, f"{server.name}={port},{server.pid}"]
    subprocess.run(program, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    assert server.row("SELECT count(*) FROM csv_t") == [5_000_000]
    return figures(seconds)


def inside(server):
    start = time.perf_counter()
    server.update(server.main, f"CREATE OR REPLACE TABLE csv_t AS SELECT * FROM read_csv('{os.environ['BENCH_CSV']}')")
    return figures(time.perf_counter() - start)


CSV_TESTS = {"csv": command, "csv_put": put, "csv_inside": inside}

if __name__ == "__main__":
    put(*parse_servers(sys.argv[1:]))
