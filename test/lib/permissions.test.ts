import { describe, expect, test } from '@jest/globals';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { inspectRole } from '../../lambdas/domain/contract/build-source.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import { type Kind, RECORDS } from '../../lambdas/domain/model/table/records.ts';
import { keyOf } from '../../lambdas/domain/transaction/unit-of-work.ts';
import { FUNCTIONS, type FunctionName, STATE_READERS } from '../../lambdas/functions.ts';
import { RECORD_SAMPLES } from '../contracts/record-samples.ts';
import { asList, flat, ofType, only, type Resource, type Statement, stagegate } from '../harness/synthesized.ts';

/** With every function. */
const template = stagegate({ headHosts: 'git.example' });

/** Returns `action resource` for everything the statements allow, without hashes and the parts that all ARNs share. */
function pairs(statements: readonly Statement[], effect = 'Allow'): string[] {
  return statements
    .filter(({ Effect }) => Effect === effect)
    .flatMap(({ Action, Resource }) =>
      asList(Action).flatMap((action) => asList(Resource).map((resource) => `${action} ${readable(flat(resource))}`)),
    )
    .sort();
}

const readable = (arn: string): string =>
  arn
    .replaceAll(/<([A-Za-z0-9]+?)[0-9A-F]{8}(?:\.Arn)?>/g, '<$1>')
    .replace(/^arn:<AWS::Partition>:[a-z0-9-]+:<AWS::Region>:<AWS::AccountId>:/, '')
    .replace(/[0-9a-f]{64}/, '<hash>');

function roleNamed(test: (id: string, role: Resource) => boolean): Resource {
  const found = ofType(template, 'AWS::IAM::Role').filter(([id, role]) => test(id, role));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} roles found, not one`);
  return found[0][1];
}

const statementsOf = (role: Resource): Statement[] =>
  (role.Properties.Policies ?? []).flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
  );

function functionRole(name: FunctionName): Resource {
  const lambda = ofType(template, 'AWS::Lambda::Function').find(
    ([, { Properties }]) => Properties.FunctionName === `stagegate-${name}`,
  );
  const [roleId] = lambda?.[1].Properties.Role['Fn::GetAtt'] ?? [];
  return roleNamed((id) => id === roleId);
}

const on = (resource: string, ...actions: string[]): string[] => actions.map((action) => `${action} ${resource}`);

const KEY = '<EncryptionDataKey>';
const decrypt = on(KEY, 'kms:Decrypt', 'kms:DescribeKey');
const newDataKey = on(KEY, 'kms:GenerateDataKey');
const getRecords = [...decrypt, ...on('<DataStoreTable>', 'dynamodb:BatchGetItem', 'dynamodb:GetItem')];
const listRecords = [
  ...getRecords,
  ...on('<DataStoreTable>', 'dynamodb:Query'),
  ...on('<DataStoreTable>/index/gsi1', 'dynamodb:Query'),
];
const writeRecords = [...getRecords, ...on('<DataStoreTable>', 'dynamodb:ConditionCheckItem', 'dynamodb:PutItem')];
const deleteRecords = on('<DataStoreTable>', 'dynamodb:DeleteItem');
const readObjects = (pattern: string) => [...decrypt, ...on(`<DataStoreArtifacts>/${pattern}`, 's3:GetObject')];
const readVersions = (pattern: string) => [
  ...readObjects(pattern),
  ...on(`<DataStoreArtifacts>/${pattern}`, 's3:GetObjectVersion'),
];
const keepTrees = [
  ...readVersions('runs/*/plan/tree.tar.gz'),
  ...newDataKey,
  ...on('<DataStoreArtifacts>/kept/*', 's3:DeleteObjectVersion', 's3:GetObject', 's3:PutObject'),
];
const MACHINE = 'stateMachine:stagegate-deployment';
const start = on(MACHINE, 'states:StartExecution');
const resume = on(MACHINE, 'states:SendTaskSuccess');
const inspect = on('execution:stagegate-deployment:*', 'states:DescribeExecution', 'states:GetExecutionHistory');
const publish = on('<EventsBus>', 'events:PutEvents');
const watchApplies = [
  ...on('<TerraformRunnerApply>', 'codebuild:BatchGetBuilds'),
  ...on('<TerraformRunnerApplykept>', 'codebuild:BatchGetBuilds'),
];
const watchBuilds = [
  ...watchApplies,
  ...on('<TerraformRunnerPlan>', 'codebuild:BatchGetBuilds'),
  ...on('<TerraformRunnerPlankept>', 'codebuild:BatchGetBuilds'),
  ...on('<TerraformRunnerInspect>', 'codebuild:BatchGetBuilds'),
];
const linkSecrets = on('<EncryptionLinkKey>', 'kms:GenerateMac');
const mailing = [...newDataKey, ...on('<NotificationsApprovals>', 'sns:ListSubscriptionsByTopic', 'sns:Publish')];
const deploying = [...listRecords, ...writeRecords, ...start, ...resume, ...publish];
const deciding = [...listRecords, ...writeRecords, ...resume];
const deadLetters = (name: string) => on(`<Functions${name}DeadLetters>`, 'sqs:SendMessage');

const stateRoles = on('arn:<AWS::Partition>:iam::*:role/stagegate-*-*-state', 'sts:AssumeRole');
const dnsRoles = on('arn:<AWS::Partition>:iam::*:role/stagegate-*-*-dns', 'sts:AssumeRole');

/** Everything that each function may do in addition to writing its own log and traces. */
const EXPECTED: Record<FunctionName, readonly string[]> = {
  read: [...listRecords, ...readVersions('analysis/*')],
  configure: [...listRecords, ...writeRecords, ...deleteRecords],
  approvers: [
    ...[...listRecords, ...writeRecords, ...deleteRecords],
    ...on('<NotificationsApprovals>', 'sns:ConfirmSubscription', 'sns:Subscribe'),
    ...on('*', 'sns:GetSubscriptionAttributes', 'sns:Unsubscribe'),
    ...mailing,
    ...linkSecrets,
  ],
  deploy: [...deploying, ...deleteRecords, ...inspect, ...watchBuilds],
  ephemeral: [
    ...deploying,
    ...deleteRecords,
    ...on('schedule/stagegate/*', 'scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:UpdateSchedule'),
    ...on('<WakeUpsRole>', 'iam:PassRole'),
  ],
  decide: deciding,
  webhook: [
    ...writeRecords,
    ...on('<DataStoreTable>/index/gsi1', 'dynamodb:Query'),
    ...publish,
    ...on('<EncryptionWebhookKey>', 'kms:GenerateMac'),
  ],
  open: [],
  'approval-page': [...deciding, ...readVersions('analysis/*'), ...linkSecrets],
  credentials: [
    ...writeRecords,
    ...on('arn:<AWS::Partition>:iam::*:role/stagegate-*-*-plan', 'sts:AssumeRole'),
    ...on('arn:<AWS::Partition>:iam::*:role/stagegate-*-*-apply', 'sts:AssumeRole'),
    ...watchBuilds,
  ],
  'prepare-plan': writeRecords,
  'acquire-environment': getRecords,
  'analyze-plan': [
    ...[...listRecords, ...writeRecords, ...deleteRecords],
    ...readVersions('runs/*'),
    ...newDataKey,
    ...on('<DataStoreArtifacts>/prices/prices.csv', 's3:GetObject'),
    ...on('<DataStoreArtifacts>/analysis/*', 's3:PutObject'),
    ...stateRoles,
  ],
  'request-approval': [...[...listRecords, ...writeRecords], ...[...mailing, ...linkSecrets, ...publish]],
  'await-approval': [...writeRecords, ...resume],
  'settle-gate': writeRecords,
  'ensure-certificate': [...writeRecords, ...dnsRoles],
  'publish-dns': [...writeRecords, ...deleteRecords, ...dnsRoles],
  'check-certificates': [...listRecords, ...writeRecords, ...dnsRoles, ...publish, ...deadLetters('checkcertificates')],
  'check-records': [...listRecords, ...writeRecords, ...deadLetters('checkrecords')],
  'check-plan': [...writeRecords, ...stateRoles],
  'consume-plan': writeRecords,
  'inspect-failed-apply': [...writeRecords, ...deleteRecords, ...readObjects('runs/*'), ...watchApplies],
  'record-outputs': [...writeRecords, ...readObjects('runs/*')],
  'record-ending': [...writeRecords, ...deleteRecords, ...readObjects('runs/*'), ...stateRoles],
  announce: [...getRecords, ...publish],
  'keep-tree': [...writeRecords, ...deleteRecords, ...keepTrees],
  'release-environment': [...writeRecords, ...start, ...publish],
  'register-push': [...deploying, ...deadLetters('registerpush')],
  promote: [...writeRecords, ...deleteRecords, ...start, ...resume, ...publish, ...deadLetters('promote')],
  'look-at-heads': [
    ...getRecords,
    ...on('<DataStoreTable>/index/gsi1', 'dynamodb:Query'),
    ...publish,
    ...deadLetters('lookatheads'),
  ],
  'send-reminders': [...listRecords, ...writeRecords, ...mailing, ...linkSecrets, ...deadLetters('sendreminders')],
  'sweep-subscriptions': [
    ...listRecords,
    ...writeRecords,
    ...on('<NotificationsApprovals>', 'sns:ListSubscriptionsByTopic', 'sns:Subscribe'),
    ...deadLetters('sweepsubscriptions'),
  ],
  reconcile: [
    ...deploying,
    ...deleteRecords,
    ...readObjects('runs/*'),
    ...keepTrees,
    ...inspect,
    ...watchBuilds,
    ...deadLetters('reconcile'),
  ],
  'branch-gone': [...deploying, ...deleteRecords, ...deadLetters('branchgone')],
  sweep: [...deploying, ...deleteRecords, ...mailing, ...deadLetters('sweep')],
};

const ownLogs = (id: string) => on(`<${id}>`, 'logs:CreateLogStream', 'logs:PutLogEvents');
const traces = on('*', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments');
/** Jobs that run every few minutes. */
const UNTRACED = ['reconcile', 'send-reminders', 'sweep', 'sweep-subscriptions'];
const unique = (list: readonly string[]): string[] => [...new Set(list)].sort();

describe('functions', () => {
  test.each(Object.entries(EXPECTED))('%s may do exactly what it needs', (name, expected) => {
    const role = functionRole(name as FunctionName);
    const logs = ownLogs(`Functions${name.replaceAll('-', '')}Logs`);
    expect(pairs(statementsOf(role))).toEqual(
      unique([...expected, ...logs, ...(UNTRACED.includes(name) ? [] : traces)]),
    );
  });

  test('have no policies but their own', () => {
    for (const name of Object.keys(FUNCTIONS)) {
      const { Properties } = functionRole(name as FunctionName);
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.Policies).toHaveLength(1);
    }
    const attached = ofType(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) => Properties.Roles.map(flat));
    expect(attached.map(readable)).toEqual(['<DeploymentWorkflowMachineRole>']);
  });

  test('are alone in reading Terraform states, under names that the accounts of environments are told', () => {
    const reading = Object.keys(FUNCTIONS).filter((name) =>
      stateRoles.every((pair) => EXPECTED[name as FunctionName].includes(pair)),
    );
    expect(reading.sort()).toEqual([...STATE_READERS].sort());
    for (const name of STATE_READERS) expect(functionRole(name).Properties.RoleName).toBe(`stagegate-${name}`);
  });

  test.each([
    ['approval links', 'LinkKey', ['approvers', 'approval-page', 'request-approval', 'send-reminders']],
    ['the secrets of webhooks', 'WebhookKey', ['webhook']],
  ])('are alone in deriving %s', (_, key, expected) => {
    const deriving = Object.keys(FUNCTIONS).filter((name) =>
      pairs(statementsOf(functionRole(name as FunctionName))).includes(`kms:GenerateMac <Encryption${key}>`),
    );
    expect(deriving).toEqual(expected);
  });

  test('that look at heads read the heads alone, list the applications, and tell the bus of pushes only', () => {
    const allowed = statementsOf(functionRole('look-at-heads')).filter(({ Effect }) => Effect === 'Allow');
    const conditions = allowed.flatMap(({ Action, Condition }) =>
      asList(Action).some((action) => /^(dynamodb|events):/.test(action)) ? [Condition] : [],
    );
    expect(conditions).toEqual([
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['REPOSITORY#*'] } },
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['APPLICATIONS'] } },
      { StringEquals: { 'events:detail-type': ['ConfigPushed'] } },
    ]);
    expect(keyOf('branchHead', { repository: 'x', branch: 'main' }).pk).toMatch(/^REPOSITORY#/);
  });

  test('behind the webhook reach no record but its own and the list of applications, and tell the bus nothing but what it may mean', () => {
    const allowed = statementsOf(functionRole('webhook')).filter(({ Effect }) => Effect === 'Allow');
    const conditions = allowed.flatMap(({ Action, Condition }) =>
      asList(Action).some((action) => /^(dynamodb|events):/.test(action)) ? [Condition] : [],
    );
    expect(conditions).toEqual([
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['WEBHOOK#*'] } },
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['APPLICATIONS'] } },
      { StringEquals: { 'events:detail-type': ['ConfigPushed', 'BranchDeleted', 'PullRequestClosed'] } },
    ]);
    expect(keyOf('webhookDelivery', { mark: 'id#x' }).pk).toMatch(/^WEBHOOK#/);
    expect(LISTINGS.applications()).toMatchObject({ index: 'gsi1', partition: 'APPLICATIONS' });
  });

  test('do not push executions on or stop them, except by resuming', () => {
    const states = Object.keys(FUNCTIONS).flatMap((name) =>
      pairs(statementsOf(functionRole(name as FunctionName)))
        .map((pair) => pair.split(' ')[0])
        .filter((action) => action?.startsWith('states:')),
    );
    expect(unique(states.map(String))).toEqual([
      'states:DescribeExecution',
      'states:GetExecutionHistory',
      'states:SendTaskSuccess',
      'states:StartExecution',
    ]);
  });
});

describe('the audit', () => {
  /** Functions whose actions are recorded in the audit. */
  const APPENDING = [
    ...['configure', 'approvers', 'deploy', 'ephemeral', 'credentials', 'decide', 'approval-page'],
    ...[
      'analyze-plan',
      'request-approval',
      'settle-gate',
      'consume-plan',
      'inspect-failed-apply',
      'reconcile',
      'sweep-subscriptions',
      'branch-gone',
      'sweep',
    ],
  ];
  const writing = Object.entries(EXPECTED).filter(([, pairs]) =>
    pairs.some((pair) => pair.includes('dynamodb:PutItem')),
  );

  test.each(writing)('%s deletes and updates none of it, and adds to it only if it has to', (name) => {
    const role = functionRole(name as FunctionName);
    const denied = statementsOf(role).filter(({ Effect }) => Effect === 'Deny');
    expect(denied.map(({ Condition }) => Condition)).toEqual([
      { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'AUDIT#*' } },
    ]);
    const adding = APPENDING.includes(name) ? [] : ['dynamodb:PutItem'];
    expect(pairs(denied, 'Deny')).toEqual(
      on('<DataStoreTable>', ...['dynamodb:DeleteItem', ...adding, 'dynamodb:UpdateItem']),
    );
  });

  test('lies in the partitions that these conditions name', () => {
    for (const kind of ['auditEntry', 'auditHead'] as const)
      expect(RECORDS[kind].key({ application: 'my-app', sequence: 1 }).pk).toMatch(/^AUDIT#/);
    const others = Object.keys(RECORD_SAMPLES).filter((kind) => !kind.startsWith('audit')) as Kind[];
    for (const kind of others) expect(keyOf(kind, RECORD_SAMPLES[kind] as never).pk).not.toMatch(/^AUDIT#/);
  });
});

describe('builds', () => {
  const buildRole = (name: string) => roleNamed((_, { Properties }) => Properties.RoleName === name);
  const scripts = on(
    'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/<hash>.zip',
    's3:GetObject',
    's3:GetObjectVersion',
  );
  const sealing = on(KEY, 'kms:Decrypt', 'kms:GenerateDataKey');
  const askBroker = on('<RestApi>/$default/POST/builds/credentials', 'execute-api:Invoke');

  test('plan only puts its own results, looks at them and asks the broker, and assumes no role', () => {
    expect(pairs(statementsOf(buildRole('stagegate-plan-build')))).toEqual(
      unique([
        ...ownLogs('TerraformRunnerPlanLogs'),
        ...scripts,
        ...sealing,
        ...on('<DataStoreArtifacts>/runs/*/plan/*', 's3:GetObject', 's3:PutObject'),
        ...on('<DataStoreArtifacts>/providers/*', 's3:GetObject'),
        ...askBroker,
      ]),
    );
  });

  test('apply only gets a tree, a bundle by version and its own results, puts those and asks the broker, and assumes no role', () => {
    expect(pairs(statementsOf(buildRole('stagegate-apply-build')))).toEqual(
      unique([
        ...ownLogs('TerraformRunnerApplyLogs'),
        ...scripts,
        ...sealing,
        ...on('<DataStoreArtifacts>/runs/*/plan/bundle.tar.gz', 's3:GetObjectVersion'),
        ...on('<DataStoreArtifacts>/runs/*/plan/tree.tar.gz', 's3:GetObject'),
        ...on('<DataStoreArtifacts>/runs/*/apply/*', 's3:GetObject', 's3:PutObject'),
        ...on('<DataStoreArtifacts>/providers/*', 's3:GetObject'),
        ...askBroker,
      ]),
    );
  });

  test('plan of a kept tree also gets that tree by version, and no other build gets any', () => {
    const ofKept = ofType(template, 'AWS::IAM::Role').flatMap(([id, role]) =>
      pairs(statementsOf(role))
        .filter((pair) => pair.includes('/kept/'))
        .map((pair) => `${readable(`<${id}>`)} ${pair}`),
    );
    const key = '<DataStoreArtifacts>/kept/*';
    const keeping = ['s3:DeleteObjectVersion', 's3:GetObject', 's3:PutObject'];
    expect(ofKept.sort()).toEqual([
      ...keeping.map((action) => `<FunctionskeeptreeRole> ${action} ${key}`),
      ...keeping.map((action) => `<FunctionsreconcileRole> ${action} ${key}`),
      `<TerraformRunnerPlankeptRole> s3:GetObjectVersion ${key}`,
    ]);
  });

  test('inspect only gets tree and bundle, puts its own results and packages of providers, and asks nobody', () => {
    expect(pairs(statementsOf(buildRole(inspectRole('stagegate'))))).toEqual(
      unique([
        ...ownLogs('TerraformRunnerInspectLogs'),
        ...scripts,
        ...sealing,
        ...on('<DataStoreArtifacts>/runs/*/plan/tree.tar.gz', 's3:GetObject'),
        ...on('<DataStoreArtifacts>/runs/*/plan/bundle.tar.gz', 's3:GetObject'),
        ...on('<DataStoreArtifacts>/runs/*/inspect/*', 's3:GetObject', 's3:PutObject'),
        ...on('<DataStoreArtifacts>/providers/*', 's3:GetObject', 's3:PutObject'),
      ]),
    );
  });

  test('put artifacts each below its own directory of a run; no other role puts any there', () => {
    const putting = ofType(template, 'AWS::IAM::Role').flatMap(([id, role]) =>
      pairs(statementsOf(role))
        .filter((pair) => pair.startsWith('s3:PutObject '))
        .map((pair) => `${readable(`<${id}>`)} ${pair.replace(/^.*<DataStoreArtifacts>/, '')}`),
    );
    expect(putting.sort()).toEqual([
      '<FunctionsanalyzeplanRole> /analysis/*',
      '<FunctionskeeptreeRole> /kept/*',
      '<FunctionsreconcileRole> /kept/*',
      '<TerraformRunnerApplyRole> /runs/*/apply/*',
      '<TerraformRunnerApplykeptRole> /runs/*/apply/*',
      '<TerraformRunnerInspectRole> /providers/*',
      '<TerraformRunnerInspectRole> /runs/*/inspect/*',
      '<TerraformRunnerPlanRole> /runs/*/plan/*',
      '<TerraformRunnerPlankeptRole> /runs/*/plan/*',
    ]);
  });

  test('read and keep no packages of providers where the cache is off', () => {
    const off = stagegate({ providerCache: 'false' });
    const roles = ofType(off, 'AWS::IAM::Role').filter(([, { Properties }]) => /-build$/.test(Properties.RoleName));
    expect(roles).toHaveLength(3);
    for (const [, role] of roles) expect(pairs(statementsOf(role)).join()).not.toContain('providers/');
  });

  test.each(['plan', 'inspect', 'apply'])(
    '%s decrypts its program where the bootstrap bucket has a key, and nothing else',
    (purpose) => {
      const key = 'arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/1234abcd';
      const configured = stagegate({ bootstrapKeyArn: key });
      const role = ofType(configured, 'AWS::IAM::Role').find(
        ([, { Properties }]) => Properties.RoleName === `stagegate-${purpose}-build`,
      );
      const [statement, ...others] = statementsOf(role?.[1] as Resource).filter(({ Resource }) => Resource === key);
      expect(others).toEqual([]);
      expect(statement).toMatchObject({
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Condition: { StringLike: { 'kms:ViaService': 's3.us-gov-west-1.*' } },
      });
      const { StringEquals } = (statement?.Condition ?? {}) as { StringEquals?: Record<string, unknown[]> };
      const bucket = 'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>';
      expect(StringEquals?.['kms:EncryptionContext:aws:s3:arn']?.map(flat).map(readable)).toEqual([
        bucket,
        `${bucket}/<hash>.zip`,
      ]);
    },
  );

  describe('of several sources', () => {
    const old = 'arn:aws:codestar-connections:eu-west-1:111111111111:connection/old';
    const recent = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/new';
    const secret = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-token-AbCdEf';
    const repositories = ['config', 'modules'].map((name) => `arn:aws:codecommit:eu-west-1:111111111111:${name}`);
    const configured = stagegate({
      allowedConnectionArns: [`gitlab=${old}`, `github=${recent}`],
      allowedSecretArns: [`github-enterprise=${secret}`],
      allowedCodeCommitArns: repositories,
    });
    const using = (service: string, arn: string) =>
      ['GetConnection', 'GetConnectionToken', 'UseConnection'].map((action) => `${service}:${action} ${arn}`);
    const FETCHING = /^(?:codeconnections|codestar-connections|secretsmanager|codecommit):/;
    const fetching: Readonly<Record<string, readonly string[]>> = {
      NO_SOURCE: [],
      S3: [],
      CODECOMMIT: repositories.map((arn) => `codecommit:GitPull ${arn}`),
      GITLAB: using('codestar-connections', old),
      GITHUB: using('codeconnections', recent),
      GITHUB_ENTERPRISE: [`secretsmanager:GetSecretValue ${secret}`],
    };
    const projects = ofType(configured, 'AWS::CodeBuild::Project').map(([, { Properties }]) => Properties);
    const roleOf = ({ ServiceRole }: Resource['Properties']) =>
      configured.Resources[ServiceRole['Fn::GetAtt'][0]] as Resource;

    test('there is a project to plan and one to apply for each, two for kept trees and one to inspect, with a role of its own', () => {
      expect(projects.map(({ Source }) => Source.Type).sort()).toEqual(
        Object.keys(fetching)
          .flatMap((type) => (type === 'S3' ? [type, type, type] : [type, type]))
          .sort(),
      );
      expect(new Set(projects.map((project) => roleOf(project).Properties.RoleName)).size).toBe(projects.length);
    });

    test('each role holds the credential of its own source and no other', () => {
      for (const project of projects) {
        const held = pairs(statementsOf(roleOf(project))).filter((pair) => FETCHING.test(pair));
        expect([project.Name, held]).toEqual([project.Name, unique([...(fetching[project.Source.Type] ?? [])])]);
      }
    });

    test('what else they may do is the same whatever they fetch with', () => {
      const others = (project: Resource['Properties']) =>
        pairs(statementsOf(roleOf(project)))
          .filter((pair) => !FETCHING.test(pair))
          .map((pair) => pair.replace(/^(logs:\w+) .*/, '$1 own log'));
      for (const purpose of ['plan', 'apply']) {
        const kinds = projects.filter(({ Name }) => Name.startsWith(`stagegate-${purpose}`)).map(others);
        expect(kinds).toHaveLength(6);
        for (const kind of kinds) expect(kind.filter((pair) => !pair.includes('/kept/'))).toEqual(kinds[0]);
      }
    });

    test('the workflow starts, stops and sees exactly these, the reconciler sees them, and nobody passes a role', () => {
      const arns = unique(
        ofType(configured, 'AWS::CodeBuild::Project').map(([id]) => `<${id}.Arn>`.replace(/[0-9A-F]{8}\.Arn>$/, '>')),
      );
      const built = (statements: readonly Statement[], action: string) =>
        pairs(statements)
          .filter((pair) => pair.startsWith(`codebuild:${action} `))
          .map((pair) => pair.split(' ')[1]);
      const machine = only(configured, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement;
      for (const action of ['BatchGetBuilds', 'StartBuild', 'StopBuild']) expect(built(machine, action)).toEqual(arns);
      const reconcile = ofType(configured, 'AWS::IAM::Role').find(([id]) => id.startsWith('Functionsreconcile'));
      expect(built(statementsOf(reconcile?.[1] as Resource), 'BatchGetBuilds')).toEqual(arns);
      const passing = Object.values(configured.Resources)
        .filter(({ Type }) => Type === 'AWS::IAM::Role')
        .flatMap((resource) => pairs(statementsOf(resource)))
        .filter((pair) => pair.startsWith('iam:PassRole'));
      expect(passing.every((pair) => pair.includes('WakeUps'))).toBe(true);
    });
  });

  test('get further roles that the configuration allows from the broker, which alone may assume them', () => {
    const plan = 'arn:aws:iam::222222222222:role/our-plan-*';
    const apply = 'arn:aws:iam::222222222222:role/our-apply';
    const configured = stagegate({ allowedPlanRoleArns: plan, allowedApplyRoleArns: apply });
    const assuming = ofType(configured, 'AWS::IAM::Role').flatMap(([, role]) =>
      pairs(statementsOf(role)).some((pair) => pair === `sts:AssumeRole ${plan}` || pair === `sts:AssumeRole ${apply}`)
        ? [role.Properties.RoleName]
        : [],
    );
    expect(assuming).toEqual(['stagegate-credentials']);
    const broker = ofType(configured, 'AWS::IAM::Role').find(
      ([, { Properties }]) => Properties.RoleName === 'stagegate-credentials',
    );
    const assumable = pairs(statementsOf(broker?.[1] as Resource));
    expect(assumable).toContain(`sts:AssumeRole ${plan}`);
    expect(assumable).toContain(`sts:AssumeRole ${apply}`);
  });
});

describe('the workflow', () => {
  const WORKFLOW_FUNCTIONS = Object.entries(FUNCTIONS)
    .filter(([, { entry }]) => entry.startsWith('lambdas/workflow/'))
    .map(([name]) => name);

  test('invokes its functions, runs the builds, and nothing else', () => {
    const policy = only(template, 'AWS::IAM::Policy');
    const building = ['codebuild:BatchGetBuilds', 'codebuild:StartBuild', 'codebuild:StopBuild'];
    expect(pairs(policy.Properties.PolicyDocument.Statement)).toEqual(
      unique([
        ...WORKFLOW_FUNCTIONS.map((name) => `lambda:InvokeFunction <Functions${name.replaceAll('-', '')}Function>`),
        ...on('<TerraformRunnerPlan>', ...building),
        ...on('<TerraformRunnerPlankept>', ...building),
        ...on('<TerraformRunnerApplykept>', ...building),
        ...on('<TerraformRunnerApply>', ...building),
        ...on('<TerraformRunnerInspect>', ...building),
        ...on(
          'rule/StepFunctionsGetEventForCodeBuildStartBuildRule',
          'events:DescribeRule',
          'events:PutRule',
          'events:PutTargets',
        ),
        // Log delivery and traces, for which there are no resource-level permissions.
        ...on(
          '*',
          'logs:CreateLogDelivery',
          'logs:DeleteLogDelivery',
          'logs:DescribeLogGroups',
          'logs:DescribeResourcePolicies',
          'logs:GetLogDelivery',
          'logs:ListLogDeliveries',
          'logs:PutResourcePolicy',
          'logs:UpdateLogDelivery',
          'xray:GetSamplingRules',
          'xray:GetSamplingTargets',
          ...['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
        ),
      ]),
    );
  });
});

describe('people', () => {
  const RANK = ['public', 'viewer', 'developer', 'staff', 'admin'];
  const policyOf = (role: string): Statement[] => {
    const found = ofType(template, 'AWS::IAM::ManagedPolicy').find(
      ([, { Properties }]) => Properties.ManagedPolicyName === `stagegate-${role}`,
    );
    return found?.[1].Properties.PolicyDocument.Statement ?? [];
  };
  /** Matches like IAM: `*` also matches slashes. */
  const mayInvoke = (role: string, method: string, path: string): boolean =>
    pairs(policyOf(role))
      .filter((pair) => pair.startsWith('execute-api:Invoke '))
      .some((pair) => {
        const pattern = pair.slice(pair.indexOf('$default/') + '$default/'.length);
        const expression = pattern.split('*').map((part) => part.replaceAll(/[.$]/g, '\\$&'));
        return new RegExp(`^${expression.join('.*')}$`).test(`${method}${path}`);
      });
  const cases = RANK.slice(1).flatMap((role) =>
    Object.entries(ROUTES).map(([key, route]) => ({ role, key, least: route.role })),
  );

  test('of no role may ask the broker for credentials', () => {
    for (const role of RANK.slice(1)) expect(mayInvoke(role, 'POST', '/builds/credentials')).toBe(false);
  });

  test.each(cases.filter(({ least }) => least !== 'public' && least !== 'build'))(
    '$role, $key',
    ({ role, key, least }) => {
      const [method = '', path = ''] = key.split(' ');
      // The second path tries to look like another route.
      const names = [
        path.replaceAll(/\{(\w+)\}/g, 'some-$1'),
        path
          .replaceAll('{app}', 'applications')
          .replaceAll('{env}', 'deployments')
          .replaceAll(/\{\w+\}/g, 'cancel'),
      ];
      for (const request of names)
        expect([request, mayInvoke(role, method, request)]).toEqual([
          request,
          RANK.indexOf(role) >= RANK.indexOf(least),
        ]);
    },
  );

  test.each(['staff', 'admin'])('%s can see executions but never push one past a gate', (role) => {
    const denied = ['RedriveExecution', 'SendTaskFailure', 'SendTaskHeartbeat', 'SendTaskSuccess'];
    expect(pairs(policyOf(role), 'Deny')).toEqual(denied.map((action) => `states:${action} *`));
    expect(pairs(policyOf(role)).filter((pair) => pair.startsWith('states:'))).toEqual([
      'states:DescribeExecution execution:stagegate-deployment:*',
      'states:GetExecutionHistory execution:stagegate-deployment:*',
      'states:ListExecutions stateMachine:stagegate-deployment',
    ]);
  });

  test.each(['viewer', 'developer'])('%s only speaks to the API', (role) => {
    expect(pairs(policyOf(role)).every((pair) => pair.startsWith('execute-api:Invoke '))).toBe(true);
  });
});

describe('every policy', () => {
  test('fits into what IAM takes', () => {
    const deployed = (document: unknown): number =>
      JSON.stringify(document, (_, value) =>
        value && typeof value === 'object' && 'Fn::Join' in value ? flat(value) : value,
      )
        .replaceAll('<AWS::Partition>', 'aws-us-gov')
        .replaceAll('<AWS::Region>', 'ap-southeast-1')
        .replaceAll('<AWS::AccountId>', '111111111111').length;
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::ManagedPolicy'))
      expect([id, deployed(Properties.PolicyDocument) <= 6144]).toEqual([id, true]);
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Role'))
      expect([id, deployed(Properties.Policies ?? []) <= 10_240]).toEqual([id, true]);
  });

  const documents = Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy'
      ? [{ id, statements: Properties.PolicyDocument.Statement as Statement[] }]
      : Type === 'AWS::IAM::Role'
        ? [{ id, statements: statementsOf({ Type, Properties }) }]
        : [],
  );

  test('spells its actions out', () => {
    const wild = documents.flatMap(({ id, statements }) =>
      pairs(statements)
        .filter((pair) => pair.split(' ')[0]?.includes('*'))
        .map((pair) => `${id}: ${pair}`),
    );
    expect(wild).toEqual([]);
  });

  test('uses * as a whole resource only where the action knows no other', () => {
    const wild = documents.flatMap(({ statements }) =>
      pairs(statements)
        .filter((pair) => pair.endsWith(' *'))
        .map((pair) => pair.split(' ')[0]?.replace(/:.*/, '')),
    );
    expect(unique(wild.map(String))).toEqual(['logs', 'sns', 'xray']);
  });
});
