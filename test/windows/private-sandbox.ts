import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { fileLists } from './file-lists.ts';

/** A sandbox whose key nobody else may read: Wine gives files the mode of Unix, where Windows hands down the list of a profile. */
export async function startPrivateSandbox(): Promise<Sandbox> {
  const [sandbox, files] = [await startSandbox(), await fileLists()];
  files.set(sandbox.environment['ROLES_ANYWHERE_PRIVATE_KEY'] ?? '', '(A;;FA;;;SY)');
  return sandbox;
}
