// A Flight SQL client of npm that was not written here: `node gizmosql-client.mjs FOLDER PORT USER PASSWORD`.
// Its getQuerySchema, prepared statements and keys send messages without their Any, which no server can tell apart: left out.
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, port, username, password] = process.argv.slice(2);
const { FlightSQLClient } = createRequire(path.join(folder, 'package.json'))('@gizmodata/gizmosql-client');
const client = new FlightSQLClient({ host: '127.0.0.1', port: Number(port), plaintext: true, username, password });
const seen = {};
try {
  await client.execute('CREATE TABLE made(a INTEGER PRIMARY KEY, b VARCHAR)');
  await client.execute("INSERT INTO made VALUES (1, 'é'), (2, NULL)");
  const table = await client.execute('SELECT a, b FROM made ORDER BY a');
  seen.rows = table.toArray().map((row) => Object.values(row.toJSON()));
  seen.catalogs = await client.getCatalogs();
  seen.schemas = await client.getSchemas();
  seen.tables = await client.getTables('memory', 'main', 'm%', ['TABLE']);
  seen.types = await client.getTableTypes();
  seen.name = (await client.getSqlInfo([0])).get(0);
  seen.infos = (await client.getSqlInfo()).size;
  seen.missing = await client.execute('SELECT * FROM nowhere').catch((error) => error.message);
} finally {
  await client.close();
}
process.stdout.write(JSON.stringify(seen));
