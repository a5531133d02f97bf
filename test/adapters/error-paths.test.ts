import {
  ACMClient,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  RequestCertificateCommand,
  ResourceInUseException,
  ResourceNotFoundException,
} from '@aws-sdk/client-acm';
import { BatchGetBuildsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  NoSuchChange,
  Route53Client,
} from '@aws-sdk/client-route-53';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { InvalidParameterException, SNSClient, SubscribeCommand, ThrottledException } from '@aws-sdk/client-sns';
import { AssumeRoleCommand, STSClient, STSServiceException } from '@aws-sdk/client-sts';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { AcmCertificates } from '../../lambdas/adapters/acm-certificates.ts';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { KmsLinkSigner } from '../../lambdas/adapters/kms-link-signer.ts';
import { type ClientAccess, RoleClients } from '../../lambdas/adapters/role-clients.ts';
import { Route53HostedZones } from '../../lambdas/adapters/route53-hosted-zones.ts';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';
import { StsEnvironmentRoles } from '../../lambdas/adapters/sts-environment-roles.ts';
import { mockedClient } from '../harness/mocked-client.ts';

/** Tests of AWS's answers in case of errors. Other answers are tested with real endpoints. */

const ID = 'my-app-dev1-1-abc123';
const MACHINE = 'arn:aws:states:eu-west-1:000000000000:stateMachine:stagegate-deployment';
const meta = { $metadata: {}, message: 'said AWS' };

describe('Step Functions', () => {
  const sfn = new SFNClient({ region: 'eu-west-1' });
  const answers = mockedClient(sfn);
  const workflow = new StepFunctionsWorkflow(MACHINE, sfn);

  test('an execution that exists already counts as started', async () => {
    answers.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists(meta));
    await expect(workflow.start(ID)).resolves.toBeUndefined();
  });

  test('any other refusal to start is an error', async () => {
    answers.on(StartExecutionCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }));
    await expect(workflow.start(ID)).rejects.toThrow('denied');
  });

  test.each([
    ['timed out', new TaskTimedOut(meta)],
    ['is gone', new TaskDoesNotExist(meta)],
    ['has another token', new InvalidToken(meta)],
  ])('a task that %s is answered as gone', async (_, error) => {
    answers.on(SendTaskSuccessCommand).rejects(error);
    expect(await workflow.resume('token')).toBe('gone');
  });

  test('throttling is not mistaken for a task that is gone', async () => {
    answers.on(SendTaskSuccessCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    await expect(workflow.resume('token')).rejects.toThrow('slow down');
  });

  test('an execution that was never started is absent', async () => {
    answers.on(DescribeExecutionCommand).rejects(new ExecutionDoesNotExist(meta));
    expect(await workflow.execution(ID)).toEqual({ status: 'absent' });
  });
});

describe('the artifact bucket', () => {
  const s3 = new S3Client({ region: 'eu-west-1' });
  const answers = mockedClient(s3);
  const store = new S3ArtifactStore('artifacts', s3);
  const refusal = (name: string) => new S3ServiceException({ name, $fault: 'client', $metadata: {}, message: name });

  test.each([
    ['is absent', new NoSuchKey(meta)],
    ['cannot be told from an absent one without the right to list', refusal('AccessDenied')],
  ])('an object that %s is undefined', async (_, error) => {
    answers.on(GetObjectCommand).rejects(error);
    expect(await store.getJson('runs/x')).toBeUndefined();
  });

  test('a service that is down is an error', async () => {
    answers.on(GetObjectCommand).rejects(refusal('InternalError'));
    await expect(store.getJson('runs/x')).rejects.toThrow('InternalError');
  });

  test('a copy whose answer was lost is found again, and nothing else is taken for it', async () => {
    const sums = { 'runs/x': 'eA==', 'kept/x': 'eA==', 'kept/y': 'eQ==' };
    for (const [Key, ChecksumSHA256] of Object.entries(sums))
      answers.on(HeadObjectCommand, { Key }).resolves({ VersionId: `version of ${Key}`, ChecksumSHA256 });
    answers.on(CopyObjectCommand).rejects(refusal('PreconditionFailed'));
    const copy = { key: 'kept/x', versionId: 'version of kept/x', sha256: '78' };
    expect(await store.copyOnce('runs/x', 'kept/x')).toEqual(copy);
    await expect(store.copyOnce('runs/x', 'kept/y')).rejects.toThrow('something else is there');
    expect(answers.commandCalls(CopyObjectCommand)[0]?.args[0].input).toMatchObject({
      CopySource: 'artifacts/runs/x?versionId=version%20of%20runs%2Fx',
      IfNoneMatch: '*',
    });
  });

  test('an original without a checksum is not copied: nobody could say what it was', async () => {
    answers.on(HeadObjectCommand).resolves({ VersionId: '1' });
    await expect(store.copyOnce('runs/x', 'kept/x')).rejects.toThrow('no SHA-256');
  });

  test('a bucket without versions cannot hold what people approve', async () => {
    answers.on(PutObjectCommand).resolves({});
    await expect(store.putJson('analysis/x', {})).rejects.toThrow('not versioned');
  });
});

describe('SNS', () => {
  const sns = new SNSClient({ region: 'eu-west-1' });
  const answers = mockedClient(sns);
  const mail = new SnsApproverMail('arn:aws:sns:eu-west-1:000000000000:approvals', sns);

  test('an address it refuses is bad input that names the address', async () => {
    answers.on(SubscribeCommand).rejects(new InvalidParameterException(meta));
    await expect(mail.subscribe('nobody@localhost')).rejects.toMatchObject({
      name: 'InvalidInputError',
      issues: [{ field: 'email', value: '"nobody@localhost"' }],
    });
  });

  test('throttling is no fault of the address', async () => {
    answers.on(SubscribeCommand).rejects(new ThrottledException(meta));
    await expect(mail.subscribe('staff@example.com')).rejects.toBeInstanceOf(ThrottledException);
  });
});

const ROLE = { roleArn: 'arn:aws:iam::111111111111:role/dns', externalId: 'e'.repeat(32), sessionName: ID };
const sts = new STSClient({ region: 'eu-west-1' });

describe('roles of other accounts', () => {
  const answers = mockedClient(sts);
  const issued = (minutes: number) => ({
    AccessKeyId: 'AKIA',
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Expiration: new Date(Date.now() + minutes * 60_000),
  });
  const route53 = (access: Partial<ClientAccess> = {}) => new Route53Client({ region: 'eu-west-1', ...access });
  beforeEach(() => void answers.reset());

  test('are entered once for many calls, and again shortly before the session ends', async () => {
    const clients = new RoleClients(route53, sts);
    const enter = async (sessionName: string, minutes: number) => {
      answers.reset();
      answers.on(AssumeRoleCommand).resolves({ Credentials: issued(minutes) });
      const { config } = clients.as({ ...ROLE, sessionName });
      for (let call = 0; call < 3; call++) await config.credentials();
      return answers.commandCalls(AssumeRoleCommand).map(({ args }) => args[0].input);
    };
    expect(await enter('long', 15)).toEqual([
      { RoleArn: ROLE.roleArn, ExternalId: ROLE.externalId, RoleSessionName: 'long', DurationSeconds: 900 },
    ]);
    expect((await enter('short', 2)).length).toBeGreaterThanOrEqual(3);
  });

  test('have a client of their own, and another for another session or region', () => {
    const clients = new RoleClients(route53, sts);
    expect(clients.as(ROLE)).toBe(clients.as({ ...ROLE }));
    expect(clients.as(ROLE)).not.toBe(clients.as(ROLE, 'us-east-1'));
    expect(clients.as(ROLE)).not.toBe(clients.as({ ...ROLE, externalId: 'f'.repeat(32) }));
  });

  test('do not pile up', () => {
    let made = 0;
    let left = 0;
    const clients = new RoleClients(() => {
      made += 1;
      left += 1;
      return {
        destroy() {
          left -= 1;
        },
      };
    }, sts);
    for (let run = 0; run < 200; run++) clients.as({ ...ROLE, sessionName: `run-${run}` });
    expect([made, left]).toEqual([200, 50]);
  });

  test('that STS answers without credentials for are an error', async () => {
    answers.on(AssumeRoleCommand).resolves({});
    const zones = new Route53HostedZones(route53, sts);
    await expect(zones.isInSync(ROLE, 'C1')).rejects.toThrow('STS gave no credentials');
  });
});

describe('Route 53', () => {
  const client = new Route53Client({ region: 'eu-west-1' });
  const answers = mockedClient(client);
  const zones = new Route53HostedZones(() => client, sts);
  const record = { name: 'web.acme.example', type: 'CNAME', ttl: 60, values: ['lb.example'] };
  beforeEach(() => void answers.reset());

  test('a batch it refuses is an answer with all of its words', async () => {
    answers
      .on(ChangeResourceRecordSetsCommand)
      .rejects(new InvalidChangeBatch({ ...meta, messages: ['it already exists', 'it is protected'] }));
    expect(await zones.change(ROLE, 'Z1', { create: [record] })).toEqual({
      refused: 'it already exists; it is protected; said AWS',
    });
  });

  test('any other refusal of a change is an error', async () => {
    answers.on(ChangeResourceRecordSetsCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDenied' }));
    await expect(zones.change(ROLE, 'Z1', { create: [record] })).rejects.toThrow('denied');
  });

  test('a change it has forgotten is in sync', async () => {
    answers.on(GetChangeCommand).rejects(new NoSuchChange(meta));
    expect(await zones.isInSync(ROLE, 'C1')).toBe(true);
  });

  test('the records of one name are collected over all pages, and none of the names that follow', async () => {
    const set = (Name: string, SetIdentifier: string) => ({
      Name,
      Type: 'A' as const,
      SetIdentifier,
      Weight: 1,
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    });
    const more = { IsTruncated: true, MaxItems: 1, NextRecordName: 'web.acme.example.', NextRecordType: 'A' as const };
    answers
      .on(ListResourceRecordSetsCommand)
      .resolvesOnce({ ...more, NextRecordIdentifier: 'b', ResourceRecordSets: [set('Web.acme.example.', 'a')] })
      .resolvesOnce({ ...more, ResourceRecordSets: [set('web.acme.example.', 'b'), set('x.acme.example.', 'c')] });
    const found = await zones.records(ROLE, 'Z1', 'web.acme.example');
    expect(found.map(({ setIdentifier }) => setIdentifier)).toEqual(['a', 'b']);
    expect(answers.commandCalls(ListResourceRecordSetsCommand)[1]?.args[0].input).toMatchObject({
      StartRecordName: 'web.acme.example.',
      StartRecordType: 'A',
      StartRecordIdentifier: 'b',
    });
  });

  test('names are read without escapes, case and dot', async () => {
    const set = {
      Name: '\\052.Acme.example.',
      Type: 'CNAME' as const,
      TTL: 60,
      ResourceRecords: [{ Value: 'b.example' }],
    };
    answers.on(ListResourceRecordSetsCommand).resolves({ IsTruncated: false, MaxItems: 1, ResourceRecordSets: [set] });
    expect(await zones.records(ROLE, 'Z1', '*.acme.example')).toHaveLength(1);
  });
});

describe('ACM', () => {
  const client = new ACMClient({ region: 'eu-west-1' });
  const answers = mockedClient(client);
  const certificates = new AcmCertificates(() => client, sts);
  const ARN = 'arn:aws:acm:eu-west-1:111111111111:certificate/1';
  const detail = { DomainName: 'web.acme.example', Status: 'ISSUED' as const };
  beforeEach(() => void answers.reset());

  test('a certificate that something serves is in use', async () => {
    answers.on(DeleteCertificateCommand).rejects(new ResourceInUseException(meta));
    expect(await certificates.delete(ROLE, 'eu-west-1', ARN)).toBe('in-use');
  });

  test('a certificate that is gone is deleted, and cannot be described', async () => {
    answers.onAnyCommand().rejects(new ResourceNotFoundException(meta));
    expect(await certificates.delete(ROLE, 'eu-west-1', ARN)).toBe('deleted');
    expect(await certificates.describe(ROLE, 'eu-west-1', ARN)).toBeUndefined();
  });

  test('any other refusal is an error', async () => {
    answers.onAnyCommand().rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }));
    await expect(certificates.delete(ROLE, 'eu-west-1', ARN)).rejects.toThrow('denied');
    await expect(certificates.describe(ROLE, 'eu-west-1', ARN)).rejects.toThrow('denied');
  });

  test('a request that is answered without an ARN is an error', async () => {
    answers.on(RequestCertificateCommand).resolves({});
    const wanted = { names: ['web.acme.example'], token: 't', tags: {} };
    await expect(certificates.request(ROLE, 'eu-west-1', wanted)).rejects.toThrow('web.acme.example');
  });

  test('tells how a renewal goes, why a request failed and who serves the certificate', async () => {
    answers.on(DescribeCertificateCommand).resolves({
      Certificate: {
        ...detail,
        NotAfter: new Date('2027-01-01T00:00:00Z'),
        InUseBy: ['arn:lb'],
        FailureReason: 'CAA_ERROR',
        RenewalSummary: {
          RenewalStatus: 'PENDING_VALIDATION',
          RenewalStatusReason: 'DOMAIN_NOT_ALLOWED',
          DomainValidationOptions: [],
          UpdatedAt: new Date(),
        },
      },
    });
    expect(await certificates.describe(ROLE, 'eu-west-1', ARN)).toMatchObject({
      status: 'issued',
      usedBy: ['arn:lb'],
      failureReason: 'CAA_ERROR',
      expiresAt: '2027-01-01T00:00:00.000Z',
      renewal: { status: 'pending_validation', reason: 'DOMAIN_NOT_ALLOWED' },
    });
  });

  test('names that share a validation record share it, and those without one are told', async () => {
    const shared = { Name: '_1.acme.example.', Type: 'CNAME' as const, Value: '_2.acm.example.' };
    answers.on(DescribeCertificateCommand).resolves({
      Certificate: {
        ...detail,
        SubjectAlternativeNames: ['web.acme.example', '*.web.acme.example', 'late.acme.example'],
        DomainValidationOptions: [
          { DomainName: 'web.acme.example', ResourceRecord: shared },
          { DomainName: '*.web.acme.example', ResourceRecord: shared },
          { DomainName: 'late.acme.example' },
        ],
      },
    });
    expect(await certificates.describe(ROLE, 'eu-west-1', ARN)).toMatchObject({
      names: ['web.acme.example', '*.web.acme.example', 'late.acme.example'],
      validation: [{ name: '_1.acme.example', type: 'CNAME', value: '_2.acm.example' }],
      withoutRecord: ['late.acme.example'],
    });
  });

  test('a status that nobody knows is an error', async () => {
    answers.on(DescribeCertificateCommand).resolves({ Certificate: { ...detail, Status: 'SHINY' as 'ISSUED' } });
    await expect(certificates.describe(ROLE, 'eu-west-1', ARN)).rejects.toThrow();
  });
});

test('no build is asked for when there is none', async () => {
  const client = new CodeBuildClient({ region: 'eu-west-1' });
  mockedClient(client);
  expect(await new CodeBuildBuilds(client).anyInProgress([])).toBe(false);
});

describe('a build', () => {
  const TICKET = { name: 'STAGEGATE_TICKET', value: 'the-ticket' };
  test.each([
    ['in progress with this ticket', 'IN_PROGRESS', [TICKET], true],
    ['ended', 'SUCCEEDED', [TICKET], false],
    ['with another ticket', 'IN_PROGRESS', [{ ...TICKET, value: 'another' }], false],
    ['without one', 'IN_PROGRESS', undefined, false],
  ] as const)('%s', async (_, buildStatus, environmentVariables, expected) => {
    const client = new CodeBuildClient({ region: 'eu-west-1' });
    const environment = {
      environmentVariables,
      type: 'ARM_CONTAINER',
      image: 'x',
      computeType: 'BUILD_GENERAL1_SMALL',
    };
    mockedClient(client)
      .on(BatchGetBuildsCommand, { ids: ['plan:1'] })
      .resolves({ builds: [{ buildStatus, environment: environment as never }] });
    expect(await new CodeBuildBuilds(client).isRunningWith('plan:1', 'STAGEGATE_TICKET', 'the-ticket')).toBe(expected);
  });
});

describe('the role of an environment', () => {
  const ROLE = { roleArn: 'arn:aws:iam::222222222222:role/plan', externalId: 'e', sessionName: 'my-app-dev1-1-abc123' };
  const roles = new StsEnvironmentRoles(sts);

  test('is assumed for an hour, with its external id, in a session that bears the name of the deployment', async () => {
    const answers = mockedClient(sts);
    const expiration = new Date('2026-11-23T11:00:00Z');
    answers.on(AssumeRoleCommand).resolves({
      Credentials: { AccessKeyId: 'A', SecretAccessKey: 'S', SessionToken: 'T', Expiration: expiration },
    });
    expect(await roles.assume(ROLE)).toEqual({
      accessKeyId: 'A',
      secretAccessKey: 'S',
      sessionToken: 'T',
      expiration: expiration.toISOString(),
    });
    expect(answers.commandCalls(AssumeRoleCommand).map(({ args }) => args[0].input)).toEqual([
      { RoleArn: ROLE.roleArn, ExternalId: 'e', RoleSessionName: ROLE.sessionName, DurationSeconds: 3600 },
    ]);
  });

  test('that does not trust us is told by name; what else goes wrong is an error', async () => {
    const answers = mockedClient(sts);
    answers
      .on(AssumeRoleCommand)
      .rejectsOnce(new STSServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} }))
      .rejectsOnce(new STSServiceException({ name: 'RegionDisabledException', $fault: 'client', $metadata: {} }))
      .resolves({});
    await expect(roles.assume(ROLE)).rejects.toMatchObject({
      name: 'RoleRefusedError',
      message: expect.stringContaining(ROLE.roleArn),
    });
    await expect(roles.assume(ROLE)).rejects.toMatchObject({ name: 'RegionDisabledException' });
    await expect(roles.assume(ROLE)).rejects.toThrow('STS gave no credentials');
  });
});

describe('links', () => {
  const kms = mockedClient(KMSClient);
  beforeEach(() => {
    kms.reset();
    kms.on(GenerateMacCommand).resolves({ Mac: Buffer.alloc(32) });
  });
  const MAC = 'A'.repeat(43);
  const content = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const fields = [ID, 'staff', 1, 'staff@example.com', 'a'.repeat(64), 1];

  test.each([
    ['without a MAC', content(fields)],
    ['with a MAC of the wrong length', `${content(fields)}.${MAC}A`],
    ['that is no base64url', `${content(fields)}=.${MAC}`],
    ['that is no JSON', `bm90IGpzb24.${MAC}`],
    ['with a field too few', `${content(fields.slice(1))}.${MAC}`],
    ['with an unknown gate', `${content([ID, 'boss', ...fields.slice(2)])}.${MAC}`],
    ['that is too long', `${'A'.repeat(1001)}.${MAC}`],
    ['that is empty', ''],
  ])('a link %s is refused before KMS is asked', async (_, token) => {
    expect(await new KmsLinkSigner('key').verify(token)).toBeUndefined();
    expect(kms.calls()).toEqual([]);
  });

  test('a well-formed link is for KMS to judge, with one call', async () => {
    expect(await new KmsLinkSigner('key').verify(`${content(fields)}.${'B'.repeat(43)}`)).toBeUndefined();
    expect(kms.calls()).toHaveLength(1);
  });
});
