import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** This process, and what it can find out about others. */
export interface LockProcess {
  readonly pid: number;
  /** Whether a process of this machine is there. */
  readonly isRunning: (pid: number) => boolean;
}

/** Who holds a lock, told so that another process can find out whether it is still there. */
export interface Holder {
  readonly pid: number;
  /** Which machine, since which start of it, and which of its numberings of processes, as far as that can be had. */
  readonly machine: string;
  /** When the process began, in ticks since the machine did: a number may be given out again. Only on Linux. */
  readonly began?: string;
}

export function holderOf({ pid }: LockProcess): Holder {
  const began = statOf(pid)?.began;
  return { pid, machine: thisMachine(), ...(began === undefined ? {} : { began }) };
}

/** Whether a holder has ended. Of one on another machine, or in another container, nobody can tell. */
export function isGone(holder: Holder, { isRunning }: LockProcess): boolean {
  if (holder.machine !== thisMachine()) return false;
  if (!isRunning(holder.pid)) return true;
  const stat = statOf(holder.pid);
  if (stat === undefined || holder.began === undefined) return false;
  return stat.hasEnded || stat.began !== holder.began;
}

/** boot_id: random(4); the namespace: pid_namespaces(7). */
function thisMachine(): string {
  const bootId = tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = tryTo(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), bootId ?? '', namespace ?? ''].join(' ');
}

/**
 * State and start of a process, proc_pid_stat(5): the fields after the name, which is in parentheses and may hold
 * anything. One that has ended and waits for its parent to notice is still there. Undefined where nobody tells.
 */
function statOf(pid: number): { readonly hasEnded: boolean; readonly began: string | undefined } | undefined {
  const text = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (text === undefined) return undefined;
  const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { hasEnded: state === 'Z' || state === 'X', began: fields[18] };
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
