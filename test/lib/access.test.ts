import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { accessPage, CALLERS, type Caller, mayCall } from '../../scripts/api/access-table.ts';
import { asList, flat, ofType, type Statement, stagegate } from '../harness/synthesized.ts';

const template = stagegate();
const ROUTE_KEYS = Object.keys(ROUTES) as (keyof typeof ROUTES)[];

const authorizers = new Map(
  ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => [
    Properties.RouteKey,
    Properties.AuthorizationType,
  ]),
);

/** The statements of what a caller has: the managed policy of a role, or those of the roles of builds. */
function statementsOf(caller: Exclude<Caller, 'public'>): Statement[] {
  if (caller !== 'build')
    return ofType(template, 'AWS::IAM::ManagedPolicy')
      .filter(([, { Properties }]) => Properties.ManagedPolicyName === `stagegate-${caller}`)
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  return ofType(template, 'AWS::IAM::Role')
    .filter(([, { Properties }]) => /^stagegate-(plan|apply)-build/.test(Properties.RoleName))
    .flatMap(([, { Properties }]) => Properties.Policies ?? [])
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** What IAM decides about a request to the API: some statement allows it, and none denies it. */
function decide(statements: readonly Statement[], request: string): boolean {
  const matching = statements.filter(
    ({ Action, Resource }) =>
      asList(Action).some((pattern) => matches(pattern, 'execute-api:Invoke')) &&
      asList(Resource).some((pattern) => matches(flat(pattern), request)),
  );
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

const [api] = ofType(template, 'AWS::ApiGatewayV2::Api').map(([id]) => id);
/** The request as IAM names it, with usual names in its path, or with names that look like parts of other routes. */
const requestsOf = (key: string): string[] =>
  [(name: string) => `some-${name}`, () => 'deployments', () => 'environments'].map((nameOf) => {
    const [method, path = ''] = key.split(' ');
    const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => nameOf(name));
    return `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${api}>/$default/${method}${named}`;
  });

describe('the template gives access', () => {
  test.each(CALLERS.filter((caller) => caller !== 'public'))('to %s as the table says', (caller) => {
    const statements = statementsOf(caller);
    expect(statements.length).toBeGreaterThan(0);
    for (const key of ROUTE_KEYS) {
      const isOpen = authorizers.get(key) === 'NONE';
      for (const request of requestsOf(key))
        expect([key, isOpen || decide(statements, request)]).toEqual([key, mayCall(key, caller)]);
    }
  });

  test('to anybody as the table says', () => {
    for (const key of ROUTE_KEYS) expect([key, authorizers.get(key) === 'NONE']).toEqual([key, mayCall(key, 'public')]);
  });

  test('no longer if a policy has a wildcard too many', () => {
    const request = requestsOf('DELETE /applications/{app}')[0] ?? '';
    const wide = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: request.replace(/\/\$default.*/, '/*') };
    expect(decide([wide], request)).toBe(true);
    expect(decide([wide, { ...wide, Effect: 'Deny' }], request)).toBe(false);
    expect(decide(statementsOf('viewer'), request)).toBe(false);
  });
});

test('docs/access.md is the table: `npm run access` keeps it', () => {
  const kept = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'access.md'), 'utf8');
  expect(kept).toBe(accessPage());
});
