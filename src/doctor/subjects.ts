import { RolesAnywhereError } from '../core/errors.ts';
import { requestProblems } from '../options/explain/explain-request.ts';
import type { Environment, OptionValues } from '../options/parse/option-values.ts';
import { resolveIdentity } from '../options/resolve/resolve-identity.ts';
import { resolveCredentialRequest } from '../options/resolve/resolve-plan.ts';
import type { Subject } from './examination.ts';

/** What there is to examine: each profile of the options, as far as it comes to something. */
export async function subjectsOf(
  read: () => Promise<OptionValues>,
  env: Environment,
): Promise<readonly [Subject, ...Subject[]]> {
  let values: OptionValues;
  try {
    values = await read();
  } catch (error) {
    return [{ problems: [ours(error)], request: undefined, identity: undefined }];
  }
  const isOne = values.others.length === 0;
  const [first, ...others] = await Promise.all(
    [values, ...values.others].map((one) => subjectOf(one, env, isOne ? undefined : one.profileName)),
  );
  return first === undefined ? [{ problems: [], request: undefined, identity: undefined }] : [first, ...others];
}

async function subjectOf(values: OptionValues, env: Environment, target: string | undefined): Promise<Subject> {
  const problems: RolesAnywhereError[] = [];
  const attempt = async <T>(work: () => Promise<T> | T): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(ours(error));
      return undefined;
    }
  };
  const request = await attempt(() => resolveCredentialRequest(values, env));
  if (request === undefined) problems.push(...requestProblems(values, env).all);
  const url = values.text('sts-endpoint');
  return {
    ...(target === undefined ? {} : { target }),
    ...(url === undefined ? {} : { stsEndpoint: { url, option: values.origin('sts-endpoint') } }),
    values,
    problems,
    request,
    identity: request?.identity ?? (await attempt(() => resolveIdentity(values))),
  };
}

function ours(error: unknown): RolesAnywhereError {
  if (error instanceof RolesAnywhereError) return error;
  throw error;
}
