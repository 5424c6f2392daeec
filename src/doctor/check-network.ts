import { resolveEndpoint } from '../aws/http/endpoint.ts';
import { isOfAws, otherRegion } from '../aws/http/explain-endpoint.ts';
import { peerOf } from '../aws/http/open-socket.ts';
import type { NetworkOptions } from '../aws/create-session/session-request.ts';
import { dateOf } from '../aws/create-session/service-errors.ts';
import type { CredentialRequest } from '../pipeline/credential-plan.ts';
import type { Check, Examination } from './examination.ts';
import { fail, failed, pass, skip, warn } from './finding.ts';
import type { Finding } from './report.ts';
import type { Probed } from './tls-probe.ts';

const noRequest = skip('the options come to no request');

/** The URL that is called, and what decided it. */
export const checkEndpoint: Check = {
  name: 'endpoint',
  async run({ subject, facts }) {
    const { request } = subject;
    if (request === undefined) return [noRequest];
    const { custom, region, fips, dualStack } = request.endpoint;
    facts.endpoint = await resolveEndpoint(request.endpoint);
    const kinds = [fips ? ['FIPS'] : [], dualStack ? ['dual-stack'] : []].flat();
    const by = custom?.option ?? [`the region ${region}`, ...kinds].join(', ');
    const elsewhere = otherRegion(facts.endpoint.hostname, region);
    return [
      elsewhere === undefined
        ? pass(`${facts.endpoint.href}, by ${by}`)
        : fail('region', `${by}: ${elsewhere}`, `name the endpoint of ${region}, or leave ${by} out`),
      ...ofSts(subject),
    ];
  },
};

/** Where roles are assumed; each of them may be asked for in a region of its own. */
function ofSts({ request, stsEndpoint }: Examination['subject']): readonly Finding[] {
  const { url, option } = request?.sts?.endpoint ?? stsEndpoint ?? { url: '', option: '' };
  if (request?.roleChain === undefined || !URL.canParse(url)) return [];
  const { hostname } = new URL(url);
  const found = request.roleChain.map((hop) => otherRegion(hostname, hop.region ?? request.endpoint.region));
  const elsewhere = found.find((text) => text !== undefined);
  if (elsewhere === undefined) return [];
  return [fail('region', `${option}: ${elsewhere}`, `leave ${option} out, or name the endpoint of that region`)];
}

/** Which way leads there. */
export const checkProxy: Check = {
  name: 'proxy',
  async run({ subject: { request }, facts, context: { environment } }) {
    const { endpoint } = facts;
    if (request === undefined || endpoint === undefined) return [noRequest];
    const { proxy } = request.network;
    const doubts = twoSpellings(environment);
    if (proxy === undefined) return [...doubts, pass(withoutProxy(environment))];
    facts.noWay = 'the proxy cannot be used';
    const { chooseProxy } = await import('../aws/http/choose-proxy.ts');
    const chosen = chooseProxy(proxy, endpoint);
    facts.noWay = undefined;
    facts.isProxied = chosen !== undefined;
    if (chosen === undefined) {
      return [
        ...doubts,
        pass(`${proxy.option} is set, and ${endpoint.hostname} is reached without it, by NO_PROXY or as this machine`),
      ];
    }
    return [...doubts, pass(`by the proxy ${peerOf(chosen.url)} of ${chosen.option}`)];
  },
};

function withoutProxy(environment: Examination['context']['environment']): string {
  const given = ['HTTPS_PROXY', 'https_proxy'].find((name) => environment[name]);
  if (given !== undefined) return `straight: --with-proxy=false, whatever ${given} says`;
  const plain = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].find((name) => environment[name]);
  return plain === undefined
    ? 'straight: no proxy is set'
    : `straight: ${plain} does not count for https, HTTPS_PROXY would`;
}

/** Programs do not agree on which of the two goes first. */
function twoSpellings(environment: Examination['context']['environment']): readonly Finding[] {
  return ['HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => {
    const [upper, lower] = [environment[name], environment[name.toLowerCase()]];
    if (!upper || !lower || upper === lower) return [];
    return warn(
      'proxy-spellings',
      `${name} and ${name.toLowerCase()} are set to different things; ${name} counts here, the other one for some programs`,
      'give both the same value',
    );
  });
}

const probes = new WeakMap<Examination, Promise<Probed>>();

/** One request for all who want to know of it. */
function probeOnce(examination: Examination, request: CredentialRequest, endpoint: URL): Promise<Probed> {
  const known = probes.get(examination);
  if (known !== undefined) return known;
  const { userAgent, now, signal } = examination.context;
  // Without the network node:tls is not loaded.
  const asked = { network: request.network, endpoint, userAgent, now, signal };
  const probing = import('./tls-probe.ts').then(({ probe }) => probe(asked));
  probes.set(examination, probing);
  return probing;
}

/** Whether the endpoint can be reached, by which TLS, and by whose certificates it is trusted. */
export const checkTls: Check = {
  name: 'tls',
  async run(examination) {
    const { subject, facts } = examination;
    const { endpoint } = facts;
    if (subject.request === undefined || endpoint === undefined) return [noRequest];
    const why = whyNotAsk(examination);
    if (why !== undefined) return [skip(why)];
    try {
      const probed = await probeOnce(examination, subject.request, endpoint);
      if (endpoint.protocol === 'http:') return [pass(`${peerOf(endpoint)} answers, in plain HTTP on this machine`)];
      return tlsFindings(probed, endpoint, subject.request.network);
    } catch (error) {
      facts.noWay = 'the endpoint does not answer';
      return [await unreached(error)];
    }
  },
};

async function unreached(error: unknown): Promise<Finding> {
  const finding = failed(error);
  const { isOfInspection } = await import('../aws/http/network-error.ts');
  return isOfInspection(finding) ? { ...finding, cause: 'tls-inspection' } : finding;
}

function tlsFindings({ tls, neededSystemRoots, origin }: Probed, endpoint: URL, { verify }: NetworkOptions): Finding[] {
  if (tls === undefined) return [pass(`${peerOf(endpoint)} answers by TLS; this runtime does not tell more`)];
  const { protocol = 'TLS', group, topIssuer = 'an issuer without a name' } = tls;
  const roots = neededSystemRoots ? "this system's store" : (origin ?? 'the roots of Node');
  const trust = verify ? `trusted by ${roots}` : 'not checked';
  const how = `${peerOf(endpoint)} by ${protocol}${group === undefined ? '' : ` with ${group}`}, ${trust}, issued under ${topIssuer}`;
  return [...inspected(endpoint, tls.topIssuer), pass(how)];
}

/** AWS's servers have certificates of Amazon's own CA, some under roots of Starfield. */
const rootsOfAws = /\b(?:Amazon|Starfield)\b/;

function inspected({ hostname }: URL, topIssuer: string | undefined): readonly Finding[] {
  if (!isOfAws(hostname) || topIssuer === undefined || rootsOfAws.test(topIssuer)) return [];
  return [
    warn(
      'tls-inspection',
      `the certificate of ${hostname} leads to the CA '${topIssuer}', and AWS has none but Amazon's: a proxy on the way inspects TLS, and reads the credentials`,
      'have this host left out of the inspection',
    ),
  ];
}

/** Seconds: a signature carries its time. Services take 5 or 15 minutes; that of this one is not published. */
const clockWindow = { sure: 900, likely: 300 };

/** The clock of this machine against that of the service. */
export const checkClock: Check = {
  name: 'clock',
  async run(examination) {
    const { subject, facts } = examination;
    if (subject.request === undefined || facts.endpoint === undefined) return [noRequest];
    const why = whyNotAsk(examination);
    if (why !== undefined) return [skip(why)];
    const { answer, at } = await probeOnce(examination, subject.request, facts.endpoint);
    const date = dateOf(answer.headers['date']);
    if (date === undefined) return [skip('the answer has no date')];
    // A date has whole seconds: half of one is the likeliest rest.
    const offset = Math.round((at - date.getTime() - 500) / 1000);
    facts.clockOffset = offset;
    return [clockFinding(offset)];
  },
};

function clockFinding(offset: number): Finding {
  const seconds = Math.abs(offset);
  const message = `this machine is ${seconds} s ${offset < 0 ? 'behind' : 'ahead of'} the service`;
  if (seconds < clockWindow.likely) return pass(message);
  const hint = 'set the clock, by NTP for one: a signature carries its time';
  return seconds > clockWindow.sure
    ? fail('clock', message, hint)
    : warn('clock', `${message}, which may be too much`, hint);
}

/** Whether there is a use in asking the service for more. */
export function whyNotAsk({ facts, context, subject }: Examination): string | undefined {
  if (context.offline) return '--offline';
  if (subject.request === undefined) return 'the options come to no request';
  return facts.noWay;
}
