import { expect, test } from 'vitest';
import { linterWith } from '../support/lint-rule.ts';

const lint = linterWith('foreign-errors.js', { 'errors/foreign': 'error' });

const path = 'src/outputs/x.ts';

test.each([
  [path, 'try { f(); } catch (error) { warn(error.message); }'],
  [path, 'try { f(); } catch (error) { warn(error instanceof Error ? error.message : String(error)); }'],
  [path, 'try { f(); } catch (oops) { warn(String(oops)); }'],
  [path, 'try { f(); } catch (oops) { warn(`failed: ${oops}`); }'],
  [path, 'try { f(); } catch (oops) { const { message } = oops; warn(message); }'],
  [path, 'try { f(); } catch ({ message }) { warn(message); }'],
  [path, 'const told = (error: unknown) => error instanceof Error ? error.message : typeof error;'],
  [path, 'function told(cause: Error) { return cause.stack; }'],
  [path, 'const onFailed = (event: Event) => warn(event.error.message);'],
  ['src/cli/x.ts', 'f().catch((error: unknown) => warn(`failed: ${error}`));'],
])('refused in %s: %s', async (file, text) => {
  expect(await lint(file, text)).toContain('an unexpected error may quote a key');
});

test.each([
  [path, 'try { f(); } catch (error) { warn(describeError(error).message); }'],
  [path, 'try { f(); } catch (error) { if (error instanceof Problem) warn(error.message); else throw error; }'],
  [path, 'function told(problem: Problem) { return problem.message; }'],
  [path, 'const text = (value: unknown) => String(value);'],
  ['src/sandbox/x.ts', 'try { f(); } catch (error) { warn(error.message); }'],
  ['test/x.ts', 'try { f(); } catch (error) { warn(error.message); }'],
])('allowed in %s: %s', async (file, text) => {
  expect(await lint(file, text)).not.toContain('an unexpected error');
});
