"""A client as the Python project of the same name has it: put, close, and nothing else."""

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.flight as flight
from cases import failure, run


def ingest(uri, file, table, target):
    data = csv.read_csv(file)
    client = flight.connect(uri)
    options = flight.FlightCallOptions(headers=[(b"target", target.encode())] if target else [])
    writer, _ = client.do_put(flight.FlightDescriptor.for_path(table), data.schema, options)

    def put():
        writer.write_table(data)
        writer.close()

    problem = failure(put)  # a refusal may come at either
    return {"rows": data.num_rows, "columns": data.column_names, "problem": problem}


def query(uri, sql):
    return flight.connect(uri).do_get(flight.Ticket(sql.encode())).read_all().to_pylist()


run({"ingest": ingest, "query": query})
