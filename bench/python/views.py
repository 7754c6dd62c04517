"""What DuckDB itself takes to make 500 views as dbt makes them: CPU a view, by its number of threads."""
import os
import resource
import sys

import duckdb


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def make(file: str, threads: int, count: int = 500) -> float:
    for name in (file, file + ".wal"):
        if os.path.exists(name):
            os.remove(name)
    database = duckdb.connect(file, config={"threads": threads})
    catalog = os.path.splitext(os.path.basename(file))[0]
    start = cpu()
    for n in range(count):
        name = f"m{n:05}"
        comment = f'/* {{"app": "dbt", "node_id": "model.synthetic.{name}"}} */\n'
        connection = database.cursor()
        connection.execute("BEGIN")
        connection.execute(f'{comment}create view "{catalog}"."main"."{name}__dbt_tmp" as (\n  select {n} as id\n)')
        connection.execute(f'{comment}alter view "{catalog}"."main"."{name}__dbt_tmp" rename to "{name}"')
        connection.execute("COMMIT")
        connection.execute(f'{comment}drop view if exists "{catalog}"."main"."{name}__dbt_backup" cascade')
        connection.close()
    taken = cpu() - start
    database.close()
    return taken / count * 1000


print(", ".join(f"{threads} thread{'s' if threads > 1 else ''} {make(sys.argv[1], threads):.2f} ms" for threads in (1, os.cpu_count() or 1)))
