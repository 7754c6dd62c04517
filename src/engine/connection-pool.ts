import { createConnection, type PooledConnection } from './connection.ts';
import type { EngineCore } from './core.ts';
import type { Address } from './native/memory.ts';
import { createKeptPlans, type KeptPlans } from './plans.ts';
import type { Connection } from './types.ts';

const maxIdleConnections = 32;

export interface ConnectionPool {
  connect(): Promise<Connection>;
  /** One that has a plan of this text, if there is one. */
  borrow(sql: string): Promise<PooledConnection>;
  count(): number;
  close(): Promise<void>;
}

interface IdleConnection {
  readonly address: Address;
  readonly plans: KeptPlans;
}

/** Connections kept for single statements; one that was left with a setting, a transaction or a temporary table is closed. */
export function connectionPool(core: EngineCore): ConnectionPool {
  const idle: IdleConnection[] = [];
  const open = new Set<PooledConnection>();

  const takeIdle = (sql: string): IdleConnection | undefined => {
    const fit = idle.findIndex(({ plans }) => plans.has(sql));
    return fit < 0 ? idle.pop() : idle.splice(fit, 1)[0];
  };
  const disconnect = async ({ address, plans }: IdleConnection): Promise<void> => {
    core.plans.delete(plans);
    await plans.clear();
    await core.pool.run({ op: 'disconnect', connection: address });
  };
  const connect = async (): Promise<IdleConnection> => {
    const address = (await core.pool.run({ op: 'connect' })) as Address;
    const plans = createKeptPlans(core);
    core.plans.add(plans);
    return { address, plans };
  };

  const create = async (kept: IdleConnection | undefined, pooled: boolean): Promise<PooledConnection> => {
    const parts = kept ?? (await connect());
    const connection = createConnection(core, {
      ...parts,
      async onClose(closed) {
        open.delete(closed);
        if (pooled && !closed.leftState() && idle.length < maxIdleConnections) idle.push(parts);
        else await disconnect(parts);
      },
    });
    open.add(connection);
    return connection;
  };

  return {
    connect: () => create(undefined, false),
    borrow: (sql) => create(takeIdle(sql), true),
    count: () => open.size + idle.length,
    async close() {
      await Promise.all([...open].map((connection) => connection.close()));
      await Promise.all(idle.splice(0).map(disconnect));
    },
  };
}
