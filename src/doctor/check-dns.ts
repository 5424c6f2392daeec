import { systemCodeOf } from '../core/errno.ts';
import { bareHost, isAddress, portOf } from '../aws/http/open-socket.ts';
import type { EndpointOptions } from '../aws/create-session/session-request.ts';
import type { Check, Examination } from './examination.ts';
import { fail, pass, skip, warn } from './finding.ts';
import type { Address, NameService } from './name-service.ts';
import type { Finding } from './report.ts';

/** What the name of the endpoint leads to, and whether there is a way to IPv4 and IPv6 addresses of it. */
export const checkDns: Check = {
  name: 'dns',
  async run(examination) {
    const { facts, context } = examination;
    const { endpoint, isProxied } = facts;
    if (endpoint === undefined) return [skip('the options come to no request')];
    if (context.offline) return [skip('--offline')];
    if (isAddress(endpoint)) return [skip(`${endpoint.hostname} is an address`)];
    if (isProxied === true) return [skip('the proxy looks the name up')];
    const names = context.names ?? (await import('./name-service.ts')).systemNames;
    const host = bareHost(endpoint);
    try {
      const families = await tried(await names.lookUp(host), { names, port: portOf(endpoint) });
      return judged(host, families, examination);
    } catch (error) {
      facts.noWay = 'the name of the endpoint cannot be looked up';
      return [notFound(host, systemCodeOf(error) ?? 'no reason', examination)];
    }
  },
};

/** Of one family of addresses: which there are, and what came of trying the first. */
interface Family {
  readonly name: 'IPv4' | 'IPv6';
  readonly addresses: readonly string[];
  /** Undefined where somebody answers, and where there is no address. */
  readonly fault: string | undefined;
}

async function tried(
  found: readonly Address[],
  { names, port }: { readonly names: NameService; readonly port: number },
): Promise<readonly [Family, Family]> {
  const of = async (name: Family['name'], family: number): Promise<Family> => {
    const addresses = found.flatMap((one) => (one.family === family ? one.address : []));
    const [first] = addresses;
    return { name, addresses, fault: first === undefined ? undefined : await names.reach(first, port) };
  };
  return Promise.all([of('IPv4', 4), of('IPv6', 6)]);
}

/** This machine has no address of the family, or no route: errno(3), of Windows too by the names that Node gives. */
const noRoute: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
]);

function judged(host: string, families: readonly [Family, Family], examination: Examination): readonly Finding[] {
  const there = families.filter(({ addresses }) => addresses.length > 0);
  const [only] = there;
  const found = `${host}: ${families.map(textOf).join('; ')}`;
  if (there.length === 1 && only?.fault !== undefined && noRoute.has(only.fault)) {
    examination.facts.noWay = `this machine has no way to ${only.name} addresses`;
    const message = `${host} has ${only.name} addresses alone, and this machine has no way to those (${only.fault})`;
    return [fail('ip-family', message, otherFamily(only.name, examination))];
  }
  const silent = there.find(({ fault }) => fault === 'ETIMEDOUT');
  const isAnswered = there.some(({ fault }) => fault === undefined);
  if (silent === undefined || !isAnswered) return [pass(found)];
  const message = `${found}: who does not try both at once waits for ${silent.name} each time`;
  return [warn('ip-family', message, `have ${silent.name} routed, or switched off on this machine`)];
}

function textOf({ name, addresses, fault }: Family): string {
  if (addresses.length === 0) return `${name} none`;
  const state =
    fault === undefined ? 'answering' : noRoute.has(fault) ? `no way there (${fault})` : `no answer (${fault})`;
  return `${name} ${addresses.join(', ')}, ${state}`;
}

/** Standard endpoints have IPv4 addresses alone, dual-stack ones both (service endpoints, general reference). */
function otherFamily(name: Family['name'], { subject: { request } }: Examination): string {
  if (name === 'IPv6') return 'give this machine IPv6, or name an endpoint with IPv4 addresses';
  return isStandard(request?.endpoint)
    ? '--use-dualstack-endpoint has IPv6 addresses too'
    : 'give this machine IPv4, by NAT64 for one, or name an endpoint with IPv6 addresses';
}

function isStandard(endpoint: EndpointOptions | undefined): boolean {
  return endpoint !== undefined && endpoint.custom === undefined && !endpoint.dualStack;
}

function notFound(host: string, code: string, { subject: { request } }: Examination): Finding {
  const message = `the name ${host} cannot be looked up (${code})`;
  if (code === 'EAI_AGAIN') return fail('dns', message, 'the name servers of this machine do not answer');
  const { custom, region, fips, dualStack } = request?.endpoint ?? {};
  if (custom !== undefined) return fail('dns', message, `check the host of ${custom.option}`);
  const kind = [fips === true ? ['FIPS'] : [], dualStack === true ? ['dual-stack'] : []].flat().join(' and ');
  return fail('dns', message, `check that the service has ${kind === '' ? 'an' : `a ${kind}`} endpoint in ${region}`);
}
