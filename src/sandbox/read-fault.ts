import { RolesAnywhereError } from '../core/errors.ts';
import type { Fault } from './faults.ts';

const operations = ['CreateSession', 'AssumeRole', 'GetCallerIdentity'] as const;

type Reader = (value: string) => Fault | undefined;

/** One entry a word of `--fail`; undefined for a value that makes no sense. */
const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['status', (value) => (/^[1-5]\d\d$/.test(value) && Number(value) >= 200 ? { status: Number(value) } : undefined)],
  ['delay', (value) => (/^\d+$/.test(value) ? { delay: Number(value) } : undefined)],
  ['clock', (value) => (/^[+-]?\d+$/.test(value) ? { clock: Number(value) } : undefined)],
  ['times', (value) => (/^[1-9]\d*$/.test(value) ? { times: Number(value) } : undefined)],
  ['drop', readDrop],
  ['operation', readOperation],
]);

/**
 * Reads a fault as the command line gives it: `status=503,times=2`, `delay=2000`, `drop`, `drop=in-body`,
 * `clock=-900`, `operation=AssumeRole,status=403`.
 * @param option what messages call it: `--fail`
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseFault(text: string, option: string): Fault {
  const fault: Fault = Object.assign({}, ...text.split(',').map((part) => readPart(part, option)));
  if (
    fault.status !== undefined ||
    fault.delay !== undefined ||
    fault.drop !== undefined ||
    fault.clock !== undefined
  ) {
    return fault;
  }
  throw invalid(option, text);
}

function readPart(part: string, option: string): Fault {
  const equals = part.indexOf('=');
  const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
  const fault = readers.get(name.trim())?.(value.trim());
  if (fault === undefined) throw invalid(option, part);
  return fault;
}

function readDrop(value: string): Fault | undefined {
  if (value === '' || value === 'at-once') return { drop: 'at-once' };
  return value === 'in-body' ? { drop: 'in-body' } : undefined;
}

function readOperation(value: string): Fault | undefined {
  const operation = operations.find((name) => name === value);
  return operation === undefined ? undefined : { operation };
}

function invalid(option: string, text: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${option} does not take "${text}"`, {
    hints: [
      'write status=503, delay=2000, drop, drop=in-body or clock=-900, with times=N or operation=NAME after a comma',
    ],
  });
}
