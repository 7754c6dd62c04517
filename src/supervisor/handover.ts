import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { ConnectionKind, ToChild } from './protocol.ts';

/** Connections on their way to a server process. */
export interface Handover {
  /** Sends the connection to the process there is, or keeps it for the next one. */
  add(kind: ConnectionKind, socket: Socket): void;
  /** This process takes connections: it gets those that wait, oldest first. */
  attach(child: ChildProcess): void;
  /** The process takes no more; what it has not taken waits for the next one. */
  detach(): void;
  /** A process has said that the connection is its own. */
  taken(id: number): void;
  waiting(): number;
  /** Ends what waits. */
  close(): void;
}

/** More connections than this without a process to take them are refused. */
const maxWaiting = 1024;

/**
 * A process that is killed takes the connections with it that lie unread in its channel. So each one stays open here until
 * the process has said that it took it, and goes to the next process when it never said so.
 */
export function createHandover(): Handover {
  const pending = new Map<number, { readonly kind: ConnectionKind; readonly socket: Socket }>();
  let child: ChildProcess | undefined;
  let nextId = 0;

  const send = (id: number, kind: ConnectionKind, socket: Socket): void => {
    if (child?.connected !== true) return;
    const message: ToChild = { type: 'connection', kind, id };
    child.send(message, socket, { keepOpen: true }, () => undefined); // not sent: it still waits here
  };

  return {
    add(kind, socket) {
      socket.on('error', () => undefined); // a client that gave up waiting
      if (pending.size >= maxWaiting) return void socket.destroy();
      const id = nextId++;
      pending.set(id, { kind, socket });
      send(id, kind, socket);
    },
    attach(process) {
      child = process;
      for (const [id, { kind, socket }] of pending) send(id, kind, socket);
    },
    detach() {
      child = undefined;
    },
    taken(id) {
      pending.get(id)?.socket.destroy(); // this process's share of it: the connection goes on in the other
      pending.delete(id);
    },
    waiting: () => pending.size,
    close() {
      for (const { socket } of pending.values()) socket.destroy();
      pending.clear();
    },
  };
}
