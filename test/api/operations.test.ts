import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as operations from '../../lambdas/api/operations.ts';
import { ROUTES, UNKNOWN_ROUTE } from '../../lambdas/api/routes.ts';
import { REFUSALS } from '../../lambdas/domain/errors.ts';
import { AUDIT_TYPES } from '../../lambdas/domain/model/audit.ts';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import { PROBLEMS } from '../../lambdas/runtime/http-errors.ts';
import { neverAnswered, requireDeclared } from '../harness/answered-problems.ts';
import { TestApi } from './test-api.ts';

const root = join(import.meta.dirname, '..', '..');

const SERVED = {
  read: operations.READ,
  credentials: operations.CREDENTIALS,
  configure: operations.CONFIGURE,
  approvers: operations.APPROVERS,
  deploy: operations.DEPLOY,
  ephemeral: operations.EPHEMERAL,
  decide: operations.DECIDE,
  webhook: operations.WEBHOOK,
  open: operations.OPEN,
};
const routesOf = (name: string) =>
  [...Object.entries(ROUTES), [UNKNOWN_ROUTE.key, UNKNOWN_ROUTE] as const]
    .filter(([, route]) => route.function === name)
    .map(([key]) => key);

describe('each function', () => {
  test.each(Object.entries(SERVED))('%s serves exactly its routes', (name, served) => {
    expect(Object.keys(served).sort()).toEqual(routesOf(name).sort());
  });

  test('of the route table exists', () => {
    for (const { function: name } of Object.values(ROUTES)) expect(Object.keys(FUNCTIONS)).toContain(name);
  });

  test('that is no page serves operations', () => {
    const names = new Set(Object.values(ROUTES).map((route) => route.function));
    expect([...names].filter((name) => name !== 'approval-page').sort()).toEqual(Object.keys(SERVED).sort());
  });
});

describe('docs/api.md', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8');

  test('names every type of audit entry, and no other', () => {
    const [, listed = ''] = /Types: ([\s\S]*?)`hash` is the/.exec(text) ?? [];
    expect([...listed.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type).sort()).toEqual([...AUDIT_TYPES].sort());
  });

  test('lists every route with its role', () => {
    for (const [key, { role }] of Object.entries(ROUTES)) expect(text).toContain(`| \`${key}\` | ${role} |`);
  });
});

test('docs/problems.md explains every problem, with its status and title, and says what to do next', () => {
  const text = readFileSync(join(root, 'docs', 'problems.md'), 'utf8');
  const explained = [...text.matchAll(/^### ([\w-]+)\n\n\*\*(\d+)\*\* (.+)\n\n.+ \*Next:\* .+$/gm)];
  const told = explained.map(([, name, status, title]) => ({ name, status: Number(status), title }));
  const sorted = <Named extends { name?: string }>(all: Named[]) =>
    all.sort((one, other) => String(one.name).localeCompare(String(other.name)));
  expect(sorted(told)).toEqual(sorted(Object.entries(PROBLEMS).map(([name, facts]) => ({ name, ...facts }))));
});

test('docs/threat-model.md says of every public route what protects it', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'threat-model.md'), 'utf8');
  const publicRoutes = Object.entries(ROUTES).flatMap(([key, { role }]) => (role === 'public' ? [key] : []));
  for (const key of [...publicRoutes, UNKNOWN_ROUTE.key])
    expect(text).toMatch(new RegExp(`^\\| \`${key.replaceAll(/[{}$]/g, '\\$&')}\` \\| .+ \\| .+ \\|$`, 'm'));
});

describe('GET /openapi.json', () => {
  test('describes every route', async () => {
    const { status, body } = await new TestApi().get('/openapi.json');
    expect(status).toBe(200);
    const described = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // The document does not have the routes that only builds may call.
    const ofOthers = Object.entries(ROUTES).flatMap(([key, { role }]) => (role === 'build' ? [] : [key]));
    expect(described.sort()).toEqual(ofOthers.sort());
    expect(body.openapi).toBe('3.1.0');
  });

  test('has an end for every reference, and names every part', async () => {
    const { body, text } = await new TestApi().get('/openapi.json');
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(30);
    for (const [, part = '', name = ''] of references) expect(body.components[part]).toHaveProperty(name);
    expect(text).not.toMatch(/__schema|\$defs/);
  });

  test('names path parameters, query, body and every problem', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    const promotions = body.paths['/applications/{app}/promotions'].post;
    expect(promotions.parameters).toMatchObject([
      { name: 'app', in: 'path', required: true },
      { name: 'Idempotency-Key', in: 'header', required: false },
    ]);
    expect(promotions.requestBody.content['application/json'].schema.required).toEqual(['to']);
    expect(Object.keys(promotions.responses)).toEqual([
      '200',
      '202',
      '400',
      '403',
      '404',
      '409',
      '422',
      '429',
      '500',
      '503',
      'default',
    ]);
    const types = promotions.responses[409].content['application/problem+json'].schema.allOf[1].properties.type.enum;
    expect(types).toContain('urn:stagegate:problem:nothing-to-promote');
    expect(types).not.toContain('urn:stagegate:problem:signature-invalid');
    expect(body.paths['/applications'].get.parameters).toMatchObject([
      { name: 'limit', in: 'query', required: false },
      { name: 'cursor', in: 'query', required: false },
      { name: 'include', in: 'query', required: false },
    ]);
    expect(body.components.schemas.Problem['x-types']).toEqual(Object.keys(PROBLEMS));
  });

  test('names every operation once, as the code does, and lists it under the folder of its code', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    const source = readFileSync(join(root, 'lambdas', 'api', 'operations.ts'), 'utf8');
    const written = source.matchAll(
      /'(\w+) (\S+)': async \(\) =>\s+\(await import\('\.\/(?:([\w-]+)\/)?[\w-]+\.ts'\)\)\.(\w+)/g,
    );
    const named = [...written].filter(([, , path = '']) => !path.startsWith('/builds/'));
    expect(named).toHaveLength(Object.keys(ROUTES).length - 3);
    for (const [, method = '', path = '', folder = 'service', name] of named)
      expect(body.paths[path][method.toLowerCase()]).toMatchObject({ operationId: name, tags: [folder] });
    const ids = Object.values(body.paths).flatMap((methods) =>
      Object.values(methods as object).map(({ operationId }) => operationId),
    );
    expect(ids).toContain('decideApproval');
    expect(new Set(ids).size).toBe(Object.keys(ROUTES).length - 1);
  });

  test('has the headers of requests that may be repeated, and of settings with a tag', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    const headersOf = (header: string) =>
      Object.entries(body.paths).flatMap(([path, methods]) =>
        Object.entries(methods as Record<string, { parameters?: { name: string }[] }>).flatMap(
          ([method, { parameters }]) =>
            parameters?.some(({ name }) => name === header) ? [`${method.toUpperCase()} ${path}`] : [],
        ),
      );
    const signedPosts = Object.entries(ROUTES).flatMap(([key, { role }]) =>
      key.startsWith('POST ') && role !== 'public' && role !== 'build' ? [key] : [],
    );
    expect(headersOf('Idempotency-Key').sort()).toEqual(signedPosts.sort());
    const changes = Object.keys(ROUTES).filter((key) => /^(PUT|PATCH) /.test(key));
    expect(headersOf('If-Match').sort()).toEqual(changes.sort());
    for (const path of ['/applications/{app}', '/applications/{app}/environments/{env}'])
      expect(body.paths[path].get.responses['200'].headers).toHaveProperty('ETag');
  });

  test('has the address at which it was asked', async () => {
    const serversFor = async (host: string) =>
      (await new TestApi().call('GET', '/openapi.json', { headers: { host } })).body.servers;
    expect(await serversFor('api.example.com')).toMatchObject([{ url: 'https://api.example.com' }]);
    expect(await serversFor('127.0.0.1:4700')).toMatchObject([{ url: 'http://127.0.0.1:4700' }]);
    expect(await serversFor('no host/"')).toMatchObject([{ url: 'https://{api}.execute-api.{region}.amazonaws.com' }]);
  });

  test('describes what GitHub sends, and the form of the approval page', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    const webhook = body.paths['/webhooks/github'].post;
    expect(webhook.parameters.map(({ in: place, name }: { in: string; name: string }) => `${place} ${name}`)).toEqual([
      'query for',
      'header x-github-event',
      'header x-github-delivery',
      'header x-hub-signature-256',
    ]);
    expect(Object.keys(webhook.requestBody.content)).toEqual(['application/json', 'application/x-www-form-urlencoded']);
    const page = body.paths['/approvals/{token}'].post;
    expect(page.requestBody.content).toHaveProperty('application/x-www-form-urlencoded');
    expect(Object.keys(page.responses)).toEqual(expect.arrayContaining(['200', '400', '404', '410']));
  });

  test('says who may call what, and what anybody may', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    expect(body.paths['/applications/{app}'].put['x-role']).toBe('admin');
    expect(body.paths['/health'].get.security).toEqual([]);
  });
});

describe('a refusal', () => {
  test('that an operation does not declare fails the test that got it', async () => {
    await expect(requireDeclared('GET /applications', 'urn:stagegate:problem:last-approver')).rejects.toThrow(
      'GET /applications answered last-approver, which its operation does not declare',
    );
    await expect(requireDeclared('GET /health', 'urn:stagegate:problem:not-found')).rejects.toThrow('not-found');
  });

  test('that is declared and that no test got is found at the end of a run', async () => {
    const line = 'DELETE /applications/{app}/approvers/{email}\tlast-approver';
    expect(await neverAnswered('')).toContain(line);
    expect(await neverAnswered(`${line}\n`)).not.toContain(line);
  });

  test('of the domain is declared by an operation, or only ever ends or names something else', async () => {
    const declared = await neverAnswered('');
    const elsewhere = REFUSALS.filter((name) => !declared.some((line) => line.endsWith(`\t${name}`)));
    expect(elsewhere).toEqual(NEVER_DECLARED);
  });
});

/**
 * Refusals that no operation declares: why a promotion was not made, what only the page behind a link says, and the two
 * about headers that many operations take.
 */
const NEVER_DECLARED = ['environment-on-hold', 'link-replaced', 'idempotency-key-reused', 'precondition-failed'];

test('GET /health answers anybody', async () => {
  expect(await new TestApi().get('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
});
