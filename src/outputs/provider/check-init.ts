import { RolesAnywhereError } from '../../core/errors.ts';
import { isObject, type KeysOf, meantBy, refuseUnknownKeys, whatIs } from '../../core/given-shape.ts';
import { identityFault } from '../../identity/identity-fault.ts';
import { propertyHints } from '../../options/schema/table.ts';
import { Problems } from '../../options/parse/problems.ts';
import { hopMembers } from '../../aws/assume-role/check-hop.ts';
import { flagsOf, providerOptions } from './flags-of.ts';
import type { FromRolesAnywhereInit, RolesAnywhereTarget } from './init.ts';
import { propertyOf } from '../../options/schema/shared-options.ts';

/** What the init has besides the options of its first way. */
const ofInit: KeysOf<Omit<FromRolesAnywhereInit, keyof RolesAnywhereTarget>> = {
  fallback: true,
  failoverOnRefusal: true,
  userAgentAppId: true,
  askSecret: true,
  logger: true,
  parentClientConfig: true,
};

const targetKeys: readonly string[] = [
  ...providerOptions.options.map(({ flag }) => propertyOf(flag)).filter((name) => propertyHints[name] === undefined),
  ...['identity', 'clientConfig', 'configFilepath', 'filepath'],
];

const guide = 'docs/provider.md tells of the options';

const initNames = { known: [...targetKeys, ...Object.keys(ofInit)], guide, otherwise: propertyHints };

const fallbackNames = {
  guide,
  known: targetKeys.filter((name) => !Object.hasOwn(ofInit, name)),
  otherwise: {
    ...propertyHints,
    ...Object.fromEntries(
      Object.keys(ofInit).map((name) => [name, `${name} holds for all ways: give it beside fallback`]),
    ),
  },
};

const hopNames = { known: hopMembers };

/**
 * Refuses what no program would write if its types were checked, in the init itself and its first way.
 *
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID, OPTION_CONFLICT: everything at once
 */
export function checkInit(init: FromRolesAnywhereInit): void {
  requireObject(init, 'fromRolesAnywhere takes an object of options');
  refuseClientConfig(init);
  const problems = new Problems();
  problems.try(() => refuseUnknownKeys(init, initNames));
  checkWay(init, problems);
  problems.try(() => requireKind(init.askSecret, 'askSecret', 'function'));
  problems.try(() => checkLogger(init.logger));
  problems.try(() =>
    requireOptional(init.parentClientConfig, 'parentClientConfig must be the configuration of a client'),
  );
  problems.try(() => checkList(init.fallback));
  problems.throwAny();
}

function refuseClientConfig(init: object): void {
  if (!Object.hasOwn(init, 'credentialDefaultProvider')) return;
  throw invalid('fromRolesAnywhere is given the configuration of a client, where its own options belong', [
    'write credentialDefaultProvider: (parentClientConfig) => fromRolesAnywhere({ parentClientConfig })',
  ]);
}

/** The same of a fallback. */
export function checkFallback(target: RolesAnywhereTarget): void {
  requireObject(target, 'a fallback is an object of options');
  const problems = new Problems();
  problems.try(() => refuseUnknownKeys(target, fallbackNames));
  checkWay(target, problems);
  problems.throwAny();
}

function checkWay(target: RolesAnywhereTarget, problems: Problems): void {
  problems.try(() => flagsOf(target));
  problems.try(() => checkIdentity(target));
  problems.try(() => checkHops(target.roleChain));
  problems.try(() => checkClientConfig(target.clientConfig));
  for (const name of ['configFilepath', 'filepath'] as const) {
    problems.try(() => requireKind(target[name], name, 'string'));
  }
}

function checkIdentity(target: RolesAnywhereTarget): void {
  if (target.identity === undefined) return;
  const other = (['certificate', 'privateKey', 'intermediates'] as const).find((name) => target[name] !== undefined);
  if (other !== undefined) {
    throw new RolesAnywhereError('OPTION_CONFLICT', `identity and ${other} exclude each other`, {
      hints: ['an identity has certificate, chain and key of its own: give one of the two'],
    });
  }
  const fault = identityFault(target.identity, 'identity');
  if (fault !== undefined) throw fault;
}

function checkHops(hops: unknown): void {
  for (const [at, hop] of (Array.isArray(hops) ? hops : []).entries()) {
    if (isObject(hop)) refuseUnknownKeys(hop, hopNames, `roleChain[${at}].`);
  }
}

/** The SDK's settings of a client that misspelling has no effect on, and no message of the SDK. */
const clientSettings = [
  ...['region', 'endpoint', 'requestHandler', 'maxAttempts', 'retryMode', 'retryStrategy', 'logger', 'profile'],
  ...['useFipsEndpoint', 'useDualstackEndpoint', 'customUserAgent', 'userAgentAppId', 'defaultsMode'],
];

/** What the SDK takes is for the SDK to say: only a name that is nearly one of its own is refused. */
function checkClientConfig(config: unknown): void {
  if (config === undefined) return;
  requireObject(config, 'clientConfig must be an object of settings of the STS client');
  const others = Object.keys(config).filter((key) => !isNearly(key, clientSettings));
  refuseUnknownKeys(config, { known: [...clientSettings, ...others] }, 'clientConfig.');
}

function isNearly(key: string, names: readonly string[]): boolean {
  return !names.includes(key) && meantBy(key, names) !== undefined;
}

function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  if (typeof logger !== 'object' || logger === null) {
    throw invalid(`logger must be an object with debug, info, warn and error, not ${whatIs(logger)}`);
  }
  const missing = ['debug', 'info', 'warn', 'error'].find((level) => typeof Reflect.get(logger, level) !== 'function');
  if (missing !== undefined) throw invalid(`logger has no function ${missing}`, ['console has all of them']);
}

function requireOptional(value: unknown, demand: string): void {
  if (value !== undefined) requireObject(value, demand);
}

function requireObject(value: unknown, demand: string): asserts value is object {
  if (!isObject(value)) throw invalid(`${demand}, not ${whatIs(value)}`);
}

function requireKind(value: unknown, name: string, kind: 'function' | 'string'): void {
  if (value === undefined || (typeof value === kind && value !== '')) return;
  throw invalid(`${name} must be a ${kind}, not ${whatIs(value)}`);
}

function checkList(fallback: unknown): void {
  if (fallback === undefined || Array.isArray(fallback)) return;
  throw invalid(`fallback must be a list of further ways, not ${whatIs(fallback)}`);
}

function invalid(message: string, hints: readonly string[] = []): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { hints });
}
