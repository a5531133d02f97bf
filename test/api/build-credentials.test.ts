import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CREDENTIALS } from '../../lambdas/api/operations.ts';
import { apiHandler } from '../../lambdas/runtime/api-handler.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { requireDeclared } from '../harness/answered-problems.ts';
import { httpEvent, LAMBDA_CONTEXT } from '../harness/http-event.ts';
import { World } from '../harness/world.ts';

// Lambda tells a function its name. The name of the metrics begins with it.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'stagegate-credentials';

const BUILD = 'arn:aws:sts::000000000000:assumed-role/stagegate-plan-build/AWSCodeBuild-1';
const STAFF = 'arn:aws:sts::000000000000:assumed-role/Staff/jane';

/** Lines of the function's output, which include its metrics. */
const lines: string[] = [];
const { log } = console;
const { write } = process.stdout;
let world: World;
let id: string;
let shown: { ticket: string; buildId: string };
beforeEach(async () => {
  world = await World.open();
  await world.release();
  id = await world.deploy('dev1', 1);
  while (world.builds.running.size === 0) await world.workflow.step(id);
  const [ticket = ''] = world.builds.tickets.values();
  shown = { ticket, buildId: 'stagegate-plan:00000000-0000-4000-8000-000000000000' };
  lines.length = 0;
  process.stdout.write = (line) => lines.push(String(line)) > 0;
});
afterEach(() => {
  process.stdout.write = write;
  console.log = log;
});

async function ask(body: unknown, caller = BUILD) {
  const serve = apiHandler(CREDENTIALS, { services: world, log: new RecordingLog() });
  const request = { method: 'POST', path: '/builds/credentials', body: JSON.stringify(body), caller };
  const answer = await serve(httpEvent(request), LAMBDA_CONTEXT as never);
  const answered = JSON.parse(answer.body ?? '{}');
  if (answer.statusCode !== 200) await requireDeclared('POST /builds/credentials', answered.type);
  return { status: answer.statusCode, body: answered };
}
const counted = () => lines.filter((line) => line.includes('CredentialsRefused')).length;

describe('POST /builds/credentials', () => {
  test('answers a build with credentials and nothing else', async () => {
    expect(await ask(shown)).toEqual({
      status: 200,
      body: {
        accessKeyId: 'ASIA1',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: '2026-11-23T11:00:00.000Z',
      },
    });
    expect(counted()).toBe(0);
  });

  test('refuses others, which the alarm hears of', async () => {
    const { status, body } = await ask(shown, STAFF);
    expect({ status, type: body.type }).toEqual({ status: 403, type: 'urn:stagegate:problem:credentials-refused' });
    expect(JSON.stringify(body)).not.toContain(shown.ticket);
    expect(counted()).toBe(1);
  });

  test('says that an account is not prepared, which is nobody’s attack', async () => {
    world.environmentRoles.refusing.add('arn:aws:iam::111111111111:role/stagegate-my-app-dev1-plan');
    const { status, body } = await ask(shown);
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:role-not-assumable' });
    expect(body.detail).toContain('stagegate-my-app-dev1-plan');
    expect(counted()).toBe(0);
  });

  test('refuses to apply while applies are banned', async () => {
    const isApply = (buildId: string) => buildId.startsWith('stagegate-apply:');
    while (![...world.builds.running].some(isApply)) await world.workflow.step(id);
    const buildId = [...world.builds.running].find(isApply) ?? '';
    world.applies = 'banned';
    const applying = 'arn:aws:sts::000000000000:assumed-role/stagegate-apply-build/AWSCodeBuild-1';
    const { status, body } = await ask({ ...shown, ticket: world.builds.tickets.get(buildId) }, applying);
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:applies-banned' });
    expect(counted()).toBe(0);
  });

  test.each([
    ['no ticket', { buildId: 'stagegate-plan:00000000-0000-4000-8000-000000000000' }, 'ticket'],
    ['a ticket of another form', { ticket: 'x.plan.1.y' }, 'ticket'],
    ['a ticket for no round', { ticket: `my-app-dev1-1-abc123.plan.0.${'0'.repeat(64)}` }, 'ticket'],
    ['an id of no build', { buildId: 'x' }, 'buildId'],
    ['more than that', { role: 'admin' }, 'role'],
  ])('fails for %s', async (_, changed, field) => {
    const { status, body } = await ask({ ...('ticket' in changed || field !== 'ticket' ? shown : {}), ...changed });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field }]);
    expect(world.environmentRoles.given).toEqual([]);
  });
});
