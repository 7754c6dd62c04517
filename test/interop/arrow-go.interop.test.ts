import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { playScenario, scenarios } from '../../src/testing/scenarios.ts';
import { pythonWith } from './python.ts';
import { goProgram, run } from './tool.ts';

// The client's side of the Arrow project's Flight integration suite, in Go, against the scenarios played here.
const module = 'github.com/apache/arrow-go/v18/arrow';
const client = goProgram(`${module}/internal/flight_integration/cmd/arrow-flight-integration-client@v18.8.0`);
const converter = goProgram(`${module}/ipc/cmd/arrow-json-integration-test@v18.8.0`);
const python = await pythonWith('pyarrow==26.0.1');

const folder = mkdtempSync(path.join(tmpdir(), 'duckhouse-arrow-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function play(scenario: string, ...paths: readonly string[]): Promise<void> {
  const { port, server } = await playScenario(scenario, 0);
  try {
    for (const file of paths.length === 0 ? [''] : paths) {
      const args = ['-host', '127.0.0.1', '-port', String(port), '-scenario', scenario, '-path', file];
      const { code, stderr } = await run(client.path, args);
      assert.equal(code, 0, `${scenario} ${path.basename(file)}: ${stderr.slice(0, 2000)}`);
    }
  } finally {
    await server.close();
  }
}

test('scenario do_exchange:echo, by pyarrow', { skip: python.skip }, async () => {
  const { port, server } = await playScenario('do_exchange:echo', 0);
  try {
    const seen = await python.run('scenario_echo.py', { case: 'echo', with: { uri: `grpc://127.0.0.1:${port}` } });
    assert.deepEqual(seen, [true, 'alone', [true, 'both']]);
  } finally {
    await server.close();
  }
});

/** The Go client has no side of it. */
const withoutClient = new Set(['', 'do_exchange:echo']);

for (const name of Object.keys(scenarios).filter((one) => !withoutClient.has(one)))
  test(`scenario ${name}`, { skip: client.skip }, () => play(name));

test('data files of every type', { skip: client.skip || converter.skip || python.skip }, async () => {
  const names = await python.run<string[]>('arrow_files.py', { folder });
  assert.ok(names.length > 15);
  const files: string[] = [];
  for (const name of names) {
    const json = path.join(folder, `${name}.json`);
    const args = ['-mode', 'ARROW_TO_JSON', '-arrow', path.join(folder, `${name}.arrow`), '-json', json];
    const { code, stderr } = await run(converter.path, args);
    assert.equal(code, 0, `${name}: ${stderr.slice(0, 2000)}`);
    files.push(json);
  }
  await play('', ...files);
});
