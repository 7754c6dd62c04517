"""Ibis through its backend for Flight SQL servers over DuckDB."""

import json
import sys

import ibis
import pandas
import pyarrow as pa

given = json.load(sys.stdin)
con = ibis.gizmosql.connect(host="127.0.0.1", port=given["port"], user=given["username"], password=given["password"], use_encryption=False)
seen = {"version": con.version}
table = con.create_table("numbers", pa.table({"g": ["a", "b", "a"], "n": [1, 2, None]}))
own = lambda: [name for name in con.list_tables() if not name.startswith("ibis_")]
seen["tables"] = own()
seen["schema"] = {name: str(kind) for name, kind in table.schema().items()}
totals = table.group_by("g").agg(total=table.n.sum(), rows=table.count()).order_by("g")
seen["totals"] = totals.to_pyarrow().to_pylist()
seen["pandas"] = table.filter(table.n.notnull()).execute()["n"].tolist()
view = con.create_view("doubled", table.mutate(twice=table.n * 2))
seen["view"] = sorted(row["twice"] for row in view.to_pyarrow().to_pylist() if row["twice"] is not None)
seen["memtable"] = int(con.execute(ibis.memtable(pandas.DataFrame({"x": [1, 2, 3]})).x.sum()))
seen["sql"] = con.sql("SELECT 1 AS one").to_pyarrow().to_pylist()
seen["batches"] = sum(batch.num_rows for batch in con.table("numbers").to_pyarrow_batches())
con.drop_view("doubled")
con.drop_table("numbers")
seen["left"] = own()
print(json.dumps(seen, default=int))
