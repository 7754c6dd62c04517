export const roles = ['reader', 'writer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** How somebody proved who they are; `open` = nobody is asked. */
export type Proof = 'open' | 'password' | 'token' | 'jwt' | 'certificate' | 'owner';

/** Who calls. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  readonly via: Proof;
  /** What its standing hangs on: `user` in the users file, or the id of a static token. Gone with it. */
  readonly account?: string | undefined;
  /** The session that a bearer token of ours was given out for. */
  readonly session?: string | undefined;
  /** Of what was shown: nothing given out for it may be good for longer. Milliseconds since 1970. */
  readonly validUntil?: number | undefined;
}

export const isRole = (text: unknown): text is Role => (roles as readonly unknown[]).includes(text);
