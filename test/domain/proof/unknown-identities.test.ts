import { beforeEach, describe, expect, test } from '@jest/globals';
import { MOST_MODULE_CALLS } from '../../../lambdas/domain/contract/module-identities.ts';
import { identityOf } from '../../harness/plan-artifacts.ts';
import { type Courses, ProofWorld } from '../../harness/proof-world.ts';

/** Modules whose content is not known are proven nowhere, and nothing lifts that. */
let proof: ProofWorld;
const modules = { web: 'v1', log: 'l1' };
beforeEach(async () => {
  proof = await ProofWorld.open();
  await proof.everywhere({ modules });
});

const UNKNOWN: [string, Courses, string][] = [
  ['the build listed none that can be read', { modules, identities: { modules: 'no list' } }, 'listed no identities'],
  [
    'there are too many',
    { modules, identities: { tooMany: MOST_MODULE_CALLS + 1 } },
    `${MOST_MODULE_CALLS + 1} module calls`,
  ],
  [
    'one call is not listed',
    { modules, identities: { modules: [{ call: 'module.log', identity: identityOf('l1') }] } },
    'module.web is web c0ffee',
  ],
];

describe.each(UNKNOWN)('where %s', (_, course, why) => {
  const inProduction = async () => proof.upToStaging({ modules, prod1: course });

  test('production is blocked, and the text says why', async () => {
    const { text, status, reason } = await endOf(await inProduction());
    expect({ status, reason }).toEqual({ status: 'blocked', reason: 'not-proven-before' });
    expect(text).toContain(why.replace(/ c0ffee$/, ' '));
    expect(text).toMatch(/not known|identities/);
  });

  test('no lift covers it', async () => {
    const release = await inProduction();
    for (const content of ['v1', 'l1']) await proof.lift({ content });
    await proof.lift({ engine: 'terraform 1.11' });
    expect(await endOf(release)).toMatchObject({ status: 'blocked', reason: 'not-proven-before' });
  });

  test('staging is told so, and goes on; where its policy says block, it does not', async () => {
    const release = await proof.through({ modules, stage1: course }, 'dev1', 'stage1');
    await proof.world.furnish({ policy: { staging: { proof: 'block' } } });
    expect(await endOf(release, 'stage1')).toMatchObject({ status: 'blocked', reason: 'not-proven-before' });
  });

  test('a success proves nothing of what is not known', async () => {
    await proof.through({ modules: { web: 'v2', log: 'l1' }, identities: course.identities ?? {} }, 'dev1', 'stage1');
    const release = await proof.upToStaging({ modules, prod1: { modules: { web: 'v2', log: 'l1' } } });
    expect(await endOf(release)).toMatchObject({ status: 'blocked', reason: 'not-proven-before' });
  });
});

async function endOf(release: number, environment = 'prod1') {
  const ended = await proof.bring(release, environment);
  const { reason, message: text } = 'error' in ended ? ended.error : { reason: undefined, message: '' };
  return { status: ended.status, reason, text };
}
