import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The suites start real processes; more of them at once than cores makes their time-outs measure the machine.
    maxWorkers: 2,
  },
});
