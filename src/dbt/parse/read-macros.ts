/** All macros of a project, linked to one another. */
import type { DbtManifest, Dict, MacroNode } from '../manifest-types.ts';
import type { LoadedProjects } from '../project/load.ts';
import type { MacroIndex, ParseWarning } from '../project-types.ts';
import { builtInMacros, macroBlocks } from './built-in-macros.ts';
import { checkMacroSyntax } from './context/macro-syntax.ts';
import type { FoundFile } from './files.ts';
import type { FilesByPackage } from './last-parse.ts';
import { createMacroIndex, isBuiltIn, linkMacros, MacroStore, macrosByPackage, macroTexts } from './macros.ts';
import type { ParseMemo } from './memo.ts';

const overridesFlag = 'REQUIRE_EXPLICIT_PACKAGE_OVERRIDES_FOR_BUILTIN_MATERIALIZATIONS';
const testBlocks = new Set(['test', 'data_test']);

interface MacroTarget {
  readonly manifest: DbtManifest;
  readonly memo: ParseMemo | undefined;
  readonly warn: (warning: ParseWarning) => void;
  readonly flags: Readonly<Dict>;
}

export function readMacros(
  loaded: LoadedProjects,
  files: FilesByPackage,
  { manifest, memo, warn, flags }: MacroTarget,
): MacroIndex {
  const packages = [...loaded.projects.keys()];
  memo?.reads.flag(overridesFlag, flags[overridesFlag]);
  const packagesWin = flags[overridesFlag] === false;
  const indexOf = (macros: readonly MacroNode[]): MacroIndex =>
    createMacroIndex({ macros: macrosByPackage(macros), root: loaded.root, packages, packagesWin });
  const read = (): readonly MacroNode[] => {
    const store = readMacroFiles(files, warn);
    const macros = [...store.macros.values()];
    checkMacroSyntax(macros.filter(({ package_name: owner }) => !isBuiltIn(owner)));
    linkMacros(store, indexOf(macros));
    return macros;
  };
  const macros = memo === undefined ? read() : memo.macros(read);
  for (const macro of macros) manifest.macros[macro.unique_id] = macro;
  return indexOf(macros);
}

function readMacroFiles(files: FilesByPackage, warn: (warning: ParseWarning) => void): MacroStore {
  const store = new MacroStore(Date.now() / 1000);
  for (const file of builtInMacros()) for (const macro of file.macros) store.add(file, macro);
  const read = (file: FoundFile, allowed: ReadonlySet<string>): void => {
    for (const macro of macroTexts(file, { allowed, warn })) store.add(file, macro);
  };
  for (const found of files.values()) {
    for (const file of found.macros) read(file, macroBlocks);
    for (const file of found.genericTests) read(file, testBlocks);
  }
  return store;
}
