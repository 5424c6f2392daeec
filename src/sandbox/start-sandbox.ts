import { RolesAnywhereError } from '../core/errors.ts';
import { decodeCertificates } from '../trust/x509/read-certificate.ts';
import { answerAsService, type Backstage } from './answer-request.ts';
import type { CertificateAuthority, IssuedLeaf } from './authority.ts';
import { createCertificateAuthority } from './certificate-authority.ts';
import { type ClientSettings, configSectionOf, environmentOf } from './client-settings.ts';
import {
  checkCrl,
  checkFault,
  checkProfile,
  checkRole,
  checkSandboxOptions,
  checkTrustAnchor,
} from './check-options.ts';
import { CredentialStore } from './credential-store.ts';
import { FaultQueue } from './faults.ts';
import { type RunningServer, startServer } from './http-server.ts';
import { importCrl } from './import-crl.ts';
import { addProfile, addRole, addTrustAnchor, makeRegistry, type Registry } from './registry.ts';
import { RequestLog } from './request-log.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import { openFiles, type SandboxFiles } from './sandbox-files.ts';
import { Throttle } from './throttle.ts';

const defaults = { region: 'us-east-1', accountId: '111122223333', host: '127.0.0.1', role: 'sandbox' } as const;

/**
 * Starts a Roles Anywhere and an STS on this machine that verify what they are sent. docs/sandbox.md tells what that
 * covers and what not.
 *
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID, CERTIFICATE_INVALID, PORT_UNAVAILABLE, FILE_FAILED
 *
 * @example
 * ```ts
 * import { startSandbox } from 'roles-anywhere/sandbox';
 *
 * const sandbox = await startSandbox({ roles: ['Worker'], profile: { acceptRoleSessionName: true } });
 * console.log(sandbox.endpoint, sandbox.roleArn, sandbox.certificatePath);
 * sandbox.failNext({ status: 503, times: 2 });
 * await sandbox.close();
 * ```
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkSandboxOptions(options);
  const stage = await setUp(options);
  const { host = defaults.host, port = 0, tls } = options;
  const server = await startServer({ host, port, tls }, async (request) => {
    const { reply, record } = await answerAsService(request, stage.backstage);
    stage.log.add(record);
    return reply;
  });
  try {
    return expose(stage, server, openFiles(options.directory));
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Everything but the server and the files. */
interface Stage {
  readonly options: SandboxOptions;
  readonly registry: Registry;
  readonly ca: CertificateAuthority;
  readonly leaf: IssuedLeaf;
  readonly arns: { readonly trustAnchorArn: string; readonly profileArn: string; readonly roleArn: string };
  readonly backstage: Backstage;
  readonly log: RequestLog;
  /** Seconds ahead of `now`. */
  readonly clock: { offset: number };
  readonly closing: AbortController;
}

async function setUp(options: SandboxOptions): Promise<Stage> {
  const { region = defaults.region, accountId = defaults.accountId, now = () => new Date() } = options;
  if (!/^\d{12}$/.test(accountId)) throw invalid(`the account id "${accountId}" is not twelve digits`);
  if (!/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(region)) throw invalid(`"${region}" is no region such as eu-west-1`);
  const registry = makeRegistry({ region, accountId });
  const ca = await createCertificateAuthority({ now });
  const trustAnchorArn = addTrustAnchor(registry, 'sandbox', options.anchors ?? [ca.certificate]);
  for (const [at, crl] of (options.crls ?? []).entries()) {
    await importCrl(registry, { name: `sandbox-${at + 1}`, crl, trustAnchorArn }, now());
  }
  const clock = { offset: options.clockOffset ?? 0 };
  const closing = new AbortController();
  return {
    options,
    registry,
    ca,
    leaf: await ca.issueLeaf(options.keyType === undefined ? {} : { keyType: options.keyType }),
    arns: { trustAnchorArn, ...addRolesAndProfile(registry, options) },
    backstage: {
      registry,
      credentials: new CredentialStore(),
      faults: new FaultQueue(),
      throttle: makeThrottle(options.throttle),
      sessionLifetime: checkedLifetime(options.sessionLifetime),
      now: () => new Date(now().getTime() + clock.offset * 1000),
      closing: closing.signal,
    },
    log: new RequestLog(options.log),
    clock,
    closing,
  };
}

function addRolesAndProfile(registry: Registry, options: SandboxOptions): { roleArn: string; profileArn: string } {
  const arns = (options.roles ?? [defaults.role]).map((role) => addRole(registry, role));
  const [roleArn] = arns;
  if (roleArn === undefined) throw invalid('the sandbox needs a role');
  const roleArns = arns.filter((arn) => registry.roles.get(arn)?.accountId === registry.place.accountId);
  return { roleArn, profileArn: addProfile(registry, { roleArns, ...options.profile, name: 'sandbox' }) };
}

function makeThrottle(perSecond: number | undefined): Throttle | undefined {
  if (perSecond === undefined) return undefined;
  if (!(perSecond > 0)) throw invalid(`the throttle is ${perSecond} calls a second; it must be more than 0`);
  return new Throttle(perSecond);
}

function checkedLifetime(seconds: number | undefined): number | undefined {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds > 0)) return seconds;
  throw invalid(`the session lifetime is ${seconds}; it must be a whole number of seconds, more than 0`);
}

function expose(stage: Stage, server: RunningServer, files: SandboxFiles): Sandbox {
  const { options, registry, leaf, log, backstage } = stage;
  const certificatePath = files.write('certificate.pem', leaf.certificate);
  const privateKeyPath = files.write('private-key.pem', leaf.privateKey);
  // A leaf of the sandbox's own CA is of no use with the anchors of another.
  const identity =
    options.identity ?? (options.anchors === undefined ? { certificatePath, privateKeyPath } : undefined);
  const settings: ClientSettings = {
    endpoint: server.endpoint,
    region: registry.place.region,
    identity,
    ...stage.arns,
  };
  return {
    endpoint: server.endpoint,
    stsEndpoint: server.endpoint,
    ...registry.place,
    ...stage.arns,
    certificate: leaf.certificate,
    privateKey: leaf.privateKey,
    certificatePath,
    privateKeyPath,
    ca: stage.ca,
    environment: environmentOf(settings),
    get requests() {
      return log.records;
    },
    get refusals() {
      return log.records.filter((record) => !record.accepted);
    },
    configSection: (profileName = 'sandbox') => configSectionOf(settings, profileName),
    addRole: (role) => {
      checkRole(role, '');
      return addRole(registry, role);
    },
    addProfile: (profile) => {
      checkProfile(profile, '');
      return addProfile(registry, profile);
    },
    addTrustAnchor: (anchor) => {
      checkTrustAnchor(anchor);
      return addTrustAnchor(registry, anchor.name, anchor.certificates);
    },
    importCrl: async (crl) => {
      checkCrl(crl);
      return importCrl(registry, { trustAnchorArn: stage.arns.trustAnchorArn, ...crl }, backstage.now());
    },
    disable: (arn) => void registry.disabled.add(knownArn(registry, arn)),
    enable: (arn) => void registry.disabled.delete(knownArn(registry, arn)),
    revoke: (certificate) => void registry.revokedSerialNumbers.add(readSerialNumber(certificate)),
    failNext: (fault) => {
      checkFault(fault);
      backstage.faults.add(fault);
    },
    setClockOffset: (seconds) => {
      stage.clock.offset = seconds;
    },
    close: async () => {
      stage.closing.abort();
      await server.close();
      files.remove();
    },
  };
}

function knownArn(registry: Registry, arn: string): string {
  if (registry.trustAnchors.has(arn) || registry.profiles.has(arn) || registry.crls.has(arn)) return arn;
  throw invalid(`there is no trust anchor, profile or CRL ${arn}`);
}

function readSerialNumber(certificate: string | bigint): bigint {
  if (typeof certificate === 'bigint') return certificate;
  if (/^\d+$/.test(certificate)) return BigInt(certificate);
  const [first] = decodeCertificates(certificate);
  if (first === undefined) throw invalid('there is no certificate to revoke');
  return first.serialNumber;
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}
