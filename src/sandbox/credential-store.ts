import { randomBytes } from 'node:crypto';
import type { Role } from './registry.ts';

/** A role session: what its credentials stand for. Nothing in it is secret. */
export interface RoleSession {
  readonly role: Role;
  readonly name: string;
  /** `arn:aws:sts::111122223333:assumed-role/sandbox/0123` */
  readonly arn: string;
  readonly sourceIdentity: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  /** Keys of the tags that go along into sessions made from this one. */
  readonly transitiveTagKeys: ReadonlySet<string>;
  readonly expiration: Date;
}

export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly session: RoleSession;
}

/** Starts every session token, so that nobody takes these credentials for real ones. */
const tokenMark = 'RolesAnywhereSandbox/NotValidInAWS/';

const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Sessions to remember; the oldest go first. */
const capacity = 10_000;

/** The credentials this sandbox has given out; STS knows no others. */
export class CredentialStore {
  readonly #issued = new Map<string, IssuedCredentials>();

  /** Makes credentials in the shape of real ones: ASIA, forty characters, a token of some length. */
  issue(session: RoleSession): IssuedCredentials {
    const issued = {
      accessKeyId: `ASIA${Array.from(randomBytes(16), (byte) => idAlphabet[byte % 32]).join('')}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: `${tokenMark}${randomBytes(360).toString('base64')}`,
      session,
    };
    this.#issued.set(issued.accessKeyId, issued);
    const [oldest] = this.#issued.keys();
    if (this.#issued.size > capacity && oldest !== undefined) this.#issued.delete(oldest);
    return issued;
  }

  find(accessKeyId: string): IssuedCredentials | undefined {
    return this.#issued.get(accessKeyId);
  }
}

/** No path: `role/team/Worker` becomes `assumed-role/Worker/name`. */
export function sessionArn(role: Role, name: string): string {
  const partition = role.arn.split(':')[1] ?? 'aws';
  return `arn:${partition}:sts::${role.accountId}:assumed-role/${role.name}/${name}`;
}

/** ISO 8601 in UTC without fractions, as the services write it. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
