import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renewLink } from '../../lambdas/domain/approval/renew-link.ts';
import type { Planned } from '../../lambdas/domain/model/deployment.ts';
import type { Analysis } from '../../lambdas/domain/plan/analysis.ts';
import { analyzePlan } from '../../lambdas/domain/plan/analyze-plan.ts';
import { BUNDLED_PRICE_SHEET } from '../../lambdas/domain/prices/bundled-price-sheet.ts';
import { JANE, type Name, STAFF } from '../api/pipeline-world.ts';
import { COMMIT, OTHER_DIGEST } from '../harness/builders.ts';
import { SECOND, TestPage } from './test-page.ts';

/** A page in some state, with the token of the link that is opened. */
export interface OpenedState {
  readonly page: TestPage;
  readonly token: string;
}

const DAY = 24 * 3600;
const fixtures = join(import.meta.dirname, '..', 'fixtures', 'plans');

/** Returns the analysis of a recorded plan, with the protection of its application's database and bucket lifted. */
export const recordedAnalysis = (name: string, stage: 'staging' | 'production'): Analysis =>
  analyzePlan({
    plan: readFileSync(join(fixtures, `${name}.json`), 'utf8'),
    region: 'eu-west-1',
    stage,
    deletionProtection: true,
    priceSheet: BUNDLED_PRICE_SHEET,
    commit: COMMIT,
    lifts: ['module.web.aws_s3_bucket.assets', 'module.web.aws_db_instance.this'],
  });

const PIPELINE = 'arn:aws:sts::999999999999:assumed-role/Deployers/pipeline';
const MESSAGE = `Drop the old asset bucket, keep logs for longer

The assets moved to the CDN in March; nothing has read the bucket since.`;

/** What staff has lifted, and what is exempt. */
const PARTLY_PROVEN: Analysis['proof'] = {
  previous: 'stage1',
  mode: 'block',
  of: 3,
  proven: 1,
  engine: 'terraform 1.11',
  unproven: [
    {
      kind: 'module',
      subject: '3f2a'.repeat(16),
      calls: ['module.waf'],
      text: 'module.waf is waf 1.0.2 (3f2a3f2a3f2a…); stage1 has run none of it',
      isLifted: true,
      reason: 'The firewall is in production only, as agreed with the client.',
    },
  ],
  exempt: [{ call: 'module.vpc', source: 'terraform-aws-modules/vpc/aws' }],
  notes: [],
};

/** What was made before in the environment before: not what destroys, and one change only by an apply that failed. */
const PARTLY_REHEARSED: Planned['rehearsal'] = {
  environment: 'stage1',
  rehearsed: 4,
  of: 6,
  partly: 1,
  appliesKnown: true,
  unrehearsed: [
    {
      address: 'module.web.aws_s3_bucket.assets',
      action: 'delete',
      why: 'stage1 has not deleted it since it first applied release 5, only updated it',
    },
    {
      address: 'module.web.aws_s3_bucket_public_access_block.assets',
      action: 'delete',
      why: 'stage1 has not deleted it since it first applied release 5',
    },
  ],
  moreUnrehearsed: 0,
  noted: [
    {
      address: 'module.web.aws_ecs_service.app',
      action: 'update',
      note: 'partly: the apply failed, so nobody knows whether this change was made',
    },
  ],
  moreNoted: 0,
};

/** Returns the analysis with the module of its application from a branch that names content of these digits. */
function fromMovedBranch(analysis: Analysis, digits: string): Analysis {
  const identity = digits.repeat(64 / digits.length);
  const modules = analysis.modules.map((module) => ({
    ...module,
    source: 'git::https://git.example/modules.git//web?ref=main',
    version: 'main',
    identity,
  }));
  return { ...analysis, modules };
}

async function opened(environment: Name, plan: string, given: Parameters<typeof TestPage.create>[1] = {}) {
  const analysis = recordedAnalysis(plan, environment === 'prod1' ? 'production' : 'staging');
  const page = await TestPage.create(environment, { analysis, requestedBy: PIPELINE, ...given });
  await page.world.store.transact(async (transaction) => {
    const release = await transaction.get('release', { application: 'my-app', number: 1 });
    if (release) transaction.put('release', { ...release, message: MESSAGE, author: 'dev@example.com' });
  });
  return page;
}

const inStaging = (given?: Parameters<typeof TestPage.create>[1]) => opened('stage1', '03-resize-database', given);
const TWO_APPROVERS = { planned: { gates: [{ gate: 'staff' as const, required: 2 }] } };

/** Makes a page whose plan was approved, went stale and was replaced by a plan that does something else. */
async function plannedAgain(): Promise<TestPage> {
  const page = await inStaging({
    analysis: fromMovedBranch(recordedAnalysis('03-resize-database', 'staging'), '3f2a'),
  });
  await page.submit({ decision: 'approve', comment: 'The maintenance window is agreed.' });
  await page.planAgain(fromMovedBranch(recordedAnalysis('04-replace-database', 'staging'), '91c4'));
  return page;
}

/** Every state of a link, each made by the events that lead to it. */
export const PAGE_STATES: Readonly<Record<string, () => Promise<OpenedState>>> = {
  async open() {
    const analysis = {
      ...recordedAnalysis('06-remove-bucket-and-tighten', 'production'),
      addedFiles: { count: 1, paths: ['build/app.zip'] },
      providerChanges: [{ address: 'registry.terraform.io/hashicorp/aws', version: '6.1.0', before: '6.0.0' }],
      proof: PARTLY_PROVEN,
    };
    const planned = { rehearsal: PARTLY_REHEARSED };
    const page = await opened('prod1', '06-remove-bucket-and-tighten', { analysis, planned });
    const module = { call: 'module.web', source: 'git::https://git.example/web' };
    await page.consistsOf('stage1', {
      modules: [{ ...module, version: '2.1.0', arguments: ['image', 'log_days'] }],
      variables: ['replicas'],
      rootResources: ['aws_sns_topic.alarms'],
    });
    await page.consistsOf('prod1', {
      modules: [{ ...module, version: '2.0.3', arguments: ['image', 'redundant'] }],
      variables: ['audit_log'],
      rootResources: ['aws_sns_topic.alarms', 'aws_sqs_queue.audit', 'data.aws_region.here'],
    });
    return { page, token: await page.token() };
  },
  async 'open for the one who asked'() {
    const page = await opened('prod1', '07-open-security-group', { requestedBy: JANE });
    return { page, token: await page.token() };
  },
  async 'open without details'() {
    const page = await inStaging({ planned: { analysis: { key: 'analysis/gone.json', versionId: '1' } } });
    return { page, token: await page.token() };
  },
  async waiting() {
    const page = await inStaging(TWO_APPROVERS);
    await page.submit({ decision: 'approve', comment: 'The maintenance window is agreed.' });
    return { page, token: await page.token() };
  },
  async approved() {
    const page = await opened('prod1', '04-replace-database');
    await page.submit({ decision: 'approve', environment: 'prod1', comment: 'Agreed with the client on Monday.' });
    return { page, token: await page.token() };
  },
  async 'approved by others'() {
    const page = await inStaging();
    await page.submit({ decision: 'approve' }, await page.token(SECOND));
    return { page, token: await page.token() };
  },
  async rejected() {
    const page = await opened('stage1', '01-create-web-app');
    await page.submit({ decision: 'reject', comment: 'Not before the holidays, please.' });
    return { page, token: await page.token() };
  },
  async expired() {
    const page = await inStaging();
    page.world.surroundings.advance(7 * DAY);
    return { page, token: await page.token() };
  },
  async canceled() {
    const page = await inStaging();
    await page.world.post(`/applications/my-app/environments/stage1/deployments/${page.id}/cancel`, undefined, JANE);
    return { page, token: await page.token() };
  },
  async superseded() {
    const page = await inStaging();
    await page.world.end(await page.world.release(2));
    await page.world.deploy('stage1', 2);
    return { page, token: await page.token() };
  },
  async void() {
    const page = await inStaging();
    await page.world.end(page.id, 'failed');
    return { page, token: await page.token() };
  },
  async changed() {
    const page = await plannedAgain();
    return { page, token: await page.token() };
  },
  async 'open again after another plan was made'() {
    const page = await plannedAgain();
    return { page, token: await page.token(undefined, { round: 2, digest: OTHER_DIGEST }) };
  },
  async replaced() {
    const page = await inStaging();
    const token = await page.token();
    const services = { ...page.world.services, publicUrl: 'https://api.example.com' };
    await renewLink(services, { deploymentId: page.id, gate: 'staff', email: STAFF }, { principal: JANE });
    return { page, token };
  },
  async removed() {
    const page = await inStaging();
    const token = await page.token();
    await page.world.delete(`/applications/my-app/approvers/${STAFF}`);
    return { page, token };
  },
  async unknown() {
    return { page: await inStaging(), token: 'eyJmb3JnZWQiOnRydWV9.AAAA' };
  },
};
