"""The stock ADBC driver for Flight SQL with the proofs and roles of the server."""

import base64

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi as flightsql
import pyarrow as pa
from cases import failure, run

HEADER = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value


def ask(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [list(row) for row in cursor.fetchall()]


def rights(uri, username, password, forbidden):
    """What a user may do, over prepared statements, parameters, ingest and metadata."""
    with flightsql.connect(uri, db_kwargs={"username": username, "password": password}, autocommit=True) as connection:

        def ingest():
            with connection.cursor() as cursor:
                return cursor.adbc_ingest("loaded", pa.table({"a": [1, 2, 3]}), mode="create_append")

        def insert():
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO kept VALUES (?)", [(1,), (2,)])

        return {
            "read": ask(connection, "SELECT ?, count(*) FROM kept WHERE a >= ?", (7, 0)),
            "tables": len(connection.adbc_get_objects(depth="all").read_all()),
            "columns": connection.adbc_get_table_schema("kept").names,
            "create": failure(lambda: ask(connection, "CREATE OR REPLACE TABLE made AS SELECT 1 AS a")),
            "insert": failure(insert),
            "ingest": failure(ingest),
            "file": failure(lambda: ask(connection, f"SELECT * FROM read_text('{forbidden}')")),
            "copy": failure(lambda: ask(connection, f"COPY kept TO '{forbidden}.out'")),
            "setting": failure(lambda: ask(connection, "SET threads = 1")),
        }


def proofs(uri, username, password, token):
    """Which proofs open a connection: failures by name, None for those that do."""
    basic = base64.b64encode(f"{username}:{password}".encode()).decode()

    def opens(**options):
        def work():
            with flightsql.connect(uri, db_kwargs=options, autocommit=True) as connection:
                ask(connection, "SELECT 1")

        return failure(work)

    return {
        "password": opens(username=username, password=password),
        "basic header": opens(**{HEADER: f"Basic {basic}"}),
        "unpadded header": opens(**{HEADER: f"Basic {basic.rstrip('=')}"}),
        "token": opens(**{HEADER: f"Bearer {token}"}),
        "wrong password": opens(username=username, password="wrong"),
        "unknown user": opens(username="nobody", password=password),
        "wrong token": opens(**{HEADER: "Bearer wrong"}),
        "nothing": opens(),
    }


run({"rights": rights, "proofs": proofs})
