import { DuckhouseError } from '../errors.ts';
import type { Principal, Role } from './authenticator.ts';

/** What somebody wants to do. */
export interface StatementRequest {
  readonly operation: 'query' | 'put' | 'action';
  /** SQL text, table or action name. */
  readonly subject: string;
}

const allowed: Readonly<Record<Role, ReadonlySet<StatementRequest['operation']>>> = {
  admin: new Set(['query', 'put', 'action']),
};

/** The gate every statement, put and action passes. PermissionDenied when the principal's role does not allow it. */
export function authorise(principal: Principal, request: StatementRequest): void {
  if (allowed[principal.role].has(request.operation)) return;
  throw new DuckhouseError('PermissionDenied', `${principal.name} may not run a ${request.operation}`, {
    id: 'permission-denied',
    context: { principal: principal.name, operation: request.operation },
  });
}
