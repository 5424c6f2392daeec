import {
  type DueCertificate,
  dueCertificates,
  makeNotice,
  nextBatch,
  type NoticeBatch,
} from '../../../certificates/notify/notice.ts';
import { NoticeState, underLock } from '../../../certificates/notify/notice-state.ts';
import { runHook } from '../../../certificates/notify/run-hook.ts';
import { noticeCalls, sendCalls } from '../../../certificates/notify/send-notice.ts';
import { nameOfTarget, type NotifyTarget, parseTarget } from '../../../certificates/notify/targets.ts';
import type { ReportedCertificate } from '../../../certificates/reported-certificate.ts';
import { describeError } from '../../../core/describe-error.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import type { Terminal } from '../../command.ts';
import { printable } from '../../terminal/printable.ts';
import { thisProcess } from '../../terminal/this-process.ts';
import type { AwsAccess } from './service-caller.ts';

/** One value of `--notify`: as it was given, for the state, and as it was read. */
interface Asked {
  readonly text: string;
  readonly target: NotifyTarget;
}

/** What the run has to go by. */
interface Notifying {
  readonly values: OptionValues;
  readonly terminal: Terminal;
  /** Credentials are obtained once, and where somebody is to be told by AWS alone. */
  readonly access: () => Promise<AwsAccess>;
}

/** The targets, checked before anything is read. @throws RolesAnywhereError OPTION_INVALID, OPTION_MISSING */
export function targetsOf(values: OptionValues): readonly Asked[] {
  const targets = values.list('notify').map((text) => ({ text, target: parseTarget(text, values.origin('notify')) }));
  if (targets.length > 0 || !values.isOn('dry-run')) return targets;
  throw new RolesAnywhereError('OPTION_MISSING', '--dry-run shows what --notify would send, which is missing');
}

/**
 * Tells each target of the certificates that passed a threshold of which it has not been told: one message for all of
 * them. What one target does not take keeps no other from being told.
 *
 * @throws the first error of a target, when all were tried
 */
export async function notifyTargets(
  targets: readonly Asked[],
  certificates: readonly ReportedCertificate[],
  { values, within, terminal }: { readonly values: OptionValues; readonly within: number; readonly terminal: Terminal },
): Promise<void> {
  const due = dueCertificates(certificates, values.isGiven('within') ? within : undefined, terminal.now());
  const path = statePath(values, terminal);
  const notifying = { values, terminal, access: accessOnce(values, terminal) };
  if (values.isOn('dry-run')) return showAll(targets, due, { ...notifying, state: await NoticeState.read(path) });
  const { monotonic, sleep, random } = {
    monotonic: () => performance.now(),
    sleep: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
  };
  await underLock(path, { process: thisProcess, monotonic, sleep, random }, async (lock) => {
    const state = await NoticeState.read(path);
    const errors: unknown[] = [];
    for (const asked of targets) {
      try {
        const batch = nextBatch(state.untold(asked.text, due));
        if (batch.due.length === 0) continue;
        await tell(asked.target, batch, notifying);
        state.remember(asked.text, batch.due);
        // After each: what comes next may end this process.
        await state.write(terminal.now(), lock, sleep);
        terminal.log(`roles-anywhere: told ${printable(nameOfTarget(asked.target))} of ${countOf(batch)}`);
      } catch (error) {
        if (errors.length > 0) terminal.warn(`${nameOfTarget(asked.target)}: ${describeError(error).message}`);
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}

/** Beside the disk cache. */
function statePath(values: OptionValues, { env }: Terminal): string {
  const given = values.text('notify-state');
  const home = env['HOME'] || env['USERPROFILE'];
  if (given !== undefined) return given;
  if (home) return `${home}/.aws/roles-anywhere/certificates.json`;
  throw new RolesAnywhereError(
    'OPTION_MISSING',
    '--notify keeps who was told of what, and there is no HOME to keep it in',
    {
      hints: ['give a file with --notify-state'],
    },
  );
}

function accessOnce(values: OptionValues, terminal: Terminal): Notifying['access'] {
  let opened: Promise<AwsAccess> | undefined;
  return () => (opened ??= import('./service-caller.ts').then(({ openAccess }) => openAccess(values, terminal)));
}

function countOf({ due, left }: NoticeBatch): string {
  return left === 0 ? String(due.length) : `${due.length}; ${left} more are left to the next run`;
}

async function tell(target: NotifyTarget, batch: NoticeBatch, { terminal, access }: Notifying): Promise<void> {
  if (target.kind === 'exec') {
    await runHook(target.command, `${JSON.stringify(makeNotice(batch))}\n`, terminal.env);
    return;
  }
  const { caller, ...place } = await access();
  await sendCalls(noticeCalls(target, batch, { ...place, now: terminal.now() }), caller);
}

/** On stderr, as stdout has the report. Nobody is asked for credentials, so that the region and account may be unknown. */
function showAll(
  targets: readonly Asked[],
  due: readonly DueCertificate[],
  { terminal, state }: Notifying & { readonly state: NoticeState },
): void {
  for (const { text, target } of targets) {
    const batch = nextBatch(state.untold(text, due));
    const name = printable(nameOfTarget(target));
    terminal.log(`roles-anywhere: would tell ${name} of ${countOf(batch)}`);
    if (batch.due.length === 0) continue;
    const notice = makeNotice(batch);
    const lines = target.kind === 'sns' ? [notice.subject, '', ...notice.text.split('\n')] : [JSON.stringify(notice)];
    for (const line of lines) terminal.log(printable(line));
  }
}
