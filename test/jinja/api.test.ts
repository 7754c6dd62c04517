import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bindMacro,
  compileTemplate,
  createEnvironment,
  extractBlocks,
  framesOf,
  fromJs,
  hostFunction,
  PyDict,
  PyError,
  PyFloat,
  pythonBuiltins,
  renderNative,
  renderText,
  renderTextAsync,
  returnFunction,
  staticCalls,
  toJs,
  type Value,
} from '../../src/jinja/index.ts';

const environment = createEnvironment({ macroPrefix: 'dbt_macro__' });
const render = (source: string, names: Record<string, Value> = {}): string =>
  renderText(compileTemplate(environment, source, { path: 'a.sql' }), new Map(Object.entries(names)));

const thrown = (run: () => unknown): PyError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof PyError, String(error));
    return error;
  }
  return assert.fail('nothing was thrown');
};

test('an error tells line and column in the template and in the macros on the way', () => {
  const context = new Map<string, Value>([['return', returnFunction]]);
  const inner = compileTemplate(environment, '{% macro inner(x) %}\n  {{ x + "a" }}\n{% endmacro %}', {
    path: 'macros/i.sql',
  });
  const outer = compileTemplate(environment, '{% macro outer() %}{{ inner(1) }}{% endmacro %}', {
    path: 'macros/o.sql',
  });
  context.set('inner', bindMacro(inner, 'dbt_macro__inner', context, { async: false }));
  context.set('outer', bindMacro(outer, 'dbt_macro__outer', context, { async: false }));
  const template = compileTemplate(environment, 'select\n  {{ outer() }}', { path: 'models/m.sql', name: 'model m' });
  const error = thrown(() => renderText(template, context));
  assert.equal(error.pyClass, 'TypeError');
  assert.equal(error.message, "unsupported operand type(s) for +: 'int' and 'str'");
  assert.deepEqual(
    framesOf(error).map(({ path, name, line, column }) => `${path}:${line}:${column} ${name}`),
    ['macros/i.sql:2:8 macro inner', 'macros/o.sql:1:23 macro outer', 'models/m.sql:2:6 model m'],
  );
});

test('a template that cannot be parsed says where', () => {
  const error = thrown(() => compileTemplate(environment, 'select 1\n{% if x %}\n', { path: 'models/m.sql' }));
  assert.equal(error.pyClass, 'TemplateSyntaxError');
  assert.match(error.message, /looking for the following tags: 'elif' or 'else' or 'endif'/);
  assert.deepEqual(framesOf(error), [{ path: 'models/m.sql', name: 'models/m.sql', line: 2, column: 11 }]);
});

test('functions of the host may answer with promises in the asynchronous form, everywhere', async () => {
  const later = hostFunction('later', async ([value]) => value as Value);
  const context = new Map<string, Value>([
    ['later', later],
    ['return', returnFunction],
  ]);
  const macro = compileTemplate(
    environment,
    '{% macro m(x) %}{% for i in later([x, 2]) %}{{ return(later(i)) }}{% endfor %}{% endmacro %}',
    { path: 'm.sql' },
  );
  context.set('m', bindMacro(macro, 'dbt_macro__m', context, { async: true }));
  const source =
    '{% for n in [1, 2] if later(n) > 1 %}{{ later(n) ~ m(n) }}{% endfor %}' +
    '{% set x %}{{ later("s") }}{% endset %}{{ x if later(true) and later(false) or later(x) }}' +
    '{% call(y) m(7) %}{{ y }}{% endcall %}';
  const macroCall = thrownLater(renderTextAsync(compileTemplate(environment, source, { path: 'a.sql' }), context));
  assert.match((await macroCall).message, /takes no keyword argument|two values for the special caller/);
  const withoutCall = source.slice(0, source.indexOf('{% call'));
  assert.equal(await renderTextAsync(compileTemplate(environment, withoutCall, { path: 'a.sql' }), context), '22s');
});

const thrownLater = (running: Promise<unknown>): Promise<PyError> =>
  running.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => {
      assert.ok(error instanceof PyError, String(error));
      return error;
    },
  );

test('templates reach no JavaScript object', () => {
  const host = hostFunction('f', () => 1);
  const names = { f: host, d: new PyDict(), l: [1], s: 'x', n: new PyFloat(1) };
  for (const name of ['constructor', 'prototype', 'hasOwnProperty', 'toString', '__defineGetter__', 'run', 'attr']) {
    for (const value of Object.keys(names)) {
      assert.equal(render(`{{ ${value}.${name} is defined }}`, names), 'False', `${value}.${name}`);
      assert.equal(render(`{{ ${value}["${name}"] is defined }}`, names), 'False', `${value}[${name}]`);
    }
  }
  assert.equal(render('{{ ({}).__proto__ is defined }}{{ "constructor" is defined }}'), 'FalseTrue');
  assert.equal(render("{{ '${1}`' }}\u2028{{ \"'); throw 1; ('\" }}"), "${1}`\u2028'); throw 1; ('");
  assert.equal(thrown(() => render('{{ "{0.__class__}".format(1) }}')).pyClass, 'SecurityError');
  assert.deepEqual(toJs(fromJs({ ['__proto__']: 1 })), Object.fromEntries([['__proto__', 1]]));
});

test('a template that recurses without end fails with an error of its own', () => {
  const context = new Map<string, Value>();
  const macro = compileTemplate(environment, '{% macro m() %}{{ m() }}{% endmacro %}', { path: 'm.sql' });
  context.set('m', bindMacro(macro, 'dbt_macro__m', context, { async: false }));
  const template = compileTemplate(environment, '{{ m() }}', { path: 'a.sql' });
  assert.equal(thrown(() => renderText(template, context)).pyClass, 'RecursionError');
  assert.equal(thrown(() => render('{{ "a" * 9999999999 }}')).pyClass, 'MemoryError');
});

test('blocks of a file are found by their tags alone, with the text between them left out', () => {
  const source = [
    '{# {% macro no() %} #}{{ "{% macro no() %}" }}{% raw %}{% macro no() %}{% endraw %}',
    '{% macro a(x="%}") %}{% if x %}1{% endif %}{% endmacro %}',
    'text   {%- test b(model, column_name) -%}   select 1 {%- endtest -%}   ',
    '{% materialization c, adapter="duckdb" %}m{% endmaterialization %}',
  ].join('\n');
  const allowed = new Set(['macro', 'test', 'materialization']);
  const blocks = extractBlocks(source, { path: 'macros/a.sql', allowed });
  assert.deepEqual(
    blocks.map(({ type, name, text, contents }) => ({ type, name, text, contents })),
    [
      {
        type: 'macro',
        name: 'a',
        text: '{% macro a(x="%}") %}{% if x %}1{% endif %}{% endmacro %}',
        contents: '{% if x %}1{% endif %}',
      },
      {
        type: 'test',
        name: 'b',
        text: '   {%- test b(model, column_name) -%}   select 1 {%- endtest -%}   \n',
        contents: 'select 1',
      },
      {
        type: 'materialization',
        name: 'c',
        text: '{% materialization c, adapter="duckdb" %}m{% endmaterialization %}',
        contents: 'm',
      },
    ],
  );
  const open = thrown(() => extractBlocks('x\n {% macro a() %}', { path: 'macros/a.sql', allowed }));
  assert.match(open.message, /without finding {% endmacro %}/);
  assert.deepEqual(framesOf(open)[0], { path: 'macros/a.sql', name: 'macros/a.sql', line: 2, column: 2 });
  assert.match(
    thrown(() => extractBlocks('{% if x %}{% macro a() %}{% endmacro %}{% endif %}', { path: 'a', allowed })).message,
    /control flow/,
  );
});

test('the calls of a template that only calls with literals are known without running it', () => {
  const names = new Set(['ref', 'source', 'config']);
  const calls = (source: string) => staticCalls(compileTemplate(environment, source, { path: 'a.sql' }), names);
  const found = calls("{{ config(materialized='table', tags=['a']) }} select * from {{ ref('a', v=2) }} {# {{ x }} #}");
  assert.deepEqual(
    found?.map(({ name, args, kwargs }) => [name, args, toJs(new PyDict(kwargs))]),
    [
      ['config', [], { materialized: 'table', tags: ['a'] }],
      ['ref', ['a'], { v: 2 }],
    ],
  );
  for (const dynamic of [
    "{{ ref('a' ~ x) }}",
    "{{ ref('a').x }}",
    '{% set a = 1 %}',
    "{{ var('a') }}",
    "{{ ref(*['a']) }}",
  ])
    assert.equal(calls(dynamic), undefined, dynamic);
});

test('a native template keeps the value it has, and reads text as a literal only when asked', () => {
  const native = createEnvironment({ native: true });
  const value = (source: string, names: Record<string, Value> = {}): unknown =>
    toJs(renderNative(compileTemplate(native, source, { path: 'a.yml' }), new Map(Object.entries(names))));
  assert.deepEqual(value('{{ x }}', { x: [1, 'a'] }), [1, 'a']);
  assert.equal(value('{{ "7" | as_number }}'), 7);
  assert.deepEqual(value('{{ x | as_native }}', { x: "{'a': [1, (2,)]}" }), { a: [1, [2]] });
  assert.equal(value('{{ x }}0', { x: 1 }), '10');
});

test('values of a database print as Python prints them', () => {
  const names = Object.fromEntries(pythonBuiltins());
  assert.equal(render('{{ modules.datetime.date(2024, 2, 29) }}', names), '2024-02-29');
  assert.equal(render('{{ [x, y] }} {{ x + 1 }} {{ y / 2 }}', { x: 3, y: new PyFloat(3) }), '[3, 3.0] 4 1.5');
});

// The values are what Python gives; JavaScript's own differ in the last digit.
test('powers of floats are rounded as C rounds them', () => {
  const power = (base: string, exponent: string): string => render(`{{ (${base}) ** (${exponent}) }}`);
  assert.equal(power('7.70716135938125', '3'), '457.80797604548894');
  assert.equal(power('12569528045024.223', '1.0 / 3'), '23250.894046646445');
  assert.equal(power('1.0745330132158888', '3'), '1.240678593388213');
  assert.equal(power('2', '-2'), '0.25');
  assert.equal(power('1e-200', '1.4'), '1.0000000000000409e-280');
  assert.equal(power('9.0', '4'), '6561.0');
  assert.match(thrown(() => power('10.0', '400')).message, /Numerical result out of range/);
  assert.match(thrown(() => power('0.0', '-1')).message, /0\.0 cannot be raised to a negative power/);
});
