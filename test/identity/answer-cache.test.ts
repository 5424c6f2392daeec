import { describe, expect, it } from 'vitest';
import { AnswerCache } from '../../src/identity/answer-cache.ts';

/** A person who gives these answers, and all that they were asked. */
function person(...answers: readonly string[]): { readonly secrets: AnswerCache; readonly questions: string[] } {
  const left = [...answers];
  const questions: string[] = [];
  const secrets = new AnswerCache((question) => {
    questions.push(question);
    return Promise.resolve(left.shift());
  });
  return { secrets, questions };
}

describe('what a person typed', () => {
  it('answers the same question of a later opening', async () => {
    const { secrets, questions } = person('one', 'two');
    const first = secrets.forOpening();
    expect([await first?.('PIN of a'), await first?.('PIN of b')]).toEqual(['one', 'two']);
    const second = secrets.forOpening();
    expect([await second?.('PIN of b'), await second?.('PIN of a')]).toEqual(['two', 'one']);
    expect(questions).toEqual(['PIN of a', 'PIN of b']);
  });

  it.each([
    ['the same words', 'PIN of a'],
    ['a warning', 'PIN of a, the last try before it locks'],
    ['what came of it', 'PIN of a again, for it was refused'],
  ])('is replaced when it is asked for again, with %s', async (_, again) => {
    const { secrets, questions } = person('wrong', 'right');
    const first = secrets.forOpening();
    expect([await first?.('PIN of a'), await first?.(again)]).toEqual(['wrong', 'right']);
    expect(await secrets.forOpening()?.('PIN of a')).toBe('right');
    expect(questions).toEqual(['PIN of a', again]);
  });

  it('is asked for anew in an opening that refuses what was remembered', async () => {
    const { secrets } = person('old', 'new');
    await secrets.forOpening()?.('PIN of a');
    const second = secrets.forOpening();
    expect([await second?.('PIN of a'), await second?.('PIN of a')]).toEqual(['old', 'new']);
    expect(await secrets.forOpening()?.('PIN of a')).toBe('new');
  });

  it('for a file is none for another whose name begins the same', async () => {
    const { secrets } = person('one', 'two');
    const first = secrets.forOpening();
    expect([await first?.('password of /a'), await first?.('password of /ab')]).toEqual(['one', 'two']);
    expect(await secrets.forOpening()?.('password of /a')).toBe('one');
  });

  it('is gone once it is forgotten, and when they gave up', async () => {
    const { secrets, questions } = person('one');
    await secrets.forOpening()?.('PIN of a');
    secrets.clear();
    expect(await secrets.forOpening()?.('PIN of a')).toBeUndefined();
    expect(await secrets.forOpening()?.('PIN of a')).toBeUndefined();
    expect(questions).toHaveLength(3);
  });
});

it('without a terminal nobody is asked', () => {
  expect(new AnswerCache(undefined).forOpening()).toBeUndefined();
});
