import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { readDocument } from './documents.ts';

/** The example is deployed as it is: it must not cache, log or block what may not be cached, logged or blocked. */

const text = readDocument('docs/examples/cloudfront-and-waf.yaml');

/** Policies that AWS manages, by their ids (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/). */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_BUT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

const BehaviorSchema = z.looseObject({
  PathPattern: z.string().optional(),
  ViewerProtocolPolicy: z.literal('https-only'),
  AllowedMethods: z.array(z.string()).default([]),
  CachePolicyId: z.literal(CACHING_DISABLED),
  OriginRequestPolicyId: z.string().optional(),
  LambdaFunctionAssociations: z.undefined().optional(),
});
const TemplateSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Type: z.string(), AllowedPattern: z.string().optional() })),
  Resources: z.object({
    WebAcl: z.object({
      Type: z.literal('AWS::WAFv2::WebACL'),
      Properties: z.looseObject({ Scope: z.literal('CLOUDFRONT'), Rules: z.array(z.looseObject({})).min(1) }),
    }),
    NotFound: z.object({ Type: z.literal('AWS::CloudFront::Function'), Properties: z.looseObject({}) }),
    Distribution: z.object({
      Type: z.literal('AWS::CloudFront::Distribution'),
      Properties: z.object({
        DistributionConfig: z.looseObject({
          Logging: z.undefined().optional(),
          WebACLId: z.object({ 'Fn::GetAtt': z.tuple([z.literal('WebAcl'), z.literal('Arn')]) }),
          DefaultCacheBehavior: BehaviorSchema,
          CacheBehaviors: z.array(BehaviorSchema),
        }),
      }),
    }),
  }),
});

describe('the example of CloudFront and WAF', () => {
  const template = TemplateSchema.parse(parse(text));
  const { DefaultCacheBehavior: otherwise, CacheBehaviors: behaviors } =
    template.Resources.Distribution.Properties.DistributionConfig;
  const shown = behaviors.map(({ PathPattern = '' }) => PathPattern.replace(/\*$/, ''));

  test('shows the public routes that do something, and nothing else', () => {
    const routes = Object.entries(ROUTES).map(([key, { role }]) => ({ path: key.split(' ')[1] ?? '', role }));
    const isShown = (path: string) => shown.some((prefix) => path.startsWith(prefix));
    const constant = ['/health', '/openapi.json'];
    for (const { path, role } of routes)
      expect({ path, isShown: isShown(path) }).toEqual({
        path,
        isShown: role === 'public' && !constant.includes(path),
      });
    expect(otherwise).toMatchObject({ FunctionAssociations: [{ EventType: 'viewer-request' }] });
  });

  test('passes on what was sent, with all headers but the host: a signature is over the body', () => {
    for (const { AllowedMethods, OriginRequestPolicyId } of behaviors) {
      expect(AllowedMethods).toContain('POST');
      expect(OriginRequestPolicyId).toBe(ALL_BUT_HOST);
    }
  });

  test('keeps the secrets of links out of samples, and limits links only', () => {
    expect(text).not.toMatch(/SampledRequestsEnabled: true|RuleGroupReferenceStatement|ManagedRuleGroupStatement/);
    expect(template.Resources.WebAcl.Properties.Rules).toMatchObject([
      {
        Statement: {
          RateBasedStatement: {
            AggregateKeyType: 'IP',
            ScopeDownStatement: {
              ByteMatchStatement: {
                SearchString: '/approvals/',
                FieldToMatch: { UriPath: {} },
                // `/%61pprovals/x` and `//approvals/x` reach the same route.
                TextTransformations: [
                  { Priority: 0, Type: 'URL_DECODE' },
                  { Priority: 1, Type: 'NORMALIZE_PATH' },
                ],
              },
            },
          },
        },
      },
    ]);
  });

  test('has names of its own in an account, so that another stack fits beside it', () => {
    expect(template.Resources.NotFound.Properties.Name).toEqual({
      'Fn::Sub': expect.stringContaining('AWS::StackName'),
    });
  });

  test('names only parameters and resources that it has', () => {
    const named = [...text.matchAll(/Ref: (\w+)|"Fn::GetAtt": \[(\w+)/g)].map(([, ref, resource]) => ref ?? resource);
    const known = [...Object.keys(template.Parameters), ...Object.keys(template.Resources)];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  test('takes the host of an API, and no address', () => {
    const pattern = new RegExp(`^(?:${template.Parameters.ApiHost?.AllowedPattern})$`);
    expect('abc123def4.execute-api.eu-west-1.amazonaws.com').toMatch(pattern);
    expect('https://abc123def4.execute-api.eu-west-1.amazonaws.com').not.toMatch(pattern);
  });
});
