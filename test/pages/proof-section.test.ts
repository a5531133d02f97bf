import { describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../lambdas/domain/plan/analysis.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { readable, TestPage } from './test-page.ts';

type Proof = NonNullable<Analysis['proof']>;

const PROVEN: Proof = {
  previous: 'stage1',
  mode: 'block',
  of: 3,
  proven: 3,
  engine: 'terraform 1.11',
  unproven: [],
  exempt: [],
  notes: [],
};
const HEADING = 'Proven in stage1';
const MOVED = {
  kind: 'module' as const,
  subject: 'a'.repeat(64),
  calls: ['module.web'],
  text: 'module.web is web 2.0.0 (aaaaaaaaaaaa…); stage1 has run 1.4.0 (release 1): bring 2.0.0 to stage1 first',
  isLifted: false,
};

async function shown(proof: Partial<Proof> | undefined, facts: Partial<Analysis> = {}): Promise<string> {
  const analysis = anAnalysis({ ...facts, ...(proof && { proof: { ...PROVEN, ...proof } }) });
  const { text } = await (await TestPage.create('stage1', { analysis })).open();
  expect(text).not.toMatch(/<script|<img/);
  return readable(text);
}

describe('what ran in the environment before, on the approval page', () => {
  test('is one calm sentence when all of it did, with the limit of what was compared', async () => {
    const text = await shown({});
    expect(text).toContain(
      `${HEADING} The 3 modules in use have run with the same content in stage1, or here already, and so has terraform 1.11. Only modules, engine and providers are compared. Values passed to modules, and resources outside of modules, are not.`,
    );
    expect(await shown({ of: 1, proven: 1 })).toContain('The module in use has run with the same content in stage1');
  });

  test('is not said of a plan that is not judged', async () => {
    expect(await shown(undefined)).not.toContain(HEADING);
  });

  test('claims nothing about modules or an engine that nobody compared', async () => {
    expect(await shown({ of: 0, proven: 0 })).toContain(
      'No module is in use. Terraform 1.11 has run in stage1, or here already.',
    );
    const unknown = await shown({ of: 0, proven: 0, notes: ['the build listed no identities of modules'] });
    expect(unknown).toContain('No module could be compared.');
    expect(unknown).toContain('the build listed no identities of modules.');
    const { engine: _, ...withoutEngine } = PROVEN;
    const older = anAnalysis({ proof: withoutEngine });
    const text = readable((await (await TestPage.create('stage1', { analysis: older })).open()).text);
    expect(text).toContain('or here under the same name and version.');
    expect(text).not.toContain('so has');
  });

  test('names each thing that did not run there, and counts the others', async () => {
    const engine = { ...MOVED, kind: 'engine' as const, calls: [], text: 'the plan was made with terraform 1.12.0' };
    const text = await shown({ mode: 'inform', proven: 2, unproven: [MOVED, engine] });
    expect(text).toContain(`${HEADING} not all 2 of 3 modules in use have run with the same content in stage1`);
    expect(text).toContain('module.web is web 2.0.0 (aaaaaaaaaaaa…); stage1 has run 1.4.0 (release 1)');
    expect(text).toContain('the plan was made with terraform 1.12.0');
    expect(text).not.toContain('so has terraform');
    expect(text).not.toContain('Staff lifted');
  });

  test('says what staff has lifted, and why', async () => {
    const reason = 'agreed with the <b>client';
    const text = await shown({ proven: 2, unproven: [{ ...MOVED, isLifted: true, reason }] });
    expect(text).toContain(`${HEADING} lifted`);
    expect(text).toContain('Staff lifted the proof of this for one use : agreed with the &lt;b&gt;client');
    const both = await shown({ proven: 2, unproven: [{ ...MOVED, isLifted: true, reason }, MOVED] });
    expect(both).toContain(`${HEADING} not all`);
  });

  test('names exempt calls with their source, notes and modules that read other files', async () => {
    const text = await shown(
      {
        proven: 2,
        exempt: [{ call: 'module.vpc', source: 'terraform-aws-modules/vpc/aws' }],
        notes: ['stage1 has not recorded yet which modules it ran'],
      },
      {
        modules: [
          { call: 'module.logs', source: './logs', version: 'local', arguments: [], readsOutside: true },
          { call: 'module.web', source: './web', version: 'local', arguments: [] },
        ],
      },
    );
    for (const fact of [
      "exempt by the application's policy: module.vpc terraform-aws-modules/vpc/aws",
      'stage1 has not recorded yet which modules it ran.',
      'Files outside of its directory are read by module.logs . Such files are not compared.',
    ])
      expect(text).toContain(fact);
    expect(text).not.toContain('read by module.web');
  });

  test('shows text of others as text, and of very many things as many as fit', async () => {
    const evil = { ...MOVED, text: '<img src=x onerror=alert(1)>' };
    const text = await shown({ unproven: [evil, ...Array.from({ length: 200 }, () => MOVED)], of: 201, proven: 0 });
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(text).toContain('51 more not shown.');
  });
});
