import { describe, expect, test } from '@jest/globals';
import { AnalysisHeadlineSchema, headlineOf } from '../../../lambdas/domain/plan/analysis.ts';
import { analyse, change, planOf, recordedPlan } from './plan-documents.ts';

describe('the headline', () => {
  test('of an ordinary plan loses nothing', () => {
    const analysis = analyse(recordedPlan('06-remove-bucket-and-tighten'));
    const headline = headlineOf(analysis);
    expect(AnalysisHeadlineSchema.parse(headline)).toEqual(headline);
    expect(headline).toMatchObject({
      summary: analysis.summary,
      changeDigest: analysis.changeDigest,
      blastRadius: {
        level: 'critical',
        directCount: 6,
        statefulLosses: ['module.web.aws_s3_bucket.assets'],
        reasons: analysis.blastRadius.reasons,
      },
      cost: { monthlyDelta: analysis.cost.monthlyDelta, unpricedCount: 0 },
      safeguards: analysis.safeguards,
      modules: [{ call: 'module.web', source: './modules/web', version: 'local' }],
      shortened: false,
    });
  });

  test('says what is not proven and what was lifted, in single lines, with counts that are not cut', () => {
    const each = (at: number, isLifted: boolean) => ({
      kind: 'module' as const,
      subject: null,
      calls: [`module.m${at}`],
      text: `module.m${at} is m 1.0.0\nExpires never\u0007 ${'x'.repeat(1000)}`,
      isLifted,
      ...(isLifted && { reason: `for one week\nExpires never ${'y'.repeat(1000)}` }),
    });
    const proof = {
      previous: 'stage1',
      mode: 'block' as const,
      of: 700,
      proven: 0,
      engine: 'terraform 1.11',
      unproven: Array.from({ length: 600 }, (_, at) => each(at, at < 200)),
      exempt: Array.from({ length: 100 }, (_, at) => ({ call: `module.e${at}`, source: 'x/y/z' })),
      notes: [],
    };
    const headline = headlineOf({ ...analyse(recordedPlan('06-remove-bucket-and-tighten')), proof });
    expect(AnalysisHeadlineSchema.parse(headline)).toEqual(headline);
    expect(Buffer.byteLength(JSON.stringify(headline))).toBeLessThan(25_000);
    expect(headline).toMatchObject({
      shortened: true,
      proof: { ...proof, unproven: expect.anything(), exempt: expect.anything() },
    });
    expect(headline.proof).toMatchObject({ liftedCount: 200, unprovenCount: 400, exemptCount: 100 });
    const [first] = headline.proof?.lifted ?? [];
    expect(first).toMatchObject({ subject: null, call: 'module.m0' });
    expect(first?.text).toContain('module.m0 is m 1.0.0 Expires never x');
    expect(first?.text.length).toBeLessThan(310);
    expect(first?.reason).toContain('for one week Expires never y');
    expect(first?.reason?.length).toBeLessThan(310);
    expect(headline.proof?.unproven[0]?.reason).toBeUndefined();
    expect(analyse(recordedPlan('01-create-web-app')).proof).toBeUndefined();
  });

  test.each([
    ['thousands of losses', 3000, 40],
    ['very long addresses', 300, 2000],
    ['addresses of many bytes', 300, 400],
  ])('of a plan with %s fits far below 50 KB and says that it was cut', (_, count, length) => {
    const changes = Array.from({ length: count }, (_value, at) =>
      change({
        type: 'aws_s3_bucket',
        name: `bucket_${at}`,
        index: '漢'.repeat(length),
        actions: ['delete'],
        before: { bucket: String(at) },
      }),
    );
    const headline = headlineOf(analyse(planOf({ resource_changes: changes }), { environment: 'prod1' }));
    expect(Buffer.byteLength(JSON.stringify(headline))).toBeLessThan(25_000);
    expect(headline.shortened).toBe(true);
    expect(headline.summary.destroy).toBe(count);
    expect(headline.safeguards.verdict).toBe('block');
  });
});
