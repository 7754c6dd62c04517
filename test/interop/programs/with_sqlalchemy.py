"""SQLAlchemy through its dialect for Flight SQL servers over DuckDB, which uses the stock ADBC driver."""

import json
import sys

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Numeric, String, Table, create_engine, func, inspect, insert, select, text
from sqlalchemy.exc import DBAPIError

given = json.load(sys.stdin)
engine = create_engine(f"gizmosql://{given['username']}:{given['password']}@127.0.0.1:{given['port']}/?disableCertificateVerification=True&useEncryption=False")
metadata = MetaData()
people = Table("people", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("name", String(50)), Column("pay", Numeric(9, 2)))
pets = Table("pets", metadata, Column("name", String(50)), Column("owner", Integer, ForeignKey("people.id")))
metadata.create_all(engine)
seen = {}
with engine.begin() as connection:
    connection.execute(insert(people), [{"id": 1, "name": "Ada", "pay": 10.5}, {"id": 2, "name": None, "pay": 20}])
    connection.execute(insert(pets).values(name="Rex", owner=1))
with engine.connect() as connection:
    joined = select(people.c.name, pets.c.name).join(pets, pets.c.owner == people.c.id)
    seen["joined"] = [list(row) for row in connection.execute(joined)]
    seen["sum"] = str(connection.execute(select(func.sum(people.c.pay))).scalar_one())
    seen["bound"] = connection.execute(select(people.c.id).where(people.c.name == "Ada")).scalar_one()
    try:
        connection.execute(text("SELECT * FROM nowhere"))
    except DBAPIError as error:
        seen["missing"] = str(error).split("\n")[0]
inspector = inspect(engine)
seen["tables"] = sorted(inspector.get_table_names("main"))
seen["columns"] = [[column["name"], str(column["type"])] for column in inspector.get_columns("people", "main")]
seen["schemas"] = inspector.get_schema_names()
seen["has"] = [inspector.has_table("pets", "main"), inspector.has_table("absent", "main")]
seen["primary"] = inspector.get_pk_constraint("people", "main")["constrained_columns"]
seen["foreign"] = [key["referred_table"] for key in inspector.get_foreign_keys("pets", "main")]
metadata.drop_all(engine)
seen["dropped"] = inspect(engine).has_table("people", "main")
print(json.dumps(seen))
