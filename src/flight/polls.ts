import { randomUUID } from 'node:crypto';
import type { QueryProgress } from '../engine/index.ts';
import { DuckhouseError } from '../errors.ts';
import { commandDescriptor, type FlightDescriptor, type FlightInfo, type PollInfo } from './proto/messages.ts';

/** A statement that is begun by one call and asked after by others. */
export interface PolledStatement {
  /** Its name for progress and cancel. */
  readonly queryId: string;
  /** Told when its info is known: `ready` resolves when its first rows are there, and rejects when there will be none. */
  started(ready: Promise<unknown>): void;
}

/** Begins a statement: `signal` stops it, and nothing else does. */
export type Begin = (polled: PolledStatement, signal: AbortSignal) => Promise<FlightInfo>;

export interface PollRequest {
  readonly descriptor: FlightDescriptor;
  /** Whose statement it is: nobody else may ask after it. */
  readonly owner: string;
  readonly begin: Begin;
  /** Stops what the info stands for. */
  readonly cancel: (queryId: string) => void;
  readonly waitMs: number;
  /** Of the call that asks. */
  readonly signal: AbortSignal;
}

export interface PollStore {
  /** Begins what the descriptor says, or finds what a descriptor of an earlier answer stands for; answers when it is ready, or `waitMs` later. */
  poll(request: PollRequest): Promise<PollInfo>;
  close(): void;
}

interface Poll {
  readonly owner: string;
  readonly queryId: string;
  readonly descriptor: FlightDescriptor;
  /** When it is ready to be fetched. */
  readonly info: Promise<FlightInfo>;
  /** Nobody asks any more. */
  stop(): void;
  timer: NodeJS.Timeout | undefined;
}

export interface PollLimits {
  /** A statement that nobody asks after is stopped after this. */
  readonly idleMs: number;
  readonly max: number;
  readonly progress: (queryId: string) => readonly QueryProgress[];
}

const prefix = 'duckhouse.poll:';

export function createPollStore({ idleMs, max, progress }: PollLimits): PollStore {
  const polls = new Map<string, Poll>();

  const drop = (id: string): void => {
    const poll = polls.get(id);
    clearTimeout(poll?.timer);
    polls.delete(id);
    poll?.stop();
  };
  const keep = (id: string, poll: Poll): void => {
    clearTimeout(poll.timer);
    poll.timer = setTimeout(() => drop(id), idleMs);
    poll.timer.unref();
    polls.set(id, poll);
  };
  const find = ({ type, cmd }: FlightDescriptor, owner: string): { id: string; poll: Poll } | undefined => {
    const text = type === 'CMD' ? Buffer.from(cmd).toString('latin1') : '';
    if (!text.startsWith(prefix)) return undefined;
    const id = text.slice(prefix.length);
    const poll = polls.get(id);
    if (poll !== undefined && poll.owner === owner) return { id, poll };
    throw new DuckhouseError('NotFound', 'the statement of this descriptor is no longer kept', {
      id: 'poll-expired',
      hint: 'run the statement again',
    });
  };
  const begin = (request: PollRequest): { id: string; poll: Poll } => {
    if (polls.size >= max)
      throw new DuckhouseError('ResourceExhausted', `${max} statements are polled already`, { id: 'polls-full' });
    return { id: randomUUID(), poll: startPoll(request) };
  };

  return {
    async poll(request) {
      const { id, poll } = find(request.descriptor, request.owner) ?? begin(request);
      keep(id, poll);
      const info = await within(poll.info, request.waitMs, request.signal);
      if (info !== undefined) return { info, descriptor: undefined, progress: 1 };
      return {
        info: unfinished(poll),
        descriptor: commandDescriptor(prefix + id),
        progress: fraction(progress(poll.queryId)[0]),
        expirationTime: new Date(Date.now() + idleMs),
      };
    },
    close() {
      for (const id of [...polls.keys()]) drop(id);
    },
  };
}

/** Runs on when its call has ended: only `stop` ends it. */
function startPoll({ descriptor, owner, begin, cancel }: PollRequest): Poll {
  const controller = new AbortController();
  const queryId = randomUUID();
  let ready: Promise<unknown> = Promise.resolve();
  let settled = false;
  const polled: PolledStatement = {
    queryId,
    started(promise) {
      ready = promise;
    },
  };
  const info = begin(polled, controller.signal)
    .then(async (known) => {
      await ready;
      return known;
    })
    .finally(() => {
      settled = true;
    });
  info.catch(() => undefined); // told to whoever asks next
  return {
    owner,
    queryId,
    descriptor,
    info,
    timer: undefined,
    stop() {
      if (settled) return; // from now on it is kept as its ticket is
      controller.abort(new DuckhouseError('Cancelled', 'nobody asked after the statement', { id: 'cancelled' }));
      cancel(queryId);
    },
  };
}

/** What is known while it runs: how to cancel it. */
const unfinished = ({ descriptor, queryId }: Poll): FlightInfo => ({
  schema: undefined,
  descriptor,
  endpoints: [],
  totalRecords: -1,
  totalBytes: -1,
  ordered: false,
  appMetadata: Buffer.from(JSON.stringify({ queryId })),
});

const fraction = (progress: QueryProgress | undefined): number | undefined =>
  progress === undefined || progress.percentage < 0 ? undefined : Math.min(1, progress.percentage / 100);

/** The value when it comes in time; undefined when it does not, or the caller is gone. */
function within<T>(value: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const give = (): void => resolve(undefined);
    const timer = setTimeout(give, ms);
    signal.addEventListener('abort', give, { once: true });
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
    };
    value.then(resolve, reject).finally(done).catch(reject);
  });
}
