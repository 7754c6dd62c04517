import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableMemory, residentBytes } from '../../src/supervisor/memory.ts';
import { guardMemory } from '../../src/supervisor/memory-guard.ts';
import { createRestartPolicy } from '../../src/supervisor/restart-policy.ts';
import { eventually } from '../workspace.ts';

test('a process that lived well is started again at once, one that ends at once later and later, below three seconds', () => {
  const policy = createRestartPolicy();
  const dies = (livedMs: number): number | undefined => policy.afterEnd({ becameReady: true, livedMs });
  assert.deepEqual([dies(60_000), dies(60_000)], [0, 0]);
  assert.deepEqual(
    Array.from({ length: 8 }, () => dies(10)),
    [0, 100, 200, 400, 800, 1600, 2000, 2000],
  );
  assert.deepEqual([dies(60_000), dies(10)], [0, 0]);
});

test('five failed starts in a row are the end, four and a good one are not', () => {
  const policy = createRestartPolicy();
  const fails = (): number | undefined => policy.afterEnd({ becameReady: false, livedMs: 0 });
  assert.deepEqual([fails(), fails(), fails(), fails()], [100, 200, 400, 800]);
  assert.equal(policy.afterEnd({ becameReady: true, livedMs: 60_000 }), 0);
  assert.deepEqual([fails(), fails(), fails(), fails(), fails()], [100, 200, 400, 800, undefined]);
});

test('memory above the wall is asked back first, then taken; memory given back in time is forgotten', async () => {
  const events: string[] = [];
  let resident = 0;
  const guard = guardMemory({
    wall: 1e9,
    graceMs: 1000,
    resident: () => resident,
    onAbove: () => events.push('asked'),
    onStuck: () => events.push('taken'),
  });
  resident = 1e9 + 1;
  await eventually('a question', () => events.length === 1);
  resident = 1e9;
  await new Promise((resolve) => setTimeout(resolve, 1300));
  assert.deepEqual(events, ['asked']);
  resident = 1e9 + 1;
  await eventually('the end', () => events.includes('taken'));
  assert.deepEqual(events.slice(0, 3), ['asked', 'asked', 'asked']);
  guard.stop();
});

test('memory that grows past half of what is left is taken without asking', async () => {
  const events: string[] = [];
  const guard = guardMemory({
    wall: 1e9,
    resident: () => availableMemory(),
    onAbove: () => events.push('asked'),
    onStuck: () => events.push('taken'),
  });
  await eventually('the end', () => events.length > 0);
  guard.stop();
  assert.equal(events[0], 'taken');
});

test('resident memory is the size the process itself sees, where the system tells', () => {
  const seen = residentBytes(process.pid);
  if (process.platform !== 'linux') assert.equal(seen, undefined);
  else
    assert.ok(Math.abs((seen ?? 0) - process.memoryUsage.rss()) < 32e6, `${seen} against ${process.memoryUsage.rss()}`);
  assert.equal(residentBytes(999_999_999), undefined);
});
