import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { terraformDirectory } from './git-repository.ts';
import { sharedCloud } from './shared-cloud.ts';
import { CLIENT, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** Config repositories of other teams, with other names, regions, branches, backends and ways to write Terraform. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await sharedCloud('terraform');
  cloud.repository.git('branch', 'trunk');
});

const MODULE = `
variable "name" {
  type = string
}
resource "terraform_data" "network" {
  input = "network of \${var.name}"
}
output "name" {
  value = terraform_data.network.output
}
`;

/** A directory in both syntaxes that reads files beside it and has outputs of every type. */
const SERVICE = `
locals {
  settings = yamldecode(file("\${path.module}/settings.yaml"))
}
module "network" {
  source = "../../../libs/network"
  name   = local.settings.name
}
resource "terraform_data" "greeting" {
  input = templatefile("greeting.tftpl", { name = local.settings.name })
}
output "text" {
  value = terraform_data.greeting.output
}
output "network" {
  value = module.network.name
}
output "nothing" {
  value = null
}
output "list" {
  value = ["a", "b"]
}
output "nested" {
  value = { ports = [80, 443], tags = { "größe" = "klein", enabled = true } }
}
output "large" {
  value = join("", [for number in range(1000) : "\${number}\${join("", [for digit in range(99) : "x"])}"])
}
output "secret" {
  value     = "hidden-\${local.settings.name}"
  sensitive = true
}
`;
const OUTPUTS_IN_JSON = JSON.stringify({ output: { number: { value: 1.5 }, flag: { value: false } } });

const FULL = `
terraform {
  backend "s3" {
    bucket       = "team-owned-state"
    key          = "webshop/uat.tfstate"
    region       = "eu-central-1"
    use_lockfile = true
  }
}
`;
const BACKENDS: Readonly<Record<string, string>> = {
  dev: '',
  qa: 'terraform {\n  backend "s3" {\n    key = "mine/qa.tfstate"\n  }\n}\n',
  uat: FULL,
  live: 'terraform {\n  backend "s3" {}\n}\n',
};
const STAGES = { dev: 'development', qa: 'staging', uat: 'staging', live: 'production' };

const CONNECTION = process.env.STAGEGATE_E2E_CONNECTION ?? '';
const privateBuild = (purpose: string) => ({
  project: expect.stringMatching(new RegExp(`^stagegate-${purpose}-github-[0-9a-f]{12}$`)),
  role: expect.stringMatching(new RegExp(`:role/stagegate-${purpose}-build\\.github-[0-9a-f]{12}$`)),
  location: 'https://github.com/Kaeufer/shop.git',
});
/** The build that inspects plans fetches only the program, and has no credential. */
const INSPECTION = {
  project: 'stagegate-inspect',
  role: expect.stringMatching(/:role\/stagegate-inspect-build$/),
  location: expect.stringMatching(/\/[0-9a-f]{64}\.zip$/),
};
const buildsOf = (isGated: boolean) => [privateBuild('plan'), ...(isGated ? [INSPECTION] : []), privateBuild('apply')];

/** Returns the project, role and source of each build of an environment's newest deployment. */
async function fetchedBy(app: TestApplication, environment: string): Promise<object[]> {
  const [deployment] = await app.deployments(environment);
  await cloud.statesOf(deployment?.id ?? '');
  const executionArn = cloud.executionArn(deployment?.id ?? '');
  const { events = [] } = await cloud.operator.sfn.send(
    new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
  );
  const submitted = events.flatMap(({ taskSubmittedEventDetails: details }) =>
    details?.resourceType === 'codebuild' ? [SubmittedSchema.parse(JSON.parse(details.output ?? ''))] : [],
  );
  return submitted.map(({ Build: { ProjectName, ServiceRole, Source } }) => ({
    project: ProjectName,
    role: ServiceRole,
    location: Source.Location,
  }));
}

const SubmittedSchema = z.object({
  Build: z.object({ ProjectName: z.string(), ServiceRole: z.string(), Source: z.object({ Location: z.string() }) }),
});

const account = (index: number): string => String(index + 1).repeat(12);

test('an application with other names, a longer pipeline, another region and branch, and every kind of backend, from a private repository', async () => {
  const app = new TestApplication(cloud, 'webshop');
  const names = Object.keys(STAGES);
  await cloud.expect(201, 'PUT', app.path, {
    client: 'Käufer GmbH',
    configRepository: { url: 'git@github.com:Kaeufer/shop.git', branch: 'trunk', connectionArn: CONNECTION },
    pipeline: names,
  });
  for (const [index, [name, stage]] of Object.entries(STAGES).entries())
    await cloud.expect(201, 'PUT', `${app.path}/environments/${name}`, {
      stage,
      accountId: account(index),
      region: 'us-east-2',
    });
  await app.approver(STAFF, 'staff');
  await app.approver(CLIENT, 'client');

  const directories = names.flatMap((name) => [
    [`apps/webshop/${name}/service.tf`, SERVICE],
    [`apps/webshop/${name}/more.tf.json`, OUTPUTS_IN_JSON],
    [`apps/webshop/${name}/settings.yaml`, `name: ${name} 日本 🚀\n`],
    [`apps/webshop/${name}/greeting.tftpl`, 'Grüße aus $' + '{name}\n'],
    [`apps/webshop/${name}/backend.tf`, BACKENDS[name] ?? ''],
  ]);
  const commit = cloud.repository.commitTo('trunk', 'Der Anfang „eins“', {
    ...Object.fromEntries(directories),
    'libs/network/main.tf': MODULE,
  });

  await app.reaches('dev', 1, 'succeeded');
  await app.approve(STAFF, 'qa', 1);
  await app.reaches('qa', 1, 'succeeded');
  expect(await app.deployments('uat')).toEqual([]);
  await app.promote('uat', 1);
  await app.approve(STAFF, 'uat', 1);
  await app.reaches('uat', 1, 'succeeded');
  await app.promote('live', 1);
  await app.approve(STAFF, 'live', 1);
  await app.approve(CLIENT, 'live', 1);
  await app.reaches('live', 1, 'succeeded');

  for (const name of names) {
    const { deployed, outputs } = await app.environment(name);
    expect(deployed).toMatchObject({ release: 1, commit });
    expect(outputs).toMatchObject({
      text: { value: `Grüße aus ${name} 日本 🚀\n`, sensitive: false },
      network: { value: `network of ${name} 日本 🚀` },
      list: { value: ['a', 'b'] },
      nested: { value: { ports: [80, 443], tags: { größe: 'klein', enabled: true } } },
      number: { value: 1.5 },
      flag: { value: false },
      secret: { value: null, sensitive: true },
    });
    expect(Object.keys(outputs)).toContain('large');
  }
  for (const name of names) expect(await fetchedBy(app, name)).toEqual(buildsOf(name !== names[0]));

  const address = (bucket: string, key: string) => cloud.local.s3.store.versionsOf(bucket, key).length > 0;
  expect({
    dev: address(`stagegate-state-${account(0)}-us-east-2`, 'apps/webshop/dev/terraform.tfstate'),
    qa: address(`stagegate-state-${account(1)}-us-east-2`, 'mine/qa.tfstate'),
    uat: address('team-owned-state', 'webshop/uat.tfstate'),
    live: address(`stagegate-state-${account(3)}-us-east-2`, 'apps/webshop/live/terraform.tfstate'),
  }).toEqual({ dev: true, qa: true, uat: true, live: true });
});

test('two applications of one repository: what is under one directory concerns only that one', async () => {
  const [alpha, beta] = [new TestApplication(cloud, 'alpha'), new TestApplication(cloud, 'beta')];
  await alpha.register();
  await beta.register();
  const only = (app: TestApplication, value: string) => ({
    [`apps/${app.name}/dev1/main.tf`]: terraformDirectory(value),
    [`apps/${app.name}/stage1/main.tf`]: terraformDirectory(value),
  });
  cloud.repository.commit('both', { ...only(alpha, 'one'), ...only(beta, 'one') });
  await alpha.reaches('dev1', 1, 'succeeded');
  await beta.reaches('dev1', 1, 'succeeded');
  await beta.waits('stage1', 1, 'staff');
  const bucket = `stagegate-state-${account(0)}-eu-west-1`;
  const states = (app: TestApplication) =>
    cloud.local.s3.store.versionsOf(bucket, `apps/${app.name}/dev1/terraform.tfstate`);
  const before = { environment: await beta.free('dev1'), states: JSON.stringify(states(beta)) };
  expect(states(beta).length).toBeGreaterThan(0);

  cloud.repository.commit('alpha only', only(alpha, 'two'));
  await alpha.reaches('dev1', 2, 'succeeded');
  await alpha.waits('stage1', 2, 'staff');
  expect({ states: JSON.stringify(states(beta)), environment: await beta.environment('dev1') }).toEqual(before);
  expect(await beta.deployments('dev1')).toHaveLength(1);
  expect(states(alpha).length).toBeGreaterThan(1);

  cloud.repository.commit('elsewhere', { 'libs/notes.md': 'for all' });
  expect(await alpha.reaches('dev1', 3, 'succeeded')).toMatchObject({ changes: 'none' });
  expect(await beta.reaches('dev1', 2, 'succeeded')).toMatchObject({ changes: 'none' });
  expect(await cloud.call('GET', '/applications/webshop/releases')).toMatchObject({ body: { items: [{ number: 1 }] } });
});
