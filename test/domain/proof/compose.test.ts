import { describe, expect, test } from '@jest/globals';
import { MOST_MODULE_CALLS } from '../../../lambdas/domain/contract/module-identities.ts';
import { emptyState } from '../../../lambdas/domain/model/environment-state.ts';
import type { Analysis } from '../../../lambdas/domain/plan/analysis.ts';
import { compose } from '../../../lambdas/domain/proof/compose.ts';
import { gapsIn } from '../../../lambdas/domain/proof/judge.ts';

const PACKAGE = 'terraform-aws-modules/vpc/aws';
const engine = { name: 'terraform', version: '1.11.4' };
const identities = { modules: [] };
const id = 'my-app-prod1-1-abc123';

const call = (name: string, source: string, identity?: string): Analysis['modules'][number] => ({
  call: name,
  source,
  version: '5.0.0',
  arguments: [],
  ...(identity !== undefined && { identity: identity.repeat(64) }),
});

describe('what a plan brings', () => {
  test('has the source of the package for local calls inside of it, at any depth', () => {
    const { modules } = compose(
      { id, round: 1 },
      {
        engine,
        identities,
        modules: [
          call('module.net', `registry.terraform.io/${PACKAGE}`, 'a'),
          call('module.own', './modules/own', 'd'),
          call('module.net.module.endpoints', './modules/endpoints', 'b'),
          call('module.net.module.endpoints.module.one', '../one', 'c'),
          call('module.own.module.part', './part', 'e'),
        ],
      },
    );
    expect(modules.map(({ source, calls }) => [calls[0], source])).toEqual([
      ['module.net', PACKAGE],
      ['module.own', './modules/own'],
      ['module.net.module.endpoints', PACKAGE],
      ['module.net.module.endpoints.module.one', PACKAGE],
      ['module.own.module.part', './part'],
    ]);
  });

  test('is exempt as a package: with its local calls, and without the modules that it fetches from elsewhere', () => {
    const composition = compose(
      { id, round: 1 },
      {
        engine,
        identities,
        modules: [
          call('module.net', PACKAGE, 'a'),
          call('module.net.module.endpoints', './modules/endpoints', 'b'),
          call('module.net.module.other', 'somebody/else/aws', 'c'),
        ],
      },
    );
    const shown = (environment: string) => ({
      environment,
      state: emptyState('my-app', environment),
      ledger: new Map(),
    });
    const gaps = gapsIn({
      operation: 'deploy',
      composition,
      previous: shown('stage1'),
      own: shown('prod1'),
      exempt: [PACKAGE],
    });
    const exempt = gaps.flatMap((gap) => (gap.kind === 'module' ? [[gap.module.calls[0], gap.isExempt]] : []));
    expect(exempt).toEqual([
      ['module.net', true],
      ['module.net.module.endpoints', true],
      ['module.net.module.other', false],
    ]);
  });

  test('puts calls of the same module together', () => {
    const composed = compose(
      { id, round: 2 },
      { engine, identities, modules: [call('module.a', './x', 'a'), call('module.b', './x', 'a')] },
    );
    expect(composed).toMatchObject({ round: 2, modules: [{ calls: ['module.a', 'module.b'], inUse: true }] });
  });

  test.each([
    ['nothing was listed', undefined, /listed no identities/],
    ['there are too many calls', { tooMany: MOST_MODULE_CALLS + 1 }, /5001 module calls, more than the 5000/],
  ])('says what is missing where %s, and keeps no part', (_, listed, why) => {
    const composed = compose({ id, round: 1 }, { engine, identities: listed, modules: [call('module.a', './x')] });
    expect(composed).toMatchObject({ modules: [], missing: expect.stringMatching(why) });
    expect(compose({ id, round: 1 }, { engine, identities: listed, modules: [] }).missing).toBeUndefined();
  });

  test('is not cut where it is too much for the table: then it says how much', () => {
    const modules = Array.from({ length: 2000 }, (_, at) => call(`module.m${at}`, `./${'x'.repeat(200)}${at}`, 'a'));
    const composed = compose({ id, round: 1 }, { engine, identities, modules });
    expect(composed).toMatchObject({
      modules: [],
      missing: expect.stringMatching(/of 2000 module calls take \d+ bytes, more than the 200000/),
    });
  });
});
