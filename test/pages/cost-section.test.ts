import { describe, expect, test } from '@jest/globals';
import { analyse, recordedPlan } from '../domain/plan/plan-documents.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { readable, TestPage } from './test-page.ts';

describe('the cost on the approval page', () => {
  test('says where a resource is priced if that is not the environment’s region, and what is assumed', async () => {
    const { cost } = analyse(recordedPlan('19-several-regions'), { region: 'eu-west-1' });
    const { text } = await (await TestPage.create('stage1', { analysis: anAnalysis({ cost }) })).open();
    const shown = readable(text);
    expect(shown).toContain('aws_nat_gateway.b in us-east-1');
    expect(shown).toContain(' aws_nat_gateway.l $0.00 $39.84');
    expect(shown).toContain('region eu-west-1: the region of its provider is not known');
  });
});
