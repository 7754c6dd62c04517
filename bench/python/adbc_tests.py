"""The same through the ADBC driver: what a Python user sees."""
import time

import adbc_driver_flightsql.dbapi as adbc
import pyarrow as pa

from flight import percentile
from load_table import LI_COLUMNS, load_table

ROWS = 5_000_000


def connect(server):
    return adbc.connect(server.uri, autocommit=True)


def read(server):
    with connect(server) as connection, connection.cursor() as cursor:
        cpu, start = server.cpu(), time.perf_counter()
        cursor.execute(f"SELECT * FROM li LIMIT {ROWS}")
        table = cursor.fetch_arrow_table()
        seconds = time.perf_counter() - start
    assert table.num_rows == ROWS
    megabytes = table.nbytes / 1e6
    return {"MB/s": megabytes / seconds, "CPU s/GB": (server.cpu() - cpu) / megabytes * 1e3}


def ingest(server):
    table, _ = load_table()
    server.update(server.main, f"CREATE OR REPLACE TABLE bench_adbc{LI_COLUMNS}")
    with connect(server) as connection, connection.cursor() as cursor:
        cpu, start = server.cpu(), time.perf_counter()
        batches = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(65536))
        cursor.adbc_ingest("bench_adbc", batches, mode="append")
        seconds = time.perf_counter() - start
    assert server.row("SELECT count(*) FROM bench_adbc") == [table.num_rows]
    server.update(server.main, "DROP TABLE bench_adbc")
    megabytes = table.nbytes / 1e6
    return {"MB/s": megabytes / seconds, "CPU s/GB": (server.cpu() - cpu) / megabytes * 1e3}


def executemany(server):
    server.update(server.main, "CREATE OR REPLACE TABLE bench_many(i BIGINT, s VARCHAR)")
    rows = [(i, f"row {i}") for i in range(10_000)]
    with connect(server) as connection, connection.cursor() as cursor:
        start = time.perf_counter()
        cursor.executemany("INSERT INTO bench_many VALUES (?, ?)", rows)
        seconds = time.perf_counter() - start
    assert server.row("SELECT count(*) FROM bench_many") == [len(rows)]
    return {"s": seconds}


def prepared(server):
    """1,000 runs of one prepared statement on a small table, and 1,000 of statements that are new each time."""
    server.update(server.main, "CREATE OR REPLACE TABLE bench_point AS FROM li LIMIT 1000")
    sql = (
        "SELECT p.flag, count(*) AS n, sum(p.price * q.quantity) AS s FROM bench_point p"
        " JOIN bench_point q USING (orderkey) WHERE p.orderkey < ? GROUP BY p.flag ORDER BY p.flag"
    )
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.adbc_prepare(sql)
        cpu, start = server.cpu(), time.perf_counter()
        for i in range(1000):
            cursor.execute(sql, (i,))
            cursor.fetchall()
        kept, kept_cpu = time.perf_counter() - start, server.cpu() - cpu
        cpu, start = server.cpu(), time.perf_counter()
        for i in range(1000):
            cursor.execute(sql.replace("?", str(i)))
            cursor.fetchall()
        unprepared, unprepared_cpu = time.perf_counter() - start, server.cpu() - cpu
    return {
        "prepared s": kept,
        "unprepared s": unprepared,
        "share": kept / unprepared,
        "prepared CPU s": kept_cpu,
        "unprepared CPU s": unprepared_cpu,
    }


def connect_select(server):
    times = []
    for _ in range(60):
        start = time.perf_counter()
        with connect(server) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    return {"p50 ms": percentile(times, 0.5), "p95 ms": percentile(times, 0.95)}


def get_tables(server):
    """GetTables with schemas over 2,000 tables of 20 columns."""
    if server.row("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'wide'") != [2000]:
        columns = ", ".join(f"c{i} {'BIGINT' if i % 2 else 'VARCHAR'}" for i in range(20))
        server.update(server.main, "CREATE SCHEMA IF NOT EXISTS wide")
        server.update(server.main, ";".join(f"CREATE OR REPLACE TABLE wide.t{i}({columns})" for i in range(2000)))
    from flight import command, field, number

    wanted = command(b"CommandGetTables", field(2, b"wide") + number(5, 1))
    cpu, start = server.cpu(), time.perf_counter()
    info = server.main.get_flight_info(wanted)
    table = server.main.do_get(info.endpoints[0].ticket).read_all()
    seconds = time.perf_counter() - start
    assert table.num_rows == 2000 and "table_schema" in table.column_names, table.schema
    assert len(pa.ipc.read_schema(pa.py_buffer(table["table_schema"][0].as_py()))) == 20
    return {"ms": seconds * 1e3, "CPU ms": (server.cpu() - cpu) * 1e3}


def small(server, clients, statement, total=1200):
    from flight import parallel

    server.update(server.main, "CREATE OR REPLACE TABLE bench_small(i BIGINT, s VARCHAR)")
    connections = [adbc.connect(server.uri, autocommit=True) for _ in range(clients)]
    each = total // clients
    times = [[] for _ in range(clients)]

    def run(i):
        for k in range(each):
            start = time.perf_counter()
            with connections[i].cursor() as cursor:
                if statement == "insert":
                    cursor.executescript(f"INSERT INTO bench_small VALUES ({i * each + k}, 'row {k}')")
                else:
                    cursor.execute("SELECT 1")
                    cursor.fetchone()
            times[i].append((time.perf_counter() - start) * 1e3)

    cpu, start = server.cpu(), time.perf_counter()
    parallel(clients, run)
    seconds = time.perf_counter() - start
    for connection in connections:
        connection.close()
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


ADBC_TESTS = {
    "adbc_read": read,
    "adbc_ingest": ingest,
    "adbc_executemany": executemany,
    "adbc_prepared": prepared,
    "adbc_connect": connect_select,
    "adbc_tables": get_tables,
    **{f"adbc_select{n}": (lambda n: lambda s: small(s, n, "select"))(n) for n in (1, 4, 8)},
    **{f"adbc_insert{n}": (lambda n: lambda s: small(s, n, "insert"))(n) for n in (1, 4, 8)},
}
