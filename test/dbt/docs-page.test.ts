import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { layoutGraph } from '../../src/dbt/docs/page/layout.ts';
import { allNodes, lineageKinds, nodesAround } from '../../src/dbt/docs/page/lineage.ts';
import { type Block, type Inline, parseInline, parseMarkdown, safeHref } from '../../src/dbt/docs/page/markdown.ts';
import { readProject } from '../../src/dbt/docs/page/project.ts';
import { formatRoute, parseRoute } from '../../src/dbt/docs/page/route.ts';
import { indexProject, search } from '../../src/dbt/docs/page/search.ts';
import { createTexts, languageFor, languages } from '../../src/dbt/docs/page/texts.ts';
import { treeOf } from '../../src/dbt/docs/page/tree.ts';
import { docsPage, pageScript } from '../../src/dbt/docs/page.ts';

const options = { columnWidth: 10, rowHeight: 1, tallest: 60 };

const manifest = {
  metadata: { project_name: 'shop', dbt_version: '1.12.6', generated_at: '2026-01-01T00:00:00Z' },
  nodes: {
    'model.shop.orders': {
      resource_type: 'model',
      name: 'orders',
      package_name: 'shop',
      original_file_path: 'models/core/orders.sql',
      database: 'db',
      schema: 'main',
      relation_name: '"db"."main"."orders"',
      description: 'Every *order*.',
      raw_code: 'select * from {{ ref("raw_orders") }}',
      compiled_code: 'select * from raw_orders',
      columns: { Id: { name: 'Id', description: 'key', constraints: [{ type: 'not_null' }] }, gone: { name: 'gone' } },
      config: { materialized: 'table', tags: ['daily'], meta: { owner: 'ana' }, contract: { enforced: true } },
      tags: ['daily'],
      meta: { owner: 'ana' },
      access: 'public',
    },
    'seed.shop.raw_orders': {
      resource_type: 'seed',
      name: 'raw_orders',
      package_name: 'shop',
      original_file_path: 'seeds/raw_orders.csv',
    },
    'model.shop.hidden': { resource_type: 'model', name: 'hidden', package_name: 'shop', docs: { show: false } },
    'test.shop.unique.1': {
      resource_type: 'test',
      name: 'unique_orders_id',
      package_name: 'shop',
      attached_node: 'model.shop.orders',
      column_name: 'id',
      test_metadata: { name: 'unique', namespace: null },
      original_file_path: 'models/core/orders.yml',
    },
  },
  sources: {
    'source.shop.app.users': {
      resource_type: 'source',
      name: 'users',
      source_name: 'app',
      package_name: 'shop',
      original_file_path: 'models/app.yml',
      database: 'db',
      schema: 'app',
    },
  },
  exposures: {
    'exposure.shop.report': {
      resource_type: 'exposure',
      name: 'report',
      package_name: 'shop',
      owner: { name: 'Bob', email: 'b@x.org' },
      url: 'https://x.org/r',
      original_file_path: 'models/e.yml',
    },
  },
  macros: {
    'macro.shop.cents': {
      resource_type: 'macro',
      name: 'cents',
      package_name: 'shop',
      macro_sql: '{% macro cents(x) %}{% endmacro %}',
      arguments: [{ name: 'x', type: 'int' }],
      original_file_path: 'macros/cents.sql',
    },
    'macro.dbt.run_hooks': { resource_type: 'macro', name: 'run_hooks', package_name: 'dbt' },
  },
  docs: {
    'doc.shop.__overview__': { name: '__overview__', package_name: 'shop', block_contents: '# Hello' },
    'doc.dbt.__overview__': { name: '__overview__', package_name: 'dbt', block_contents: 'no' },
  },
  parent_map: {
    'model.shop.orders': ['seed.shop.raw_orders'],
    'exposure.shop.report': ['model.shop.orders', 'model.shop.hidden'],
    'test.shop.unique.1': ['model.shop.orders'],
  },
  child_map: {
    'seed.shop.raw_orders': ['model.shop.orders'],
    'model.shop.orders': ['exposure.shop.report', 'test.shop.unique.1'],
  },
};
const catalog = {
  nodes: {
    'model.shop.orders': {
      metadata: { type: 'BASE TABLE', owner: null },
      columns: { id: { name: 'id', type: 'INTEGER', index: 1, comment: null } },
      stats: { has_stats: { include: false } },
    },
  },
};
const columnLineage = {
  nodes: {
    'model.shop.orders': {
      columns: {
        ID: { upstream: [{ node: 'seed.shop.raw_orders', column: 'id', kind: 'passthrough' }, { column: 'x' }] },
      },
    },
    'model.shop.later': {
      columns: { key: { upstream: [{ node: 'model.shop.orders', column: 'id', kind: 'transformed' }] } },
    },
  },
};
const project = readProject({ manifest, catalog, columnLineage });

test('a thing is what manifest and catalog say of it together', () => {
  const item = project.items.get('model.shop.orders');
  assert.ok(item);
  assert.deepEqual(item.columns, [
    {
      name: 'id',
      type: 'INTEGER',
      description: 'key',
      tests: ['unique'],
      tags: [],
      constraints: ['not_null'],
      from: [{ id: 'seed.shop.raw_orders', column: 'id', isSame: true }],
      into: [{ id: 'model.shop.later', column: 'key', isSame: false }],
    },
    { name: 'gone', type: '', description: '', tests: [], tags: [], constraints: [], from: [], into: [] },
  ]);
  assert.equal(item.owner, 'ana');
  assert.deepEqual(item.children, ['exposure.shop.report', 'test.shop.unique.1']);
  const facts = Object.fromEntries(item.facts);
  assert.deepEqual(facts, { materialized: 'table', type: 'BASE TABLE', access: 'public', contract: 'enforced' });
  assert.equal(project.items.get('exposure.shop.report')?.owner, 'Bob, b@x.org');
  assert.deepEqual(
    project.items.get('exposure.shop.report')?.parents,
    ['model.shop.orders'],
    'hidden things are not linked',
  );
  assert.equal(project.items.has('model.shop.hidden'), false);
  assert.equal(project.items.has('macro.dbt.run_hooks'), false);
  assert.deepEqual(project.items.get('macro.shop.cents')?.facts, [['arguments', 'x: int']]);
  assert.equal(project.overviews.get(''), '# Hello');
});

test('a broken or hostile manifest is read without harm', () => {
  const odd = JSON.parse(
    '{"nodes": {"__proto__": {"name": "x"}, "model.a.b": {"columns": 3, "tags": {"a": 1}, "config": null, "meta": [1]}, "model.a.c": null}, "parent_map": {"model.a.b": ["model.a.b", "constructor", 4]}}',
  ) as Record<string, unknown>;
  const read = readProject({
    manifest: odd,
    catalog: { nodes: 7 },
    columnLineage: { nodes: { a: { columns: { b: { upstream: 3 } } } } },
  });
  assert.deepEqual([...read.items.keys()], ['__proto__', 'model.a.b']);
  assert.equal(({} as Record<string, unknown>).name, undefined);
  assert.deepEqual(layoutGraph([...read.items.keys()], (id) => read.items.get(id)?.parents ?? [], options).edges, []);
  assert.deepEqual(readProject({ manifest: {} }).items.size, 0);
});

test('folders by project, by database and by kind', () => {
  const names = (folder: ReturnType<typeof treeOf>): unknown => [
    folder.name,
    folder.folders.map(names),
    folder.items.map(({ name }) => name),
  ];
  assert.deepEqual(names(treeOf(project, 'project')), [
    '',
    [
      [
        'shop',
        [
          ['macros', [], ['cents']],
          ['models', [['core', [], ['orders']]], ['app.users', 'report']],
          ['seeds', [], ['raw_orders']],
        ],
        [],
      ],
    ],
    [],
  ]);
  assert.deepEqual(names(treeOf(project, 'database')), [
    '',
    [
      [
        'db',
        [
          ['app', [], ['app.users']],
          ['main', [], ['orders']],
        ],
        [],
      ],
    ],
    [],
  ]);
  assert.deepEqual(
    treeOf(project, 'kind').folders.map(({ name, size }) => `${name} ${size}`),
    ['exposure 1', 'macro 1', 'model 1', 'seed 1', 'source 1', 'test 1'],
  );
});

test('search finds by name first, without accents and capitals, every word anywhere', () => {
  const index = indexProject(project);
  const found = (query: string): string[] => search(index, query).map(({ item }) => item.name);
  assert.deepEqual(found('ORDÉRS').slice(0, 2), ['orders', 'raw_orders']);
  assert.deepEqual(found('daily order'), ['orders']);
  assert.deepEqual(found('orders zebra'), []);
  assert.deepEqual(found('  '), []);
  assert.deepEqual(search(index, 'key')[0]?.fields, ['description']);
});

test('the picture: parents are left of children, neighbours near each other, cycles do not stop it', () => {
  const parents: Record<string, string[]> = { b: ['a'], c: ['b'], d: ['a', 'c'], lone: [], z: ['late'], late: [] };
  const { nodes, edges } = layoutGraph(['a', 'b', 'c', 'd', 'lone', 'late', 'z'], (id) => parents[id] ?? [], options);
  for (const [from, to] of edges) assert.ok((nodes.get(from)?.x ?? 0) < (nodes.get(to)?.x ?? 0), `${from} ${to}`);
  assert.equal(edges.length, 5);
  const places = [...nodes.values()].map(({ x, y }) => `${x} ${y}`);
  assert.equal(new Set(places).size, places.length, 'no two at one place');
  const looped = layoutGraph(['a', 'b'], (id) => (id === 'a' ? ['b'] : ['a']), options);
  assert.equal(looped.nodes.size, 2);
});

test('a picture of 5,000 nodes takes less than a second', () => {
  const ids = Array.from({ length: 5000 }, (_, i) => `n${i}`);
  const parents = (id: string): string[] => {
    const i = Number(id.slice(1));
    return i < 50 ? [] : [`n${(i * 7919) % i}`, `n${i - 50}`];
  };
  const started = performance.now();
  const { nodes } = layoutGraph(ids, parents, { columnWidth: 236, rowHeight: 42, tallest: 60 });
  assert.equal(nodes.size, 5000);
  assert.ok(performance.now() - started < 1000);
});

test('around a node, so many steps each way; tests have no place in the picture', () => {
  const around = (up: number, down: number) => nodesAround(project, { id: 'model.shop.orders', up, down }).sort();
  assert.deepEqual(around(0, 0), ['model.shop.orders']);
  assert.deepEqual(around(1, 0), ['model.shop.orders', 'seed.shop.raw_orders']);
  assert.deepEqual(around(0, Infinity), ['exposure.shop.report', 'model.shop.orders']);
  assert.deepEqual(allNodes(project, lineageKinds).length, 4);
});

const kinds = (text: string): string[] => parseMarkdown(text).map(({ kind }) => kind);

test('markdown: blocks', () => {
  assert.deepEqual(
    kinds('# A\ntext\nmore\n\n- a\n- b\n  - c\n\n1. x\n\n> q\n\n---\n```sql\nselect 1\n```\n|a|b|\n|-|-|\n|1|2|'),
    ['heading', 'paragraph', 'list', 'list', 'quote', 'rule', 'code', 'table'],
  );
  const [list] = parseMarkdown('- a\n  - b\n- c\n\n  d') as Extract<Block, { kind: 'list' }>[];
  assert.deepEqual(
    list?.items.map((item) => item.map(({ kind }) => kind)),
    [
      ['paragraph', 'list'],
      ['paragraph', 'paragraph'],
    ],
  );
  const [table] = parseMarkdown('| a | b\\|c |\n| --- | :-: |\n| `x` |') as Extract<Block, { kind: 'table' }>[];
  assert.deepEqual([table?.head.length, table?.rows[0]?.length], [2, 2]);
});

test('markdown: text within', () => {
  const text = (parts: readonly Inline[]): string =>
    parts
      .map((part) =>
        'text' in part ? part.text : 'inner' in part ? `<${part.kind}>${text(part.inner)}</>` : part.kind,
      )
      .join('');
  assert.equal(
    text(parseInline('a **b *c*** `d*e*` _f_ snake_case_name ~~g~~')),
    'a <strong>b <em>c</></> d*e* <em>f</> snake_case_name <del>g</>',
  );
  assert.equal(
    text(parseInline('see https://x.org/a_b_c. and [t](https://y.org "z")')),
    'see <link>https://x.org/a_b_c</>. and <link>t</>',
  );
  assert.equal(text(parseInline('\\*no\\* 2 * 3 * 4')), '*no* 2 * 3 * 4');
});

test('markdown: nothing of a hostile description becomes an address that runs, or markup', () => {
  for (const href of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//evil.org',
    '/etc/passwd',
    ' java\tscript:x',
    'file:///etc/passwd',
    'https://',
  ])
    assert.equal(safeHref(href), undefined, href);
  assert.equal(safeHref('https://x.org/"><script>'), 'https://x.org/%22%3E%3Cscript%3E');
  const hrefs = (parts: readonly Inline[]): string[] =>
    parts.flatMap((part) => [
      ...('href' in part ? [part.href] : []),
      ...('src' in part ? [part.src] : []),
      ...('inner' in part ? hrefs(part.inner) : []),
    ]);
  assert.deepEqual(
    hrefs(
      parseInline(
        '[a](javascript:x) ![b](javascript:y) ![c](http://x.org/p.png) <img src=x onerror=1> ![d](assets/../../x.png) ![e](assets/a.png)',
      ),
    ),
    ['http://x.org/p.png', 'assets/a.png'],
  );
  assert.deepEqual(parseMarkdown('<script>alert(1)</script>'), [
    { kind: 'paragraph', inner: [{ kind: 'text', text: '<script>alert(1)</script>' }] },
  ]);
  const started = performance.now();
  for (const text of [
    '*'.repeat(20000),
    '['.repeat(20000),
    '> '.repeat(5000),
    `${'- '.repeat(3000)}x`,
    '`'.repeat(9999),
    '_a'.repeat(9000),
    '![a]('.repeat(4000),
  ])
    parseMarkdown(text);
  assert.ok(performance.now() - started < 4000, 'no text takes long');
});

test('places in the address go both ways; those of pages by dbt are understood', () => {
  for (const hash of [
    '#!/overview',
    '#!/overview/shop',
    '#!/model/model.shop.orders',
    '#!/search/a%20b%2Fc',
    '#!/graph',
    '#!/graph/model.shop.orders?up=2&down=0',
    '#!/graph?without=seed%2Csource',
  ])
    assert.equal(formatRoute(parseRoute(hash)), hash);
  assert.deepEqual(parseRoute('#!/model/model.shop.orders?g_v=1'), { page: 'item', id: 'model.shop.orders' });
  assert.deepEqual(parseRoute('#%E0%A4%A'), { page: 'item', id: '' });
});

test('the texts are the same in both languages', () => {
  assert.deepEqual(Object.keys(languages.fr).sort(), Object.keys(languages.en).sort());
  const marks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [id, text] of Object.entries(languages.en))
    assert.deepEqual(marks(languages.fr[id as keyof typeof languages.en]), marks(text), id);
  assert.equal(createTexts('fr').kind('model'), 'modèle');
  assert.equal(createTexts('fr').kind('constructor'), 'constructor');
  assert.deepEqual(
    [languageFor(['fr-CA']), languageFor(['en-GB', 'fr']), languageFor(['de', 'fr']), languageFor([])],
    ['fr', 'en', 'fr', 'en'],
  );
});

const pageFolder = path.resolve(import.meta.dirname, '../../../src/dbt/docs/page');

test('the page makes elements from text only', () => {
  for (const file of readdirSync(pageFolder).filter((name) => name.endsWith('.ts')))
    assert.doesNotMatch(
      readFileSync(path.join(pageFolder, file), 'utf8'),
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|setAttribute\('on|cssText/,
      file,
    );
});

test('the parts of the page are one program, which no text of the project can leave', () => {
  const script = pageScript();
  assert.doesNotMatch(script, /^\s*(import|export) /m);
  assert.doesNotMatch(script, /<\/script|<!--/i);
  assert.doesNotThrow(() => checkModule(script));
  const hostile = '</script><script>alert(1)</script><!-- $& $1';
  const data = { manifest: JSON.stringify({ docs: { x: hostile } }), catalog: '{}' };
  const { html, policy } = docsPage(data);
  assert.equal(html.match(/<script/g)?.length, 3);
  assert.equal(html.match(/<\/script/g)?.length, 3);
  const inside = /id="data-manifest">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  assert.deepEqual(JSON.parse(inside), { docs: { x: hostile } });
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+';/);
  assert.match(policy, /connect-src 'none'/);
  assert.match(docsPage().policy, /connect-src 'self'/);
  assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//, 'nothing is loaded from elsewhere');
});

/** Throws for a name that two parts declare. */
function checkModule(script: string): void {
  new Function(`{${script}}`);
}
