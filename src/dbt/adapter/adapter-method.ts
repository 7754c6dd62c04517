import { type Args, type Kwargs, readArguments, type Value } from '../../jinja/index.ts';
import type { AdapterHost } from './adapter-host.ts';

/** A method of `adapter`; it is told its name for what it says of wrong arguments. */
export type AdapterMethod = (host: AdapterHost, args: Args, kwargs: Kwargs, name: string) => Value | Promise<Value>;

export type AdapterMethods = Readonly<Record<string, AdapterMethod>>;

type Given<Name extends string> = Readonly<Record<Name, Value>>;

/** A method by the names of its parameters, as Python calls it: by place or by name. */
export const method =
  <const Name extends string>(
    parameters: readonly Name[],
    run: (host: AdapterHost, given: Given<Name>) => Value | Promise<Value>,
    defaults?: Readonly<Partial<Record<NoInfer<Name>, Value>>>,
  ): AdapterMethod =>
  (host, args, kwargs, name) =>
    run(host, readArguments(name, parameters, args, kwargs, defaults));
