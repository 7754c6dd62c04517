"""Gigabytes in one stream, and the highest resident size meanwhile."""
import time

from flight import ingest_command, query_command
from load_table import LI_COLUMNS, load_table

LI_BYTES = 652e6


def sampled(server, size, work):
    start = time.perf_counter()
    peak = [0.0]

    def step():
        peak[0] = max(peak[0], server.memory())

    work(step)
    seconds = time.perf_counter() - start
    return {"GB": size / 1e9, "MB/s": size / 1e6 / seconds, "peak RSS MB of this": peak[0]}


def out(gigabytes):
    times = max(1, round(gigabytes * 1e9 / LI_BYTES))

    def run(server):
        def read(step):
            info = server.main.get_flight_info(query_command(f"SELECT li.* FROM range({times}), li"))
            rows = 0
            for i, chunk in enumerate(server.main.do_get(info.endpoints[0].ticket)):
                rows += chunk.data.num_rows
                if i % 64 == 0:
                    step()
            assert rows == times * 6_000_000, rows

        return sampled(server, times * LI_BYTES, read)

    return run


def into(gigabytes):
    def run(server):
        table, _ = load_table()
        times = max(1, round(gigabytes * 1e9 / table.nbytes))
        batches = table.to_batches(65536)
        server.update(server.main, f"CREATE OR REPLACE TABLE bench_memory{LI_COLUMNS}")

        def write(step):
            writer, reader = server.main.do_put(ingest_command("bench_memory"), table.schema)
            for _ in range(times):
                for batch in batches:
                    writer.write_batch(batch)
                step()
            writer.done_writing()
            reader.read()
            writer.close()
            step()

        figures = sampled(server, times * table.nbytes, write)
        assert server.row("SELECT count(*) FROM bench_memory") == [times * table.num_rows]
        server.update(server.main, "DROP TABLE bench_memory")
        return figures

    return run


MEMORY_TESTS = {
    **{f"out{n}": out(n) for n in (1, 2, 4, 10)},
    **{f"in{n}": into(n) for n in (1, 2, 4, 10)},
}
