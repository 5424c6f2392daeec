import { url } from 'node:inspector';

/** Flags of Node by which it lets a debugger in, or writes what it has in memory to files of mode 0644. */
const telling = /--(?:inspect|heapsnapshot-|heap-prof|report-on-|report-uncaught-)[^\s=]*/g;

/**
 * Says of a process that lives on with a key in memory by which doors of Node others may read it: a debugger's port is
 * open to every user of the machine. Somebody wanted it so, and it is left.
 */
export function warnOfDebugDoors(
  { NODE_OPTIONS = '' }: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): void {
  const flags = new Set([...process.execArgv, NODE_OPTIONS].join(' ').match(telling));
  if (flags.size > 0) {
    warn(`node was started with ${[...flags].join(', ')}: what it opens or writes holds keys and credentials`);
  } else if (url() !== undefined) {
    warn(`the debugger of node listens on ${url()}: who connects reads keys and credentials`);
  }
}
