import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findInstalledEngines } from '../../local/services/codebuild/installed-engines.ts';
import { type BuildCloud, openBuildCloud, stateBucket } from '../local/codebuild/open-build-cloud.ts';
import { appliedOf, apply, environmentOf, inspect, plan, plannedOf } from './build-runs.ts';

/**
 * OpenTofu plans and applies a directory whose module source needs a variable. Where `tofu` is on the PATH it is the
 * real one; elsewhere a stand-in runs that refuses every command without the values, as OpenTofu does.
 */

const STAND_IN = join(import.meta.dirname, '..', 'e2e', 'stand-in-engine');
const PATH = process.env.PATH ?? '';
let cloud: BuildCloud;
let version = '';
beforeAll(async () => {
  const installed = (await findInstalledEngines(PATH)).find(({ name }) => name === 'tofu');
  const path = installed ? PATH : `${STAND_IN}${delimiter}${PATH}`;
  version = (await findInstalledEngines(path)).find(({ name }) => name === 'tofu')?.version ?? '';
  cloud = await openBuildCloud({ environment: { ...process.env, PATH: path } });
});
afterAll(() => cloud.close());

const VARIABLES = { environment: { value: 'dev1', mode: 'when-declared' } };
const ENGINE = {
  STAGEGATE_ENGINE: 'tofu',
  STAGEGATE_VARIABLES: JSON.stringify(VARIABLES),
};

test('a directory that needs a variable before the plan is planned, inspected and applied', async () => {
  const environment = environmentOf('dev1');
  cloud.addEnvironment(environment);
  const commit = cloud.repository.commit({
    'modules/dev1/main.tf': 'resource "terraform_data" "in_module" {\n  input = "a"\n}\n',
    'apps/shop/dev1/main.tf': `variable "environment" {
  type = string
}
module "ours" {
  source = "../../../modules/\${var.environment}"
}
resource "terraform_data" "one" {
  input = var.environment
}
`,
  });
  const planned = await plan(cloud, environment, commit, ENGINE);
  const { engine, state, backend } = plannedOf(planned);
  expect({ engine, state, backend }).toMatchObject({
    engine: { name: 'tofu', version },
    state: null,
    backend: { bucket: stateBucket, key: 'apps/shop/dev1/terraform.tfstate' },
  });
  expect((await inspect(cloud, planned)).result).toMatchObject({ ok: true, engine: { name: 'tofu', version } });
  expect(appliedOf((await apply(cloud, environment, planned)).result)).toMatchObject({ applied: 'yes' });
});
