import { randomUUID } from 'node:crypto';
import {
  type Called,
  closeSessionStatus,
  decodeAction,
  decodeSessionOptions,
  encodeOptionErrors,
  encodeResult,
  encodeSessionOptions,
  encodeStatusResult,
  type SessionOptionValue,
  sessionOptionErrors,
  streaming,
} from '../../flight/index.ts';
import { invalid, type Scenario } from './scenario.ts';

const cookieName = 'arrow_flight_session_id';
type Options = Map<string, SessionOptionValue>;

/** Options of a session that a cookie names. */
export function sessionOptionsScenario(): Scenario {
  const sessions = new Map<string, Options>();

  const sessionOf = ({ call }: Called): { readonly id: string; readonly options: Options } => {
    const given = new RegExp(`${cookieName}=([^;\\s]+)`).exec(String(call.headers.cookie ?? ''))?.[1];
    const present = given === undefined ? undefined : sessions.get(given);
    if (given !== undefined && present !== undefined) return { id: given, options: present };
    const id = randomUUID();
    const options: Options = new Map();
    sessions.set(id, options);
    call.setInitialMetadata({ 'set-cookie': `${cookieName}=${id}` });
    return { id, options };
  };

  const actions: Readonly<Record<string, (called: Called, body: Uint8Array) => Uint8Array>> = {
    SetSessionOptions: (called, body) => {
      const { options } = sessionOf(called);
      const errors = new Map<string, number>();
      for (const [name, value] of decodeSessionOptions(body)) {
        if (name === 'lol_invalid') errors.set(name, sessionOptionErrors.invalidName);
        else if (value === 'lol_invalid') errors.set(name, sessionOptionErrors.invalidValue);
        else if (value === undefined) options.delete(name);
        else options.set(name, value);
      }
      return encodeOptionErrors(errors);
    },
    GetSessionOptions: (called) => encodeSessionOptions(sessionOf(called).options),
    CloseSession: (called) => {
      sessions.delete(sessionOf(called).id);
      return encodeStatusResult(closeSessionStatus.closed);
    },
  };

  return {
    DoAction: streaming((called: Called, message) => {
      const { type, body } = decodeAction(message);
      const run = actions[type];
      if (run === undefined) throw invalid(`unsupported action: ${type}`);
      return [encodeResult(run(called, body))];
    }),
  };
}
