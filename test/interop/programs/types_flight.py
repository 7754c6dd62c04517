"""Types through pyarrow: tables read and put back as they came, and arrays of pyarrow's own types."""

import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.flight as flight
from cases import failure, run


def put(client, name, table):
    writer, reader = client.do_put(flight.FlightDescriptor.for_path(name), table.schema)
    writer.write_table(table)
    writer.done_writing()
    reader.read()
    writer.close()


def mirror(uri, pairs):
    """Reads each table, puts it into another; its column's type and values as Python has them."""
    seen = []
    with flight.connect(uri) as client:
        for source, target in pairs:
            table = client.do_get(flight.Ticket(f'FROM "{source}"'.encode())).read_all()
            put(client, target, table)
            values = []
            problem = failure(lambda: values.extend(repr(value) for value in table["v"].to_pylist()))
            seen.append(
                {
                    "type": str(table.schema.field("v").type),
                    "values": values,
                    "invalid": failure(lambda: table.validate(full=True)),
                    "unreadable": problem and problem["message"],
                }
            )
    return seen


numbers = pa.array([1, None, 3], pa.int32())
words = pa.array(["a", None, "ccc"])
moment = datetime.datetime(2024, 2, 29, 12, 34, 56)

own = {
    "null": pa.nulls(3),
    "bool": pa.array([True, None, False]),
    "large_string": pa.array(["a", None, "é" * 100], pa.large_string()),
    "string_view": pa.array(["a", None, "longer than twelve bytes"], pa.string_view()),
    "large_binary": pa.array([b"\x00\xff", None, b""], pa.large_binary()),
    "binary_view": pa.array([b"\x00\xff", None, b"longer than twelve bytes"], pa.binary_view()),
    "fixed_size_binary": pa.array([b"abcd", None, b"efgh"], pa.binary(4)),
    "decimal32": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-9999999.99")], pa.decimal32(9, 2)),
    "decimal64": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-1.00")], pa.decimal64(18, 2)),
    "decimal128": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("9" * 36 + ".99")], pa.decimal128(38, 2)),
    "date64": pa.array([moment.date(), None, datetime.date(1969, 12, 31)], pa.date64()),
    "time32_s": pa.array([moment.time(), None, datetime.time(0, 0)], pa.time32("s")),
    "time32_ms": pa.array([moment.time(), None, datetime.time(0, 0)], pa.time32("ms")),
    "time64_ns": pa.array([moment.time(), None, datetime.time(0, 0)], pa.time64("ns")),
    "timestamp_s": pa.array([moment, None, moment], pa.timestamp("s")),
    "timestamp_ns": pa.array([moment, None, moment], pa.timestamp("ns")),
    "timestamp_tz": pa.array([moment, None, moment], pa.timestamp("s", "Europe/Paris")),
    "timestamp_ns_tz": pa.array([moment, None, moment], pa.timestamp("ns", "UTC")),
    "duration": pa.array([datetime.timedelta(days=2, seconds=5), None, datetime.timedelta(0)], pa.duration("ms")),
    "interval": pa.array([(1, 2, 3_000), None, (0, 0, 0)], pa.month_day_nano_interval()),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int32())),
    "large_list": pa.array([[1, None], None, []], pa.large_list(pa.int32())),
    "list_view": pa.array([[1, None], None, []], pa.list_view(pa.int32())),
    "large_list_view": pa.array([[1, None], None, []], pa.large_list_view(pa.int32())),
    "fixed_size_list": pa.array([[1, 2], None, [None, 4]], pa.list_(pa.int32(), 2)),
    "struct": pa.array([{"n": 1, "s": "a"}, None, {"n": None, "s": None}], pa.struct([("n", pa.int32()), ("s", pa.string())])),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "sparse_union": pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [numbers, pa.array(["a", "b", "c"])], ["n", "s"]),
    "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
    "dictionary_of_numbers": pa.array([7, None, 7], pa.int64()).dictionary_encode(),
    "run_end_encoded": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["a", None])),
    "sliced": pa.array([None, "x", "y", None, "z"]).slice(1, 3),
    "uuid": pa.array([b"\x00" * 15 + b"\x01", None, b"\xff" * 16], pa.uuid()),
    "json": pa.array(['{"a": 1}', None, "[]"], pa.json_()),
    "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, None, 1], pa.int8())),
}


def mine(uri):
    """Puts each array into a table of its name; what the server gives back equals it, by value."""
    different = {}
    with flight.connect(uri) as client:
        for name, array in own.items():
            problem = failure(lambda: put(client, name, pa.table({"v": array})))
            if problem is not None:
                different[name] = problem["message"]
                continue
            back = client.do_get(flight.Ticket(f'FROM "{name}"'.encode())).read_all()["v"].to_pylist()
            if back != array.to_pylist():
                different[name] = [repr(array.to_pylist()), repr(back)]
    return different


def narrowed(uri):
    exact = [decimal.Decimal("-12.345"), None, decimal.Decimal(10) ** 34]
    columns = {"half": pa.array([1.5, None, -0.25], pa.float16()), "wide": pa.array(exact, pa.decimal256(60, 3))}
    columns["nested"] = pa.array([[value] for value in exact], pa.list_(pa.decimal256(40, 3)))
    with flight.connect(uri) as client:
        put(client, "narrowed", pa.table(columns))
        back = client.do_get(flight.Ticket(b"FROM narrowed")).read_all()
        return {"types": [str(type) for type in back.schema.types], "same": back.to_pydict() == pa.table(columns).to_pydict()}


def refused(uri):
    with flight.connect(uri) as client:
        wide = pa.table({"v": pa.array([decimal.Decimal(10) ** 38], pa.decimal256(76, 0))})
        dense = pa.table({"v": pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [numbers])})
        none = pa.table({})
        return [failure(lambda: put(client, "refused", table)) for table in [wide, dense, none]]


def compressed(uri, codec):
    """Batches, dictionary batches and deltas with compressed bodies."""
    options = pa.ipc.IpcWriteOptions(compression=codec, emit_dictionary_deltas=True)
    call = flight.FlightCallOptions(write_options=options)
    with flight.connect(uri) as client:
        word = pa.dictionary(pa.int16(), pa.string())
        schema = pa.schema([("i", pa.int64()), ("w", word), ("s", pa.string())])
        writer, reader = client.do_put(flight.FlightDescriptor.for_path("compressed_" + codec), schema, call)
        values = [f"word {n}" for n in range(300)]
        for batch in range(3):
            known = pa.array(values[: 100 * (batch + 1)])
            indices = pa.array([n % len(known) for n in range(10_000)], pa.int16())
            words = pa.DictionaryArray.from_arrays(indices, known)
            integers = pa.array(range(10_000), pa.int64())
            texts = pa.array([None if n % 7 == 0 else "filling " * (n % 5) for n in range(10_000)])
            writer.write_batch(pa.record_batch([integers, words, texts], schema))
        writer.done_writing()
        receipt = json.loads(reader.read().to_pybytes())
        writer.close()
        return receipt["rows"]


run({"mirror": mirror, "mine": mine, "narrowed": narrowed, "refused": refused, "compressed": compressed})
