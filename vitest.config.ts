import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/support/left-out.ts';
import { stuckFiles } from './test/support/stuck-files.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // `npm run test:windows` and `npm run test:native` have these.
      'test/windows/**',
      ...(process.env['COMMAND_UNDER_TEST'] ? [] : ['test/native/**']),
      ...leftOut(),
    ],
    reporters: ['default', stuckFiles(600)],
    // What has not ended by then stands still; the slowest takes half a minute on a busy machine.
    testTimeout: 240_000,
    hookTimeout: 300_000,
    // An event that is waited for comes when the machine has time for it; a second, which is vitest's own bound, measures the machine.
    expect: { poll: { timeout: 30_000 } },
    // The suites start real processes; more of them at once than cores makes their time-outs measure the machine.
    maxWorkers: 2,
  },
});
