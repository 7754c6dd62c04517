import type { Constant } from './ast.ts';

export interface GeneratorOptions {
  /** Calls may answer with promises, which the generated function awaits. */
  readonly async: boolean;
  /** Outputs of the template itself stay values in a list instead of becoming text. */
  readonly native: boolean;
  /** Left out of the names of macros in errors. */
  readonly macroPrefix: string;
  readonly hasFilter: (name: string) => boolean;
  readonly hasTest: (name: string) => boolean;
  /** Throws TemplateAssertionError. */
  readonly fail: (message: string, at: number) => never;
}

export interface Scope {
  /** Template name to JavaScript name; `sure` when it certainly has a value where it is read. */
  readonly names: Map<string, { readonly id: string; readonly sure: boolean }>;
  readonly outer: Scope | undefined;
}

/** A string literal of JavaScript. */
export const quote = (text: string): string => JSON.stringify(text);

/** A constant of a template as JavaScript. */
export const constantCode = (value: Constant): string => {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  return `R.float(${Number.isFinite(value.float) ? value.float : 'Infinity'})`;
};
