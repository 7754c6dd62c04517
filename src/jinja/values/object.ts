import { PyError, typeError } from '../errors.ts';

/**
 * What a template can hold. None is `null`, int is a safe integer or a bigint, str is a string, list is an array;
 * every other Python type is a PyObject. `undefined` is never a value: in the protocols it means "no such thing".
 */
export type Value = null | boolean | number | bigint | string | Value[] | PyObject;
export type Kwargs = ReadonlyMap<string, Value>;
export type Args = readonly Value[];

export const NO_KWARGS: Kwargs = new Map();

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** The protocol of everything that is no primitive; hosts extend it and override what their object has. */
export abstract class PyObject {
  abstract readonly typeName: string;

  attr(_name: string): Value | undefined {
    return undefined;
  }
  item(_key: Value): Value | undefined {
    return undefined;
  }
  iterate(): Iterable<Value> | undefined {
    return undefined;
  }
  length(): number | undefined {
    return undefined;
  }
  /** What `value[1:3]` takes a part of, as a tuple; undefined for what has no parts. */
  sequence(): readonly Value[] | undefined {
    return undefined;
  }
  truth(): boolean {
    return this.length() !== 0;
  }
  contains(_value: Value): boolean | undefined {
    return undefined;
  }
  str(): string {
    return this.repr();
  }
  repr(): string {
    return `<${this.typeName} object>`;
  }
  equals(other: Value): boolean {
    return this === other;
  }
  /** What identifies this value as a key; throws TypeError when it may not be one. */
  hashKey(): unknown {
    return this;
  }
  /** Negative, zero or positive; undefined when the two have no order. */
  compare(_other: Value): number | undefined {
    return undefined;
  }
  /** `reflected` is true when this object stands on the right. */
  binary(_operator: BinaryOperator, _other: Value, _reflected: boolean): Value | undefined {
    return undefined;
  }
  call(_args: Args, _kwargs: Kwargs): Value | Promise<Value> {
    throw typeError(`'${this.typeName}' object is not callable`);
  }
}

export const isCallable = (value: Value): value is PyObject =>
  value instanceof PyObject && value.call !== PyObject.prototype.call;

export type HostFunction = (args: Args, kwargs: Kwargs) => Value | Promise<Value>;

/** A function of the host. */
export class PyFunction extends PyObject {
  readonly typeName: string = 'function';
  readonly name: string;
  readonly run: HostFunction;

  constructor(name: string, run: HostFunction) {
    super();
    this.name = name;
    this.run = run;
  }
  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
    return this.run(args, kwargs);
  }
  override repr(): string {
    return `<function ${this.name}>`;
  }
}

/** A function of the host under a name a template can call. */
export const hostFunction = (name: string, run: HostFunction): PyFunction => new PyFunction(name, run);

/** A class of Python that is called to make its values and has attributes of its own, such as `datetime`. */
export class PyClass extends PyObject {
  readonly typeName = 'type';
  readonly name: string;
  readonly make: HostFunction;
  readonly members: ReadonlyMap<string, Value>;

  constructor(name: string, make: HostFunction, members: Iterable<readonly [string, Value]> = []) {
    super();
    this.name = name;
    this.make = make;
    this.members = new Map(members);
  }
  override attr(name: string): Value | undefined {
    return this.members.get(name);
  }
  override call(args: Args, kwargs: Kwargs): Value | Promise<Value> {
    return this.make(args, kwargs);
  }
  override repr(): string {
    return `<class '${this.name}'>`;
  }
}

/** A bag of named values, such as a Python module. */
export class PyModule extends PyObject {
  readonly typeName: string;
  readonly members: ReadonlyMap<string, Value>;

  constructor(name: string, members: Iterable<readonly [string, Value]>) {
    super();
    this.typeName = name;
    this.members = new Map(members);
  }
  override attr(name: string): Value | undefined {
    return this.members.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.members.get(key) : undefined;
  }
  override length(): number {
    return this.members.size;
  }
  override iterate(): Iterable<Value> {
    return this.members.keys();
  }
}

/** A value that is not there: prints as nothing, is false, and fails on nearly everything else. */
export class PyUndefined extends PyObject {
  readonly typeName = 'Undefined';
  readonly name: Value | undefined;
  readonly message: string;
  /** Attributes, items and calls of it are undefined again instead of failing (dbt while parsing). */
  readonly chain: boolean;
  readonly errorClass: string;

  constructor(options: { name?: Value; message: string; chain: boolean; errorClass?: string }) {
    super();
    this.name = options.name;
    this.message = options.message;
    this.chain = options.chain;
    this.errorClass = options.errorClass ?? 'UndefinedError';
  }
  fail(): never {
    throw new PyError(this.errorClass, this.message);
  }
  override attr(): Value {
    return this.chain ? this : this.fail();
  }
  override item(): Value {
    return this.chain ? this : this.fail();
  }
  override call(): Value {
    return this.chain ? this : this.fail();
  }
  override iterate(): Iterable<Value> {
    return [];
  }
  override length(): number {
    return 0;
  }
  override truth(): boolean {
    return false;
  }
  override str(): string {
    return '';
  }
  override repr(): string {
    return 'Undefined';
  }
  override equals(other: Value): boolean {
    return other instanceof PyUndefined;
  }
  override hashKey(): unknown {
    return PyUndefined;
  }
  override compare(): number {
    return this.fail();
  }
  override binary(): Value {
    return this.fail();
  }
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return 'int';
    case 'string':
      return 'str';
    default:
      return Array.isArray(value) ? 'list' : value.typeName;
  }
}
