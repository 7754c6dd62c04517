import { PyObject, type Value } from '../../jinja/index.ts';
import { own } from '../plain.ts';

/** What a statement answered: `OK`, rows where known. */
export class ResponseObject extends PyObject {
  readonly typeName = 'AdapterResponse';
  readonly message: string;
  readonly code: string | null;
  readonly rows: number | null;
  constructor(message: string, code: string | null, rows: number | null) {
    super();
    this.message = message;
    this.code = code;
    this.rows = rows;
  }
  override attr(name: string): Value | undefined {
    if (name === '_message' || name === 'message') return this.message;
    if (name === 'code') return this.code;
    if (name === 'rows_affected') return this.rows;
    return name === 'query_id' ? null : undefined;
  }
  override truth(): boolean {
    return true;
  }
  override str(): string {
    return this.message;
  }
}

/** `adapter.behavior`: flags that change what macros do, by their names in lower case; off unless the project sets them. */
export class BehaviorObject extends PyObject {
  readonly typeName = 'Behavior';
  readonly flags: Readonly<Record<string, unknown>>;
  constructor(flags: Readonly<Record<string, unknown>>) {
    super();
    this.flags = flags;
  }
  override attr(name: string): Value {
    const flag = own(this.flags, name) ?? own(this.flags, name.toUpperCase());
    return new BehaviorFlag(flag === true);
  }
  override truth(): boolean {
    return true;
  }
}

class BehaviorFlag extends PyObject {
  readonly typeName = 'BehaviorFlagRendered';
  readonly isSet: boolean;
  constructor(isSet: boolean) {
    super();
    this.isSet = isSet;
  }
  override attr(name: string): Value | undefined {
    return name === 'no_warn' || name === 'setting' ? this.isSet : undefined;
  }
  override truth(): boolean {
    return this.isSet;
  }
}
