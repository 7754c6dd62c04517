"""pyarrow's Flight client on the plain conventions: SQL text as ticket or command, a path as a table."""

import json
import threading
import time

import pyarrow as pa
import pyarrow.flight as flight
from cases import failure, run


def batches(rows, step):
    for start in range(0, rows, step):
        yield pa.record_batch(
            {
                "i": pa.array(range(start, min(start + step, rows)), pa.int64()),
                "s": pa.array([f"row {n}" if n % 3 else None for n in range(start, min(start + step, rows))]),
            }
        )


schema = pa.schema([("i", pa.int64()), ("s", pa.string())])


def get(uri, sql):
    """The same query by ticket, and by command with its info."""
    with flight.connect(uri) as client:
        direct = client.do_get(flight.Ticket(sql.encode())).read_all()
        info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()))
        schema_alone = client.get_schema(flight.FlightDescriptor.for_command(sql.encode())).schema
        fetched = client.do_get(info.endpoints[0].ticket).read_all()
        return {
            "rows": direct.to_pylist(),
            "same": direct.equals(fetched) and info.schema == fetched.schema == schema_alone,
            "types": [str(field.type) for field in direct.schema],
        }


def put(uri, path, rows, step, headers):
    with flight.connect(uri) as client:
        options = flight.FlightCallOptions(headers=[(k.encode(), v.encode()) for k, v in headers.items()])
        writer, reader = client.do_put(flight.FlightDescriptor.for_path(*path), schema, options)
        for batch in batches(rows, step):
            writer.write_batch(batch)
        writer.done_writing()
        receipt = reader.read()
        writer.close()  # raises what the server refused
        return json.loads(receipt.to_pybytes())


def failed_put(uri, path, headers):
    return failure(lambda: put(uri, path, 10, 10, headers))


def listing(uri, criteria):
    with flight.connect(uri) as client:
        flights = list(client.list_flights(criteria.encode()))
        tables = [
            {"path": [part.decode() for part in one.descriptor.path], "rows": one.total_records, "columns": one.schema.names}
            for one in flights
        ]
        info = client.get_flight_info(flights[0].descriptor)
        return {
            "tables": tables,
            "first": client.do_get(info.endpoints[0].ticket).read_all().num_rows,
            "schema": client.get_schema(flights[0].descriptor).schema.names,
        }


def actions(uri):
    with flight.connect(uri) as client:
        act = lambda name, body: [json.loads(r.body.to_pybytes()) for r in client.do_action(flight.Action(name, json.dumps(body).encode()))]
        made = act("create_view", {"name": "seen", "sql": "SELECT 42 AS answer"})
        rows = client.do_get(flight.Ticket(b"FROM seen")).read_all().to_pylist()
        return {
            "listed": {action.type: action.description for action in client.list_actions()},
            "made": made,
            "rows": rows,
            "dropped": act("drop", {"name": "seen"}),
            "again": failure(lambda: act("drop", {"name": "seen"})),
            "unknown": failure(lambda: act("fly", {})),
            "malformed": failure(lambda: list(client.do_action(flight.Action("drop", b"{")))),
        }


def authenticate(uri, username, password):
    sql = flight.Ticket(b"SELECT 1 AS one")
    with flight.connect(uri) as client:
        nobody = failure(lambda: client.do_get(sql).read_all())
        wrong = failure(lambda: client.authenticate_basic_token(username, password + "x"))
        token = client.authenticate_basic_token(username, password)
        rows = client.do_get(sql, flight.FlightCallOptions(headers=[token])).read_all().to_pylist()
        stale = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer made-up")])
        return {
            "nobody": nobody,
            "wrong": wrong,
            "scheme": token[1].decode().split(" ")[0],
            "rows": rows,
            "stale": failure(lambda: client.do_get(sql, stale).read_all()),
        }


def handshake(uri, username, password):
    """The older way: BasicAuth messages in the handshake, the token in each call's auth-token-bin or authorization header."""

    class Basic(flight.ClientAuthHandler):
        def __init__(self):
            super().__init__()
            self.token = b""

        def authenticate(self, outgoing, incoming):
            outgoing.write(flight.BasicAuth(username, password).serialize())
            self.token = incoming.read()

        def get_token(self):
            return self.token

    handler = Basic()
    with flight.connect(uri) as client:
        client.authenticate(handler)
        bearer = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer " + handler.token)])
        return client.do_get(flight.Ticket(b"SELECT 1 AS one"), bearer).read_all().to_pylist()


def cancel(uri, endless):
    """By the reader, by a deadline, and by the action of another client."""
    with flight.connect(uri) as client, flight.connect(uri) as other:
        reader = client.do_get(flight.Ticket(b"SELECT range AS i FROM range(1000000000)"))
        reader.read_chunk()
        reader.cancel()
        cancelled = failure(lambda: [None for _ in iter(reader.read_chunk, None)])  # read_all takes it for a Ctrl-C
        started = time.monotonic()
        late = failure(lambda: client.do_get(flight.Ticket(endless.encode()), flight.FlightCallOptions(timeout=0.5)).read_all())
        waited = time.monotonic() - started
        info = client.get_flight_info(flight.FlightDescriptor.for_command(endless.encode()))
        query_id = json.loads(info.app_metadata)["queryId"]
        outcome = []
        thread = threading.Thread(target=lambda: outcome.append(failure(lambda: client.do_get(info.endpoints[0].ticket).read_all())))
        thread.start()
        time.sleep(0.5)
        running = list(other.do_action(flight.Action("query_progress", json.dumps({"queryId": query_id}).encode())))
        list(other.do_action(flight.Action("cancel", json.dumps({"queryId": query_id}).encode())))
        thread.join()
        return {
            "cancelled": cancelled,
            "late": late,
            "waited": waited,
            "running": json.loads(running[0].body.to_pybytes())[0]["sql"] == endless,
            "outcome": outcome[0],
        }


def parallel(uri, streams, rows):
    """Puts into one table by several clients at once, then reads it as often at once."""
    outcomes = {}

    def both(number):
        try:
            with flight.connect(uri) as client:
                writer, reader = client.do_put(flight.FlightDescriptor.for_path("parallel"), schema)
                for batch in batches(rows, 5000):
                    writer.write_batch(batch)
                writer.done_writing()
                receipt = json.loads(reader.read().to_pybytes())["rows"]
                writer.close()
                barrier.wait(60)
                table = client.do_get(flight.Ticket(b"SELECT i, s FROM parallel")).read_all()
                outcomes[number] = [receipt, table.num_rows, pa.compute.sum(table["i"]).as_py()]
        except Exception as error:  # noqa: BLE001: told to the test
            barrier.abort()
            outcomes[number] = str(error)

    import pyarrow.compute  # noqa: F401: before the threads start

    barrier = threading.Barrier(streams)
    threads = [threading.Thread(target=both, args=(number,)) for number in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[number] for number in range(streams)]


def read_some(uri, sql):
    """One chunk, then the client leaves."""
    with flight.connect(uri) as client:
        reader = client.do_get(flight.Ticket(sql.encode()))
        return reader.read_chunk().data.num_rows > 0


def errors(uri, statements):
    def one(sql):
        return failure(lambda: get(uri, sql))

    return [one(sql) for sql in statements]


def secure(uri, ca, cert, key):
    files = {name: open(file, "rb").read() for name, file in {"ca": ca, "cert": cert, "key": key}.items() if file}
    options = {"tls_root_certs": files["ca"]} if "ca" in files else {"disable_server_verification": True}
    if "cert" in files:
        options |= {"cert_chain": files["cert"], "private_key": files["key"]}

    def one():
        with flight.FlightClient(uri, **options) as client:
            return client.do_get(flight.Ticket(b"SELECT 1 AS one"), flight.FlightCallOptions(timeout=20)).read_all().to_pylist()

    rows = []
    problem = failure(lambda: rows.extend(one()))
    return {"rows": rows, "failure": problem}


run({case.__name__: case for case in [get, put, failed_put, listing, actions, authenticate, handshake, cancel, parallel, read_some, errors, secure]})
