"""Servers as the bench clients see them: Flight SQL messages packed by hand, CPU and memory of the server processes (Linux)."""
import os
import threading
import time

import pyarrow as pa
import pyarrow.flight as fl

PREFIX = b"type.googleapis.com/arrow.flight.protocol.sql."


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(n, value):
    return varint(n << 3 | 2) + varint(len(value)) + value


def number(n, value):
    return varint(n << 3) + varint(value)


def command(name, body):
    return fl.FlightDescriptor.for_command(field(1, PREFIX + name) + field(2, body))


def query_command(sql):
    return command(b"CommandStatementQuery", field(1, sql.encode()))


def update_command(sql):
    return command(b"CommandStatementUpdate", field(1, sql.encode()))


def ingest_command(table):
    """Into a table that is there: if_not_exist = fail, if_exists = append."""
    return command(b"CommandStatementIngest", field(1, number(1, 2) + number(2, 2)) + field(2, table.encode()))


class Server:
    def __init__(self, name, port, pid):
        self.name, self.uri, self.pid = name, f"grpc://127.0.0.1:{port}", pid
        self.main = self.client()

    def client(self):
        """A client with a connection of its own."""
        return fl.FlightClient(self.uri, generic_options=[("grpc.use_local_subchannel_pool", 1)])

    def get(self, client, sql):
        """Rows, bytes and the seconds until the first batch."""
        info = client.get_flight_info(query_command(sql))
        rows = size = 0
        first = None
        start = time.perf_counter()
        for endpoint in info.endpoints:
            for chunk in client.do_get(endpoint.ticket):
                if first is None:
                    first = time.perf_counter() - start
                rows += chunk.data.num_rows
                size += chunk.data.nbytes
        return rows, size, first

    def row(self, sql):
        info = self.main.get_flight_info(query_command(sql))
        return list(self.main.do_get(info.endpoints[0].ticket).read_all().to_pylist()[0].values())

    def update(self, client, sql):
        writer, reader = client.do_put(update_command(sql), pa.schema([]))
        writer.done_writing()
        reader.read()
        writer.close()

    def ingest(self, client, table, batches, schema):
        writer, reader = client.do_put(ingest_command(table), schema)
        for batch in batches:
            writer.write_batch(batch)
        writer.done_writing()
        reader.read()
        writer.close()

    def cpu(self):
        """User and system seconds of the server process."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name="VmRSS"):
        """Resident megabytes now, or at the highest (VmHWM)."""
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith(name):
                    return int(line.split()[1]) / 1e3
        return 0.0


def parse_servers(texts):
    """`name=port,pid` each."""
    servers = []
    for text in texts:
        name, place = text.split("=")
        port, pid = place.split(",")
        servers.append(Server(name, int(port), int(pid)))
    return servers


def parallel(count, work):
    errors = []

    def run(i):
        try:
            work(i)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
