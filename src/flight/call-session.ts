import type { Principal } from '../access/index.ts';
import { DuckhouseError } from '../errors.ts';
import type { ClientSession, SessionStore } from '../lakehouse/index.ts';
import type { ServerCall } from './grpc/server-call.ts';
import type { PeerConnection } from './http2/server.ts';

/** How a call comes to its session. */
export interface CallSessions {
  /** Made when there is none yet. */
  session(): ClientSession;
  /** NotFound when the session that the caller names has ended; undefined when it names none and has none. */
  presentSession(): ClientSession | undefined;
  /** Ends the caller's session, if there is one. */
  endSession(): Promise<void>;
}

/** Finds the sessions of calls: by cookie, by the session claim of our token, by credentials and connection. */
export interface SessionFinder {
  of(call: ServerCall, principal: Principal): CallSessions;
}

const cookieName = 'arrow_flight_session_id';
/** A session that came by cookie or token outlives its connection by this much: clients connect again. */
const graceMs = 60_000;

const cookieOf = (header: string | undefined): string | undefined =>
  header
    ?.split(';')
    .map((part) => part.trim().split('='))
    .find(([name]) => name === cookieName)?.[1];

export function createSessionFinder(store: SessionStore): SessionFinder {
  /** Of a connection: the session of each principal. */
  const bound = new WeakMap<PeerConnection, Map<string, string>>();
  const attached = new Map<string, Set<PeerConnection>>();
  const kept = new Set<string>();

  const detach = (id: string, connection: PeerConnection): void => {
    const connections = attached.get(id);
    connections?.delete(connection);
    if (connections === undefined || connections.size > 0) return;
    attached.delete(id);
    const end = (): void => {
      if (attached.has(id)) return;
      kept.delete(id);
      store.close(id, 'left').catch(() => undefined); // nobody waits for it
    };
    if (!kept.has(id)) return end();
    setTimeout(end, graceMs).unref();
  };

  const attach = (id: string, connection: PeerConnection): void => {
    const connections = attached.get(id) ?? new Set();
    if (connections.has(connection)) return;
    attached.set(id, connections.add(connection));
    connection.onClose(() => detach(id, connection));
  };

  const boundTo = (connection: PeerConnection): Map<string, string> => {
    const sessions = bound.get(connection) ?? new Map<string, string>();
    bound.set(connection, sessions);
    return sessions;
  };

  return {
    of(call, principal) {
      const sessions = boundTo(call.connection);
      const cookie = cookieOf(call.headers.cookie);
      const named = (): string | undefined =>
        cookie !== undefined && (store.get(cookie, principal) !== undefined || store.hasEnded(cookie))
          ? cookie
          : principal.session;
      const userAgent = String(call.headers['user-agent'] ?? '');
      let found: ClientSession | undefined;

      const open = (): ClientSession => {
        const id = named();
        if (id !== undefined) kept.add(id);
        const own = id ?? sessions.get(principal.name);
        const present = own === undefined || (id === undefined && store.hasEnded(own)) ? undefined : own;
        const session = store.open({ id: present, principal, peer: call.peer, userAgent });
        if (id === undefined && present === undefined) {
          sessions.set(principal.name, session.id);
          call.setInitialMetadata({ 'set-cookie': `${cookieName}=${session.id}` });
        }
        attach(session.id, call.connection);
        return session;
      };

      return {
        session: () => (found ??= open()),
        presentSession() {
          const id = named();
          const session = store.get(id ?? sessions.get(principal.name) ?? '', principal);
          if (session === undefined && id !== undefined && (id === cookie || store.hasEnded(id)))
            throw new DuckhouseError('NotFound', 'the session has ended', { id: 'session-ended' });
          return session;
        },
        async endSession() {
          const id = named() ?? sessions.get(principal.name);
          sessions.delete(principal.name);
          if (id === undefined) return;
          if (id === cookie) call.setInitialMetadata({ 'set-cookie': `${cookieName}=; Max-Age=0` });
          await store.close(id);
        },
      };
    },
  };
}
