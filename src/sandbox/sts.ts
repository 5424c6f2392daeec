import { performAssumeRole, type StsCall } from './assume-role.ts';
import type { ReceivedRequest } from './received-request.ts';
import { ServiceRefusal } from './refusal.ts';
import type { Accepted, Service } from './service.ts';
import { checkSigV4Signature } from './sigv4-signature.ts';
import { renderResult } from './sts-xml.ts';

const apiVersion = '2011-06-15';

type Operation = (call: StsCall, service: Service) => Accepted;

const operations: ReadonlyMap<string, Operation> = new Map([
  ['AssumeRole', performAssumeRole],
  ['GetCallerIdentity', getCallerIdentity],
]);

/**
 * STS: the two operations a role session needs.
 * @throws ServiceRefusal
 */
export function callSts(request: ReceivedRequest, service: Service): Accepted {
  const { session } = checkSigV4Signature(request, service);
  const form = readForm(request);
  const action = form.get('Action') ?? '';
  const operation = operations.get(action);
  if (operation === undefined || form.get('Version') !== apiVersion) {
    const message = `Could not find operation ${action} for version ${form.get('Version') ?? 'NO_VERSION_SPECIFIED'}`;
    const reason = `the sandbox's STS has ${[...operations.keys()].join(' and ')} of version ${apiVersion}`;
    throw new ServiceRefusal({ status: 400, code: 'InvalidAction', message, reason });
  }
  return operation({ form, caller: session, requestId: request.id }, service);
}

/** The parameters of a query protocol request, whoever sent it. */
export function readForm(request: ReceivedRequest): URLSearchParams {
  return new URLSearchParams(Buffer.from(request.body).toString('utf8'));
}

function getCallerIdentity({ caller, requestId }: StsCall): Accepted {
  const result = { Arn: caller.arn, UserId: `${caller.role.id}:${caller.name}`, Account: caller.role.accountId };
  return { status: 200, body: renderResult('GetCallerIdentity', result, requestId), session: caller };
}
