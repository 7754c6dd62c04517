import { compileTemplate, createEnvironment } from '../../../jinja/index.ts';
import type { MacroNode } from '../../manifest-types.ts';
import { macroLabel } from '../macros.ts';
import { macroPrefix } from './macros.ts';
import { placed } from './placed.ts';

/** Throws for the first macro that is no template, called or not. */
export function checkMacroSyntax(macros: Iterable<MacroNode>): void {
  const environment = createEnvironment({ macroPrefix });
  for (const macro of macros)
    placed(`macro ${macro.name} (${macro.original_file_path})`, () => {
      compileTemplate(environment, macro.macro_sql, macroLabel(macro));
      environment.programs.delete(macro.macro_sql);
    });
}
