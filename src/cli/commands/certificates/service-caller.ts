import type { ServiceCaller, ServiceKeys } from '../../../aws/service/call-service.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { parseArn } from '../../../options/resolve/arn.ts';
import { networkOf, resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { obtainOnce } from '../../../outputs/obtain-once.ts';
import type { Terminal } from '../../command.ts';
import { cacheOptions, pipelineContext } from '../../contexts.ts';

/** Somebody who may ask services of AWS, and where they are unless a call says otherwise. */
export interface AwsAccess {
  readonly caller: ServiceCaller;
  readonly partition: string;
  readonly region: string;
  /** Twelve digits, where they are known. */
  readonly accountId: string | undefined;
  readonly env: Terminal['env'];
}

/**
 * Credentials by Roles Anywhere where the options ask for a role, or else those of the environment.
 *
 * @throws RolesAnywhereError OPTION_MISSING where there are neither; whatever the pipeline throws
 */
export async function openAccess(values: OptionValues, terminal: Terminal): Promise<AwsAccess> {
  const { now, random, sleep, userAgent, signal } = await pipelineContext(values, terminal);
  const base = { now, random, sleep, userAgent, signal, network: networkOf(values, terminal.env) };
  const found = isOurs(values) ? await byRolesAnywhere(values, terminal) : fromEnvironment(values, terminal.env);
  const { keys, ...place } = found;
  return { caller: { ...base, keys }, ...place, env: terminal.env };
}

type Found = Omit<AwsAccess, 'caller' | 'env'> & { readonly keys: ServiceKeys };

function isOurs(values: OptionValues): boolean {
  return values.profileName !== undefined || values.isGiven('role-arn') || values.isGiven('trust-anchor-arn');
}

async function byRolesAnywhere(values: OptionValues, terminal: Terminal): Promise<Found> {
  const plan = await resolvePlan(values, terminal.env);
  const context = await pipelineContext(values, terminal);
  const keys = await obtainOnce(plan, await cacheOptions(values, terminal), context);
  const [{ request }] = plan.targets;
  const { partition, region } = request.endpoint;
  const account = keys.accountId ?? parseArn('role', request.session.roleArn)?.account;
  return { keys, partition, region, accountId: account };
}

function fromEnvironment(values: OptionValues, env: Terminal['env']): Found {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const region = values.text('region') || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  if (accessKeyId && secretAccessKey && region) {
    const sessionToken = env['AWS_SESSION_TOKEN'] || undefined;
    return {
      keys: { accessKeyId, secretAccessKey, sessionToken },
      ...placeOf(region),
      accountId: env['AWS_ACCOUNT_ID'] || undefined,
    };
  }
  throw new RolesAnywhereError('OPTION_MISSING', 'AWS is to be asked, and there are no credentials for it', {
    hints: [
      'give the options of a role, or --from-profile; or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION in the environment',
    ],
  });
}

/** The partition follows from how the region begins, where no ARN says it. */
function placeOf(region: string): Pick<AwsAccess, 'region' | 'partition'> {
  const [, kind] = /^(cn|us-gov|us-isob|us-iso|eu-isoe|us-isof|eusc)-/.exec(region) ?? [];
  const partitions: Readonly<Record<string, string>> = {
    cn: 'aws-cn',
    'us-gov': 'aws-us-gov',
    'us-iso': 'aws-iso',
    'us-isob': 'aws-iso-b',
    'eu-isoe': 'aws-iso-e',
    'us-isof': 'aws-iso-f',
    eusc: 'aws-eusc',
  };
  return { region, partition: partitions[kind ?? ''] ?? 'aws' };
}
