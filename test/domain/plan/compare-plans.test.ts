import { describe, expect, test } from '@jest/globals';
import type { Analysis } from '../../../lambdas/domain/plan/analysis.ts';
import { comparePlans } from '../../../lambdas/domain/plan/compare-plans.ts';
import { anAnalysis } from '../../harness/analysis-builder.ts';

const [database, service, ...others] = anAnalysis().resources as [Resource, Resource, ...Resource[]];
type Resource = Analysis['resources'][number];
const withResources = (...resources: Resource[]) => anAnalysis({ resources, changeDigest: 'e'.repeat(64) });

describe('two plans of a deployment', () => {
  test('that are the same do not differ', () => {
    expect(comparePlans(anAnalysis(), anAnalysis())).toMatchObject({ resources: [], outputs: [], isHidden: false });
  });

  test('differ in what only one of them does', () => {
    expect(comparePlans(anAnalysis(), withResources(service, ...others)).resources).toEqual([
      { address: database.address, before: 'replace', attributes: [] },
    ]);
    expect(comparePlans(withResources(service, ...others), anAnalysis()).resources).toEqual([
      { address: database.address, now: 'replace', attributes: [] },
    ]);
  });

  test('differ in what becomes of a resource, and in the values of its attributes', () => {
    const resized = {
      ...service,
      attributes: [
        { path: 'desired_count', before: 2, after: 6 },
        { path: 'image', before: 'a', after: 'b' },
      ],
    };
    const updated = { ...database, kind: 'update' as const, actions: ['update'] };
    expect(comparePlans(anAnalysis(), withResources(updated, resized, ...others)).resources).toEqual([
      { address: database.address, before: 'replace', now: 'update', attributes: [] },
      {
        address: service.address,
        before: 'update',
        now: 'update',
        attributes: [
          {
            path: 'desired_count',
            before: { path: 'desired_count', before: 2, after: 4 },
            now: { path: 'desired_count', before: 2, after: 6 },
          },
          { path: 'tags', before: service.attributes[1] },
          { path: 'image', now: { path: 'image', before: 'a', after: 'b' } },
        ],
      },
    ]);
  });

  test('tell a deposed object from the live one at the same address', () => {
    const deposed = { ...database, deposed: 'abcd1234', kind: 'delete' as const, actions: ['delete'] };
    expect(comparePlans(anAnalysis(), withResources(database, service, ...others, deposed)).resources).toEqual([
      { address: database.address, deposed: 'abcd1234', now: 'delete', attributes: [] },
    ]);
  });

  test('differ in outputs, cost and blast radius', () => {
    const { cost, blastRadius } = anAnalysis();
    const now = anAnalysis({
      outputs: [],
      changeDigest: 'e'.repeat(64),
      cost: { ...cost, monthlyDelta: cost.monthlyDelta + 5 },
      blastRadius: { ...blastRadius, level: 'critical' },
    });
    expect(comparePlans(anAnalysis(), now)).toMatchObject({
      resources: [],
      outputs: ['queue_url'],
      isHidden: false,
      monthlyCost: { before: cost.monthlyDelta, now: cost.monthlyDelta + 5 },
      blastRadius: { before: 'high', now: 'critical' },
    });
  });

  describe('and their modules', () => {
    const [web, logs] = ['a', 'b'].map((digit) => digit.repeat(64));
    const module = (facts: Partial<Analysis['modules'][number]> = {}): Analysis['modules'][number] => ({
      call: 'module.web',
      source: 'git::https://git.example/web?ref=main',
      version: 'main',
      arguments: [],
      ...facts,
    });
    const compared = (before: Analysis['modules'], now: Analysis['modules']) =>
      comparePlans(anAnalysis({ modules: before }), anAnalysis({ modules: now, changeDigest: 'e'.repeat(64) }));

    test('differ by content, even under the same version: nothing is hidden then', () => {
      const { source, version } = module();
      expect(compared([module({ identity: web })], [module({ identity: logs })])).toMatchObject({
        isHidden: false,
        modules: [
          {
            call: 'module.web',
            before: { source, version, identity: web },
            now: { source, version, identity: logs },
          },
        ],
      });
    });

    test('are the same with the same content, whatever the version is called', () => {
      const [before, now] = [module({ identity: web }), module({ identity: web, version: '2.0.0', source: './web' })];
      expect(compared([before], [now])).toMatchObject({ modules: [], isHidden: true });
    });

    test('are compared by source and version where the content is not known', () => {
      expect(compared([module()], [module()]).modules).toEqual([]);
      expect(compared([module()], [module({ identity: web })]).modules).toEqual([]);
      expect(compared([module()], [module({ version: '2.0.0' })]).modules).toMatchObject([
        { before: { version: 'main' }, now: { version: '2.0.0' } },
      ]);
    });

    test('may be called by one of the plans only', () => {
      const extra = module({ call: 'module.logs', identity: logs });
      const same = module({ identity: web });
      expect(compared([same], [same, extra]).modules).toEqual([
        { call: 'module.logs', now: { source: extra.source, version: 'main', identity: logs } },
      ]);
      expect(compared([same, extra], [same]).modules).toEqual([
        { call: 'module.logs', before: { source: extra.source, version: 'main', identity: logs } },
      ]);
    });
  });

  test('say so when what differs is hidden', () => {
    expect(comparePlans(anAnalysis(), anAnalysis({ changeDigest: 'e'.repeat(64) }))).toMatchObject({
      resources: [],
      outputs: [],
      isHidden: true,
    });
  });
});
