#!/usr/bin/env python3
"""Runs tests against several Flight SQL servers in turn and prints one JSON line a test.

client.py --server duckhouse=PORT,PID --server peer=PORT,PID --reps 3 TEST ...

The servers take turns within each round, in reversed order every other round; the first round warms up and is dropped, unless --cold.
"""
import argparse
import json
import sys
import time

from adbc_tests import ADBC_TESTS
from csv_tests import CSV_TESTS
from flight import parallel, parse_servers, percentile
from load_table import LI_COLUMNS, load_table
from memory_tests import MEMORY_TESTS

TABLE = "SELECT * FROM li"


def measured(server, megabytes, work):
    """MB/s, Mrow/s and server CPU seconds per GB of `work`, which returns its rows; `megabytes` may depend on the result."""
    cpu, start = server.cpu(), time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    size = megabytes(result)
    return result, {"MB/s": size / seconds, "CPU s/GB": (server.cpu() - cpu) / size * 1e3, "RSS MB": server.memory()}


def doget(server, streams, shared=False):
    clients = [server.main if shared else server.client() for _ in range(streams)]
    outcomes = [None] * streams

    def read(i):
        outcomes[i] = server.get(clients[i], TABLE)

    _, figures = measured(server, lambda _: sum(o[1] for o in outcomes) / 1e6, lambda: parallel(streams, read))
    assert all(outcome[0] == outcomes[0][0] for outcome in outcomes)
    return {**figures, "first batch ms": max(outcome[2] for outcome in outcomes) * 1e3}


def first_batches(server, streams):
    """All streams open at once: how long until each has its first batch. They are then read to their end."""
    from flight import query_command

    clients = [server.client() for _ in range(streams)]
    infos = [client.get_flight_info(query_command(TABLE)) for client in clients]
    waits = [0.0] * streams
    start = time.perf_counter()

    def read(i):
        reader = clients[i].do_get(infos[i].endpoints[0].ticket)
        reader.read_chunk()
        waits[i] = (time.perf_counter() - start) * 1e3
        time.sleep(max(0.0, start + 2 - time.perf_counter()))
        reader.cancel()

    parallel(streams, read)
    waits.sort()
    return {"p50 ms": percentile(waits, 0.5), "slowest ms": waits[-1]}


def latency(server, sql, count):
    server.get(server.main, sql)
    times = []
    cpu = server.cpu()
    for _ in range(count):
        start = time.perf_counter()
        server.get(server.main, sql)
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    return {
        "p50 ms": percentile(times, 0.5),
        "p95 ms": percentile(times, 0.95),
        "CPU ms/op": (server.cpu() - cpu) / count * 1e3,
    }


def small(server, clients, statement, total):
    server.update(server.main, "CREATE OR REPLACE TABLE bench_small(i BIGINT, s VARCHAR)")
    connections = [server.client() for _ in range(clients)]
    each = total // clients
    for client in connections:
        server.get(client, "SELECT 1")
    times = [[] for _ in range(clients)]

    def run(i):
        for k in range(each):
            start = time.perf_counter()
            if statement == "insert":
                server.update(connections[i], f"INSERT INTO bench_small VALUES ({i * each + k}, 'row {k}')")
            else:
                server.get(connections[i], "SELECT 1")
            times[i].append((time.perf_counter() - start) * 1e3)

    cpu, start = server.cpu(), time.perf_counter()
    parallel(clients, run)
    seconds = time.perf_counter() - start
    count = each * clients
    if statement == "insert":
        assert server.row("SELECT count(*) FROM bench_small") == [count]
    flat = sorted(one for thread in times for one in thread)
    return {
        "op/s": count / seconds,
        "p50 ms": percentile(flat, 0.5),
        "p95 ms": percentile(flat, 0.95),
        "CPU ms/op": (server.cpu() - cpu) / count * 1e3,
    }


def doput(server, streams):
    table, checksum = load_table()
    batches = table.to_batches(65536)
    clients = [server.client() for _ in range(streams)]
    for i in range(streams):
        server.update(server.main, f"CREATE OR REPLACE TABLE bench_put_{i}{LI_COLUMNS}")
    _, figures = measured(
        server,
        lambda _: table.nbytes * streams / 1e6,
        lambda: parallel(streams, lambda i: server.ingest(clients[i], f"bench_put_{i}", batches, table.schema)),
    )
    for i in range(streams):
        found = server.row(f"SELECT count(*), sum(orderkey)::DOUBLE + sum(length(comment)) FROM bench_put_{i}")
        assert found == [table.num_rows, checksum], (found, table.num_rows, checksum)
        server.update(server.main, f"DROP TABLE bench_put_{i}")
    return figures


TESTS = {
    "doget": lambda s: doget(s, 1),
    "doget4": lambda s: doget(s, 4),
    "doget4shared": lambda s: doget(s, 4, shared=True),
    "first16": lambda s: first_batches(s, 16),
    "latency": lambda s: latency(s, "SELECT 1 AS x", 400),
    "latency1000": lambda s: latency(s, "SELECT * FROM li LIMIT 1000", 200),
    "doput": lambda s: doput(s, 1),
    "doput4": lambda s: doput(s, 4),
    **{f"select{n}": (lambda n: lambda s: small(s, n, "select", 1200))(n) for n in (1, 4, 8)},
    **{f"insert{n}": (lambda n: lambda s: small(s, n, "insert", 1200))(n) for n in (1, 4, 8)},
    **ADBC_TESTS,
    **CSV_TESTS,
    **MEMORY_TESTS,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", action="append", required=True)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("tests", nargs="+")
    args = parser.parse_args()
    servers = parse_servers(args.server)
    for name in args.tests:
        test, _, label = name.partition(":")
        rounds = []
        for k in range(1 if args.cold else 0, args.reps + 1):
            figures = {s.name: TESTS[test](s) for s in (servers if k % 2 else servers[::-1])}
            if k:
                rounds.append(figures)
        peaks = {s.name: s.memory("VmHWM") for s in servers}
        print(json.dumps({"test": label or test, "rounds": rounds, "peak": peaks}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
