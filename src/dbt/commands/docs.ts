import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DuckhouseError } from '../../errors.ts';
import { switchArg, textArg } from '../args.ts';
import { serveDocs } from '../docs/serve.ts';
import { copyAssets, writeDocs } from '../docs/write.ts';
import type { CommandContext, DbtCommand } from './context.ts';
import { ownProject } from './own-project.ts';
import { runCommandNamed } from './run.ts';

/** Compiles, reads the catalog, and writes the page beside both. */
export const docsGenerateCommand: DbtCommand = async (context) => {
  const code = await runCommandNamed('docs')(context);
  if (code !== 0 || !switchArg(context.args, 'write_json')) return code;
  const parsed = context.parse();
  const target = context.targetPath(parsed);
  copyAssets(parsed.project, target, context.host.within);
  for (const file of writeDocs(target, switchArg(context.args, 'static')))
    context.log.fire({
      name: 'DocsPageWritten',
      level: 'info',
      msg: `Documentation page written to ${file}`,
      data: { path: file },
    });
  return code;
};

/** Serves the page until it is stopped. */
export const docsServeCommand: DbtCommand = async (context) => {
  const { args, log, host } = context;
  const { root, targetPath } = ownProject(context);
  const folder = path.resolve(root, targetPath);
  if (!existsSync(path.join(folder, 'manifest.json')))
    throw new DuckhouseError('NotFound', `no manifest.json in ${folder}`, {
      context: { path: folder },
      hint: 'make it first: duckhouse dbt docs generate',
    });
  const server = await serveDocs({
    folder,
    host: textArg(args, 'host') || '127.0.0.1',
    port: Number(args.values.port),
  });
  const { url } = server;
  log.fire({ name: 'ServingDocsPort', code: 'Q018', level: 'info', msg: `Serving docs at ${url}`, data: { url } });
  log.fire({ name: 'ServingDocsExitInfo', code: 'Q020', level: 'info', msg: 'Press Ctrl+C to exit.' });
  if (switchArg(args, 'browser')) openBrowser(url, context);
  await new Promise<void>((resolve) => {
    if (host.signal?.aborted === true) resolve();
    host.signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
  return 0;
};

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** A machine without a browser shows the address, which is enough. */
function openBrowser(url: string, { host }: CommandContext): void {
  const [command, ...words] = openers[process.platform] ?? ['xdg-open'];
  const { PATH, HOME, DISPLAY, WAYLAND_DISPLAY, XDG_RUNTIME_DIR, SystemRoot } = host.env;
  const env = { PATH, HOME, DISPLAY, WAYLAND_DISPLAY, XDG_RUNTIME_DIR, SystemRoot };
  if (process.platform === 'linux' && DISPLAY === undefined && WAYLAND_DISPLAY === undefined) return;
  spawn(command, [...words, url], { stdio: 'ignore', detached: true, env })
    .on('error', () => {})
    .unref();
}
