import { readYaml } from '../project/render.ts';
import { readExposures, readGroups } from './exposures.ts';
import { type FoundFile, readText } from './files.ts';
import { readFunctionProperties } from './functions.ts';
import { readAnalyses, readMacros, readModels, readSeeds, readSingularTests, readSnapshots } from './models-yaml.ts';
import { checkShape, type SchemaFile } from './schema-file.ts';
import { readSemantics } from './semantic.ts';
import { SourceReader } from './sources.ts';
import type { ParseState } from './state.ts';
import { type Fixtures, readUnitTests } from './unit-tests.ts';

/** Sources are built by what is returned, when all properties are known. */
export function readSchemaFiles(state: ParseState, files: readonly FoundFile[], fixtures: Fixtures): SourceReader {
  const sources = new SourceReader();
  for (const file of files) {
    const schema = state.memo === undefined ? readSchemaFile(file) : state.memo.ofFile('schema', file, readSchemaFile);
    if (schema === undefined) continue;
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

function readSchemaFile(file: FoundFile): SchemaFile | undefined {
  const text = readText(file);
  const content = checkShape(file, readYaml(text, file.original));
  if (content === undefined) return undefined;
  return { file, text, content, isPlain: !/\{[{%#]|[|>][-+]?\n/.test(text) };
}
