import { appendTo } from '../../lambdas/domain/model/audit.ts';
import type { Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import {
  aDecision,
  aDeployment,
  aGate,
  aHeadline,
  anApplication,
  anApprover,
  anEnvironment,
  anEnvironmentDns,
  anEnvironmentState,
  anOutcome,
  aPlanned,
  aRelease,
  COMMIT,
  DIGEST,
  NOW,
} from '../harness/builders.ts';

const ID = 'my-app-dev1-1-abc123';
const WHERE = { application: 'my-app', environment: 'dev1' };
const BY = { principal: 'arn:aws:sts::111111111111:assumed-role/Staff/alice', approver: 'alice@staff.example' };

/** One record of every kind, with its optional parts filled in. */
export const RECORD_SAMPLES: { readonly [K in Kind]: RecordOf<K> } = {
  application: anApplication({
    policy: { staging: { staff: 2 }, production: { gateExpirySeconds: 3600 } },
    serviceDiscoveryDomain: 'acme.example',
  }),
  environment: anEnvironment({
    roles: { plan: 'arn:aws:iam::111111111111:role/plan' },
    stateBucket: 'acme-state',
    dns: {
      zone: { id: 'Z1', roleArn: 'arn:aws:iam::999999999999:role/zones' },
      record: { kind: 'cname', nameOutput: 'host', ttl: 60 },
    },
  }),
  approver: anApprover({ principals: ['arn:aws:sts::111111111111:assumed-role/Staff/*'], subscriptionArn: 'arn:x' }),
  buildTicket: {
    ...{
      deploymentId: ID,
      purpose: 'plan',
      round: 1,
      hashes: ['a'.repeat(64)],
      role: 'stagegate-plan-build',
      issuedAt: NOW,
    },
    session: { userId: 'AROAEXAMPLE:AWSCodeBuild-1', since: NOW },
  },
  credentialsRefusal: { deploymentId: ID, mark: 'a'.repeat(64), at: NOW },
  releaseLog: { application: 'my-app', newest: 7, head: COMMIT, headPushedAt: NOW },
  release: aRelease({
    ...{ message: 'größer — 日本語 🚀\nsecond line', author: '', source: 'api' },
    stated: { message: '', author: 'Jane' },
  }),
  passage: { application: 'my-app', commit: COMMIT, reached: 2, left: 1 },
  pushMark: { application: 'my-app', mark: 'delivery#1', release: 7, at: NOW },
  environmentState: anEnvironmentState({
    newestDeployment: 9,
    holder: { deploymentId: ID, release: 1, operation: 'deploy', since: NOW },
    queue: [{ deploymentId: 'my-app-dev1-2-abc124', release: 2, operation: 'rollback' }],
    newestStarted: 2,
    provenAfter: 1,
    resources: { count: 3, deploymentId: ID, at: NOW },
    appliedCommit: COMMIT,
    hold: { reason: 'rolled back', by: BY, at: NOW },
    deployed: {
      release: 1,
      commit: COMMIT,
      deploymentId: ID,
      at: NOW,
      modules: [{ call: 'module.web', source: 'git::https://git.example/modules', version: 'v1.0.0' }],
    },
  }),
  outcome: anOutcome(),
  outputs: {
    ...WHERE,
    deploymentId: ID,
    at: NOW,
    values: {
      url: { value: 'https://my-app.example', sensitive: false },
      password: { value: null, sensitive: true },
      zones: { value: ['a', { b: [1, 2.5, -0.25, true, null, ''] }], sensitive: false },
    },
    dropped: ['everything'],
  },
  protectionLifts: {
    ...WHERE,
    address: 'module.db.aws_db_instance.main["a"]',
    lifts: [{ reason: 'moved to another instance', by: BY, at: NOW, usedBy: { deploymentId: ID, at: NOW } }],
  },
  stateAddress: {
    ...WHERE,
    address: 'acme-state/apps/my-app/dev1/terraform.tfstate',
    former: ['acme-state/old.tfstate'],
  },
  externalId: { ...WHERE, externalId: 'a'.repeat(32) },
  ephemeralRegister: { live: [{ application: 'my-app', environment: 'pr-7' }] },
  branchHead: {
    repository: 'https://git.example/acme/config.git',
    branch: 'feature/larger-database',
    head: COMMIT,
    past: ['f'.repeat(40)],
  },
  deployment: aDeployment('awaiting_approval', {
    requestedBy: BY,
    planned: aPlanned({
      gates: [{ gate: 'staff', required: 2 }],
      state: { serial: 3, lineage: 'l' },
      headline: aHeadline({ failedChecks: ['ä'] }),
      lifts: ['aws_db_instance.main'],
    }),
    cancelRequestedBy: BY,
    blocking: {
      reason: 'r',
      message: 'm',
      diagnostics: [{ severity: 'error', summary: 's', file: 'main.tf', line: 3 }],
    },
  }),
  configuration: {
    deploymentId: ID,
    modules: [
      { call: 'module.web', source: 'git::https://git.example/modules', version: 'v1.0.0', arguments: ['size'] },
      { call: 'module.log', source: './log', version: COMMIT },
    ],
    variables: ['size'],
  },
  gate: aGate({
    status: 'approved',
    closedAt: NOW,
    decisions: [aDecision(), aDecision({ decision: 'reject', by: 'bob@staff.example', via: 'api', comment: 'no' })],
  }),
  taskToken: { deploymentId: ID, gate: 'staff', token: 'AAAA'.repeat(200), storedAt: NOW },
  linkState: {
    ...{ deploymentId: ID, gate: 'client', round: 2, email: 'carol@client.example', sequence: 3, isSent: false },
    reminders: [{ kind: 'first', at: NOW }],
  },
  refusalMark: { deploymentId: ID, mark: DIGEST, at: NOW },
  deploymentEvent: {
    deploymentId: ID,
    at: NOW,
    nonce: 'deadbeef',
    type: 'approved',
    by: 'x',
    details: { gate: 'staff' },
  },
  environmentEvent: { ...WHERE, at: NOW, nonce: 'deadbeef', type: 'held', by: 'x', reason: 'storm' },
  environmentDns: anEnvironmentDns({
    zone: { id: 'Z1', name: 'acme.example', roleArn: 'arn:aws:iam::999999999999:role/zones' },
    replaced: ['arn:aws:acm:eu-west-1:111111111111:certificate/0'],
    change: 'C1',
    waiting: { deploymentId: ID, for: 'certificate', since: NOW },
  }),
  hostnameClaim: { ...WHERE, hostname: 'my-app-dev1-eu-west-1.development.acme.example', at: NOW },
  stateClaim: { ...WHERE, address: 'acme-state/apps/my-app/dev1/terraform.tfstate', at: NOW },
  consumedPlan: { digest: DIGEST, deploymentId: ID, at: NOW },
  webhookDelivery: { mark: `body#${DIGEST}`, state: 'published', at: NOW },
  auditEntry: appendTo(
    { application: 'my-app', sequence: 41, hash: DIGEST },
    {
      ...{ ...WHERE, type: 'refused', by: 'alice@staff.example', via: 'api', principal: BY.principal },
      ...{ deploymentId: ID, gate: 'staff', digest: DIGEST, comment: 'größer — 日本語 🚀\nsecond line' },
      details: { refusal: 'own-request', decision: 'approve', numbers: [1, 2.5, null, { a: true }] },
    },
    NOW,
  ),
  auditHead: { application: 'my-app', sequence: 41, hash: DIGEST },
  promotion: { sourceDeploymentId: ID, deploymentId: 'my-app-stage1-1-abc123', refusal: 'r', at: NOW },
};
