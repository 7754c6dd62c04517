import { fromJs, hostFunction, PyObject, type Value } from '../../jinja/index.ts';
import { own } from '../plain.ts';
import type { AdapterHost } from './adapter-host.ts';
import type { AdapterMethods } from './adapter-method.ts';
import { BehaviorObject } from './answers.ts';
import { columnMethods } from './column-methods.ts';
import { factMethods } from './fact-methods.ts';
import { modelMethods } from './model-methods.ts';
import { relationMethods } from './relation-methods.ts';
import { relationClass } from './relation-object.ts';
import { schemaMethods } from './schema-methods.ts';
import { statementMethods } from './statement-methods.ts';

const methods: AdapterMethods = {
  ...factMethods,
  ...statementMethods,
  ...schemaMethods,
  ...relationMethods,
  ...columnMethods,
  ...modelMethods,
};

/** `adapter` of templates. */
export class AdapterObject extends PyObject {
  readonly typeName = 'DatabaseWrapper';
  readonly host: AdapterHost;
  readonly #bound = new Map<string, Value>();

  constructor(host: AdapterHost) {
    super();
    this.host = host;
  }
  override attr(name: string): Value | undefined {
    if (name === 'Relation') return relationClass(this.host.quoting);
    if (name === 'config') return adapterConfig(this.host);
    if (name === 'behavior') return new BehaviorObject(this.host.flags);
    const method = own(methods, name);
    if (method === undefined) return undefined;
    const known = this.#bound.get(name) ?? hostFunction(name, (args, kwargs) => method(this.host, args, kwargs, name));
    this.#bound.set(name, known);
    return known;
  }
  override truth(): boolean {
    return true;
  }
}

/** What packages read of `adapter.config.credentials`: names, never secrets. */
function adapterConfig({ database, projectName }: AdapterHost): Value {
  const { credentials } = database;
  const shown = {
    type: 'duckdb',
    database: credentials.database,
    schema: credentials.schema,
    path: credentials.path,
    external_root: credentials.externalRoot,
    threads: credentials.threads,
  };
  return fromJs({ project_name: projectName, credentials: shown });
}
