/** Which links are renewed, and what serves where one cannot be. */
import * as fc from '../support/fast-check.ts';
import { describe, expect, it } from 'vitest';

import type { Credentials } from '../../src/core/credentials.ts';
import { RolesAnywhereError, type ErrorCode } from '../../src/core/errors.ts';
import { type Link, LinkMemory } from '../../src/pipeline/link-memory.ts';
import { renewLinks } from '../../src/pipeline/renew-links.ts';
import { rejectionOf } from '../support/thrown.ts';

type Age = 'fresh' | 'valid' | 'expired';

/** A set of a link; its session token is `<link>-<age>`. */
function setOf(at: number, age: Age): Credentials {
  return { accessKeyId: 'A', secretAccessKey: 's', sessionToken: `${at}-${age}`, expiration: new Date(0) };
}

type Known = { readonly credentials: Credentials };

function knowing(...ages: (Age | undefined)[]): LinkMemory<Known> {
  return new LinkMemory<Known>(
    {
      know: (credentials) => ({ credentials }),
      isFresh: ({ credentials: { sessionToken } }) => sessionToken.endsWith('fresh'),
      isValid: ({ credentials: { sessionToken } }) => !sessionToken.endsWith('expired'),
    },
    ages.map((age, at) => (age === undefined ? undefined : { credentials: setOf(at, age) })),
  );
}

/** The tokens that the memory holds after a renewal, which gives the last of them. */
async function renewed(links: readonly Link[], memory: LinkMemory<Known>): Promise<readonly (string | undefined)[]> {
  const { sessionToken } = await renewLinks(links, memory);
  const tokens = memory.sets.map((set) => set?.sessionToken);
  expect(sessionToken).toBe(tokens.at(-1));
  return tokens;
}

type Failures = Readonly<Record<number, (usedToken: string | undefined) => ErrorCode | undefined>>;

/** Links that give `<link>-new`, and what each was called with. */
function linksThat(count: number, failures: Failures = {}) {
  const calls: string[] = [];
  const links = Array.from({ length: count }, (_, at): Link => {
    return async (previous) => {
      calls.push(`${at} with ${previous?.sessionToken ?? 'nothing'}`);
      const code = failures[at]?.(previous?.sessionToken);
      if (code !== undefined) throw new RolesAnywhereError(code, `link ${at}`);
      return { ...setOf(at, 'fresh'), sessionToken: `${at}-new` };
    };
  });
  return { links, calls };
}

describe('what is renewed', () => {
  it.each([
    ['nothing is known', knowing(), ['0 with nothing', '1 with 0-new', '2 with 1-new']],
    ['all are fresh: only the last', knowing('fresh', 'fresh', 'fresh'), ['2 with 1-fresh']],
    ['the one before the last is not', knowing('fresh', 'valid', 'fresh'), ['1 with 0-fresh', '2 with 1-new']],
    ['only the one before the last is', knowing('expired', 'fresh', 'expired'), ['2 with 1-fresh']],
    ['none is', knowing('valid', 'valid', 'valid'), ['0 with nothing', '1 with 0-new', '2 with 1-new']],
    ['one was never obtained', knowing('fresh', undefined, undefined), ['1 with 0-fresh', '2 with 1-new']],
  ])('%s', async (_name, memory, expected) => {
    const { links, calls } = linksThat(3);
    const tokens = await renewed(links, memory);
    expect(calls).toEqual(expected);
    expect(tokens.at(-1)).toBe('2-new');
    expect(tokens).toHaveLength(3);
  });

  it('a single link always', async () => {
    const { links, calls } = linksThat(1);
    expect(await renewed(links, knowing('fresh'))).toEqual(['0-new']);
    expect(calls).toEqual(['0 with nothing']);
  });
});

describe('where a link cannot be renewed', () => {
  it('a set that is still valid goes on in its place', async () => {
    const { links, calls } = linksThat(2, { 0: () => 'NETWORK_TIMEOUT' });
    expect(await renewed(links, knowing('valid', 'valid'))).toEqual(['0-valid', '1-new']);
    expect(calls).toEqual(['0 with nothing', '1 with 0-valid']);
  });

  it.each([
    ['expired', knowing('expired', 'valid')],
    ['none', knowing(undefined, undefined)],
  ])('%s does not', async (_name, memory) => {
    const { links, calls } = linksThat(2, { 0: () => 'NETWORK_TIMEOUT' });
    expect(await rejectionOf(renewLinks(links, memory))).toMatchObject({ code: 'NETWORK_TIMEOUT' });
    expect(calls).toEqual(['0 with nothing']);
  });

  it('the last link has nothing in its place', async () => {
    const { links, calls } = linksThat(2, { 1: () => 'SERVICE_UNAVAILABLE' });
    const failure = await rejectionOf(renewLinks(links, knowing('fresh', 'valid')));
    expect(failure).toMatchObject({ code: 'SERVICE_UNAVAILABLE', message: 'link 1' });
    expect(calls).toEqual(['1 with 0-fresh']);
  });
});

describe('a role that is refused to credentials from before', () => {
  it('is asked for once more with new ones', async () => {
    const refusesOld = (token?: string) => (token === '0-fresh' ? 'REFUSED_ASSUME_ROLE' : undefined);
    const { links, calls } = linksThat(2, { 1: refusesOld });
    expect(await renewed(links, knowing('fresh', 'valid'))).toEqual(['0-new', '1-new']);
    expect(calls).toEqual(['1 with 0-fresh', '0 with nothing', '1 with 0-new']);
  });

  it('and no more often than that', async () => {
    const { links, calls } = linksThat(2, { 1: () => 'REFUSED_ASSUME_ROLE' });
    const failure = await rejectionOf(renewLinks(links, knowing('fresh', 'valid')));
    expect(failure).toMatchObject({ code: 'REFUSED_ASSUME_ROLE', message: 'link 1' });
    expect(calls).toHaveLength(3);
  });

  it('not with those that it was refused to, when there are no new ones', async () => {
    const { links, calls } = linksThat(2, { 0: () => 'NETWORK_UNREACHABLE', 1: () => 'REFUSED_ASSUME_ROLE' });
    const failure = await rejectionOf(renewLinks(links, knowing('fresh', 'valid')));
    expect(failure).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    expect(calls).toEqual(['1 with 0-fresh', '0 with nothing']);
  });

  it.each(['REFUSED_ASSUME_ROLE', 'NETWORK_TIMEOUT'] as const)(
    'after %s, nothing from before counts as fresh only where that lasts',
    async (code) => {
      const { links, calls } = linksThat(2, { 1: () => code });
      const memory = knowing('fresh', 'valid');
      await rejectionOf(renewLinks(links, memory));
      calls.length = 0;
      await rejectionOf(renewLinks(links, memory));
      expect(calls[0]).toBe(code === 'NETWORK_TIMEOUT' ? '1 with 0-fresh' : '0 with nothing');
    },
  );

  it('is refused at once to credentials that are new', async () => {
    const { links, calls } = linksThat(2, { 1: () => 'REFUSED_ASSUME_ROLE' });
    await rejectionOf(renewLinks(links, knowing('expired', 'valid')));
    expect(calls).toEqual(['0 with nothing', '1 with 0-new']);
  });
});

it('what was called off leaves what is fresh as it is', async () => {
  const memory = knowing('fresh', 'valid');
  const controller = new AbortController();
  const calledOff = [linksThat(1).links[0], () => Promise.reject(controller.signal.reason as Error)] as Link[];
  controller.abort();
  await expect(renewLinks(calledOff, memory, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  const { links, calls } = linksThat(2);
  await renewed(links, memory);
  expect(calls).toEqual(['1 with 0-fresh']);
});

it('holds for any memory and any failures: no expired set is used, no link is called more than twice', async () => {
  const age = fc.option(fc.constantFrom<Age>('fresh', 'valid', 'expired'), { nil: undefined });
  const code = fc.option(fc.constantFrom<ErrorCode>('NETWORK_TIMEOUT', 'REFUSED_ASSUME_ROLE'), { nil: undefined });
  const chain = fc.array(fc.record({ age, code }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(chain, async (entries) => {
      const ages = entries.map((entry, at) =>
        entries.slice(0, at).some((one) => one.age === undefined) ? undefined : entry.age,
      );
      const { links, calls } = linksThat(
        entries.length,
        Object.fromEntries(entries.map((entry, at) => [at, () => entry.code])),
      );
      const outcome = await renewLinks(links, knowing(...ages)).then(
        (set) => set.sessionToken,
        (error: unknown) => (error instanceof RolesAnywhereError ? 'refused' : error),
      );
      expect(calls.join()).not.toContain('expired');
      expect(calls.length).toBeLessThanOrEqual(2 * entries.length);
      expect([`${entries.length - 1}-new`, 'refused']).toContain(outcome);
    }),
  );
});
