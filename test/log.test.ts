import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type LogFields, redact } from '../src/log.ts';

function lines(format: 'json' | 'text', work: (log: ReturnType<typeof createLogger>) => void): string[] {
  const written: string[] = [];
  work(createLogger({ level: 'info', format, write: (line) => written.push(line), fields: { pid: 7 } }));
  return written;
}

test('an event is one line of JSON with its time, level and facts; below the level there is none', () => {
  const [line, ...rest] = lines('json', (log) => {
    log.debug('unseen');
    log.child({ call: 'DoGet' }).warn('slow\ncall', { ms: 5, rows: 12n });
  });
  assert.deepEqual(rest, []);
  assert.ok(line?.endsWith('\n') && !line.slice(0, -1).includes('\n'));
  const { time, ...facts } = JSON.parse(line as string) as LogFields;
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(facts, { level: 'warn', event: 'slow\ncall', pid: 7, call: 'DoGet', ms: 5, rows: '12' });
});

test('text is one line too, with values quoted that hold spaces or line ends', () => {
  const [line] = lines('text', (log) => log.error('failed', { file: 'a.csv', reason: 'no\nroom = bad' }));
  assert.match(line as string, /^\S+ error failed pid=7 file=a\.csv reason="no\\nroom = bad"\n$/);
});

test('secrets are masked by the name of their field, at any depth', () => {
  const secret = 'hunter2';
  const masked = redact({
    password: secret,
    nested: [{ Authorization: secret, apiKey: secret, aws_secret_access_key: secret }],
    sessionToken: secret,
    rows: 3,
    passwordFile: undefined,
  });
  assert.deepEqual(masked, {
    password: '***',
    nested: [{ Authorization: '***', apiKey: '***', aws_secret_access_key: '***' }],
    sessionToken: '***',
    rows: 3,
    passwordFile: undefined,
  });
});

test('secrets are masked by their shape, inside texts, errors and events', () => {
  const secret = 's3cr3t-Value';
  const texts = [
    `authorization: Bearer ${secret}`,
    `Basic ${Buffer.from(secret).toString('base64')}`,
    `postgres://user:${secret}@db.example/x`,
    `postgres://user:${secret}@more@db.example/x`,
    `https://${secret}@git.example/x`,
    `https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Credential=${secret}&X-Amz-Signature=${secret}&X-Amz-Date=1`,
    `https://a.blob.core.windows.net/k?sv=1&sig=${secret}`,
    `CREATE SECRET s (TYPE s3, KEY_ID 'id', SECRET '${secret}')`,
    `ATTACH 'x' (PASSWORD = '${secret}''')`,
    `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  ];
  for (const text of texts) {
    assert.ok(
      !String(redact(text)).includes(secret) && !String(redact(text)).includes(Buffer.from(secret).toString('base64')),
      String(redact(text)),
    );
    const [line] = lines('json', (log) =>
      log.error(text, { error: new Error(text, { cause: new Error(text) }), list: [text] }),
    );
    assert.ok(!(line as string).includes(secret), line);
  }
  assert.equal(
    redact('https://b.s3.amazonaws.com/k?X-Amz-Date=1 by a@b.example'),
    'https://b.s3.amazonaws.com/k?X-Amz-Date=1 by a@b.example',
  );
});

test('a value that holds itself, bytes and dates are logged in few words', () => {
  const ring: Record<string, unknown> = { at: new Date(0), bytes: new Uint8Array(5000) };
  ring.self = ring;
  const [line] = lines('json', (log) => log.info('ring', ring));
  assert.ok((line as string).length < 2000);
  assert.match(line as string, /"at":"1970-01-01T00:00:00\.000Z","bytes":"5000 bytes"/);
});
