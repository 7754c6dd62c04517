/** What still works and will not: told once by kind, counted, and summed up at the end. */
import type { ParseWarning } from '../project-types.ts';
import type { EventLog } from './events.ts';

/** Codes of dbt's events. */
const codes: Readonly<Record<string, string>> = {
  PackageRedirectDeprecation: 'D001',
  PackageInstallPathDeprecation: 'D002',
  ConfigSourcePathDeprecation: 'D003',
  ConfigDataPathDeprecation: 'D004',
  ExposureNameDeprecation: 'D007',
  ConfigLogPathDeprecation: 'D010',
  ConfigTargetPathDeprecation: 'D011',
  ProjectFlagsMovedDeprecation: 'D013',
  SpacesInResourceNameDeprecation: 'D014',
  ResourceNamesWithSpacesDeprecation: 'D015',
  PackageMaterializationOverrideDeprecation: 'D016',
  SourceFreshnessProjectHooksNotRun: 'D017',
  MFTimespineWithoutYamlConfigurationDeprecation: 'D018',
  MFCumulativeTypeParamsDeprecation: 'D019',
  MicrobatchMacroOutsideOfBatchesDeprecation: 'D020',
  UnexpectedJinjaBlockDeprecation: 'D023',
  DuplicateYAMLKeysDeprecation: 'D024',
  CustomKeyInConfigDeprecation: 'D026',
  CustomOutputPathInSourceFreshnessDeprecation: 'D029',
  PropertyMovedToConfigDeprecation: 'D030',
  WEOIncludeExcludeDeprecation: 'D031',
  ModelParamUsageDeprecation: 'D032',
  ModulesItertoolsUsageDeprecation: 'D034',
  EnvironmentVariableNamespaceDeprecation: 'D036',
  ArgumentsPropertyInGenericTestDeprecation: 'D038',
  MissingArgumentsPropertyInGenericTestDeprecation: 'D039',
  DuplicateNameDistinctNodeTypesDeprecation: 'D040',
  TimeDimensionsRequireGranularityDeprecation: 'D041',
  GenerateSchemaNameNullValueDeprecation: 'D044',
};
const summaryName = 'DeprecationsSummary';

export const isDeprecation = (name: string): boolean => Object.hasOwn(codes, name);

export interface Deprecations {
  /** Counts one; tells whether it is to be shown. */
  readonly note: (name: string) => boolean;
  readonly fire: (warning: ParseWarning) => void;
  /** Tells how often each was met, if any was. */
  readonly summarize: () => void;
}

export function createDeprecations(log: EventLog, showsAll: boolean): Deprecations {
  const counts = new Map<string, number>();
  const fire = ({ name, message, data }: ParseWarning): void =>
    log.fire({
      name,
      level: 'warn',
      code: codes[name] ?? 'D028',
      msg: `[WARNING][${name}]: Deprecated functionality\n${message}`,
      ...(data === undefined ? {} : { data: { ...data } }),
    });
  return {
    note(name) {
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return count === 0 || showsAll;
    },
    fire,
    summarize() {
      if (counts.size === 0) return;
      const lines = [...counts].map(([name, count]) => `- ${name}: ${count} occurrence${count === 1 ? '' : 's'}`);
      const hint = showsAll ? [] : ['Each kind is shown once; --show-all-deprecations shows every one.'];
      const summaries = [...counts].map(([name, occurrences]) => ({
        event_code: codes[name],
        event_name: name,
        occurrences,
      }));
      const message = ['Deprecations that were met:', ...lines, ...hint].join('\n');
      fire({ name: summaryName, message, data: { summaries, show_all_hint: !showsAll } });
      counts.clear();
    },
  };
}
