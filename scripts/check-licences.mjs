// Checks the installed tree: permissive licences, engines that take Node 20.19, known install scripts, few and exact dependencies.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const licences = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'MIT OR Apache-2.0',
  'Apache-2.0 AND MIT',
]);
/** They build what their prebuilt packages bring already: nothing needs them to run. */
const knownScripts = new Set(['koffi', 'esbuild']);
const maxRuntimeDependencies = 12;
const problems = [];

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const own = read('package.json');
const runtime = Object.entries(own.dependencies ?? {});
if (runtime.length > maxRuntimeDependencies)
  problems.push(`${runtime.length} runtime dependencies, ${maxRuntimeDependencies} are allowed`);
for (const [name, version] of [...runtime, ...Object.entries(own.devDependencies ?? {})]) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) problems.push(`${name}: "${version}" is no exact version`);
}

function* packages(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const inner = path.join(folder, entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    if (entry.name.startsWith('@')) yield* packages(inner);
    else if (fs.existsSync(path.join(inner, 'package.json'))) {
      yield inner;
      const nested = path.join(inner, 'node_modules');
      if (fs.existsSync(nested)) yield* packages(nested);
    }
  }
}

const minimum = [20, 19];
/** `>=a.b.c` ranges only: anything else that names a newer major is looked at by a person. */
function refusesNode(range) {
  const match = /^>=\s*(\d+)(?:\.(\d+))?/.exec(range ?? '');
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2] ?? 0)];
  return major > minimum[0] || (major === minimum[0] && minor > minimum[1]);
}

let count = 0;
for (const folder of packages('node_modules')) {
  const { name, license, engines, scripts = {} } = read(path.join(folder, 'package.json'));
  count++;
  const licence = typeof license === 'object' ? license.type : license;
  if (!licences.has(licence)) problems.push(`${name}: licence ${licence ?? 'missing'}`);
  if (refusesNode(engines?.node)) problems.push(`${name}: wants Node ${engines.node}`);
  const script = ['preinstall', 'install', 'postinstall'].find((hook) => scripts[hook] !== undefined);
  if (script !== undefined && !knownScripts.has(name)) problems.push(`${name}: has a ${script} script`);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${count} packages checked, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
