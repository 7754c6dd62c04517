#!/usr/bin/env python3
"""DuckDB's own limit: INSERT INTO t SELECT * FROM arrow, in this process, into a table in a file, no network."""
import os
import statistics
import tempfile
import time

import duckdb

from client import LI_COLUMNS, load_table


def seconds(order):
    arrow, _ = load_table()  # found by its name in the SQL
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(os.path.join(folder, "limit.duckdb"))
        con.execute(f"SET preserve_insertion_order = {str(order).lower()}")
        con.execute(f"CREATE TABLE t{LI_COLUMNS}")
        start = time.perf_counter()
        con.execute("INSERT INTO t SELECT * FROM arrow")
        taken = time.perf_counter() - start
        con.close()
    return taken


megabytes = load_table()[0].nbytes / 1e6
for order in (True, False):
    rates = [megabytes / seconds(order) for _ in range(4)][1:]
    print(f"  order {'kept' if order else 'given up'}: {statistics.median(rates):.0f} MB/s ({' '.join(f'{r:.0f}' for r in rates)})")
