import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ApprovalLink, LinkSigner } from '../../lambdas/domain/ports.ts';
import { DIGEST, OTHER_DIGEST } from '../harness/builders.ts';

const LINK: ApprovalLink = {
  deploymentId: 'my-app-prod1-1-abc123',
  gate: 'client',
  round: 1,
  email: 'carol@client.example',
  digest: DIGEST,
  sequence: 1,
};

/** What everything that calls itself a LinkSigner must do. */
export function describeLinkSigner(name: string, open: () => Promise<LinkSigner>): void {
  describe(name, () => {
    let signer: LinkSigner;
    beforeAll(async () => {
      signer = await open();
    });

    test('reads what it signed', async () => {
      expect(await signer.verify(await signer.sign(LINK))).toEqual(LINK);
    });

    test('gives the same link the same token, fit for a path', async () => {
      const token = await signer.sign(LINK);
      expect(await signer.sign(LINK)).toBe(token);
      expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
    });

    test('gives the longest link a token it reads', async () => {
      const long = {
        ...LINK,
        deploymentId: `${'a'.repeat(32)}-${'e'.repeat(16)}-9999999-abc123`,
        email: `${'x'.repeat(60)}@${'y'.repeat(60)}.${'z'.repeat(60)}.${'w'.repeat(60)}.example`,
      };
      expect(await signer.verify(await signer.sign(long))).toEqual(long);
    });

    test.each([
      { deploymentId: 'my-app-prod1-2-abc123' },
      { gate: 'staff' as const },
      { round: 2 },
      { email: 'dave@client.example' },
      { digest: OTHER_DIGEST },
      { sequence: 2 },
    ])('gives a link that differs in %j another token, and neither signature fits the other', async (facts) => {
      const [one, other] = [await signer.sign(LINK), await signer.sign({ ...LINK, ...facts })];
      expect(other).not.toBe(one);
      const [content] = one.split('.');
      const [, signature] = other.split('.');
      expect(await signer.verify(`${content}.${signature}`)).toBeUndefined();
    });

    test('reads nothing that was tampered with, cut, empty or too long', async () => {
      const token = await signer.sign(LINK);
      const [content = '', signature = ''] = token.split('.');
      const other = signature.startsWith('A') ? 'B' : 'A';
      for (const forged of [
        ...['', '.', 'x', content, signature, `${content}.`, `.${signature}`, `${token}x`, `x${token}`],
        ...[`${content}.${other}${signature.slice(1)}`, `${token}.${signature}`, `${'A'.repeat(5000)}.${signature}`],
        ...[`${Buffer.from('{').toString('base64url')}.${signature}`, `${content}.${signature}`.replace('.', ' ')],
      ])
        expect(await signer.verify(forged)).toBeUndefined();
    });

    test('reads no other text for the same bytes: the last character of a signature has bits to spare', async () => {
      const token = await signer.sign(LINK);
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      for (const last of [...alphabet].filter((each) => each !== token.at(-1)))
        expect(await signer.verify(`${token.slice(0, -1)}${last}`)).toBeUndefined();
    });
  });
}
