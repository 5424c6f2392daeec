import { RolesAnywhereError } from '../../core/errors.ts';
import { splitCommandLine } from '../../options/profile/split-command-line.ts';

/** Who is told of certificates that expire. */
export type NotifyTarget =
  | { readonly kind: 'sns'; readonly arn: string; readonly partition: string; readonly region: string }
  /** A name, of the region that is asked, or an ARN. */
  | { readonly kind: 'eventbridge'; readonly bus: string; readonly region: string | undefined }
  | { readonly kind: 'securityhub' }
  /** A program and its arguments; it gets the message on stdin. */
  | { readonly kind: 'exec'; readonly command: readonly [string, ...string[]] };

const topic = /^sns:(arn:([\w-]+):sns:([\w-]+):\d{12}:[\w-]{1,256}(?:\.fifo)?)$/;
const bus = /^eventbridge:(arn:[\w-]+:events:([\w-]+):\d{12}:event-bus\/[\w./-]{1,256}|[\w./-]{1,256})$/;

/**
 * Reads a value of `--notify`.
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseTarget(text: string, option: string): NotifyTarget {
  const [, arn, partition = '', topicRegion = ''] = topic.exec(text) ?? [];
  if (arn !== undefined) return { kind: 'sns', arn, partition, region: topicRegion };
  const [, name, region] = bus.exec(text) ?? [];
  if (name !== undefined) return { kind: 'eventbridge', bus: name, region };
  if (text === 'securityhub') return { kind: 'securityhub' };
  const [program, ...args] = (text.startsWith('exec:') ? splitCommandLine(text.slice(5)) : undefined) ?? [];
  if (program !== undefined && program !== '') return { kind: 'exec', command: [program, ...args] };
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `${option} must be sns:ARN, eventbridge:BUS, securityhub or exec:COMMAND`,
    {
      hints: [
        'write sns:arn:aws:sns:eu-west-1:111122223333:expiry, eventbridge:default, or exec:/usr/local/bin/tell with its arguments',
      ],
    },
  );
}

/** For messages and the state: nothing of a command's arguments, which may hold a secret. */
export function nameOfTarget(target: NotifyTarget): string {
  if (target.kind === 'sns') return `sns:${target.arn}`;
  if (target.kind === 'eventbridge') return `eventbridge:${target.bus}`;
  return target.kind === 'exec' ? `exec:${target.command[0]}` : target.kind;
}
