// Joins the modules that tsc wrote into few files, in place: a command that loads five starts sooner than one that loads two hundred.
// `bundle.mjs FOLDER`; what is imported only when it is needed stays in files of its own.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = path.resolve(process.argv[2]);
/** What is started or imported from outside by its path. */
const entries = [
  'bin/duckhouse.js',
  'index.js',
  'flight/client-api.js',
  'cli/server-process.js',
  'engine/worker/main.js',
  'engine/worker/loader.js',
  'dbt/thread/main.js',
  'testing/flight-scenarios.js',
  'testing/jinja-cases.js',
];
/** Programs for the browser, which `dbt docs` joins into a page. */
const pages = path.join(folder, 'dbt', 'docs', 'page') + path.sep;
/** Stands for the output folder until it is known which file the code ends up in. */
const mark = 'duckhouse-dist:';
const posix = (file) => file.split(path.sep).join('/');

/** A module keeps the address that it had by itself. */
const addresses = {
  name: 'addresses',
  setup(plugin) {
    plugin.onLoad({ filter: /\.js$/ }, ({ path: file }) => {
      const text = fs.readFileSync(file, 'utf8');
      if (file.includes('node_modules') || !text.includes('import.meta')) return undefined;
      const own = `new URL('${mark}${posix(path.relative(folder, file))}', import.meta.url).href`;
      const contents = text.replaceAll('import.meta.url', own);
      return { contents, loader: 'js' };
    });
  },
};

const built = path.join(folder, 'dbt', 'parse', 'built-in-macros.js');
const { readBuiltInMacros } = await import(pathToFileURL(built).href);
fs.writeFileSync(path.join(folder, 'dbt', 'macros', 'built-in.json'), JSON.stringify(readBuiltInMacros()));

const { outputFiles } = await build({
  absWorkingDir: folder,
  entryPoints: entries,
  outdir: folder,
  outbase: folder,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: 'linked',
  sourcesContent: false,
  keepNames: false,
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
  plugins: [addresses],
});

for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  if (entry.isFile() && /\.js(\.map)?$/.test(file) && !file.startsWith(pages)) fs.rmSync(file);
}
for (const { path: file, text } of outputFiles) {
  const up = posix(path.relative(path.dirname(file), folder));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text.replaceAll(mark, up === '' ? './' : `${up}/`));
}
