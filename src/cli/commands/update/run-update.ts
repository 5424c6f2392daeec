import { describeError } from '../../../core/describe-error.ts';
import { keepUpdated } from '../../../outputs/update/keep-updated.ts';
import { type UpdateContext, updateOnce, type UpdateTarget } from '../../../outputs/update/update-file.ts';
import { credentialsPath } from '../../../options/profile/aws-files.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import { resolveProfiles } from '../../../options/resolve/resolve-profiles.ts';
import { systemClock } from '../../../pipeline/refresh/clock.ts';
import type { Terminal } from '../../command.ts';
import { pipelineContext } from '../../contexts.ts';
import { endingInTime, warnOfDebugDoors } from '../../terminal/long-lived.ts';
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
  const targets = await targetsOf(values, terminal);
  const context = await updateContext(values, terminal);
  if (values.isOn('once')) return updateOnce(targets, { ...context, tell: () => undefined });
  warnOfDebugDoors(terminal.env, terminal.warn);
  let onHangUp = (): void => undefined;
  const stopped = terminal.untilStopped(() => onHangUp());
  // Timers of the refresher keep nothing alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    const updating = await Promise.race([keepUpdated(targets, context), stopped]);
    if (updating === undefined) return;
    let reloaded = Promise.resolve();
    onHangUp = () => {
      reloaded = reloaded
        .then(async () => updating.reload(await targetsOf(await reread(), terminal)))
        .catch((error: unknown) => context.warn(`reload failed, all stays as it was: ${describeError(error).message}`));
    };
    await stopped;
    await endingInTime(updating.close(), stopped, context.warn);
  } finally {
    clearInterval(alive);
  }
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

async function updateContext(values: OptionValues, terminal: TellingTerminal): Promise<UpdateContext> {
  const pipeline = await pipelineContext(values, terminal);
  const clock = systemClock();
  const { monotonic } = clock;
  return {
    path: credentialsPath(terminal.env),
    pipeline,
    clock,
    lock: {
      process: thisProcess,
      userId: process.geteuid?.(),
      monotonic,
      sleep: pipeline.sleep,
      random: pipeline.random,
    },
    warn: terminal.warn,
    tell: terminal.tell,
  };
}
