import { beforeAll, describe, expect, test } from '@jest/globals';
import type { WebhookSecrets } from '../../lambdas/domain/ports.ts';

const PARTS = [undefined, 'github.com/acme', 'github.com/acme/config', 'github.com/acme/config-2'];

/** What everything that calls itself WebhookSecrets must do; `open` is given the generations that are valid. */
export function describeWebhookSecrets(
  name: string,
  open: () => Promise<(generations: readonly string[]) => WebhookSecrets>,
): void {
  describe(name, () => {
    let withGenerations: (generations: readonly string[]) => WebhookSecrets;
    beforeAll(async () => {
      withGenerations = await open();
    });

    test('gives one secret per generation, none where none is valid', async () => {
      expect(await withGenerations([]).of()).toEqual([]);
      expect(await withGenerations([]).of('github.com/acme')).toEqual([]);
      expect(await withGenerations(['1']).of()).toHaveLength(1);
      expect(await withGenerations(['1', '2']).of()).toHaveLength(2);
    });

    test('gives the same secret again, to every instance', async () => {
      const one = withGenerations(['3']);
      expect(await one.of('github.com/acme')).toEqual(await one.of('github.com/acme'));
      expect(await withGenerations(['2', '3']).of()).toContain((await one.of())[0]);
    });

    test('gives every generation and every part of a host another one, long enough', async () => {
      const secrets = (await Promise.all(PARTS.map((part) => withGenerations(['1', '2', '12']).of(part)))).flat();
      expect(new Set(secrets).size).toBe(3 * PARTS.length);
      for (const secret of secrets) expect(Buffer.from(secret, 'base64')).toHaveLength(32);
    });
  });
}
