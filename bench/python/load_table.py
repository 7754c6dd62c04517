import pyarrow as pa
import pyarrow.compute as pc

LI_COLUMNS = (
    "(orderkey BIGINT, partkey BIGINT, linenumber INT, quantity DOUBLE, price DOUBLE, shipdate DATE,"
    " flag VARCHAR, instr VARCHAR, comment VARCHAR)"
)
_table = {}


def load_table(rows=2_000_000):
    if rows not in _table:
        r = pa.array(range(rows), pa.int64())
        columns = {
            "orderkey": r,
            "partkey": pc.multiply(r, 7),
            "linenumber": r.cast(pa.int32()),
            "quantity": pc.multiply(r.cast(pa.float64()), 0.5),
            "price": pc.multiply(r.cast(pa.float64()), 3.7),
            "shipdate": pc.bit_wise_and(r, 4095).cast(pa.int32()).cast(pa.date32()),
            "flag": pc.cast(pc.bit_wise_and(r, 1), pa.string()),
            "instr": pc.binary_join_element_wise("DELIVER IN PERSON", pc.cast(pc.bit_wise_and(r, 1023), pa.string()), " "),
            "comment": pc.binary_join_element_wise("comment text number", r.cast(pa.string()), " "),
        }
        table = pa.table(columns)
        checksum = float(rows * (rows - 1) // 2 + pc.sum(pc.utf8_length(table["comment"])).as_py())
        _table[rows] = (table, checksum)
    return _table[rows]
