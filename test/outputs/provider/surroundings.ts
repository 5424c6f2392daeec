import type { Ambient } from '../../../src/outputs/provider/ambient.ts';
import type { RolesAnywhereTarget } from '../../../src/outputs/provider/init.ts';
import type { Sandbox } from '../../../src/sandbox/index.ts';

/** The surroundings of a provider, with a clock that goes on by hand too. */
export interface TestSurroundings extends Ambient {
  /** Puts both clocks forward. */
  readonly advance: (milliseconds: number) => void;
}

/** Without environment, files of AWS's, waits, and chance. */
export function surroundings(given: Readonly<Record<string, string>> = {}): TestSurroundings {
  let ahead = 0;
  const environment = { AWS_CONFIG_FILE: '/no/such/config', AWS_SHARED_CREDENTIALS_FILE: '/no/such/file', ...given };
  return {
    environment: () => environment,
    clock: {
      now: () => new Date(Date.now() + ahead),
      monotonic: () => performance.now() + ahead,
      after: () => () => undefined,
    },
    random: () => 0.5,
    sleep: () => Promise.resolve(),
    advance: (milliseconds) => {
      ahead += milliseconds;
    },
  };
}

/** What a provider needs for credentials from the sandbox, without certificate and key. */
export function arnsOf(sandbox: Sandbox): RolesAnywhereTarget {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  return { trustAnchorArn, profileArn, roleArn, endpoint };
}

/** The same with certificate and key. */
export function initFor(sandbox: Sandbox): RolesAnywhereTarget {
  return { ...arnsOf(sandbox), certificate: sandbox.certificatePath, privateKey: sandbox.privateKeyPath };
}

/** How many sessions the sandbox has made. */
export function sessionsOf(sandbox: Sandbox): number {
  return sandbox.requests.filter(({ operation, accepted }) => operation === 'CreateSession' && accepted).length;
}
