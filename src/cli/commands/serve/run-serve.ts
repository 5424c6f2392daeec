import { describeError } from '../../../core/describe-error.ts';
import { resolve } from 'node:path';
import type { CredentialPlan } from '../../../pipeline/credential-plan.ts';
import { type ProfilePlan } from '../../../outputs/serve/server-roles.ts';
import { type ListenAddress, parseListenAddress } from '../../../outputs/serve/listen-address.ts';
import { logLevels, type ServeLog } from '../../../outputs/serve/serve-log.ts';
import {
  type ServeContext,
  type ServeOptions,
  type Serving,
  startServing,
} from '../../../outputs/serve/start-serving.ts';
import { notifier, type Notify, socketsOfSystemd, watchdogInterval } from '../../../outputs/serve/systemd.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { AccessLists } from '../../../core/fs/access-lists.ts';
import { findFfi } from '../../../ffi/find-ffi.ts';
import { settingLines } from '../../../outputs/export/quote.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import { systemClock } from '../../../pipeline/refresh/clock.ts';
import { version } from '../../../version.ts';
import type { Terminal } from '../../command.ts';
import { pipelineContext } from '../../contexts.ts';
import { hideMemory } from '../../terminal/hide-memory.ts';
import { endDespiteCalls, endingInTime, HangUps, unlessStopped, warnOfDebugDoors } from '../../terminal/long-lived.ts';
import { logLines } from './serve-log-lines.ts';

/** Serves until a signal ends it; SIGHUP reads everything again. */
export async function runServe(
  values: OptionValues,
  given: Terminal,
  reread: () => Promise<OptionValues>,
): Promise<void> {
  const log = serveLog(values, given);
  const terminal: Terminal = {
    ...given,
    warn: (message) => log('warn', message),
    // There is no data on it.
    isolateOutput: async () => undefined,
  };
  terminal.tellWarnings(terminal.warn);
  warnOfDebugDoors(terminal.env, terminal.warn);
  const hangUps = new HangUps();
  const stopped = terminal.untilStopped(() => hangUps.ring());
  await endingInTime(serveUntil(stopped, { values, terminal, reread, log, hangUps }), stopped, terminal.warn);
}

interface Command {
  readonly values: OptionValues;
  readonly terminal: Terminal;
  readonly reread: () => Promise<OptionValues>;
  readonly log: ServeLog;
  readonly hangUps: HangUps;
}

async function serveUntil(stopped: Promise<void>, command: Command): Promise<void> {
  const { values, terminal, reread, log, hangUps } = command;
  const ffi = await findFfi('long');
  hideMemory(ffi, terminal.warn);
  endDespiteCalls(ffi);
  const notify = notifier(terminal.env, ffi, terminal.warn);
  const { openAccessLists } = await import('../../../core/fs/access-lists.ts');
  const options = serveOptionsOf(values, terminal.env, await openAccessLists(terminal.warn));
  const plans = await plansOf(values, terminal);
  const starting = startServing({ ...options, plans }, { ...(await serveContext(values, terminal, log)), ffi });
  const serving = await unlessStopped(starting, stopped);
  if (serving === undefined) return;
  const watchdog = startWatchdog(notify, terminal.env);
  tellWhere(serving, options, log);
  hangUps.answer(() => reload({ serving, terminal, reread, notify, log }));
  let isStopping = false;
  void serving.whenReady().then(() => (isStopping ? undefined : notify('READY=1', 'STATUS=serving')));
  await stopped;
  isStopping = true;
  log('info', 'stopping');
  clearInterval(watchdog);
  await Promise.all([notify('STOPPING=1'), serving.close()]);
}

function serveLog(values: OptionValues, { now, log }: Terminal): ServeLog {
  const level = values.isOn('debug')
    ? 'debug'
    : (logLevels.find((name) => name === values.text('log-level')) ?? 'info');
  return logLines({ format: values.text('log-format') === 'json' ? 'json' : 'text', level, now, write: log });
}

async function serveContext(
  values: OptionValues,
  terminal: Terminal,
  log: ServeLog,
): Promise<Omit<ServeContext, 'ffi'>> {
  const debugs = values.isOn('debug') || values.text('log-level') === 'debug';
  const debug = (line: string): void => log('debug', line.replace(/^debug: /, ''));
  return {
    pipeline: { ...(await pipelineContext(values, { ...terminal, log: debug })), life: 'long' },
    clock: systemClock(),
    log,
    logsRequests: debugs,
    version,
  };
}

/** One role for each profile of `--from-profile`. */
async function plansOf(values: OptionValues, terminal: Terminal): Promise<readonly ProfilePlan[]> {
  const each = [values, ...values.others];
  return Promise.all(each.map(async (one) => ({ profile: one.profileName, plan: await planAlone(one, terminal) })));
}

/** Several profiles are roles of their own here, and nothing to fall back on. */
function planAlone(values: OptionValues, terminal: Terminal): Promise<CredentialPlan> {
  return resolvePlan({ ...values, others: [] }, terminal.env);
}

function serveOptionsOf(
  values: OptionValues,
  env: Terminal['env'],
  accessLists: AccessLists | undefined,
): Omit<ServeOptions, 'plans'> {
  const port = values.integer('port') ?? 9911;
  const listen = values.list('listen').map((text) => parseListenAddress(text, port, values.origin('listen')));
  const handedOver = socketsOfSystemd(env, process.pid);
  const path = values.text('token-file');
  const uids = values.list('allow-uid').map((text) => readUid(text, values.origin('allow-uid')));
  const all: readonly ListenAddress[] = [...handedOver.filter(({ name }) => name !== 'admin'), ...listen];
  return {
    listen: all.length === 0 ? [{ kind: 'tcp', host: '127.0.0.1', port }] : all,
    adminListen: [
      ...handedOver.filter(({ name }) => name === 'admin'),
      ...values.list('admin-listen').map((text) => parseListenAddress(text, 0, values.origin('admin-listen'))),
    ],
    accessLists,
    socketMode: readMode(values.text('socket-mode') ?? '', values.origin('socket-mode')),
    tokenFile:
      path === undefined
        ? undefined
        : { path: resolve(path), option: values.origin('token-file'), userId: process.geteuid?.(), accessLists },
    allowHosts: values.list('allow-host').map((name) => name.toLowerCase()),
    allowUids: uids.length === 0 ? undefined : uids,
    wait: values.isOn('wait'),
    hopLimit: values.integer('hop-limit'),
  };
}

function readUid(text: string, option: string): number {
  if (process.platform !== 'linux') throw invalid(`${option} works on Linux only`);
  if (!/^\d{1,10}$/.test(text)) throw invalid(`${option} must be the number of a user, not ${text}`);
  return Number(text);
}

function readMode(text: string, option: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw invalid(`${option} must be three octal digits as 0660, not ${text}`);
  return Number.parseInt(text, 8);
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}

/** The lines to copy, as the official helper prints one. */
function tellWhere({ listeners, adminListeners }: Serving, options: Omit<ServeOptions, 'plans'>, log: ServeLog): void {
  for (const { name } of [...listeners, ...adminListeners]) log('info', `listening on ${name}`);
  const tcp = listeners.find(({ kind }) => kind === 'tcp');
  if (tcp === undefined) return;
  const tell = (name: string, value: string): void => {
    for (const line of settingLines(name, value)) log('info', line);
  };
  if (tcp.isLocal) tell('AWS_EC2_METADATA_SERVICE_ENDPOINT', `${tcp.name}/`);
  if (options.tokenFile === undefined) return;
  tell('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${tcp.name}/credentials`);
  tell('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', options.tokenFile.path);
}

interface Running {
  readonly serving: Serving;
  readonly terminal: Terminal;
  readonly reread: () => Promise<OptionValues>;
  readonly notify: Notify;
  readonly log: ServeLog;
}

/** Whatever fails leaves everything as it was. */
async function reload({ serving, terminal, reread, notify, log }: Running): Promise<void> {
  // sd_notify(3) asks for the time of CLOCK_MONOTONIC, which is what this is.
  await notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  try {
    const failed = await serving.reload(await plansOf(await reread(), terminal));
    if (failed === 0) log('info', 'reloaded');
  } catch (error) {
    const { code, message } = describeError(error);
    log('error', `reload failed, what was there stays: ${message}`, { code });
  }
  await notify('READY=1');
}

function startWatchdog(notify: Notify, env: Terminal['env']): NodeJS.Timeout | undefined {
  const interval = watchdogInterval(env, process.pid);
  if (interval === undefined) return undefined;
  void notify('WATCHDOG=1');
  return setInterval(() => void notify('WATCHDOG=1'), interval);
}
