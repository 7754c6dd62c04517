import { defaultLifetimeMs, openKeyRing } from './key-ring.ts';
import { signToken } from './signed-token.ts';

const ownerTokenMs = 300_000;

/** A token with which the owner of a workspace, who may read its key file, speaks to its server. Good for some minutes. */
export function ownerToken(tokenKeyFile: string): string {
  const keys = openKeyRing({ file: tokenKeyFile, tokenLifetimeMs: defaultLifetimeMs, mustKeep: true });
  return signToken(keys, { name: 'owner', role: 'admin', via: 'owner' }, { lifetimeMs: ownerTokenMs });
}
