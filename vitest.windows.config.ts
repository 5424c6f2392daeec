import { platform } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests of the other folders that hold on Windows as they are. */
const common = [
  'test/core/windows-program.test.ts',
  'test/core/fs/access-doubt.test.ts',
  'test/core/fs/security-descriptor.test.ts',
  'test/options/parse/*.test.ts',
  'test/options/profile/split-command-line.test.ts',
  'test/pipeline/failover/*.test.ts',
  'test/pipeline/renew-links.test.ts',
];

/** A console is looked at from outside of Wine. */
const onWine = ['test/windows/console/*.test.ts'];

/** `npm run test:windows` */
export default defineConfig({
  test: {
    include: platform() === 'win32' ? ['test/windows/*.test.ts', ...common] : onWine,
    // What is asked for may be of the other side alone.
    passWithNoTests: true,
    testTimeout: 240_000,
    hookTimeout: 300_000,
    // As in vitest.config.ts: a second, which is vitest's own bound, measures the machine.
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    // To load the sources anew for each file would take half of the time.
    isolate: false,
  },
});
