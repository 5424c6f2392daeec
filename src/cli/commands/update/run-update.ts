import { describeError } from '../../../core/describe-error.ts';
import type { ProcessLife } from '../../../ffi/ffi.ts';
import { findFfi } from '../../../ffi/find-ffi.ts';
import { keepUpdated } from '../../../outputs/update/keep-updated.ts';
import { type UpdateContext, updateOnce, type UpdateTarget } from '../../../outputs/update/update-file.ts';
import { credentialsPath } from '../../../options/profile/aws-files.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import { resolveProfiles } from '../../../options/resolve/resolve-profiles.ts';
import { systemClock } from '../../../pipeline/refresh/clock.ts';
import type { Terminal } from '../../command.ts';
import { pipelineContext } from '../../contexts.ts';
import { hideMemory } from '../../terminal/hide-memory.ts';
import { endDespiteCalls, endingInTime, HangUps, unlessStopped, warnOfDebugDoors } from '../../terminal/long-lived.ts';
import { printable } from '../../terminal/printable.ts';
import { logLines } from '../serve/serve-log-lines.ts';
import { thisProcess } from '../../terminal/this-process.ts';

/** Writes the credentials file, and keeps it fresh until a signal ends it; SIGHUP reads everything again. */
export async function runUpdate(
  values: OptionValues,
  given: Terminal,
  reread: () => Promise<OptionValues>,
): Promise<void> {
  const terminal = tellingTerminal(values, given);
  if (values.isOn('once')) return once(values, terminal);
  warnOfDebugDoors(terminal.env, terminal.warn);
  const hangUps = new HangUps();
  const stopped = terminal.untilStopped(() => hangUps.ring());
  // Timers of the refresher keep nothing alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await endingInTime(updateUntil(stopped, { values, terminal, reread, hangUps }), stopped, terminal.warn);
  } finally {
    clearInterval(alive);
  }
}

async function once(values: OptionValues, terminal: TellingTerminal): Promise<void> {
  const targets = await targetsOf(values, terminal);
  await updateOnce(targets, { ...(await updateContext(values, terminal, 'short')), tell: () => undefined });
}

interface Command {
  readonly values: OptionValues;
  readonly terminal: TellingTerminal;
  readonly reread: () => Promise<OptionValues>;
  readonly hangUps: HangUps;
}

async function updateUntil(stopped: Promise<void>, command: Command): Promise<void> {
  const { values, terminal, reread, hangUps } = command;
  const ffi = await findFfi('long');
  hideMemory(ffi, terminal.warn);
  endDespiteCalls(ffi);
  const targets = await targetsOf(values, terminal);
  const starting = keepUpdated(targets, await updateContext(values, terminal, 'long'));
  const updating = await unlessStopped(starting, stopped);
  if (updating === undefined) return;
  hangUps.answer(async () => {
    try {
      await updating.reload(await targetsOf(await reread(), terminal));
    } catch (error) {
      terminal.warn(`reload failed, all stays as it was: ${describeError(error).message}`);
    }
  });
  await stopped;
  await updating.close();
}

interface TellingTerminal extends Terminal {
  /** One line of what was done. */
  readonly tell: (message: string) => void;
}

/** Writes lines as --log-format wants them. */
function tellingTerminal(values: OptionValues, given: Terminal): TellingTerminal {
  // There is no data on it that a library could spoil.
  const isolateOutput = async (): Promise<void> => undefined;
  if (values.text('log-format') !== 'json') {
    given.tellWarnings();
    return { ...given, isolateOutput, tell: (message) => given.log(`roles-anywhere: ${printable(message)}`) };
  }
  const log = logLines({ format: 'json', level: 'debug', now: given.now, write: given.log });
  const warn = (message: string): void => log('warn', message);
  given.tellWarnings(warn);
  return {
    ...given,
    isolateOutput,
    warn,
    tell: (message) => log('info', message),
    log: (line) => log('debug', line.replace(/^debug: /, '')),
  };
}

/** Several profiles are profiles of their own here, and nothing to fall back on. */
function targetsOf(values: OptionValues, terminal: Terminal): Promise<readonly UpdateTarget[]> {
  const profiles = resolveProfiles(values);
  const each = [values, ...values.others];
  return Promise.all(
    each.map(async (one, index) => ({
      profile: profiles[index] ?? '',
      plan: await resolvePlan({ ...one, others: [] }, terminal.env),
    })),
  );
}

async function updateContext(
  values: OptionValues,
  terminal: TellingTerminal,
  life: ProcessLife,
): Promise<UpdateContext> {
  const pipeline = { ...(await pipelineContext(values, terminal)), life };
  const clock = systemClock();
  const { monotonic } = clock;
  const { openAccessLists } = await import('../../../core/fs/access-lists.ts');
  return {
    path: credentialsPath(terminal.env),
    pipeline,
    clock,
    lock: {
      process: thisProcess,
      userId: process.geteuid?.(),
      accessLists: await openAccessLists(terminal.warn),
      monotonic,
      sleep: pipeline.sleep,
      random: pipeline.random,
    },
    warn: terminal.warn,
    tell: terminal.tell,
  };
}
