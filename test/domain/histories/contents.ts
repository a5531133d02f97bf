import { createHash } from 'node:crypto';
import type { Deployment } from '../../../lambdas/domain/model/deployment.ts';
import type { SimulatedModule } from '../../harness/plan-artifacts.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';

/** A call of a module. The content of a call without `content` is what its source names when a plan is made. */
export type Call = Omit<SimulatedModule, 'content'> & { readonly content?: string };

/** What a release consists of, by environment. */
export type Content = Readonly<Record<string, readonly Call[]>>;

export const ENVIRONMENTS = ['dev1', 'stage1', 'prod1'];
export const ENGINES = ['1.10.5', '1.11.4', '1.11.9', '1.12.0'];
export const SOURCES = ['git::https://git.example/modules.git//web', 'acme/web/aws'];
export const MOVING = `${SOURCES[0]}?ref=main`;
const WEB = ['w1', 'w2', 'w3', 'w4', 'w5'];
export const CONTENTS = [...WEB, 'l1', 'l2', 'x1', 'x2', 'b1'];

/** Draws numbers below 1, the same for the same seed. */
export function chances(seed: number): () => number {
  let drawn = seed * 2654435761;
  return () => {
    drawn = (drawn + 0x6d2b79f5) | 0;
    let mixed = Math.imul(drawn ^ (drawn >>> 15), 1 | drawn);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = <T>(from: readonly T[], chance: number): T | undefined => from[Math.floor(chance * from.length)];

/** Returns a release that differs from the one before in little, and in some environments in more. */
export function contentAfter(before: Content, seed: number): Content {
  const next = chances(seed);
  const happens = (share: number) => next() < share;
  const base = before.dev1 ?? [];
  const web = happens(0.6) ? pick(WEB, next()) : base.find(({ name }) => name === 'web')?.content;
  const usual: Call[] = [
    { name: 'web', content: web ?? 'w1' },
    { name: 'log', content: happens(0.15) ? 'l2' : 'l1' },
    ...(happens(0.15) ? [{ name: 'beta', content: 'b1' }] : []),
  ];
  const isMoving = happens(0.15);
  return Object.fromEntries(
    ENVIRONMENTS.map((environment) => {
      const differs = happens(environment === 'prod1' ? 0.3 : 0.1);
      const own: Call[] = usual.map((call) => {
        if (call.name !== 'web') return { ...call, inUse: !(call.name === 'beta' && happens(0.3)) };
        if (isMoving) return { name: 'web', source: MOVING };
        const source = happens(0.3) ? pick(SOURCES, next()) : undefined;
        return {
          ...call,
          ...(differs && { content: pick(WEB, next()) ?? 'w1' }),
          ...(source !== undefined && { source: `${source}?ref=v1` }),
          inUse: !happens(0.06),
          isListed: !happens(0.02),
        };
      });
      if (happens(0.1)) own.push({ name: 'twin', content: pick(WEB, next()) ?? 'w1' });
      if (happens(environment === 'prod1' ? 0.25 : 0.03))
        own.push({ name: 'only', content: pick(['x1', 'x2'], next()) ?? 'x1', source: SOURCES[1] ?? '' });
      return [environment, own];
    }),
  );
}

/** Returns how plan and apply end, the same for the same plan of a deployment. */
export function fateOf({ id, round, operation }: Deployment): Pick<Terraform, 'plan' | 'apply'> {
  if (operation === 'destroy') return { plan: 'changes', apply: 'succeeds' };
  const chance = createHash('sha256').update(`${id} ${round}`).digest().readUInt16BE() % 100;
  if (chance < 4) return { plan: 'fails', apply: 'fails' };
  if (chance < 10) return { plan: 'changes', apply: 'fails' };
  if (chance < 18) return { plan: 'changes', apply: 'is-stale' };
  if (chance < 26) return { plan: 'no-changes', apply: 'succeeds' };
  return { plan: round > 1 && chance < 60 ? 'other-changes' : 'changes', apply: 'succeeds' };
}
