import { readdirSync } from 'node:fs';
import path from 'node:path';
import { machine } from './environment.ts';

// `npm run bench -- NAME …`: each program starts us and the peer afresh, in turn, and prints medians and ratios.

const parts = new Set(['run', 'environment', 'servers', 'compare', 'dbt-project']);
const programs = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.js'))
  .map((file) => path.basename(file, '.js'))
  .filter((name) => !parts.has(name));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !programs.includes(name));
if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: npm run bench -- NAME …, NAME one of ${programs.join(', ')}\n`);
  process.exit(2);
}
process.stdout.write(`${machine()}\n`);
for (const name of wanted) {
  process.stdout.write(`\n# ${name}, ${new Date().toISOString()}\n`);
  const program = (await import(`./${name}.js`)) as { readonly run: () => Promise<void> };
  await program.run();
}
