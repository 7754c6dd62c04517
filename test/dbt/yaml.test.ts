import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml, yamlMakers } from '../../src/dbt/project/render.ts';
import { loadYaml } from '../../src/dbt/yaml/load.ts';
import { quickYaml } from '../../src/dbt/yaml/quick.ts';
import { PyFloat } from '../../src/jinja/index.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('a block text at the end of a file has no line break, whatever follows it there', () => {
  // The second form is read by the other of the two readers.
  for (const end of ['', '\n', '\n\n  \n'])
    for (const begin of ['', '%YAML 1.1\n---\n'])
      for (const style of ['|', '>', '|+'])
        assert.deepEqual(
          plain(readYaml(`${begin}a: |\n  one\nb: ${style}\n  two${end}`, 'f.yml')),
          { a: 'one\n', b: 'two' },
          JSON.stringify([begin, style, end]),
        );
});

test('plain scalars are read as YAML 1.1 has them', () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['yes', true],
    ['Off', false],
    ['y', 'y'],
    ['~', null],
    ['', null],
    ['010', 8],
    ['0x1F', 31],
    ['1_000', 1000],
    ['1:30', 90],
    ['1e5', '1e5'],
    ['1.5e+3', 1500],
    ['.5', 0.5],
    ['+12', 12],
    ['1.2.3', '1.2.3'],
    ['2024-01-02', '2024-01-02'],
    ['2024-01-02 03:04:05', '2024-01-02T03:04:05'],
    ['a:b', 'a:b'],
  ];
  for (const [text, expected] of table) {
    const { key } = readYaml(`key: ${text}\n`, 'a.yml') as { readonly key: unknown };
    assert.deepEqual(plain(key), expected, text);
  }
});

test('whole floats keep that they are floats', () => {
  const { key } = readYaml('key: 1.0\n', 'a.yml') as { readonly key: unknown };
  assert.ok(key instanceof PyFloat);
  assert.equal(key.str(), '1.0');
});

const documents: readonly string[] = [
  'a: 1\nb:\n- x\n- y: 2\n  z: [1, "two", {k: v}]\nc:\n    - - 1\n      - 2\n    - plain text\n      goes on\n',
  '# only\n---\nversion: 2\nmodels:\n  - name: m # tail\n    description: >\n      folded\n      text\n\n      more\n        deeper\n    tests: [unique, {accepted_values: {values: [1, 2]}}]\n',
  "a: 'it''s'\nb: \"tab\\tand \\u00e9\"\nc: |\n  keep\n   this\n\nd: |-\n  no end\ne: >+\n  keep\n\n\nf: end\n",
  'a: {\n  b: 1,\n  c: [x,\n      y]\n}\nd: ~\n',
  'k1:\n  k2:\n    k3: v\n  # comment\n  k4: "{{ ref(\'x\') }}"\nlist:\n  -\n    a: 1\n  - b\n',
];

test('the quick reader and the full one agree', () => {
  for (const text of documents) {
    const quick = quickYaml(text, yamlMakers);
    assert.notEqual(quick, undefined, text);
    // A tag that changes nothing makes the quick reader give up.
    const full = loadYaml(`${text}zzz: !!str x\n`, 'a.yml', { makers: yamlMakers }) as Record<string, unknown>;
    const { zzz, ...rest } = full;
    assert.equal(zzz, 'x');
    assert.deepEqual(quick?.value, rest, text);
  }
});

test('anchors, merge keys and tags are read by the full reader', () => {
  const text = 'base: &b {x: 1, y: 2}\nover:\n  <<: *b\n  y: 3\n';
  assert.equal(quickYaml(text, yamlMakers), undefined);
  assert.deepEqual(readYaml(text, 'a.yml'), { base: { x: 1, y: 2 }, over: { x: 1, y: 3 } });
});

test('a mistake is told with file and line', () => {
  assert.throws(
    () => readYaml('models:\n  - name: a\n   bad: [1\n', 'models/a.yml'),
    /models\/a\.yml:3:\d+: not valid YAML/,
  );
});

test('no key reaches the prototype of objects', () => {
  const value = readYaml('__proto__: {polluted: true}\na: {__proto__: {x: 1}}\n', 'a.yml') as Record<string, unknown>;
  assert.deepEqual(Object.keys(value), ['__proto__', 'a']);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
