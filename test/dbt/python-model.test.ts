import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { newFolder, newProject } from './project.ts';
import { buildWith, fakePython } from './python.ts';

const models = {
  'models/base.sql': 'select 20 as n',
  'models/py.py': 'def model(dbt, session):\n    dbt.config(materialized="table")\n    return dbt.ref("base")\n',
  'models/after.sql': "select answer * 2 as twice from {{ ref('py') }}",
};

const build = (programs: string, options?: { readonly signal: AbortSignal }): ReturnType<typeof buildWith> =>
  buildWith(programs, newProject(models), options);

test('a Python model gets its relations as files and gives its rows back as a table', async () => {
  const { code, told } = await build(
    fakePython(`
      const fs = require('node:fs');
      const [, , , , text, folder] = process.argv;
      const source = fs.readFileSync(text, 'utf8');
      const relation = /_RELATIONS_OF_REFS = \\{'base': '(.*?)'\\}/.exec(source)[1];
      const target = /create table (\\S+) as select/.exec(source)[1];
      const file = folder + '/base.parquet';
      const requests = [
        { op: 'load', relation, path: file },
        { op: 'execute', sql: 'create table ' + target + ' as select n + 1 as answer from frame', frames: { frame: file } },
      ];
      const next = () => console.log(JSON.stringify(requests.shift() ?? { op: 'done' }));
      process.stdin.on('data', next);
      setTimeout(() => process.exit(), 20000).unref();
      next();
    `),
  );
  assert.equal(code, 0, told);
  assert.match(told, /OK created python table model main\.py/);
  assert.match(told, /PASS=3 /);
});

test('a Python model that fails tells what Python said, and others go on', async () => {
  const { code, told } = await build(
    fakePython(`console.log(JSON.stringify({ op: 'failed', text: 'ZeroDivisionError: division by zero' }))`),
  );
  assert.equal(code, 1);
  assert.match(told, /Python model failed:\s+ZeroDivisionError: division by zero/);
  assert.match(told, /PASS=1 WARN=0 ERROR=1 SKIP=1/);
});

test('without Python the model says so', async () => {
  const { code, told } = await build(newFolder());
  assert.equal(code, 1);
  assert.match(told, /model py is written in Python, and there is no python3 on the PATH/);
});

test('a Python model that ignores signals ends when the run is cancelled, with the programs it started', async () => {
  const stop = new AbortController();
  const file = path.join(newFolder(), 'pids');
  const program = fakePython(`
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => undefined);
    const { spawn } = require('node:child_process');
    const started = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60000)'], { stdio: 'inherit' });
    require('node:fs').writeFileSync('${file}', process.pid + ' ' + started.pid);
    console.error('running');
    setTimeout(() => undefined, 60000);
  `);
  const waiting = setInterval(() => existsSync(file) && stop.abort(), 50);
  const { code, told } = await build(program, { signal: stop.signal });
  clearInterval(waiting);
  assert.notEqual(code, 0, told);
  assert.match(told, /Runtime Error in model py.*cancelled/s);
  for (const pid of readFileSync(file, 'utf8').split(' ')) await gone(Number(pid));
});

/** Waits until no process has this id; one that has ended and was not waited for counts as gone. */
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const state = existsSync(`/proc/${pid}/stat`)
      ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]
      : undefined;
    if (state === undefined || state.startsWith('Z')) return;
    await setTimeout(50);
  }
  assert.fail(`process ${pid} still runs`);
}
