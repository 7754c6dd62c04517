import { readYaml } from '../project/render.ts';
import type { DuplicateKey } from '../yaml/load.ts';
import { readExposures, readGroups } from './exposures.ts';
import { type FoundFile, readText } from './files.ts';
import { readFunctionProperties } from './functions.ts';
import { readAnalyses, readMacros, readModels, readSeeds, readSingularTests, readSnapshots } from './models-yaml.ts';
import { withEarlierEntries } from './schema-changes.ts';
import { checkShape, type SchemaFile } from './schema-file.ts';
import { readSemantics } from './semantic.ts';
import { SourceReader } from './sources.ts';
import type { ParseState } from './state.ts';
import { type Fixtures, readUnitTests } from './unit-tests.ts';

/** Sources are built by what is returned, when all properties are known. */
export function readSchemaFiles(state: ParseState, files: readonly FoundFile[], fixtures: Fixtures): SourceReader {
  const sources = new SourceReader();
  for (const file of files) {
    const schema = schemaOf(state, file);
    if (schema === undefined) continue;
    for (const { key, line, column } of schema.duplicates)
      state.warn({
        name: 'DuplicateYAMLKeysDeprecation',
        message: `${file.original}:${line}:${column}: the key '${key}' stands twice in one dictionary; the last one counts`,
        data: { duplicate_description: `Duplicate key '${key}', line ${line}, column ${column}`, file: file.original },
      });
    readModels(state, schema);
    readSeeds(state, schema);
    readSnapshots(state, schema);
    sources.collect(state, schema);
    readMacros(state, schema);
    readSingularTests(state, schema);
    readAnalyses(state, schema);
    readExposures(state, schema);
    readGroups(state, schema);
    readFunctionProperties(state, schema);
    readSemantics(state, schema);
    readUnitTests(state, schema, fixtures);
  }
  return sources;
}

/** A file as it is read, or remembered. */
export function schemaOf({ memo }: ParseState, file: FoundFile): SchemaFile | undefined {
  if (memo === undefined) return readSchemaFile(file);
  const earlier = memo.lastOf<SchemaFile>('schema', file);
  return memo.ofFile('schema', file, (found) => withEarlierEntries(readSchemaFile(found), earlier));
}

/** What rendering changes: expressions, and texts that may end in a line break, which is taken away. */
const rendered = /\{[{%#]|[|>][-+\d]*[ \t]*(?:#[^\n]*)?\r?\n|\\n"/;

function readSchemaFile(file: FoundFile): SchemaFile | undefined {
  const text = readText(file).replace(/^\ufeff\s*/, '');
  const duplicates: DuplicateKey[] = [];
  const content = checkShape(
    file,
    readYaml(text, file.original, (one) => void duplicates.push(one)),
  );
  if (content === undefined) return undefined;
  return { file, text, content, duplicates, isPlain: !rendered.test(text) };
}
