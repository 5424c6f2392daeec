import { RolesAnywhereError } from '../core/errors.ts';
import { callService, type ServiceCall, type ServiceCaller, serviceRefusal } from '../aws/service/call-service.ts';
import { customEndpointOf, serviceEndpoint } from '../aws/service/service-endpoint.ts';
import type { CredentialRequest } from '../pipeline/credential-plan.ts';
import { readTrustPolicy } from '../trust/policy/trust-policy.ts';
import type { KnownRole, KnownTrustAnchor } from '../trust/session/decide-session.ts';
import { decodeCertificates } from '../trust/x509/read-certificate.ts';
import { decodeCrl } from '../trust/x509/read-revocation-list.ts';
import type { RevocationList } from '../trust/x509/revocation-list.ts';
import { fail, failed, warn } from './finding.ts';
import { memberOf, profileOf, type ReadAccount } from './read-account.ts';
import type { Finding } from './report.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Who is asked about what. */
interface Inspection {
  readonly request: CredentialRequest;
  readonly caller: ServiceCaller;
  readonly env: Environment;
  readonly findings: Finding[];
}

/**
 * Reads trust anchor, CRLs, profile and role as the account has them: GetTrustAnchor, ListCrls, GetProfile, GetRole. What
 * may not be read is a warning, and not known.
 *
 * @param caller with credentials that may read them: not those of the session that is examined
 */
export async function inspectAccount(
  request: CredentialRequest,
  caller: ServiceCaller,
  env: Environment,
): Promise<ReadAccount> {
  const inspection: Inspection = { request, caller, env, findings: [] };
  const trustAnchor = await attempt(inspection, () => readTrustAnchor(inspection));
  const profile = await attempt(inspection, () => readProfile(inspection));
  const role = await attempt(inspection, () => readRole(inspection));
  return { account: { trustAnchor, profile, role }, findings: inspection.findings };
}

async function attempt<T>({ findings }: Inspection, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    findings.push({ ...failed(error, 'WARN'), cause: 'inspect' });
    return undefined;
  }
}

async function readTrustAnchor(inspection: Inspection): Promise<Partial<KnownTrustAnchor>> {
  const { trustAnchorArn } = inspection.request.session;
  const document = await askRolesAnywhere(inspection, {
    operation: 'GetTrustAnchor',
    path: `/trustanchor/${idOf(trustAnchorArn)}`,
  });
  const anchor = memberOf(document, 'trustAnchor');
  const enabled = memberOf(anchor, 'enabled') !== false;
  const data = memberOf(memberOf(anchor, 'source'), 'sourceData');
  const pem = memberOf(data, 'x509CertificateData');
  const crls = await attempt(inspection, () => readCrls(inspection));
  if (typeof pem === 'string') return { enabled, certificates: decodeCertificates(pem), crls };
  // One of AWS Private CA: its certificate is that of the CA, which another service has.
  const arn = memberOf(data, 'acmPcaArn');
  const pca = typeof arn === 'string' ? arn : 'AWS Private CA';
  inspection.findings.push(
    warn('inspect', `the certificate of the trust anchor is with ${pca}`, 'give it by --trust-anchor-certificate'),
    ...(enabled ? [] : [fail('trust-anchor-disabled', `the trust anchor ${trustAnchorArn} is disabled`)]),
  );
  // That it is disabled has been said.
  return { crls };
}

/** Pages that are asked for: an anchor has two CRLs, an account some hundred. */
const mostPages = 20;

async function readCrls(inspection: Inspection): Promise<readonly RevocationList[]> {
  const found: RevocationList[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const query = nextToken === undefined ? [] : [['nextToken', nextToken] as const];
    const document = await askRolesAnywhere(inspection, { operation: 'ListCrls', path: '/crls', query });
    const crls = memberOf(document, 'crls');
    for (const crl of Array.isArray(crls) ? crls : []) found.push(...crlOf(crl, inspection));
    const token = memberOf(document, 'nextToken');
    if (typeof token !== 'string' || token === '') return found;
    nextToken = token;
  }
  const message = `the account has more than ${mostPages} pages of CRLs, and the rest was not read`;
  inspection.findings.push(warn('inspect', message, 'give those of the trust anchor by --crl'));
  return found;
}

/** Of this trust anchor, and switched on. */
function crlOf(crl: unknown, { request, findings }: Inspection): readonly RevocationList[] {
  const data = memberOf(crl, 'crlData');
  const isOurs = memberOf(crl, 'trustAnchorArn') === request.session.trustAnchorArn;
  if (!isOurs || memberOf(crl, 'enabled') === false || typeof data !== 'string') return [];
  try {
    return [decodeCrl(Buffer.from(data, 'base64'))];
  } catch (error) {
    findings.push({ ...failed(error, 'WARN'), cause: 'inspect' });
    return [];
  }
}

async function readProfile(inspection: Inspection) {
  const path = `/profile/${idOf(inspection.request.session.profileArn)}`;
  return profileOf(await askRolesAnywhere(inspection, { operation: 'GetProfile', path }));
}

/** IAM answers in XML; the policy in it is percent-encoded JSON (IAM API reference, GetRole). */
async function readRole(inspection: Inspection): Promise<KnownRole> {
  const { roleArn } = inspection.request.session;
  const name = roleArn.split('/').at(-1) ?? '';
  const body = new URLSearchParams({ Action: 'GetRole', Version: '2010-05-08', RoleName: name }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const { endpoint, region } = iamOf(inspection);
  const text = await ask(inspection, {
    service: 'iam',
    operation: 'GetRole of IAM',
    region,
    endpoint,
    method: 'POST',
    path: '/',
    headers,
    body,
  });
  // The keys may be of another account, with a role of the same name.
  const found = /<Arn>([^<]*)</.exec(text)?.[1];
  if (found !== roleArn) {
    throw new RolesAnywhereError(
      'RESPONSE_INVALID',
      `IAM knows ${found ?? 'a role without an ARN'}, which is not ${roleArn}`,
      {
        hints: ['set credentials of the account of the role'],
      },
    );
  }
  const policy = /<AssumeRolePolicyDocument>([^<]*)</.exec(text)?.[1];
  const seconds = /<MaxSessionDuration>(\d+)</.exec(text)?.[1];
  if (policy === undefined) throw new RolesAnywhereError('RESPONSE_INVALID', 'the answer of IAM has no trust policy');
  const trustPolicy = decodeURIComponent(policy);
  readTrustPolicy(trustPolicy);
  return { trustPolicy, ...(seconds === undefined ? {} : { maxSessionDuration: Number(seconds) }) };
}

/** IAM is one service for each partition, whose requests are signed for one region (IAM endpoints and quotas). */
const homesOfIam: Readonly<Record<string, readonly [host: string, region: string]>> = {
  aws: ['iam.amazonaws.com', 'us-east-1'],
  'aws-cn': ['iam.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  'aws-us-gov': ['iam.us-gov.amazonaws.com', 'us-gov-west-1'],
};

function iamOf({ request, env }: Inspection): { readonly endpoint: URL; readonly region: string } {
  const { partition } = request.endpoint;
  const [host, region] = homesOfIam[partition] ?? [];
  const custom = customEndpointOf('IAM', env);
  if (custom !== undefined) return { endpoint: custom, region: region ?? request.endpoint.region };
  if (host !== undefined && region !== undefined) return { endpoint: new URL(`https://${host}`), region };
  throw new RolesAnywhereError('ENDPOINT_INVALID', `no endpoint of IAM is known for the partition ${partition}`, {
    hints: ['name it by AWS_ENDPOINT_URL_IAM, or give the trust policy by --trust-policy'],
  });
}

type OwnCall = Pick<ServiceCall, 'path' | 'query'> & { readonly operation: string };

async function askRolesAnywhere(inspection: Inspection, { operation, ...call }: OwnCall): Promise<unknown> {
  const { partition, region } = inspection.request.endpoint;
  const place = { service: 'rolesanywhere', variable: 'ROLESANYWHERE', partition, region };
  const text = await ask(inspection, {
    ...call,
    service: 'rolesanywhere',
    operation: `${operation} of Roles Anywhere`,
    region,
    endpoint: serviceEndpoint(place, inspection.env),
    method: 'GET',
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new RolesAnywhereError('RESPONSE_INVALID', `the answer to ${operation} is no JSON`);
  }
}

async function ask({ caller }: Inspection, call: ServiceCall): Promise<string> {
  const answer = await callService(call, caller);
  if (answer.status !== 200) throw serviceRefusal(call, answer);
  return Buffer.from(answer.body).toString('utf8');
}

/** Of a canonical ARN its last part; of an alias the whole of it. */
function idOf(arn: string): string {
  return arn.includes(':alias/') ? encodeURIComponent(arn) : (arn.split('/').at(-1) ?? '');
}
