import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/support/left-out.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:windows` has its own.
    exclude: [...configDefaults.exclude, 'test/windows/**', ...leftOut()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The suites start real processes; more of them at once than cores makes their time-outs measure the machine.
    maxWorkers: 2,
  },
});
