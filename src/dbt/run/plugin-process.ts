import { PyError } from '../../jinja/index.ts';
import type { Plugin } from '../adapter/credentials.ts';
import { pluginDriver } from './plugin-driver.ts';
import { type Done, type Invocation, type PythonChild, startPython } from './python-child.ts';

/** Each plugin has a Python process of its own, which lives as long as the invocation. */
export interface PluginProcess {
  child: Promise<PythonChild> | undefined;
  /** The last call that it was given: a plugin does one thing after another. */
  last: Promise<unknown>;
}

export type PluginProcesses = Map<string, PluginProcess>;

export interface PluginCall {
  readonly what: string;
  readonly plugin: Plugin;
  readonly request: { readonly op: string; readonly [parameter: string]: unknown };
  /** Takes the file that the plugin's rows are in. */
  loaded?(path: string): Promise<void>;
}

export const pluginFailure = (message: string): PyError => new PyError('DbtRuntimeError', message);

export function callPlugin(invocation: Invocation, processes: PluginProcesses, call: PluginCall): Promise<Done> {
  const process = processes.get(call.plugin.name) ?? { child: undefined, last: Promise.resolve() };
  processes.set(call.plugin.name, process);
  const called = process.last.then(() => talk(invocation, process, call));
  process.last = called.catch(() => undefined);
  return called;
}

async function talk(invocation: Invocation, process: PluginProcess, call: PluginCall): Promise<Done> {
  const { what, plugin, request, loaded } = call;
  process.child ??= startPython(invocation, {
    reason: `the plugin '${plugin.name}' needs Python`,
    instead: 'do without plugins',
    driver: pluginDriver,
    input: { name: 'credentials.json', text: JSON.stringify(invocation.parsed.profile.credentials) },
  });
  const child = await process.child;
  return child.talk<{ readonly op: 'loaded'; readonly path: string }>({
    request: { ...request, plugin },
    answer: async ({ path }) => loaded?.(path),
    failure: (text) => pluginFailure(`${what} failed:\n${text}`),
  });
}

/** What plugins keep open they close when their processes end. */
export async function endPlugins(processes: Iterable<PluginProcess>): Promise<void> {
  await Promise.all(
    Array.from(processes, async ({ child, last }) => {
      await last;
      await (await child?.catch(() => undefined))?.end();
    }),
  );
}
