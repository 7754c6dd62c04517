"""Writes an Arrow IPC file for each kind of type into the folder that is told; prints their names."""

import datetime
import decimal
import json
import os
import sys

import pyarrow as pa

folder = json.load(sys.stdin)["folder"]
day = datetime.date(2024, 2, 29)
moment = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)
time = datetime.time(23, 59, 58, 123456)
number = decimal.Decimal("-12345678901234567890.123")


def column(values, kind):
    return pa.array(values, kind)


union_ids = pa.array([0, 1, 0], pa.int8())
files = {
    "integers": {
        str(kind): column([0, None, 1], kind)
        for kind in [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
    },
    "floats": {str(kind): column([0.5, None, -2.0], kind) for kind in [pa.float32(), pa.float64()]},
    "booleans": {"b": column([True, None, False], pa.bool_())},
    "texts": {str(kind): column(["", None, "é ☃"], kind) for kind in [pa.string(), pa.large_string()]},
    "bytes": {
        str(kind): column([b"", None, b"\x00\xff"], kind) for kind in [pa.binary(), pa.large_binary()]
    }
    | {"fixed": column([b"abc", None, b"\x00\x01\x02"], pa.binary(3))},
    "views": {"s": column(["short", None, "longer than twelve bytes"], pa.string_view()), "b": column([b"x", None, b"y" * 40], pa.binary_view())},
    "decimals": {"d128": column([number, None], pa.decimal128(38, 3)), "d256": column([number, None], pa.decimal256(60, 3))},
    "dates": {"day": column([day, None], pa.date32()), "ms": column([day, None], pa.date64())},
    "times": {"s": column([1, None], pa.time32("s")), "ms": column([1, None], pa.time32("ms")), "us": column([time, None], pa.time64("us")), "ns": column([1, None], pa.time64("ns"))},
    "timestamps": {unit + zone: column([moment if unit in ("us", "ns") else 1, None], pa.timestamp(unit, tz=zone or None)) for unit in ("s", "ms", "us", "ns") for zone in ("", "UTC", "Europe/Paris")},
    "durations": {unit: column([-1, None, 2], pa.duration(unit)) for unit in ("s", "ms", "us", "ns")},
    "intervals": {"mdn": column([pa.MonthDayNano([1, -2, 3]), None], pa.month_day_nano_interval())},
    "lists": {"l": column([[1, None], None, []], pa.list_(pa.int32())), "large": column([["a"], None, []], pa.large_list(pa.string())), "fixed": column([[1, 2], None, [3, None]], pa.list_(pa.int16(), 2))},
    "structs": {"s": column([{"a": 1, "b": {"c": ["x"]}}, None, {"a": None, "b": None}], pa.struct({"a": pa.int32(), "b": pa.struct({"c": pa.list_(pa.string())})}))},
    "maps": {"m": column([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int64()))},
    "nulls": {"n": pa.nulls(3), "i": column([1, None, 2], pa.int8())},
    "unions": {
        "dense": pa.UnionArray.from_dense(union_ids, pa.array([0, 0, 1], pa.int32()), [pa.array([1, 2]), pa.array(["x"])]),
        "sparse": pa.UnionArray.from_sparse(union_ids, [pa.array([1, 2, 3]), pa.array(["x", "y", "z"])]),
    },
    "dictionaries": {"d": column(["x", None, "y", "x"], pa.dictionary(pa.int8(), pa.string())), "u": column([5, 6, None, 5], pa.dictionary(pa.int32(), pa.int64()))},
    "runs": {"r": pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int32()), pa.array(["a", None]))},
}

for name, columns in files.items():
    table = pa.table(columns)
    schema = table.schema.with_metadata({"file": name, "empty": ""})
    with pa.ipc.new_file(os.path.join(folder, name + ".arrow"), schema) as writer:
        for batch in table.replace_schema_metadata(schema.metadata).to_batches():
            writer.write_batch(batch)
            writer.write_batch(batch.slice(1))
            writer.write_batch(batch.slice(0, 0))

with pa.ipc.new_file(os.path.join(folder, "no_batches.arrow"), pa.schema({"a": pa.int32()})):
    pass
with pa.ipc.new_file(os.path.join(folder, "same_names.arrow"), pa.schema([("a", pa.int32()), ("a", pa.string())])) as writer:
    writer.write_batch(pa.record_batch([pa.array([1]), pa.array(["x"])], schema=pa.schema([("a", pa.int32()), ("a", pa.string())])))

print(json.dumps([*files, "no_batches", "same_names"]))
