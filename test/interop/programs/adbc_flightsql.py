"""The stock ADBC driver for Flight SQL, by itself and under pandas and polars."""

import datetime
import decimal
import threading
import time

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pandas
import polars
import pyarrow as pa
from cases import failure, run


def connect(uri, autocommit=True, **options):
    return flightsql.connect(uri, db_kwargs=options, autocommit=autocommit)


def rows(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [list(row) for row in cursor.fetchall()]


def metadata(uri):
    with connect(uri) as connection:
        info = connection.adbc_get_info()
        objects = connection.adbc_get_objects(depth="all", catalog_filter="memory", db_schema_filter="main", table_name_filter="kept%")
        tables = [
            [catalog["catalog_name"], schema["db_schema_name"], table["table_name"], table["table_type"], [(c["column_name"], c["xdbc_type_name"], c["ordinal_position"]) for c in table["table_columns"]]]
            for catalog in objects.read_all().to_pylist()
            for schema in catalog["catalog_db_schemas"]
            for table in schema["db_schema_tables"]
        ]
        return {
            "name": info["vendor_name"],
            "version": info["vendor_version"],
            "types": connection.adbc_get_table_types(),
            "tables": tables,
            "schema": [[f.name, str(f.type), f.nullable] for f in connection.adbc_get_table_schema("kept")],
            "absent": failure(lambda: connection.adbc_get_table_schema("absent")),
            "catalog": connection.adbc_current_catalog,
            "db_schema": connection.adbc_current_db_schema,
        }


def statements(uri):
    """DDL and DML take effect without a fetch; counts, parameters of every Python type, many rows at once."""
    moment = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    values = [1, "é", 1.5, True, b"\x00\xff", datetime.date(2024, 2, 29), moment, None]
    with connect(uri) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE made(i BIGINT, s VARCHAR, f DOUBLE, b BOOLEAN, x BLOB, d DATE, t TIMESTAMP, n INTEGER)")
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        back = rows(connection, "SELECT * FROM made")[0]
        with connection.cursor() as cursor:
            started = time.perf_counter()
            cursor.executemany("INSERT INTO made(i, s) VALUES (?, ?)", [(i, None if i % 2 else str(i)) for i in range(10_000)])
            seconds = time.perf_counter() - started
            many = cursor.rowcount
        with connection.cursor() as cursor:
            cursor.execute("UPDATE made SET s = 'x' WHERE i < 10")
        counts = rows(connection, "SELECT count(*), count(s), count(*) FILTER (s = 'x') FROM made")[0]
        with connection.cursor() as cursor:
            cursor.adbc_statement.set_sql_query("DELETE FROM made WHERE i > 100")
            deleted = cursor.adbc_statement.execute_update()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO made(i) VALUES (-1) RETURNING i * 2")
            returned = cursor.fetchall()
        with connection.cursor() as cursor:
            schema = str(cursor.adbc_execute_schema("SELECT 1::DECIMAL(9, 2) AS d").field(0).type)
            prepared = cursor.adbc_prepare("SELECT ?::INTEGER + 1")
        return {
            "same": [a == b for a, b in zip(back, values)],
            "many": many,
            "seconds": seconds,
            "counts": counts,
            "deleted": deleted,
            "returned": [list(r) for r in returned],
            "schema": schema,
            "prepared": len(prepared),
            "syntax": failure(lambda: rows(connection, "SELEC 1")),
            "missing": failure(lambda: rows(connection, "SELECT * FROM nowhere")),
            "duplicate": failure(lambda: rows(connection, "CREATE TABLE kept(a INTEGER)")),
            "constraint": failure(lambda: rows(connection, "INSERT INTO kept VALUES (1, 'again')")),
            "substrait": failure(lambda: rows(connection, b"plan")),
        }


def transactions(uri):
    with connect(uri, autocommit=False) as one, connect(uri) as other:
        with one.cursor() as cursor:
            cursor.execute("CREATE TABLE moved(a INTEGER)")
            cursor.execute("INSERT INTO moved VALUES (1)")
        inside = rows(one, "SELECT count(*) FROM moved")
        outside = failure(lambda: rows(other, "SELECT count(*) FROM moved"))
        one.rollback()
        undone = failure(lambda: rows(one, "SELECT count(*) FROM moved"))
        one.rollback()
        with one.cursor() as cursor:
            cursor.execute("CREATE TABLE moved(a INTEGER)")
            cursor.executemany("INSERT INTO moved VALUES (?)", [(1,), (2,)])
            cursor.adbc_ingest("moved", pa.table({"a": pa.array([3], pa.int32())}), mode="append")
        one.commit()
        kept = rows(other, "SELECT sum(a)::INTEGER FROM moved")
        one.commit()
        return {"inside": inside, "outside": outside, "undone": undone, "kept": kept}


def conflict(uri):
    with connect(uri, autocommit=False) as one, connect(uri, autocommit=False) as two:
        with one.cursor() as cursor:
            cursor.execute("UPDATE kept SET b = 'uno' WHERE a = 1")
        seen = failure(lambda: two.cursor().execute("UPDATE kept SET b = 'due' WHERE a = 1"))
        two.rollback()
        one.commit()
        with connect(uri) as check:
            return {"seen": seen, "kept": rows(check, "SELECT b FROM kept WHERE a = 1")}


def ingest(uri):
    big = pa.table({"i": pa.array(range(200_000)), "s": pa.array(["row " + str(i) for i in range(200_000)])})
    table = pa.table({
        "d": pa.array([decimal.Decimal("12345678901234567890.123"), None], pa.decimal128(38, 3)),
        "ns": pa.array([1, None], pa.timestamp("ns")),
        "u": pa.array(["x", None]).dictionary_encode(),
        "l": pa.array([[1, None], None], pa.list_(pa.int64())),
    })
    with connect(uri) as connection, connection.cursor() as cursor:
        outcome = {"create": cursor.adbc_ingest("loaded", table, mode="create")}
        outcome["again"] = failure(lambda: cursor.adbc_ingest("loaded", table, mode="create"))
        outcome["append"] = cursor.adbc_ingest("loaded", table, mode="append")
        outcome["create_append"] = cursor.adbc_ingest("loaded", table, mode="create_append")
        outcome["replace"] = cursor.adbc_ingest("loaded", table, mode="replace")
        outcome["absent"] = failure(lambda: cursor.adbc_ingest("not_there", table, mode="append"))
        outcome["big"] = cursor.adbc_ingest("big", big.to_reader(max_chunksize=10_000), mode="create", db_schema_name="main")
        # A cursor keeps the schema it was told: a temporary table takes a new one.
        with connection.cursor() as fresh:
            outcome["temporary"] = fresh.adbc_ingest("passing", table, mode="create", temporary=True)
        outcome["rows"] = rows(connection, "SELECT d::VARCHAR, epoch_ns(ns), u, l FROM loaded ORDER BY d NULLS LAST")
        outcome["sum"] = rows(connection, "SELECT count(*), sum(i)::BIGINT, max(length(s)) FROM big")
        return outcome


def frames(uri):
    frame = polars.DataFrame({"a": [1, 2, None], "b": ["x", None, "z"]})
    with connect(uri) as connection:
        written = frame.write_database("from_polars", connection, if_table_exists="replace", engine="adbc")
        read = polars.read_database("SELECT * FROM from_polars ORDER BY a NULLS LAST", connection)
        pandas.DataFrame({"c": [1.5, None]}).to_sql("from_pandas", connection, index=False, if_exists="replace")
        back = pandas.read_sql("SELECT * FROM from_pandas ORDER BY c", connection)
        # Through ADBC pandas goes by way of GetObjects to see whether the table is there.
        again = failure(lambda: pandas.DataFrame({"c": [2.5]}).to_sql("from_pandas", connection, index=False, if_exists="fail"))
        return {
            "written": written,
            "polars": read.rows() == [(1, "x"), (2, None), (None, "z")],
            "pandas": str(back["c"].tolist()),
            "again": again,
        }


def streams(uri, sql):
    """A result larger than memory should be is read batch by batch; several cursors of one connection are open at once."""
    with connect(uri) as connection:
        first, second = connection.cursor(), connection.cursor()
        first.execute("SELECT range AS i FROM range(1000000)")
        second.execute("SELECT range AS i FROM range(10)")
        small = len(second.fetchall())
        reader = first.fetch_record_batch()
        total, largest = 0, 0
        for batch in reader:
            total += batch.num_rows
            largest = max(largest, batch.nbytes)
        first.close()
        second.close()
        with connection.cursor() as cursor:
            partitions, schema = cursor.adbc_execute_partitions("SELECT range AS i FROM range(5)")
            with connection.cursor() as reading:
                reading.adbc_read_partition(partitions[0])
                parts = [r[0] for r in reading.fetchall()]
        endless = connection.cursor()
        timer = threading.Timer(0.5, endless.adbc_cancel)
        timer.start()
        started = time.perf_counter()
        cancelled = failure(lambda: (endless.execute(sql), endless.fetchall()))
        seconds = time.perf_counter() - started
        after = rows(connection, "SELECT 1")
        return {"small": small, "total": total, "largest": largest, "partitions": len(partitions), "schema": str(schema.field(0).type), "parts": parts, "cancelled": cancelled, "seconds": seconds, "after": after}


def credentials(uri, username, password):
    with connect(uri, username=username, password=password) as connection:
        inside = rows(connection, "SELECT 1")
    header = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
    return {
        "inside": inside,
        "wrong": failure(lambda: rows(connect(uri, username=username, password="no"), "SELECT 1")),
        "none": failure(lambda: rows(connect(uri), "SELECT 1")),
        "bearer": failure(lambda: rows(connect(uri, **{header: "Bearer nonsense"}), "SELECT 1")),
    }


def sessions(uri):
    """Temporary tables, USE and SET belong to a connection when it keeps cookies."""
    cookies = adbc_driver_flightsql.DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value
    with connect(uri, **{cookies: "true"}) as one, connect(uri, **{cookies: "true"}) as other:
        rows(one, "CREATE TEMP TABLE mine AS SELECT 7 AS n")
        own = rows(one, "SELECT n FROM mine")
        others = failure(lambda: rows(other, "SELECT n FROM mine"))
        one.adbc_connection.set_options(**{"adbc.connection.db_schema": "second"})
        return {"own": own, "others": others, "schema": rows(one, "SELECT current_schema()"), "elsewhere": rows(other, "SELECT current_schema()"), "table": rows(one, "SELECT * FROM within")}


def violations(uri, statements):
    """Class, status and SQLSTATE trailer of each failure."""

    def one(connection, sql):
        try:
            rows(connection, sql)
        except adbc_driver_manager.Error as error:
            details = dict(error.details)
            return [type(error).__name__, error.status_code.name, details["x-sqlstate" if "x-sqlstate" in details else b"x-sqlstate"].decode()]
        return None

    with connect(uri) as connection:
        return [one(connection, sql) for sql in statements]


assert adbc_driver_manager.__version__
run({case.__name__: case for case in (metadata, statements, transactions, conflict, ingest, frames, streams, credentials, sessions, violations)})
