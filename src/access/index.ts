/**
 * The access room: who calls, and the one gate that decides what they may do. It knows neither gRPC nor HTTP.
 * `decide` in gate.ts is the gate; what it lets through is listed in allowed.ts.
 */
export {
  type Accounts,
  type ApiToken,
  addUser,
  changePassword,
  createApiToken,
  readAccounts,
  removeUser,
  revokeApiToken,
  type User,
  updateAccounts,
  writeAccounts,
} from './accounts.ts';
export { sessionSettings } from './allowed.ts';
export {
  type Authenticator,
  type AuthenticatorOptions,
  type Credentials,
  createAuthenticator,
} from './authenticator.ts';
export { authorise, decide, type GatePolicy, guardOf, type Request } from './gate.ts';
export { checkKeySet } from './jwks.ts';
export type { JwtOptions } from './jwt.ts';
export { ownerToken } from './owner-token.ts';
export { isRole, type Principal, type Proof, type Role, roles } from './principal.ts';
