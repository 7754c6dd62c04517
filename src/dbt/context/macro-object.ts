/** Macros as values of templates, and which of them a node calls itself: those are what dbt says it depends on. */
import { type Args, type Kwargs, PyObject, type Value } from '../../jinja/index.ts';
import type { MacroNode } from '../manifest-types.ts';

type Answer = Value | Promise<Value>;

/** Told of the calls that no other macro makes. */
export class MacroCalls {
  #depth = 0;
  readonly #called: (macro: MacroNode) => void;

  constructor(called: (macro: MacroNode) => void) {
    this.#called = called;
  }

  of(macro: MacroNode, work: () => Answer): Answer {
    if (this.#depth === 0) this.#called(macro);
    return this.below(work);
  }

  /** No call in it is the node's own. */
  below(work: () => Answer): Answer {
    this.#depth++;
    let answer: Answer;
    try {
      answer = work();
    } catch (error) {
      this.#depth--;
      throw error;
    }
    if (answer instanceof Promise) return answer.finally(() => void this.#depth--);
    this.#depth--;
    return answer;
  }
}

/** A macro bound to a context. */
export class MacroObject extends PyObject {
  readonly typeName = 'MacroGenerator';
  readonly macro: MacroNode;
  readonly #calls: MacroCalls;
  readonly #bind: () => PyObject;
  #bound: PyObject | undefined;

  constructor(macro: MacroNode, calls: MacroCalls, bind: () => PyObject) {
    super();
    this.macro = macro;
    this.#calls = calls;
    this.#bind = bind;
  }

  override truth(): boolean {
    return true;
  }

  override call(args: Args, kwargs: Kwargs): Answer {
    return this.#calls.of(this.macro, () => this.run(args, kwargs));
  }

  /** Runs it as dbt itself does: what it calls is called by the node. */
  run(args: Args, kwargs: Kwargs): Answer {
    this.#bound ??= this.#bind();
    return this.#bound.call(args, kwargs);
  }
}
