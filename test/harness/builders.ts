import type { EndingError } from '../../lambdas/domain/endings.ts';
import type { ConfigPushed } from '../../lambdas/domain/events.ts';
import { type Application, ApplicationSchema } from '../../lambdas/domain/model/application.ts';
import { type Approver, ApproverSchema } from '../../lambdas/domain/model/approver.ts';
import {
  type Deployment,
  type DeploymentIn,
  DeploymentSchema,
  type Planned,
  type Status,
} from '../../lambdas/domain/model/deployment.ts';
import { type EnvironmentDns, EnvironmentDnsSchema } from '../../lambdas/domain/model/dns/dns.ts';
import type { DnsSettings } from '../../lambdas/domain/model/dns/dns-settings.ts';
import { type RegularEnvironment, RegularEnvironmentSchema } from '../../lambdas/domain/model/environment.ts';
import { type EnvironmentState, emptyState, type Outcome } from '../../lambdas/domain/model/environment-state.ts';
import type { Decision, Gate } from '../../lambdas/domain/model/gate.ts';
import type { Release } from '../../lambdas/domain/model/release.ts';
import type { AnalysisHeadline } from '../../lambdas/domain/plan/analysis.ts';

/** Builders of valid domain objects. A test names only the facts that it is about. */

export const NOW = '2026-11-23T10:00:00.000Z';
export const COMMIT = 'c0ffee0000000000000000000000000000000001';
export const DIGEST = 'd'.repeat(64);
export const OTHER_DIGEST = 'e'.repeat(64);

/** Returns forty hexadecimal digits, different for each number. */
export const commitOf = (number: number): string => number.toString(16).padStart(40, '0');

export const anApplication = (facts: Partial<Application> = {}): Application =>
  ApplicationSchema.parse({
    name: 'my-app',
    client: 'acme',
    configRepository: { url: 'https://git.example/acme/config.git', branch: 'main', provider: 'github-enterprise' },
    createdAt: NOW,
    updatedAt: NOW,
    ...facts,
  });

export const anEnvironment = (facts: Partial<RegularEnvironment> = {}): RegularEnvironment =>
  RegularEnvironmentSchema.parse({
    application: 'my-app',
    name: 'dev1',
    stage: 'development',
    accountId: '111111111111',
    region: 'eu-west-1',
    type: 'regular',
    externalId: 'a'.repeat(32),
    createdAt: NOW,
    updatedAt: NOW,
    ...facts,
  });

export const anApprover = (facts: Partial<Approver> = {}): Approver =>
  ApproverSchema.parse({
    application: 'my-app',
    email: 'alice@staff.example',
    gates: ['staff'],
    principals: [],
    subscription: 'confirmed',
    unsubscribeProtected: false,
    createdAt: NOW,
    ...facts,
  });

export const aRelease = (facts: Partial<Release> = {}): Release => ({
  application: 'my-app',
  number: 1,
  commit: COMMIT,
  message: 'change the service',
  author: 'dev@example.com',
  source: 'push',
  createdAt: NOW,
  ...facts,
});

export const aPush = (facts: Partial<ConfigPushed> = {}): ConfigPushed => ({
  eventId: 'delivery-1',
  repository: 'https://git.example/acme/config.git',
  branch: 'main',
  before: commitOf(0),
  after: commitOf(1),
  forced: false,
  changedPaths: ['apps/my-app/dev1/main.tf'],
  message: 'change the service',
  author: 'dev@example.com',
  ...facts,
});

/** Makes the headline of a plan that adds one resource. */
export const aHeadline = (facts: Partial<AnalysisHeadline> = {}): AnalysisHeadline => ({
  summary: {
    add: 1,
    change: 0,
    destroy: 0,
    replace: 0,
    replaceOrder: { deleteFirst: 0, createFirst: 0 },
    import: 0,
    move: 0,
    forget: 0,
    read: 0,
    outputs: 0,
    invoke: 0,
    driftedResources: 0,
    failedChecks: 0,
  },
  hasChanges: true,
  complete: true,
  errored: false,
  changeDigest: 'c'.repeat(64),
  cost: {
    currency: 'USD',
    monthlyBefore: 0,
    monthlyAfter: 11.68,
    monthlyDelta: 11.68,
    coverage: 100,
    range: { before: { low: 0, high: 0 }, after: { low: 11.68, high: 11.68 }, delta: { low: 11.68, high: 11.68 } },
    unpriced: [],
    unpricedCount: 0,
    sheetDate: '2026-01-01',
  },
  blastRadius: {
    level: 'low',
    score: 1,
    touchedShare: 0.5,
    statefulLosses: [],
    exposures: [],
    reasons: ['1 resource is new'],
    directCount: 1,
    dependentCount: 0,
  },
  safeguards: { verdict: 'allow', violations: [], liftsUsed: [], requiresBothGates: false },
  modules: [],
  variables: [],
  failedChecks: [],
  shortened: false,
  ...facts,
});

export const aPlanned = (facts: Partial<Planned> = {}): Planned => ({
  digest: DIGEST,
  changeDigest: 'c'.repeat(64),
  bundle: { key: 'runs/x/plan/bundle.tar.gz', versionId: 'v1' },
  analysis: { key: 'analysis/x/1/analysis.json', versionId: 'v1' },
  state: null,
  stateAddress: { bucket: 'acme-state', key: 'apps/my-app/dev1/terraform.tfstate', region: 'eu-west-1' },
  plannedAt: NOW,
  round: 1,
  isInspected: false,
  hasChanges: true,
  headline: aHeadline(),
  gates: [],
  isProtected: false,
  lifts: [],
  ...facts,
});

const ERROR: EndingError = { reason: 'for-the-test', message: 'made by a builder' };
const STATUS_FACTS: Readonly<Record<Status, () => object>> = {
  queued: () => ({}),
  planning: () => ({ heldSince: NOW }),
  awaiting_approval: () => ({ heldSince: NOW, planned: aPlanned() }),
  applying: () => ({ heldSince: NOW, planned: aPlanned(), consumedAt: NOW }),
  succeeded: () => ({ endedAt: NOW, planned: aPlanned() }),
  rejected: () => ({ endedAt: NOW, error: ERROR }),
  expired: () => ({ endedAt: NOW, error: ERROR }),
  canceled: () => ({ endedAt: NOW, error: ERROR }),
  superseded: () => ({ endedAt: NOW, error: ERROR }),
  blocked: () => ({ endedAt: NOW, error: ERROR }),
  failed: () => ({ endedAt: NOW, error: ERROR, applied: 'no' }),
};

export const aDeployment = <S extends Status>(
  status: S,
  facts: Partial<DeploymentIn<S>> = {},
): Deployment & { status: S } =>
  DeploymentSchema.parse({
    id: 'my-app-dev1-1-abc123',
    application: 'my-app',
    environment: 'dev1',
    number: 1,
    release: 1,
    commit: COMMIT,
    operation: 'deploy',
    automatic: false,
    requestedBy: { principal: 'tester@local' },
    createdAt: NOW,
    runSecret: 'b'.repeat(32),
    round: 1,
    ...STATUS_FACTS[status](),
    status,
    ...facts,
  }) as Deployment & { status: S };

export const aDecision = (facts: Partial<Decision> = {}): Decision => ({
  decision: 'approve',
  by: 'alice@staff.example',
  via: 'link',
  at: NOW,
  digest: DIGEST,
  ...facts,
});

export const aGate = (facts: Partial<Gate> = {}): Gate => ({
  deploymentId: 'my-app-dev1-1-abc123',
  application: 'my-app',
  environment: 'dev1',
  gate: 'staff',
  status: 'open',
  required: 1,
  round: 1,
  digest: DIGEST,
  changeDigest: 'c'.repeat(64),
  decisions: [],
  carried: [],
  voided: [],
  openedAt: NOW,
  expiresAt: '2026-11-30T10:00:00.000Z',
  ...facts,
});

export const anEnvironmentState = (facts: Partial<EnvironmentState> = {}): EnvironmentState => ({
  ...emptyState('my-app', 'dev1'),
  ...facts,
});

export const anOutcome = (facts: Partial<Outcome> = {}): Outcome => ({
  application: 'my-app',
  environment: 'dev1',
  release: 1,
  succeeded: true,
  deploymentId: 'my-app-dev1-1-abc123',
  success: 1,
  at: NOW,
  ...facts,
});

/** Settings of a hostname that points to a load balancer. */
export const DNS_SETTINGS: DnsSettings = {
  record: { kind: 'alias', nameOutput: 'lb_name', zoneIdOutput: 'lb_zone_id' },
};

export const HOSTNAME = 'my-app-dev1-eu-west-1.development.acme.example';

/** Makes the DNS of dev1, published with an issued certificate. */
export const anEnvironmentDns = (facts: Partial<EnvironmentDns> = {}): EnvironmentDns => {
  const record = {
    name: HOSTNAME,
    type: 'A',
    alias: { zoneId: 'Z32O12XQLNTSW2', name: 'lb.example', evaluateTargetHealth: false },
  };
  return EnvironmentDnsSchema.parse({
    application: 'my-app',
    environment: 'dev1',
    hostname: HOSTNAME,
    zone: { id: 'Z1', name: 'acme.example' },
    certificate: {
      arn: 'arn:aws:acm:eu-west-1:111111111111:certificate/1',
      names: [HOSTNAME],
      status: 'issued',
      requestedFor: 'my-app-dev1-1-abc123',
      requestedAt: NOW,
      checkedAt: NOW,
      expiresAt: '2027-12-23T23:59:59.000Z',
      announced: { expiresAt: '2027-12-23T23:59:59.000Z' },
    },
    replaced: [],
    written: [record],
    change: null,
    waiting: null,
    published: { record, deploymentId: 'my-app-dev1-1-abc123', at: NOW },
    ...facts,
  });
};
