/** The messages room: every text people read, in English and French. It knows nothing of where they are shown. */
import type { DuckhouseError } from '../errors.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';

export type Language = 'en' | 'fr';
export type MessageId = keyof typeof en;
export type MessageParams = Readonly<Record<string, string | number>>;

export interface Translator {
  readonly language: Language;
  /** The text of `id`, its parameters filled in; numbers in the language's form. */
  t(id: MessageId, params?: MessageParams): string;
  /** One of `${id}.one` and `${id}.other`, by the language's plural of `count`. */
  plural(id: 'rows.all' | 'rows.changed' | 'ingest.loaded' | 'ingest.repeated', count: number): string;
  number(value: number): string;
  /** Message and hint of an error; what has no translation stays as it is. */
  error(error: DuckhouseError): { readonly message: string; readonly hint: string | undefined };
}

export const catalogues: Readonly<Record<Language, Readonly<Record<MessageId, string>>>> = { en, fr };

/** `fr` for anything that starts with it, such as fr_FR.UTF-8; English otherwise. */
export const languageOf = (...candidates: readonly (string | undefined)[]): Language =>
  candidates
    .find((candidate) => candidate !== undefined && candidate !== '')
    ?.toLowerCase()
    .startsWith('fr')
    ? 'fr'
    : 'en';

export function createTranslator(language: Language): Translator {
  const catalogue = catalogues[language];
  // Loading the rules of a language takes longer than a short command: they wait for the first number.
  let numbers: Intl.NumberFormat | undefined;
  let plurals: Intl.PluralRules | undefined;
  const number = (value: number): string => {
    numbers ??= new Intl.NumberFormat(language);
    return numbers.format(value);
  };
  const isOne = (count: number): boolean => {
    plurals ??= new Intl.PluralRules(language);
    return plurals.select(count) === 'one';
  };
  const fill = (template: string, params: MessageParams): string =>
    template.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      return value === undefined
        ? whole
        : typeof value === 'number' && name !== 'pid' && name !== 'port' && name !== 'line'
          ? number(value)
          : String(value);
    });
  const t = (id: MessageId, params: MessageParams = {}): string => fill(catalogue[id], params);
  return {
    language,
    t,
    number,
    plural: (id, count) => t(`${id}.${isOne(count) ? 'one' : 'other'}`, { count }),
    error: (error) => translateError(error, t),
  };
}

function translateError(
  error: DuckhouseError,
  t: Translator['t'],
): { readonly message: string; readonly hint: string | undefined } {
  const id = `error.${error.id ?? ''}`;
  const known = id in en ? (id as MessageId) : undefined;
  const params = Object.fromEntries(
    Object.entries({ message: error.message, ...error.context }).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, typeof value === 'number' ? value : Array.isArray(value) ? value.join(', ') : String(value)]],
    ),
  );
  const message = known === undefined ? error.message : t(known, params);
  const { candidates } = error.context;
  const named =
    Array.isArray(candidates) && candidates.length > 0
      ? t('error.did-you-mean', { candidates: candidates.slice(0, 3).join(', ') })
      : undefined;
  const hintId = `hint.${error.id ?? ''}`;
  const hint = hintId in en && error.hint !== undefined ? t(hintId as MessageId, params) : error.hint;
  return { message, hint: named ?? hint };
}
