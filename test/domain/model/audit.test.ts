import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type AuditEntry,
  type AuditFacts,
  appendTo,
  emptyChain,
  proveNext,
} from '../../../lambdas/domain/model/audit.ts';
import { DIGEST, NOW } from '../../harness/builders.ts';

const facts: AuditFacts = {
  application: 'my-app',
  type: 'approved',
  by: 'alice@staff.example',
  via: 'link',
  environment: 'prod1',
  deploymentId: 'my-app-prod1-1-abc123',
  gate: 'staff',
  digest: DIGEST,
  comment: 'größer — "日本語" 🚀 \ud800',
  details: { required: 2, nested: { b: [1, 2.5, null], a: true } },
};

function chain(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let number = 1; number <= length; number++) {
    const last = entries.at(-1);
    const head = last ? { application: 'my-app', sequence: last.sequence, hash: last.hash } : emptyChain('my-app');
    entries.push(appendTo(head, { ...facts, comment: `the ${number}. comment` }, NOW));
  }
  return entries;
}

/** Returns the number of the first link that does not hold, and the reason. Returns undefined for a whole chain. */
function broken(entries: readonly unknown[]): { at: number; why: string } | undefined {
  let head = emptyChain('my-app');
  for (const entry of entries) {
    const proof = proveNext(head, entry);
    if (!proof.proven) return { at: head.sequence + 1, why: proof.why };
    head = proof.head;
  }
  return undefined;
}

describe('a chain of audit entries', () => {
  test('is proven as it was written, and after it went through JSON with its fields in another order', () => {
    const entries = chain(5);
    expect(broken(entries)).toBeUndefined();
    const shuffled = entries.map((entry) => Object.fromEntries(Object.entries(entry).reverse()));
    expect(broken(JSON.parse(JSON.stringify(shuffled)))).toBeUndefined();
  });

  test('begins with zeros, counts from 1, and each entry names the hash of the one before', () => {
    const [first, second] = chain(2);
    expect(first).toMatchObject({ sequence: 1, previous: '0'.repeat(64) });
    expect(second).toMatchObject({ sequence: 2, previous: first?.hash });
  });

  test('gives the same words at another place another hash', () => {
    const one = appendTo(emptyChain('my-app'), facts, NOW);
    const other = appendTo({ ...emptyChain('my-app'), sequence: 1 }, facts, NOW);
    expect(one.hash).not.toBe(other.hash);
    expect(appendTo(emptyChain('my-app'), facts, NOW)).toEqual(one);
  });

  const entries = chain(6);
  const without = (at: number) => entries.filter((_, index) => index !== at - 1);
  test.each([
    ['the first is missing', without(1), 1, 'entry 2 stands in its place'],
    ['one in the middle is missing', without(4), 4, 'entry 5 stands in its place'],
    ['one stands there twice', [...entries.slice(0, 3), ...entries.slice(2)], 4, 'entry 3 stands in its place'],
    [
      'one is of another application',
      [{ ...entries[0], application: 'other' }],
      1,
      'belongs to the application "other"',
    ],
    ['one is no entry', [entries[0], 'x'], 2, 'no entry of an audit'],
    ['one is nothing', [entries[0], undefined], 2, 'no entry of an audit'],
  ])('is broken where %s', (_, spoiled, at, why) => {
    expect(broken(spoiled)).toEqual({ at, why: expect.stringContaining(why) });
  });

  test('is broken at the very entry that was changed, whatever was changed in it', async () => {
    const fields = [...new Set(entries.flatMap((entry) => Object.keys(entry)))];
    await fc.assert(
      fc.property(fc.nat(5), fc.constantFrom(...fields, 'anything'), fc.jsonValue(), (index, field, value) => {
        const entry = entries[index];
        fc.pre(JSON.stringify(Reflect.get(entry ?? {}, field)) !== JSON.stringify(value) && field !== '__proto__');
        const spoiled = entries.map((each, at) => (at === index ? { ...each, [field]: value } : each));
        expect(broken(spoiled)?.at).toBe(index + 1);
      }),
      { seed: 20261123, numRuns: 300 },
    );
  });

  test('is broken after an entry that was changed and given the hash that fits', () => {
    const forged = appendTo(emptyChain('my-app'), { ...facts, comment: 'something else' }, NOW);
    expect(broken([forged, ...entries.slice(1)])).toEqual({ at: 2, why: expect.stringContaining(forged.hash) });
  });

  test('takes nothing that would not be stored', () => {
    expect(() => appendTo(emptyChain('my-app'), { ...facts, secret: 'x' } as AuditFacts, NOW)).toThrow(/secret/);
  });
});
