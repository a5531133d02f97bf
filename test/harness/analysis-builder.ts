import { type Analysis, AnalysisSchema } from '../../lambdas/domain/plan/analysis.ts';

/** An analysis as the workflow stores it: a database is replaced, a service changes, two things are new. */
export const anAnalysis = (given: Partial<Analysis> = {}): Analysis =>
  AnalysisSchema.parse({
    version: 1,
    engineVersion: '1.11.4',
    stage: 'staging',
    summary: {
      ...{ add: 2, change: 1, destroy: 1, replace: 1, import: 0, move: 0, forget: 0, read: 0, outputs: 1 },
      ...{ replaceOrder: { deleteFirst: 1, createFirst: 0 }, invoke: 0, driftedResources: 1, failedChecks: 1 },
    },
    hasChanges: true,
    complete: true,
    errored: false,
    resources: [
      {
        ...{ address: 'aws_db_instance.main', type: 'aws_db_instance', actions: ['delete', 'create'], kind: 'replace' },
        ...{ reason: 'replace_because_cannot_update', stateful: true, moreAttributes: 3 },
        attributes: [
          { path: 'engine_version', before: '15.4', after: '16.1', forcesReplacement: true },
          { path: 'password', before: '(sensitive)', after: '(sensitive)', sensitive: true },
          { path: 'endpoint', before: 'db.internal:5432', unknown: true },
        ],
      },
      {
        ...{ address: 'module.web.aws_ecs_service.app', type: 'aws_ecs_service', actions: ['update'], kind: 'update' },
        ...{ reason: null, stateful: false, moreAttributes: 0 },
        attributes: [
          { path: 'desired_count', before: 2, after: 4 },
          { path: 'tags', before: { team: 'web' }, after: { team: 'web', owner: 'jane' } },
        ],
      },
      {
        ...{ address: 'aws_sqs_queue.jobs["a b"]', type: 'aws_sqs_queue', actions: ['create'], kind: 'create' },
        ...{ reason: null, stateful: false, moreAttributes: 0 },
        attributes: [{ path: 'name', after: 'jobs' }],
      },
      {
        ...{ address: 'aws_s3_bucket.new', type: 'aws_s3_bucket', actions: ['no-op'], kind: 'no-op', reason: null },
        ...{ stateful: true, attributes: [], moreAttributes: 0, previousAddress: 'aws_s3_bucket.old' },
      },
    ],
    outputs: [
      { name: 'queue_url', actions: ['create'], after: 'https://sqs.example/jobs', sensitive: false, unknown: false },
    ],
    drift: [{ address: 'aws_security_group.web', what: 'changed', attributes: ['ingress'] }],
    checks: [{ address: 'check.health', status: 'fail', problems: ['the endpoint answers 503'] }],
    invocations: [],
    deferred: [],
    blastRadius: {
      level: 'high',
      score: 62,
      direct: ['aws_db_instance.main', 'module.web.aws_ecs_service.app', 'aws_sqs_queue.jobs["a b"]'],
      dependents: ['aws_ssm_parameter.db'],
      outputs: ['queue_url'],
      recordsOnly: ['aws_s3_bucket.new'],
      touchedShare: 0.4,
      existing: 5,
      statefulLosses: ['aws_db_instance.main: the database and everything in it'],
      exposures: [{ address: 'aws_security_group.web', why: 'opens port 22 to everybody', severity: 'high' }],
      unjudged: [],
      reasons: ['aws_db_instance.main is replaced: its data is lost'],
      causes: [{ rule: 'stateful-loss', level: 'high', text: 'aws_db_instance.main is replaced: its data is lost' }],
      lowerBound: [],
    },
    graph: {
      nodes: [
        ...[{ id: 'a', label: 'aws_db_instance.main', detail: '', action: 'replace', count: 1, isLoss: true }],
        ...[{ id: 'b', label: 'aws_ecs_service.app', detail: 'module.web', action: 'update', count: 1, isLoss: false }],
        ...[{ id: 'c', label: 'aws_ssm_parameter.db', detail: '', action: 'depends', count: 1, isLoss: false }],
      ],
      edges: [
        { from: 'a', to: 'b' },
        { from: 'a', to: 'c' },
      ],
    },
    cost: {
      ...{ currency: 'USD', region: 'eu-west-1', monthlyBefore: 10, monthlyAfter: 22.5, monthlyDelta: 12.5 },
      range: { before: { low: 8, high: 20 }, after: { low: 18, high: 40 }, delta: { low: 10, high: 20 } },
      ...{ coverage: 80, unpriced: ['aws_sqs_queue.jobs["a b"]'], sheet: 'bundled', sheetDate: '2026-10-01' },
      gaps: [{ why: 'no price for this kind', types: ['aws_sqs_queue'], count: 1 }],
      resources: [{ address: 'aws_db_instance.main', type: 'aws_db_instance', before: 10, after: 22.5, delta: 12.5 }],
      assumptions: [],
    },
    safeguards: { verdict: 'allow', violations: [], liftsUsed: [], requiresBothGates: false },
    modules: [{ call: 'module.web', source: '../modules/web', version: '1.2.0', arguments: ['name'] }],
    variables: ['name'],
    changeDigest: 'c4'.repeat(32),
    notices: [],
    ...given,
  });
