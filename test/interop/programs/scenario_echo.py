"""The scenario do_exchange:echo, which Arrow's Go client has not: data, metadata alone, and both come back as they were."""

import pyarrow as pa
import pyarrow.flight as flight
from cases import run


def echo(uri):
    batch = pa.record_batch({"x": [1, 2, None], "s": ["a", None, "é"]})
    seen = []
    with flight.connect(uri) as client:
        writer, reader = client.do_exchange(flight.FlightDescriptor.for_command(b"echo"))
        with writer:
            writer.begin(batch.schema)
            writer.write_batch(batch)
            seen.append(reader.read_chunk().data.equals(batch))
            writer.write_metadata(b"alone")
            seen.append(reader.read_chunk().app_metadata.to_pybytes().decode())
            writer.write_with_metadata(batch, b"both")
            chunk = reader.read_chunk()
            seen.append([chunk.data.equals(batch), chunk.app_metadata.to_pybytes().decode()])
            writer.done_writing()
    return seen


run({"echo": echo})
