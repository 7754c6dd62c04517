/**
 * The access room: who calls, and the one gate that decides what they may do. It knows neither gRPC nor HTTP.
 */
export {
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  type Principal,
  type Role,
} from './authenticator.ts';
export { authorise, type StatementRequest } from './gate.ts';
