// Node built-ins only: this runs before anything is installed.
// Installs when the lock file changed, builds when the sources changed; `ensure.mjs build|test [--force]`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const [mode = 'build', ...flags] = process.argv.slice(2);
const force = flags.includes('--force');
const say = (text) => process.stderr.write(`duckhouse: ${text}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Node 20.19 or newer is needed, this is ${process.version}`);
  process.exit(2);
}
// An installed package brings its dist/ and has nothing to build.
if (!fs.existsSync('src')) process.exit(0);

const files = (folder) =>
  fs.existsSync(folder)
    ? fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
    : [];
const hashOf = (names) => {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${major}`);
  for (const name of names) hash.update(name).update(fs.readFileSync(name));
  return hash.digest('hex');
};
const isFresh = (stamp, wanted) => fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted;

/** Child output goes to standard error, so that standard output stays the command's own. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status === 0) return;
  say(`"${command} ${args.join(' ')}" failed`);
  process.exit(status ?? 1);
}

/** Two of these at once would install into each other: the second waits. */
function withLock(work) {
  const lock = path.join(root, 'node_modules', '.duckhouse-ensure');
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      const holder = Number(fs.readFileSync(lock, 'utf8') || 0);
      if (!isRunning(holder) || waited > 3000) fs.rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch {
    return false;
  }
}

function install() {
  const stamp = 'node_modules/.duckhouse-lock';
  const wanted = hashOf(['package.json', 'package-lock.json']);
  if (isFresh(stamp, wanted)) return;
  say('installing dependencies (npm ci) …');
  run('npm', ['ci', '--no-fund', '--no-audit', '--prefer-offline', '--ignore-scripts', '--loglevel=error']);
  fs.writeFileSync(stamp, wanted);
}

const bundle = path.join('scripts', 'bundle.mjs');

function build({ name, config, output, inputs, beside = [], bundled = false }) {
  const stamp = path.join(output, '.stamp');
  const wanted = hashOf([...inputs.flatMap(files), 'tsconfig.json', config, bundle, 'package.json']);
  if (!force && isFresh(stamp, wanted)) return;
  say(`building ${name} …`);
  fs.rmSync(output, { recursive: true, force: true });
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config]);
  // Macros of dbt are files that the engine reads beside its code.
  const macros = path.join('src', 'dbt', 'macros');
  if (fs.existsSync(macros)) fs.cpSync(macros, path.join(output, ...beside, 'dbt', 'macros'), { recursive: true });
  // The documentation page is a program for the browser, with a configuration of its own.
  const page = path.join('src', 'dbt', 'docs', 'page');
  const pageOutput = path.join(output, ...beside, 'dbt', 'docs', 'page');
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', page, '--outDir', pageOutput]);
  for (const name of ['index.html', 'page.css']) fs.copyFileSync(path.join(page, name), path.join(pageOutput, name));
  if (bundled) run(process.execPath, [bundle, output]);
  const bin = path.join(output, 'bin', 'duckhouse.js');
  if (fs.existsSync(bin)) fs.chmodSync(bin, 0o755);
  fs.writeFileSync(stamp, wanted);
}

withLock(() => {
  install();
  build({ name: 'duckhouse', config: 'tsconfig.json', output: 'dist', inputs: ['src'], bundled: true });
  if (mode === 'test')
    build({
      name: 'tests',
      config: 'tsconfig.test.json',
      output: 'dist-test',
      inputs: ['src', 'test', 'bench'],
      beside: ['src'],
    });
});
