/** Users and processes as containers have them: without an entry in the user database, and the first of a namespace. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, linkSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { executable, root } from './command.ts';

/** A number that no system gives away; distroless images call it nonroot. */
export const namelessUid = 65_532;

/** Options for a suite whose programs run as another user, which root alone may decide. */
export function needsRoot(): { skip: boolean } {
  if (process.getuid?.() === 0) return { skip: false };
  console.log('skipped: tests that become another user, which takes root');
  return { skip: true };
}

/** Starts what follows in a user namespace, where its user is called root and root outside has no number. */
export const asOwnRoot = ['unshare', '--map-root-user'];

/** Options for a suite in a user namespace. */
export function needsUserNamespace(): { skip: boolean } {
  const [program = '', ...args] = asOwnRoot;
  if (spawnSync(program, [...args, 'true']).status === 0) return { skip: false };
  console.log('skipped: tests in a user namespace, which is not allowed here');
  return { skip: true };
}

/** What runs the command as the first process of a namespace, or undefined where that is not allowed. */
const asProcessOne = ['--pid', '--fork', '--kill-child'];
const unshare = [
  ['unshare', ...asProcessOne],
  ['unshare', '--map-root-user', ...asProcessOne],
].find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0);

/** Options for a suite with a process namespace of its own. */
export function needsProcessNamespace(): { skip: boolean } {
  if (unshare !== undefined) return { skip: false };
  if (process.env['CI'] !== undefined && process.getuid?.() === 0) throw new Error('unshare --pid must work in CI');
  console.log('skipped: tests in a process namespace of their own, which is not allowed here');
  return { skip: true };
}

/** Starts what follows as process 1. */
export const asFirstProcess = unshare ?? [];

const readOnly = 'mount -o remount,bind,ro / && exec "$@"';

const ownMounts = ['--mount', ...asProcessOne, 'sh', '-c', readOnly, 'sh'];

/** Starts what follows as process 1, with a root that cannot be written; empty where that is not allowed. */
export const onReadOnlyRoot =
  [
    ['unshare', ...ownMounts],
    ['unshare', '--map-root-user', ...ownMounts],
  ].find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0) ?? [];

/** The process that `unshare` has forked. */
export function childOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

const asNameless = [
  ...['setpriv', `--reuid=${namelessUid}`, `--regid=${namelessUid}`, '--clear-groups', 'env', '-u', 'HOME'],
];

/**
 * Puts node and the built command where every user can reach them, which a checkout below /root is not.
 * @returns a wrapper that runs them there as a user without a name, and without HOME
 */
export function namelessWrapper(folder: string): readonly string[] {
  if (executable !== undefined) {
    const copy = join(folder, 'roles-anywhere');
    copyFileSync(executable, copy);
    return [...asNameless, 'sh', '-c', 'shift; exec "$0" "$@"', copy];
  }
  const node = join(folder, 'node');
  try {
    linkSync(process.execPath, node);
  } catch {
    copyFileSync(process.execPath, node);
  }
  const command = join(folder, 'package');
  mkdirSync(command);
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(root, part), join(command, part), { recursive: true });
  const koffi = join('node_modules', '@koromix');
  cpSync(join(root, koffi), join(command, koffi), { recursive: true });
  return [
    ...asNameless,
    // What follows is the checkout's own node and command, and then the arguments.
    ...['sh', '-c', 'command=$1; shift 3; exec "$0" "$command" "$@"', node, join(command, 'bin', 'roles-anywhere.cjs')],
  ];
}
