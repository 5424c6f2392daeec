import { createHash } from 'node:crypto';
import { callService, type ServiceCall, type ServiceCaller, serviceRefusal } from '../../aws/service/call-service.ts';
import { serviceEndpoint } from '../../aws/service/service-endpoint.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { oneLine } from '../../core/one-line.ts';
import { type DueCertificate, makeNotice, type Notice, type NoticeBatch, whenText } from './notice.ts';
import type { NotifyTarget } from './targets.ts';

/** A service that tells somebody. */
export type ServiceTarget = Exclude<NotifyTarget, { readonly kind: 'exec' }>;

/** Where services are, and who asks them. */
export interface NotifyPlace {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Findings of one BatchImportFindings. */
const mostFindings = 100;

/**
 * The requests that tell a service of certificates: one, but for Security Hub, which takes a hundred findings at a time.
 * @throws RolesAnywhereError ENDPOINT_INVALID, OPTION_MISSING where the account is not known
 */
export function noticeCalls(
  target: ServiceTarget,
  batch: NoticeBatch,
  place: NotifyPlace & { readonly now: Date },
): readonly ServiceCall[] {
  switch (target.kind) {
    case 'sns':
      return [publish(target, makeNotice(batch), place)];
    case 'eventbridge':
      return [putEvents(target, makeNotice(batch), place)];
    case 'securityhub':
      return hundredsOf(batch.due).map((due) => importFindings(due, place));
  }
}

function hundredsOf(due: readonly DueCertificate[]): readonly (readonly DueCertificate[])[] {
  const count = Math.ceil(due.length / mostFindings);
  return Array.from({ length: count }, (_, at) => due.slice(at * mostFindings, (at + 1) * mostFindings));
}

/** Publish (Amazon SNS API reference). A FIFO topic wants a group, and something that tells repetitions. */
function publish(
  { arn, partition, region }: ServiceTarget & { readonly kind: 'sns' },
  { subject, text }: Notice,
  { env }: NotifyPlace,
): ServiceCall {
  const digest = createHash('sha256').update(text).digest('hex');
  const fifo = arn.endsWith('.fifo') ? { MessageGroupId: 'roles-anywhere', MessageDeduplicationId: digest } : {};
  const form = new URLSearchParams({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: arn,
    Subject: subject,
    Message: text,
    ...fifo,
  });
  return {
    service: 'sns',
    operation: 'Publish of SNS',
    region,
    endpoint: serviceEndpoint({ service: 'sns', variable: 'SNS', partition, region }, env),
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: form.toString(),
  };
}

/** PutEvents (Amazon EventBridge API reference): the detail is JSON within JSON. */
function putEvents(
  target: ServiceTarget & { readonly kind: 'eventbridge' },
  { subject, certificates, left }: Notice,
  place: NotifyPlace & { readonly now: Date },
): ServiceCall {
  const region = target.region ?? place.region;
  const entry = {
    Source: 'roles-anywhere',
    DetailType: 'Certificates Expire',
    Detail: JSON.stringify({ subject, certificates, left }),
    EventBusName: target.bus,
    Time: Math.floor(place.now.getTime() / 1000),
  };
  return {
    service: 'events',
    operation: 'PutEvents of EventBridge',
    region,
    endpoint: serviceEndpoint(
      { service: 'events', variable: 'EVENTBRIDGE', partition: place.partition, region },
      place.env,
    ),
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
    body: JSON.stringify({ Entries: [entry] }),
  };
}

/** BatchImportFindings (AWS Security Hub API reference). */
function importFindings(due: readonly DueCertificate[], place: NotifyPlace & { readonly now: Date }): ServiceCall {
  const { partition, region, accountId, env, now } = place;
  if (accountId === undefined) {
    throw new RolesAnywhereError('OPTION_MISSING', 'Security Hub wants to know the account of its findings', {
      hints: ['give the options of a role, or AWS_ACCOUNT_ID beside the keys in the environment'],
    });
  }
  const product = `arn:${partition}:securityhub:${region}:${accountId}:product/${accountId}/default`;
  const Findings = due.map((one) => findingOf(one, { product, accountId, at: now.toISOString() }));
  return {
    service: 'securityhub',
    operation: 'BatchImportFindings of Security Hub',
    region,
    endpoint: serviceEndpoint({ service: 'securityhub', variable: 'SECURITYHUB', partition, region }, env),
    method: 'POST',
    path: '/findings/import',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Findings }),
  };
}

interface FindingContext {
  readonly product: string;
  readonly accountId: string;
  readonly at: string;
}

const day = 86_400_000;

/** The same certificate at the same threshold is the same finding. */
function findingOf({ certificate, threshold }: DueCertificate, { product, accountId, at }: FindingContext): object {
  const { id, subject, daysLeft, notAfter, serialNumberHex, places, issued } = certificate;
  const name = oneLine(subject, 200) || 'a certificate without a subject';
  const hours = Math.round(threshold / 3_600_000);
  return {
    SchemaVersion: '2018-10-08',
    Id: `${id}/${hours}h`,
    ProductArn: product,
    GeneratorId: 'roles-anywhere/certificates',
    AwsAccountId: accountId,
    Types: ['Software and Configuration Checks/AWS Security Best Practices'],
    CreatedAt: at,
    UpdatedAt: at,
    Severity: { Label: severityOf(threshold) },
    Title: `${name} expires ${whenText(daysLeft)}`.slice(0, 256),
    Description:
      `serial 0x${serialNumberHex}, until ${notAfter.toISOString()}, at ${oneLine(places.join(', '), 800)}`.slice(
        0,
        1024,
      ),
    Resources: [{ Type: 'Other', Id: issued === undefined ? `sha256:${id}` : id }],
  };
}

function severityOf(threshold: number): string {
  if (threshold <= day) return threshold === 0 ? 'CRITICAL' : 'HIGH';
  return threshold <= 7 * day ? 'MEDIUM' : 'LOW';
}

/**
 * Sends them, and reads what the service answers: EventBridge and Security Hub say 200 of what they did not take, too.
 * @throws RolesAnywhereError REFUSED_OTHER, NETWORK_*, SERVICE_*
 */
export async function sendCalls(calls: readonly ServiceCall[], caller: ServiceCaller): Promise<void> {
  for (const call of calls) {
    const answer = await callService(call, caller);
    const text = Buffer.from(answer.body).toString('utf8');
    const [, failed] = /"(?:FailedEntryCount|FailedCount)"\s*:\s*(\d+)/.exec(text) ?? [];
    if (answer.status >= 300) throw serviceRefusal(call, answer);
    if (failed === undefined || failed === '0') continue;
    const [, code = ''] = /"ErrorCode"\s*:\s*"([^"]*)"/.exec(text) ?? [];
    throw new RolesAnywhereError(
      'REFUSED_OTHER',
      `${call.operation} did not take ${failed} of what it was sent: ${oneLine(code, 100)}`,
    );
  }
}
