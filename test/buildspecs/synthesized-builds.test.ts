import { spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { accessSync, constants, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import { parse } from 'yaml';
import * as z from 'zod';
import { applyBuild, type BuildRequest, inspectBuild, planBuild } from '../../lambdas/domain/build/build-request.ts';
import { runPrefix } from '../../lambdas/domain/build/run-prefix.ts';
import { InspectionSuccessSchema, PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { roleSession } from '../../local/door/callers.ts';
import { findInstalledEngines } from '../../local/services/codebuild/installed-engines.ts';
import { aDeployment, anApplication, anEnvironment, aPlanned } from '../harness/builders.ts';
import { type HttpsServer, startHttpsServer } from '../harness/https-server.ts';
import { ofType, type Resource, stagegate } from '../harness/synthesized.ts';
import { createGitRepository } from '../local/codebuild/git-repository.ts';
import {
  accountId,
  artifactBucket,
  type BuildCloud,
  openBuildCloud,
  region,
  roleArnOf,
  stateBucket,
  targetAccountId,
} from '../local/codebuild/open-build-cloud.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

/**
 * Tests a plan, its inspection and its apply as AWS would run them: with the commands and variables of the synthesized
 * projects, the variables that the functions give StartBuild, and the engine downloaded from where the template says.
 * The test provides only two things: what CodeBuild itself provides (source, credentials, region), and the endpoints of
 * AWS and of the credentials broker.
 */
type Kind = 'plan' | 'inspect' | 'apply';
let cloud: BuildCloud;
let releases: HttpsServer;
let credentials: Server;
let projects: Readonly<Record<Kind, Resource['Properties']>>;
const downloads: string[] = [];
/** Whether the server delivers another zip than the one whose digest is configured. */
let isForged = false;
const work = temporaryDirectory();
/** Directories in which builds have worked. */
const places = new Set<string>();

/** A name for this run only: all people who run the tests on this machine share the template's work directory. */
const APPLICATION = `my-app-${randomBytes(4).toString('hex')}`;
const environment = anEnvironment({ application: APPLICATION, accountId: targetAccountId, region });
const CONFIGURATION = `
resource "terraform_data" "one" {
  input = "a"
}
output "one" {
  value = terraform_data.one.output
}
`;

const repository = createGitRepository();
const commit = repository.commit({ [`apps/${APPLICATION}/dev1/main.tf`]: CONFIGURATION });
const deployment = aDeployment('planning', { application: APPLICATION, id: `${APPLICATION}-dev1-1-abc123`, commit });
/** What the functions compose builds from. The application wants the engine that is given to the template here. */
let subject: Parameters<typeof planBuild>[0];
/** The real engine of this machine, to which the zip leads. */
let engine: Awaited<ReturnType<typeof findInstalledEngines>>[number];

beforeAll(async () => {
  cloud = await openBuildCloud();
  cloud.addEnvironment({
    ...environment,
    state: { bucket: stateBucket, key: `apps/${APPLICATION}/dev1/terraform.tfstate` },
  });
  const [installed] = await findInstalledEngines(process.env.PATH ?? '');
  if (!installed) throw new Error('neither terraform nor tofu is on the PATH');
  engine = installed;
  const { name, version, path } = engine;
  const zip = zipSync({ [name]: strToU8(`#!/bin/sh\nexec '${path}' "$@"\n`) });
  releases = await startHttpsServer(work, (request, response) => {
    downloads.push(request.url ?? '');
    response.end(isForged ? zipSync({ [name]: strToU8('#!/bin/sh\n') }) : zip);
  });
  const sha256 = createHash('sha256').update(zip).digest('hex');
  const engineVersions = [{ name, version, sha256, url: `${releases.url}/engine.zip` }];
  const template = stagegate({ engineVersions });
  const made = ofType(template, 'AWS::CodeBuild::Project').map(([, { Properties }]) => Properties);
  const application = anApplication({
    name: APPLICATION,
    engine: name === 'tofu' ? 'opentofu' : 'terraform',
    engineVersion: version,
  });
  subject = { installation: 'stagegate', application, environment, deployment, artifactBucket };
  const projectOf = (purpose: string) => {
    const buildspec = readFileSync(join(import.meta.dirname, '..', '..', 'buildspecs', `${purpose}.yml`), 'utf8');
    return made.find(({ Source }) => Source.BuildSpec === buildspec);
  };
  projects = { plan: projectOf('plan'), inspect: projectOf('inspect'), apply: projectOf('apply') };
  credentials = createServer((request, response) => {
    const purpose = request.url?.slice(1) ?? '';
    const role = `arn:aws:iam::${accountId}:role/stagegate-${purpose}-build`;
    const issued = cloud.door.issueCredentials(roleSession(role, 'AWSCodeBuild-test'), 3600);
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        AccessKeyId: issued.accessKeyId,
        SecretAccessKey: issued.secretAccessKey,
        Token: issued.sessionToken,
        Expiration: issued.expiration.toISOString().replace(/\.\d+Z$/, 'Z'),
      }),
    );
  });
  await new Promise<void>((resolve) => credentials.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  credentials.close();
  await releases.stop();
  await cloud.close();
  repository.remove();
  for (const place of places) rmSync(join(place, APPLICATION), { recursive: true, force: true });
});

/** Builds work in the template's directory, unless the person who runs the tests may not write there. */
function placeToWork(given: string): string {
  try {
    mkdirSync(given, { recursive: true });
    accessSync(given, constants.W_OK);
    return given;
  } catch {
    return join(work, 'work');
  }
}

/** The template refers to the API, whose address is known only when it is deployed. Here the broker replaces it. */
const ApiAddressSchema = z
  .strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('ApiEndpoint')]) })
  .transform(() => cloud.broker.url);
const VariablesSchema = z.array(z.object({ Name: z.string(), Value: z.string().or(ApiAddressSchema) }));
const asRecord = (variables: unknown): Record<string, string> =>
  Object.fromEntries(VariablesSchema.parse(variables).map(({ Name, Value }) => [Name, Value]));

const ticketFor = (purpose: 'plan' | 'apply', { id } = deployment) =>
  cloud.broker.issue({
    deploymentId: id,
    purpose,
    externalId: environment.externalId,
    roleArn: roleArnOf(environment, purpose),
  });

/** Lays out what CodeBuild gives a build: a checkout with the program beside it, or the program alone. */
function layOut(kind: Kind): { readonly source: string; readonly variables: Readonly<Record<string, string>> } {
  const { Source, SecondarySources = [] } = projects[kind];
  const program = join(cloud.directory, 'asset');
  const source = Source.Type === 'S3' ? program : join(work, `source-${kind}`);
  if (Source.Type !== 'S3') cpSync(repository.directory, source, { recursive: true });
  const beside = SecondarySources.map(({ SourceIdentifier }: { SourceIdentifier: string }) => [
    `CODEBUILD_SRC_DIR_${SourceIdentifier}`,
    program,
  ]);
  return { source, variables: { CODEBUILD_SRC_DIR: source, ...Object.fromEntries(beside) } };
}

async function run(
  kind: Kind,
  build: BuildRequest,
  changed: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number | null; output: string }> {
  const project = projects[kind];
  const { commands } = parse(project.Source.BuildSpec).phases.build;
  const own = { ...asRecord(project.Environment.EnvironmentVariables), ...changed };
  expect(own.STAGEGATE_ENGINES).toContain(releases.url);
  expect(own.STAGEGATE_API_URL).toBe(kind === 'inspect' ? undefined : cloud.broker.url);
  const { source, variables } = layOut(kind);
  const place = placeToWork(own.STAGEGATE_WORK ?? '');
  places.add(place);
  const { port } = credentials.address() as AddressInfo;
  const child = spawn('bash', ['-c', commands.join('\n')], {
    cwd: source,
    env: {
      ...own,
      STAGEGATE_WORK: place,
      ...asRecord(build.EnvironmentVariablesOverride),
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: work,
      ...variables,
      CODEBUILD_BUILD_ID: `${project.Name}:${randomUUID()}`,
      AWS_REGION: region,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/${kind}`,
      AWS_ENDPOINT_URL: cloud.url,
      AWS_ENDPOINT_URL_S3: cloud.url,
      AWS_ENDPOINT_URL_STS: cloud.url,
      ...releases.environment,
    },
  });
  const [output, errors, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { exitCode, output: output + errors };
}

test('the build programs run with exactly what the template and the functions give them', async () => {
  const prefix = runPrefix(deployment);
  const planning = await run('plan', planBuild(subject, ticketFor('plan')));
  expect(planning).toEqual({ exitCode: 0, output: expect.stringContaining('terraform_data.one: plan to create') });
  const result = PlanSuccessSchema.parse(await cloud.readJson(artifactBucket, runObjectKey(prefix, 'planResult')));
  expect(result).toMatchObject({ engine: { name: engine.name, version: engine.version }, exitCode: 2 });

  const inspecting = await run('inspect', inspectBuild(subject));
  expect(inspecting).toEqual({ exitCode: 0, output: expect.any(String) });
  const read = InspectionSuccessSchema.parse(
    await cloud.readJson(artifactBucket, runObjectKey(prefix, 'inspectionResult')),
  );
  const { operation, digest, backend } = result;
  expect(read).toMatchObject({ operation, digest, backend, engine: result.engine });

  const applying = await run(
    'apply',
    applyBuild(subject, ticketFor('apply'), aPlanned({ digest: result.digest, bundle: result.bundle })),
  );
  expect(applying).toEqual({ exitCode: 0, output: expect.stringContaining('terraform_data.one: created') });
  expect(await cloud.readJson(artifactBucket, runObjectKey(prefix, 'applyResult'))).toMatchObject({
    ok: true,
    applied: 'yes',
    resources: 1,
    resourcesLeft: 1,
  });
  expect(await cloud.readJson(artifactBucket, runObjectKey(prefix, 'outputs'))).toMatchObject({
    one: { value: 'a', sensitive: false },
  });
  expect(downloads).toEqual(['/engine.zip', '/engine.zip', '/engine.zip']);
});

test('a plan is applied by its engine, by its digest, although the template lists only another version by then', async () => {
  const destruction = aDeployment('planning', {
    application: APPLICATION,
    id: `${APPLICATION}-dev1-2-abc123`,
    operation: 'destroy',
    commit,
  });
  const upgraded = { ...subject, deployment: destruction };
  const newer = [{ name: engine.name, version: '99.0.0', sha256: '0'.repeat(64), url: `${releases.url}/newer.zip` }];
  const listed = { STAGEGATE_ENGINES: JSON.stringify(newer) };
  const prefix = runPrefix(destruction);
  downloads.length = 0;
  expect(await run('plan', planBuild(upgraded, ticketFor('plan', destruction)))).toMatchObject({ exitCode: 0 });
  const result = PlanSuccessSchema.parse(await cloud.readJson(artifactBucket, runObjectKey(prefix, 'planResult')));

  isForged = true;
  expect(await run('inspect', inspectBuild(upgraded), listed)).toEqual({
    exitCode: 1,
    output: expect.stringContaining('does not have the digest'),
  });
  isForged = false;
  const planned = aPlanned({ digest: result.digest, bundle: result.bundle });
  const applying = await run('apply', applyBuild(upgraded, ticketFor('apply', destruction), planned), listed);
  expect(applying).toMatchObject({ exitCode: 0 });
  expect(await cloud.readJson(artifactBucket, runObjectKey(prefix, 'applyResult'))).toMatchObject({
    applied: 'yes',
    resourcesLeft: 0,
  });
  expect(downloads).toEqual(['/engine.zip', '/engine.zip', '/engine.zip']);
});
